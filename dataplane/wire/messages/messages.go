// Package messages is Anthropic's Messages API.
package messages

import (
	"fmt"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
	codec "github.com/trunkline-ai/trunkline/internal/wire/messages"
)

// Family is the API.
var Family = wire.Family{
	Name: "messages", Errors: wording,
	Endpoints: []wire.Endpoint{
		{Path: "/messages", Operation: "chat", Opaque: opaque, Conversation: "messages", Turns: "messages", System: "system", Passed: passed, Lists: []string{"content"}, Finish: "stop_reason", Empty: isEmpty, Estimate: wire.EstimateBoth, Stream: stream, Neutral: `"messages":[{"role":"user","content":"Hi"}],"max_tokens":1`, Codec: codec.Codec{}},
		{Path: "/messages/count_tokens", Operation: "count_tokens", Conversation: "messages", Turns: "messages", System: "system", Passed: passed, Value: "input_tokens", Estimated: estimated, Neutral: `"messages":[{"role":"user","content":"Hi"}]`},
	},
}

func estimated(tokens int64) []byte {
	return fmt.Appendf(nil, `{"input_tokens":%d}`, tokens)
}

var passed = []string{"Anthropic-Version", "Anthropic-Beta"}

var stream = &wire.Stream{
	Typed:  true,
	Filler: []string{"message_start", "content_block_start", "content_block_stop", "ping"},
	Finish: []string{"message_delta"}, Reason: "delta.stop_reason", Last: []string{"message_stop"}, Failed: []string{"error"},
	Reasons: reasons, Says: says, Convert: events,
	Text: []string{"delta.text", "delta.thinking"}, Usage: []string{"message.usage", "usage", wire.BedrockMetrics},
	End: codec.Stop,
}
