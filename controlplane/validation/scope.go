package validation

import (
	"fmt"

	"github.com/trunkline-ai/trunkline/controlplane"
)

// scoped is a document that is about some providers and groups only.
type scoped interface {
	GetProviders() []string
	GetGroups() []string
}

// checkScope checks that these exist.
func checkScope(c *controlplane.Config, d document, doc scoped) {
	for i, name := range doc.GetProviders() {
		if !c.Has(controlplane.KindProvider, name) {
			d.add(fmt.Sprintf("providers[%d]", i), "refers to provider %q, which does not exist", name)
		}
	}
	for i, name := range doc.GetGroups() {
		if c.Has(controlplane.KindGroup, name) {
			continue
		}
		hint := ""
		if group, ok := groupAliases(c)[name]; ok {
			hint = fmt.Sprintf("; it is an alias of group %q", group)
		}
		d.add(fmt.Sprintf("groups[%d]", i), "refers to group %q, which does not exist%s", name, hint)
	}
}
