package proxy

import (
	"strings"
	"testing"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// What a translated call allocates, and what each message of its request and each chunk of its stream adds.
const (
	allocsTranslated = 57
	allocsPerMessage = 0.1
	allocsPerPiece   = 1.1
)

// anthropicOnly is a provider that speaks messages alone.
func anthropicOnly(p *nodev1.Provider) { p.Dialect, p.Models[0].MaxOutputTokens = "anthropic", 4096 }

const (
	anthropicAnswer = `{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"hello"}],"stop_reason":"end_turn","stop_sequence":null,"usage":{"input_tokens":9,"output_tokens":1}}`
	anthropicBegin  = "event: message_start\ndata: " + `{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"usage":{"input_tokens":9,"output_tokens":1}}}` + "\n\n" +
		"event: content_block_start\ndata: " + `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}` + "\n\n"
	anthropicPiece = "event: content_block_delta\ndata: " + `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"word "}}` + "\n\n"
	anthropicEnd   = "event: content_block_stop\ndata: " + `{"type":"content_block_stop","index":0}` + "\n\n" +
		"event: message_delta\ndata: " + `{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":100}}` + "\n\n" +
		"event: message_stop\ndata: " + `{"type":"message_stop"}` + "\n\n"

	chatPiece     = "data: " + `{"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"word "},"finish_reason":null}]}` + "\n\n"
	chatPiecesEnd = "data: " + `{"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n"
)

// Not parallel: what other tests allocate would be counted too.
func TestAllocationsOfATranslatedCall(t *testing.T) {
	call := func(turns int) float64 {
		turn := `{"role":"user","content":"Tell me more."},{"role":"assistant","content":"There is much to say."},`
		body := `{"model":"g","messages":[` + strings.Repeat(turn, turns) + `{"role":"user","content":"hi"}]}`
		return allocsAt(t, "/v1/chat/completions", "", body, "application/json", anthropicAnswer, anthropicOnly)
	}
	short, long := call(0), call(100)
	t.Logf("%.1f allocations for one message, %.1f for 201", short, long)
	if short > allocsTranslated || (long-short)/200 > allocsPerMessage {
		t.Errorf("%.1f allocations for one message, want at most %d; %.1f for 201 messages, want at most %.1f more for each", short, allocsTranslated, long, allocsPerMessage)
	}
}

func TestAllocationsPerTranslatedChunk(t *testing.T) {
	const few, many = 100, 1100
	streams := map[string]func(n int) float64{
		"messages for a client of chat": func(n int) float64 {
			return allocsAt(t, "/v1/chat/completions", "", `{"model":"g","stream":true,"messages":[{"role":"user","content":"hi"}]}`,
				"text/event-stream", anthropicBegin+strings.Repeat(anthropicPiece, n)+anthropicEnd, anthropicOnly)
		},
		"chat for a client of messages": func(n int) float64 {
			return allocsAt(t, "/v1/messages", "", `{"model":"g","stream":true,"max_tokens":9,"messages":[{"role":"user","content":"hi"}]}`,
				"text/event-stream", strings.Repeat(chatPiece, n)+chatPiecesEnd, chatOnly)
		},
		"chat for a client of responses": func(n int) float64 {
			return allocsAt(t, "/v1/responses", "", `{"model":"g","stream":true,"input":"hi"}`,
				"text/event-stream", strings.Repeat(chatPiece, n)+chatPiecesEnd, chatOnly)
		},
	}
	for name, stream := range streams {
		got := (stream(many) - stream(few)) / (many - few)
		t.Logf("%s: %.3f allocations per chunk", name, got)
		if got > allocsPerPiece {
			t.Errorf("%s: %.3f allocations per chunk, want at most %.1f", name, got, allocsPerPiece)
		}
	}
}

// chatOnly is a provider that is known to speak chat alone.
func chatOnly(p *nodev1.Provider) { p.Endpoints = []*nodev1.Endpoint{{Api: "chat"}} }
