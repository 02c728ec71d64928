package importer

import (
	"cmp"
	"fmt"
	"strings"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// describe fills in how a model is afterwards.
func describe(report *adminv1.ImportedModel, m *adminv1.Model, source string) {
	report.Alias, report.Price, report.ContextWindow, report.PriceSource = m.GetAlias(), m.GetPrice(), m.GetContextWindow(), source
}

// priceSource says where the price of a model that is there is from.
func priceSource(m *adminv1.Model) string {
	switch {
	case samePrice(m.GetPrice(), nil):
		return ""
	case !samePrice(m.GetPrice(), m.GetImported().GetPrice()):
		return fromAdmin
	}
	return m.GetImported().GetPriceSource()
}

// samePrice compares prices; one that says nothing is like none.
func samePrice(a, b *adminv1.Price) bool {
	return a.GetInput() == b.GetInput() && a.GetCachedInput() == b.GetCachedInput() &&
		a.GetOutput() == b.GetOutput() && a.GetPerCall() == b.GetPerCall() && a.GetCacheWrite() == b.GetCacheWrite()
}

func change(field, before, after string) string {
	return fmt.Sprintf("%s: %s -> %s", field, cmp.Or(before, "(unset)"), cmp.Or(after, "(unset)"))
}

// priceText writes a price on one line.
func priceText(p *adminv1.Price) string {
	var parts []string
	for _, part := range [...]struct{ name, amount string }{
		{"in", p.GetInput()}, {"cached", p.GetCachedInput()}, {"cache write", p.GetCacheWrite()}, {"out", p.GetOutput()}, {"per call", p.GetPerCall()},
	} {
		if part.amount != "" {
			parts = append(parts, part.name+" "+part.amount)
		}
	}
	return strings.Join(parts, ", ")
}

func joined(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}
