package importer

import (
	"cmp"
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
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
	if !controlplane.IsPriced(a) || !controlplane.IsPriced(b) {
		return controlplane.IsPriced(a) == controlplane.IsPriced(b)
	}
	return proto.Equal(a, b)
}

func change(field, before, after string) string {
	return fmt.Sprintf("%s: %s -> %s", field, cmp.Or(before, "(unset)"), cmp.Or(after, "(unset)"))
}

// priceText writes a price on one line.
func priceText(p *adminv1.Price) string {
	if p == nil {
		return ""
	}
	parts := ratesText(p)
	for _, t := range p.GetTiers() {
		var of []string
		if t.GetServiceTier() != "" {
			of = append(of, t.GetServiceTier())
		}
		if t.GetAboveInputTokens() > 0 {
			of = append(of, fmt.Sprintf("above %d tokens", t.GetAboveInputTokens()))
		}
		parts = append(parts, strings.Join(of, " ")+": "+strings.Join(ratesText(t), ", "))
	}
	return strings.Join(parts, ", ")
}

// shortNames are what amounts are called in a line; others by their own name.
var shortNames = map[string]string{"input": "in", "cached_input": "cached", "output": "out"}

func ratesText(m proto.Message) (parts []string) {
	for i := range controlplane.Rates {
		r := &controlplane.Rates[i]
		if amount := r.Of(m); amount != "" {
			parts = append(parts, cmp.Or(shortNames[r.Name], strings.ReplaceAll(r.Name, "_", " "))+" "+amount)
		}
	}
	return parts
}

func joined(a, b string) string {
	if a == "" {
		return b
	}
	return a + "; " + b
}
