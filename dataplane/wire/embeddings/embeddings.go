// Package embeddings is OpenAI's embeddings.
package embeddings

import (
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// Family is the API.
var Family = wire.Family{
	Name: "embeddings", Errors: wire.OpenAI,
	Endpoints: []wire.Endpoint{{Path: "/embeddings", Operation: "embeddings", Lists: []string{"data"}, Estimate: wire.EstimateInput, Neutral: `"input":"Hi"`}},
}
