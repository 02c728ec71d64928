// Package completions is OpenAI's older text completions; its streams are those of chat.
package completions

import (
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/dataplane/wire/chat"
)

// Family is the API.
var Family = wire.Family{
	Name: "completions", Errors: wire.OpenAI,
	Endpoints: []wire.Endpoint{
		{Path: "/completions", Operation: "text_completion", Lists: []string{"choices"}, Full: true, Finish: "choices.#.finish_reason", Empty: chat.Empty, Estimate: wire.EstimateBoth, Stream: chat.Stream("text_completion"), Neutral: `"prompt":"Hi","max_tokens":1`},
	},
}
