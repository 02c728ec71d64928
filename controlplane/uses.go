package controlplane

import (
	"fmt"
	"slices"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Referrers lists, in order, the documents that refer to the one named.
func (c *Config) Referrers(kind Kind, name string) (users []string) {
	switch kind {
	case KindProvider:
		for _, r := range c.List(KindGroup) {
			for _, m := range r.Spec.(*adminv1.Group).GetMembers() {
				if m.GetProvider() == name {
					users = append(users, fmt.Sprintf("group %q", r.Name))
					break
				}
			}
		}
	case KindGroup:
		for _, r := range c.List(KindAPIKey) {
			for _, g := range r.Spec.(*adminv1.ApiKey).GetGroups() {
				if g == name {
					users = append(users, fmt.Sprintf("API key %q", r.Name))
					break
				}
			}
		}
	}
	return users
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
