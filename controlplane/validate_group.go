package controlplane

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/trunkline-ai/trunkline/internal/domain/alias"
	"github.com/trunkline-ai/trunkline/internal/domain/plaintext"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func (f *faults) group(r *Resource, doc *adminv1.Group) {
	f.name(r, doc.GetName())
	for i, name := range doc.GetAliases() {
		if !plaintext.IsPlain(name) {
			f.add(r, fmt.Sprintf("aliases[%d]", i), plaintext.Rule)
		}
		if fault := alias.Fault(name); fault != "" {
			f.add(r, fmt.Sprintf("aliases[%d]", i), "%s", fault)
		}
	}
}

// checkGroups checks what groups say about providers, the settings and one another.
func (c *Config) checkGroups(f *faults) {
	if !c.changed(KindSettings, KindProvider, KindGroup) {
		return
	}
	settings := c.settingsOrNone()
	targets := modelIndex{config: c, models: map[string]map[string]bool{}}
	owners := map[string]*Resource{}
	for _, r := range byAge(c.resources[KindGroup]) {
		doc, ok := r.Spec.(*adminv1.Group)
		if !ok {
			continue
		}
		f.takeNames(r, doc, owners)
		if doc.GetPolicy() != nil {
			f.cooldowns(r, "policy", settings, doc.GetPolicy())
		}
		for i, m := range doc.GetMembers() {
			field := fmt.Sprintf("members[%d].", i)
			models, ok := targets.of(m.GetProvider())
			switch {
			case m.GetProvider() == "" || m.GetModel() == "": // the proto's rules say it
			case !ok:
				f.add(r, field+"provider", "refers to provider %q, which does not exist", m.GetProvider())
			case !models[m.GetModel()]:
				f.add(r, field+"model", "refers to model %q, which provider %q does not have", m.GetModel(), m.GetProvider())
			}
		}
	}
}

// takeNames checks that no other group has this one's name and aliases, in whatever letter case:
// clients that write them otherwise would not know whom they reach.
func (f *faults) takeNames(r *Resource, doc *adminv1.Group, owners map[string]*Resource) {
	other := func(r *Resource) *adminv1.Group {
		group, _ := r.Spec.(*adminv1.Group)
		return group
	}
	own := map[string]bool{}
	take := func(field, name string) {
		folded := alias.Fold(name)
		owner, taken := owners[folded]
		switch {
		case !taken:
			owners[folded] = r
		case owner != r && (owner.Name == name || slices.Contains(other(owner).GetAliases(), name)):
			f.add(r, field, "%q is already a name of group %q", name, owner.Name)
		case owner != r:
			f.add(r, field, "%q differs only in letter case from a name of group %q", name, owner.Name)
		case own[name]:
			f.add(r, field, "is given twice")
		}
		own[name] = true
	}
	take("name", doc.GetName())
	for i, name := range doc.GetAliases() {
		take(fmt.Sprintf("aliases[%d]", i), name)
	}
}

// byAge orders resources so that of two that clash the one changed last gets the blame.
func byAge(resources map[string]*Resource) []*Resource {
	return slices.SortedFunc(maps.Values(resources), func(a, b *Resource) int {
		return cmp.Or(cmp.Compare(a.Revision, b.Revision), cmp.Compare(a.Name, b.Name))
	})
}

// modelIndex knows the ids and aliases of providers' models, of each provider once asked.
type modelIndex struct {
	config *Config
	models map[string]map[string]bool
}

func (x modelIndex) of(provider string) (models map[string]bool, ok bool) {
	if models, ok = x.models[provider]; ok {
		return models, models != nil
	}
	r, exists := x.config.Get(KindProvider, provider)
	if exists {
		doc, _ := r.Spec.(*adminv1.Provider)
		models = make(map[string]bool, len(doc.GetModels()))
		for _, m := range doc.GetModels() {
			models[m.GetId()] = true
			if m.GetAlias() != "" {
				models[m.GetAlias()] = true
			}
		}
	}
	x.models[provider] = models
	return models, exists
}

// settingsOrNone is Settings for a configuration that is not known to be valid.
func (c *Config) settingsOrNone() *adminv1.Settings {
	if r, ok := c.Get(KindSettings, SettingsName); ok {
		if doc, ok := r.Spec.(*adminv1.Settings); ok {
			return doc
		}
	}
	return nil
}
