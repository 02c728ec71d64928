package validation

import (
	"fmt"
	"slices"

	"github.com/trunkline-ai/trunkline/internal/domain/plaintext"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// checkImports checks a provider's import rules.
func checkImports(d document, doc *adminv1.Provider) {
	rules := doc.GetImport().GetRules()
	for _, list := range [...]struct {
		field    string
		patterns []string
	}{{"include", rules.GetInclude()}, {"exclude", rules.GetExclude()}} {
		for i, p := range list.patterns {
			if !plaintext.IsPlain(p) {
				d.add(fmt.Sprintf("import.rules.%s[%d]", list.field, i), plaintext.Rule)
			}
		}
	}
	checkPrice(d, "import.rules.default_price", rules.GetDefaultPrice())
	name := rules.GetCredential()
	if name != "" && !slices.ContainsFunc(doc.GetCredentials(), func(c *adminv1.Credential) bool { return c.GetName() == name }) {
		d.add("import.rules.credential", "refers to credential %q, which does not exist", name)
	}
}
