package controlplane

import (
	"fmt"
	"slices"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Referrer is a document that refers to another one.
type Referrer struct {
	Kind Kind
	Name string
}

// String names it as a sentence does: group "pool".
func (r Referrer) String() string {
	noun := map[Kind]string{KindGroup: "group", KindAPIKey: "API key", KindFailureKeyword: "failure keyword"}[r.Kind]
	return fmt.Sprintf("%s %q", noun, r.Name)
}

// Referrers lists, in order, the documents that refer to the one named.
func (c *Config) Referrers(kind Kind, name string) (users []Referrer) {
	switch kind {
	case KindProvider:
		users = c.referring(users, KindGroup, func(r *Resource) bool {
			return slices.ContainsFunc(r.Spec.(*adminv1.Group).GetMembers(), func(m *adminv1.Member) bool { return m.GetProvider() == name })
		})
		users = c.referring(users, KindFailureKeyword, func(r *Resource) bool {
			return slices.Contains(r.Spec.(*adminv1.FailureKeyword).GetProviders(), name)
		})
	case KindGroup:
		users = c.referring(users, KindAPIKey, func(r *Resource) bool {
			return slices.Contains(r.Spec.(*adminv1.ApiKey).GetGroups(), name)
		})
		users = c.referring(users, KindFailureKeyword, func(r *Resource) bool {
			return slices.Contains(r.Spec.(*adminv1.FailureKeyword).GetGroups(), name)
		})
	}
	return users
}

func (c *Config) referring(users []Referrer, kind Kind, refers func(*Resource) bool) []Referrer {
	for _, r := range c.List(kind) {
		if refers(r) {
			users = append(users, Referrer{kind, r.Name})
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
