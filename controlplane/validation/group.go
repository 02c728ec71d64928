package validation

import (
	"cmp"
	"fmt"
	"iter"
	"slices"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/domain/alias"
	"github.com/trunkline-ai/trunkline/internal/domain/plaintext"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func checkGroup(d document, doc *adminv1.Group) {
	checkName(d, doc.GetName())
	for i, name := range doc.GetAliases() {
		if !plaintext.IsPlain(name) {
			d.add(fmt.Sprintf("aliases[%d]", i), plaintext.Rule)
		}
		if fault := alias.Fault(name); fault != "" {
			d.add(fmt.Sprintf("aliases[%d]", i), "%s", fault)
		}
	}
}

// checkGroups checks what groups say about providers, the settings and one another.
func checkGroups(c *controlplane.Config, found *report) {
	if !c.Changed(controlplane.KindSettings, controlplane.KindProvider, controlplane.KindGroup) {
		return
	}
	settings := settingsOrNone(c)
	targets := modelIndex{config: c, models: map[string]map[string]bool{}}
	owners := map[string]*controlplane.Resource{}
	for _, r := range byAge(c.All(controlplane.KindGroup)) {
		doc, ok := r.Spec.(*adminv1.Group)
		if !ok {
			continue
		}
		d := found.about(r)
		takeNames(d, doc, owners)
		if doc.GetPolicy() != nil {
			checkCooldowns(d, "policy", settings, doc.GetPolicy())
		}
		for i, m := range doc.GetMembers() {
			field := fmt.Sprintf("members[%d].", i)
			models, ok := targets.of(m.GetProvider())
			switch {
			case m.GetProvider() == "" || m.GetModel() == "": // the proto's rules say it
			case !ok:
				d.add(field+"provider", "refers to provider %q, which does not exist", m.GetProvider())
			case !models[m.GetModel()]:
				d.add(field+"model", "refers to model %q, which provider %q does not have", m.GetModel(), m.GetProvider())
			}
		}
	}
}

// takeNames checks that no other group has this one's name and aliases, in whatever letter case:
// clients that write them otherwise would not know whom they reach.
func takeNames(d document, doc *adminv1.Group, owners map[string]*controlplane.Resource) {
	other := func(r *controlplane.Resource) *adminv1.Group {
		group, _ := r.Spec.(*adminv1.Group)
		return group
	}
	own := map[string]bool{}
	take := func(field, name string) {
		folded := alias.Fold(name)
		owner, taken := owners[folded]
		switch {
		case !taken:
			owners[folded] = d.Resource
		case owner != d.Resource && (owner.Name == name || slices.Contains(other(owner).GetAliases(), name)):
			d.add(field, "%q is already a name of group %q", name, owner.Name)
		case owner != d.Resource:
			d.add(field, "%q differs only in letter case from a name of group %q", name, owner.Name)
		case own[name]:
			d.add(field, "occurs twice")
		}
		own[name] = true
	}
	take("name", doc.GetName())
	for i, name := range doc.GetAliases() {
		take(fmt.Sprintf("aliases[%d]", i), name)
	}
}

// byAge orders resources so that of two that clash the one changed last gets the blame.
func byAge(resources iter.Seq[*controlplane.Resource]) []*controlplane.Resource {
	return slices.SortedFunc(resources, func(a, b *controlplane.Resource) int {
		return cmp.Or(cmp.Compare(a.Revision, b.Revision), cmp.Compare(a.Name, b.Name))
	})
}

// modelIndex knows the ids and aliases of providers' models, of each provider once asked.
type modelIndex struct {
	config *controlplane.Config
	models map[string]map[string]bool
}

func (x modelIndex) of(provider string) (models map[string]bool, ok bool) {
	if models, ok = x.models[provider]; ok {
		return models, models != nil
	}
	r, exists := x.config.Get(controlplane.KindProvider, provider)
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
func settingsOrNone(c *controlplane.Config) *adminv1.Settings {
	if r, ok := c.Get(controlplane.KindSettings, controlplane.SettingsName); ok {
		if doc, ok := r.Spec.(*adminv1.Settings); ok {
			return doc
		}
	}
	return nil
}
