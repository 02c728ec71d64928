// Package rerank is the ranking of documents as Cohere, Jina and others have it.
package rerank

import (
	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// Family is the API.
var Family = wire.Family{
	Name: "rerank", Errors: wire.OpenAI,
	Endpoints: []wire.Endpoint{{Path: "/rerank", Operation: "rerank", Lists: []string{"results", "data"}, Array: []string{"score", "relevance_score"}, Measure: units}},
}

// units reads how many searches Cohere bills a call as.
func units(answer []byte, u *dataplane.Usage) {
	if n := gjson.GetBytes(answer, "meta.billed_units.search_units"); n.Num > 0 && n.Num < maxUnits {
		u.BilledUnits = n.Int()
	}
}

const maxUnits = 1_000_000
