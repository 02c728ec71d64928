package controlplane

import (
	"context"
	"slices"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Edit changes documents in one transaction: decide sees the newest configuration and says
// what to change, in stored form, so that nothing written in between is lost. decide may
// run more than once: the last run counts. No ops change nothing.
func (l *Live) Edit(ctx context.Context, actor string, decide func(*Config) ([]Op, error)) (*Config, error) {
	return l.write(ctx, actor, decide)
}

// ModelUse is a member of a group that uses a model.
type ModelUse struct {
	Group string
	Model string // as the member names it: id or alias
}

// ModelUses lists the members of groups that use a provider's models, by the name they use:
// an id or an alias.
func (c *Config) ModelUses(provider string) map[string][]ModelUse {
	uses := map[string][]ModelUse{}
	for _, r := range c.List(KindGroup) {
		doc, _ := r.Spec.(*adminv1.Group)
		for _, m := range doc.GetMembers() {
			use := ModelUse{Group: r.Name, Model: m.GetModel()}
			if m.GetProvider() == provider && !slices.Contains(uses[m.GetModel()], use) {
				uses[m.GetModel()] = append(uses[m.GetModel()], use)
			}
		}
	}
	return uses
}
