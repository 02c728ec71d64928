package api

import (
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/wire/sse"
)

func TestUsageOverTheEventsOfAStream(t *testing.T) {
	t.Parallel()
	const (
		hello = `{"choices":[{"index":0,"delta":{"content":"hello world!"}}]}`
		start = `{"type":"message_start","message":{"usage":`
		delta = `{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"hello world!"}}`
		stop  = `{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":`
	)
	told := func(in, cached, written, out int64) dataplane.Usage {
		return dataplane.Usage{Input: in, CachedInput: cached, CacheWrite: written, Output: out, Source: dataplane.UsageUpstream}
	}
	cut := func(u dataplane.Usage) dataplane.Usage { u.Source = dataplane.UsageEstimated; return u }
	tests := []struct {
		name, path string
		events     []string
		want       dataplane.Usage
	}{
		{"good, then zeros", "/chat/completions", []string{hello, `{"choices":[],"usage":{"prompt_tokens":24,"completion_tokens":9}}`, `{"choices":[],"usage":{"prompt_tokens":0,"completion_tokens":0}}`}, told(24, 0, 0, 9)},
		{"good, then nothing", "/chat/completions", []string{hello, `{"choices":[],"usage":{"prompt_tokens":24,"completion_tokens":9}}`, `{"choices":[],"usage":{}}`, `{"choices":[],"usage":{"prompt_tokens":null}}`}, told(24, 0, 0, 9)},
		{"zeros, then good", "/chat/completions", []string{`{"choices":[],"usage":{"prompt_tokens":0,"completion_tokens":0}}`, hello, `{"choices":[],"usage":{"prompt_tokens":24,"completion_tokens":9}}`}, told(24, 0, 0, 9)},
		{"growing", "/chat/completions", []string{`{"choices":[{"delta":{"content":"hello "}}],"usage":{"prompt_tokens":24,"completion_tokens":1}}`, `{"choices":[{"delta":{"content":"world"}}],"usage":{"prompt_tokens":24,"completion_tokens":2}}`}, told(24, 0, 0, 2)},
		{"output behind the usage", "/chat/completions", []string{`{"choices":[{"delta":{"content":"hello "}}],"usage":{"prompt_tokens":24,"completion_tokens":1}}`, hello}, cut(told(24, 0, 0, 4))},
		{"in a choice", "/chat/completions", []string{hello, `{"choices":[{"delta":{},"finish_reason":"stop","usage":{"prompt_tokens":24,"completion_tokens":9,"cached_tokens":8}}]}`}, told(24, 8, 0, 9)},
		{"Groq", "/chat/completions", []string{hello, `{"choices":[{"delta":{},"finish_reason":"stop"}],"x_groq":{"usage":{"prompt_tokens":24,"completion_tokens":9}}}`}, told(24, 0, 0, 9)},
		{"caches at the start", "/messages", []string{start + `{"input_tokens":11,"cache_read_input_tokens":8,"cache_creation_input_tokens":5,"output_tokens":1}}}`, delta, stop + `{"output_tokens":9}}`}, told(24, 8, 5, 9)},
		{"caches at the end", "/messages", []string{start + `{"input_tokens":11,"output_tokens":0}}}`, delta, stop + `{"cache_read_input_tokens":8,"cache_creation_input_tokens":5,"output_tokens":9}}`}, told(24, 8, 5, 9)},
		{"caches at both", "/messages", []string{start + `{"input_tokens":11,"cache_read_input_tokens":8,"output_tokens":1}}}`, delta, stop + `{"input_tokens":11,"cache_read_input_tokens":8,"output_tokens":9}}`}, told(19, 8, 0, 9)},
		{"zeros at the end", "/messages", []string{start + `{"input_tokens":11,"cache_read_input_tokens":8,"output_tokens":1}}}`, delta, stop + `{"input_tokens":0,"cache_read_input_tokens":0,"output_tokens":9}}`}, told(19, 8, 0, 9)},
		{"all at the end", "/messages", []string{start + `{"input_tokens":0,"output_tokens":0}}}`, delta, stop + `{"input_tokens":11,"cache_read_input_tokens":8,"output_tokens":9}}`}, told(19, 8, 0, 9)},
		{"cut", "/messages", []string{start + `{"input_tokens":11,"output_tokens":1}}}`, delta, delta}, cut(told(11, 0, 0, 7))},
		{"responses", "/responses", []string{`{"type":"response.output_text.delta","delta":"hello"}`, `{"type":"response.completed","response":{"usage":{"input_tokens":24,"output_tokens":9}}}`}, told(24, 0, 0, 9)},
		{"none", "/chat/completions", []string{hello, `{"choices":[],"usage":{}}`}, dataplane.Usage{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := watch(t, tt.path, tt.events).Spent(); got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestOutputOfAStreamIsItsText(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, path string
		events     []string
		want       int64
	}{
		{"chat", "/chat/completions", []string{`{"id":"chatcmpl-1","model":"m","choices":[{"delta":{"role":"assistant","content":""}}]}`, `{"choices":[{"delta":{"content":"hello"}}]}`, `{"choices":[{"delta":{"content":" world"}}]}`}, 11},
		{"reasoning under two names", "/chat/completions", []string{`{"choices":[{"delta":{"content":"","reasoning":"hmm","reasoning_details":[{"type":"reasoning.text","text":"hmm"}]}}]}`}, 3},
		{"tools", "/chat/completions", []string{`{"choices":[{"delta":{"tool_calls":[{"id":"call_1","type":"function","function":{"name":"look","arguments":""}}]}}]}`, `{"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"{\"a\":1}"}}]}}]}`}, 11},
		{"parts", "/chat/completions", []string{`{"choices":[{"delta":{"content":[{"type":"text","text":"hello"}]}}]}`}, 5},
		{"completions", "/completions", []string{`{"choices":[{"text":"hello"}]}`}, 5},
		{"messages", "/messages", []string{
			`{"type":"content_block_start","content_block":{"type":"text","text":""}}`,
			`{"type":"content_block_delta","delta":{"type":"thinking_delta","thinking":"hmm"}}`,
			`{"type":"content_block_delta","delta":{"type":"signature_delta","signature":"c2lnbmF0dXJl"}}`,
			`{"type":"content_block_delta","delta":{"type":"text_delta","text":"hello"}}`,
			`{"type":"content_block_delta","delta":{"type":"input_json_delta","partial_json":"{}"}}`,
		}, 10},
		{"responses", "/responses", []string{
			`{"type":"response.output_text.delta","item_id":"msg_1","delta":"hello"}`, `{"type":"response.output_text.done","text":"hello"}`,
			`{"type":"response.completed","response":{"output":[{"content":[{"type":"output_text","text":"hello"}]}]}}`,
		}, 5},
		{"responses without deltas", "/responses", []string{`{"type":"response.completed","response":{"output":[{"content":[{"type":"output_text","text":"hello"}]}]}}`}, 5},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := watch(t, tt.path, tt.events).Output; got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func watch(t *testing.T, path string, events []string) *wire.Inspection {
	t.Helper()
	seen := &wire.Inspection{Stream: Find(path).Stream}
	for _, event := range events {
		seen.See(sse.Event([]byte(event)), false)
	}
	return seen
}

func TestOutputOfAPlainAnswerIsItsText(t *testing.T) {
	t.Parallel()
	tests := []struct {
		path, answer string
		want         int64
	}{
		{"/chat/completions", `{"id":"chatcmpl-1","model":"m","choices":[{"message":{"role":"assistant","content":"hello world"},"finish_reason":"stop"}]}`, 11},
		{"/chat/completions", `{"choices":[{"message":{"content":null,"tool_calls":[{"function":{"name":"look","arguments":"{}"}}]}}]}`, 6},
		{"/chat/completions", `{"choices":[]}`, 0},
		{"/messages", `{"id":"msg_1","content":[{"type":"thinking","thinking":"hmm","signature":"c2ln"},{"type":"text","text":"hello"},{"type":"tool_use","id":"t","name":"look","input":{"where":"here"}}]}`, 21},
		{"/responses", `{"instructions":"be brief","tools":[{"name":"look"}],"output":[{"type":"message","content":[{"type":"output_text","text":"hello"}]}]}`, 5},
	}
	for _, tt := range tests {
		if got := Find(tt.path).Output([]byte(tt.answer)); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.answer, got, tt.want)
		}
	}
}
