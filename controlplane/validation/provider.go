package validation

import (
	"fmt"
	"slices"
	"strings"

	"buf.build/go/protovalidate"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/domain/dialect"
	"github.com/trunkline-ai/trunkline/internal/domain/plaintext"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func checkProvider(d document, doc *adminv1.Provider) {
	checkName(d, doc.GetName())
	own, known := dialect.Find(doc.GetDialect())
	if !known {
		d.add("dialect", "must be one of %s", strings.Join(dialect.Names(), ", "))
	}
	if doc.GetBaseUrl() != "" || !known || own.DefaultBase == nil {
		if fault := controlplane.URLFault(doc.GetBaseUrl()); fault != "" {
			d.add("base_url", "%s", fault)
		}
	}
	checkEndpoints(d, doc)
	checkCredentials(d, doc.GetCredentials())
	checkHeaders(d, doc.GetHeaders())
	checkSecretHeaders(d, doc)
	checkSecretQuery(d, doc)
	checkForwardHeaders(d, doc.GetForwardHeaders())
	checkModels(d, doc.GetModels())
	checkFieldRules(d, "", doc.GetFieldRules())
	for i, m := range doc.GetModels() {
		checkFieldRules(d, fmt.Sprintf("models[%d].", i), m.GetFieldRules())
	}
	checkOutbound(d, doc)
	checkImports(d, doc)
}

func checkModels(d document, models []*adminv1.Model) {
	ids := map[string]int{}
	for i, m := range models {
		if j, ok := ids[m.GetId()]; ok {
			d.add(fmt.Sprintf("models[%d].id", i), "is already the id of models[%d]", j)
			continue
		}
		ids[m.GetId()] = i
		if !plaintext.IsPlain(m.GetId()) {
			d.add(fmt.Sprintf("models[%d].id", i), plaintext.Rule)
		}
	}
	aliases := map[string]int{}
	for i, m := range models {
		checkPrice(d, fmt.Sprintf("models[%d].price", i), m.GetPrice())
		alias := m.GetAlias()
		if alias == "" {
			continue
		}
		field := fmt.Sprintf("models[%d].alias", i)
		if !plaintext.IsPlain(alias) {
			d.add(field, plaintext.Rule)
		}
		if j, ok := ids[alias]; ok && j != i {
			d.add(field, "is already the id of models[%d]", j)
		}
		if j, ok := aliases[alias]; ok {
			d.add(field, "is already the alias of models[%d]", j)
			continue
		}
		aliases[alias] = i
	}
}

func checkPrice(d document, path string, p *adminv1.Price) {
	controlplane.CheckPrice(p, func(field, reason string) { d.add(path+"."+field, "%s", reason) })
}

// isPrice tells the pattern of a decimal from other rules.
func isPrice(v *protovalidate.Violation) bool {
	f := v.FieldDescriptor
	return f != nil && slices.ContainsFunc(controlplane.Rates, func(r controlplane.Rate) bool { return r.IsField(f) })
}

// checkSecrets checks that the secrets that providers refer to are stored.
func checkSecrets(c *controlplane.Config, found *report) {
	for r := range c.Unchecked(controlplane.KindProvider) {
		for part := range controlplane.SealedParts(r.Spec) {
			if _, ok := c.Secret(part.GetSecretRef()); !ok && part.GetSecretRef() != "" {
				found.about(r).add(part.Path(), "is not stored; enter it again")
			}
		}
	}
}
