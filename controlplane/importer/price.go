package importer

import (
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane/importer/remote"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// What stands in ImportedModel.price_source and ModelImport.price_source.
const (
	fromProvider  = "provider"
	fromCatalogue = "catalogue"
	fromDefault   = "default"
	fromAdmin     = "admin"
)

// price is what the rules suggest for a listed model, and from where.
func (c *comparison) price(l remote.Model) (*adminv1.Price, string) {
	if !c.Rules.GetSkipPrices() {
		if l.Price != nil {
			return proto.CloneOf(l.Price), fromProvider
		}
		if known := c.known(l.ID); known.Price != nil {
			return proto.CloneOf(known.Price), fromCatalogue
		}
	}
	if p := c.Rules.GetDefaultPrice(); !samePrice(p, nil) {
		return proto.CloneOf(p), fromDefault
	}
	return nil, ""
}

func (c *comparison) known(id string) Known {
	k, _ := c.Prices.Find(id, c.Provider.GetName(), hostOf(c.Provider.GetBaseUrl()))
	return k
}

// leftOut names what is known of a model's price and cannot be said in it.
func (c *comparison) leftOut(l remote.Model, m *adminv1.Model) []string {
	switch source := priceSource(m); {
	case source == fromProvider:
		return l.LeftOut
	case source == fromCatalogue, source == "" && !c.Rules.GetSkipPrices():
		return c.known(l.ID).LeftOut
	}
	return nil
}

func (c *comparison) renewPrice(l remote.Model, m *adminv1.Model, report *adminv1.ImportedModel) {
	want, source := c.price(l)
	if !samePrice(m.GetPrice(), m.GetImported().GetPrice()) {
		report.Note = joined(report.GetNote(), "price set by an admin")
		return
	}
	if want == nil || samePrice(want, m.GetPrice()) {
		return
	}
	c.note(report, change("price", priceText(m.GetPrice()), priceText(want)))
	m.Price, m.Imported.Price, m.Imported.PriceSource = want, proto.CloneOf(want), source
}
