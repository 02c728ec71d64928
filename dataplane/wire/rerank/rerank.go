// Package rerank is the ranking of documents as Cohere, Jina and others have it.
package rerank

import (
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// Family is the API.
var Family = wire.Family{
	Name: "rerank", Errors: wire.OpenAI,
	Endpoints: []wire.Endpoint{{Path: "/rerank", Lists: []string{"results", "data"}, Array: []string{"score", "relevance_score"}}},
}
