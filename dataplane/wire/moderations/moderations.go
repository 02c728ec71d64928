// Package moderations is OpenAI's moderations.
package moderations

import (
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// Family is the API.
var Family = wire.Family{
	Name: "moderations", Errors: wire.OpenAI,
	Endpoints: []wire.Endpoint{{Path: "/moderations", Operation: "moderation", Lists: []string{"results"}, Neutral: `"input":"Hi"`}},
}
