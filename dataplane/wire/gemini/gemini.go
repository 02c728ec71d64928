// Package gemini is Google's generateContent.
package gemini

import (
	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// Family is the API. The model stands in the path, and a stream has a path of its own.
var Family = wire.Family{
	Name: name, Errors: wire.OpenAI,
	Endpoints: []wire.Endpoint{{
		Path: "/models/{model}:generateContent", StreamPath: "/models/{model}:streamGenerateContent?alt=sse", Upstream: true, Operation: "generate_content",
		Lists: []string{"candidates"}, Value: "promptFeedback.blockReason", Finish: reasonsAt, UsageAt: usageAt, Empty: isEmpty, Estimate: wire.EstimateBoth, Stream: stream, Codec: Codec{},
	}},
}

const (
	reasonsAt = "candidates.#.finishReason"
	usageAt   = "usageMetadata"
)

var stream = &wire.Stream{Reason: reasonsAt, Usage: []string{usageAt}, Output: output}

// output reports whether a chunk, or a whole answer, says anything, and gives its text to the inspection.
func output(chunk []byte, i *wire.Inspection) (found bool) {
	gjson.GetBytes(chunk, "candidates.0.content.parts").ForEach(func(_, part gjson.Result) bool {
		text := part.Get("text")
		if text.Type == gjson.String {
			i.Keep(text.Str)
		}
		found = found || text.Str != "" || part.Get("functionCall").IsObject() || part.Get("inlineData").IsObject() || part.Get("fileData").IsObject()
		return true
	})
	return found || gjson.GetBytes(chunk, "promptFeedback.blockReason").Str != ""
}

// isEmpty recognises an answer in which nothing is said.
func isEmpty(answer []byte) bool {
	return wire.EndedByItself(gjson.GetBytes(answer, reasonsAt)) && !output(answer, new(wire.Inspection))
}
