// Package chat is OpenAI's chat completions, which nearly everyone speaks.
package chat

import (
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/domain/dialect"
	codec "github.com/trunkline-ai/trunkline/internal/wire/chat"
	"github.com/trunkline-ai/trunkline/internal/wire/sse"
)

// Family is the API.
var Family = wire.Family{
	Name: dialect.Chat, Errors: wire.OpenAI,
	Endpoints: []wire.Endpoint{
		{Path: "/chat/completions", Operation: "chat", Opaque: opaque, Conversation: "messages", Turns: "messages", Lists: []string{"choices"}, Full: true, First: "message", Finish: "choices.#.finish_reason", Empty: Empty, Estimate: wire.EstimateBoth, Stream: Stream("chat.completion.chunk"), Neutral: `"messages":[{"role":"user","content":"Hi"}],"max_tokens":1`, Codec: codec.Codec{}},
	},
}

// Stream is a stream of chunks that end with [DONE]. object is what chunks call themselves.
func Stream(object string) *wire.Stream {
	return &wire.Stream{
		Output: Output, UsageOnly: UsageOnly, Convert: Chunks(object), Options: true,
		Usage: []string{"usage", wire.UsageInChoice, "x_groq.usage"}, Service: "service_tier", End: sse.DoneEvent,
	}
}
