package proxy_test

import (
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func movesOn(p *nodev1.Policy) { p.EmptyAnswer = "move_on" }

// An answer in which nothing is said moves on where the policy wants that, on every API of text
// and in every form, and is held against nobody; with nobody left it is the client's.
func TestEmptyAnswers(t *testing.T) {
	t.Parallel()
	for _, a := range apis[:4] {
		for _, first := range []string{"empty-answer", "empty-answer+json-for-stream", "empty-answer+usage-none"} {
			for _, stream := range []bool{false, true} {
				t.Run(name(a, stream, first), func(t *testing.T) {
					t.Parallel()
					r := newRig(t, setup{models: []string{first, "ok"}, policy: movesOn})
					got, call := a.call(t, r, stream)
					if outcomes(call) != "p1:empty_answer p2:ok" || call.Attempts[0].Blame != "target" {
						t.Errorf("attempts %s, blame %q: %s", outcomes(call), call.Attempts[0].Blame, got.body)
					}
					a.wantGood(t, got, stream)
					if c := r.health.Snapshot(); len(c) != 0 {
						t.Errorf("it counted: %+v", c)
					}
					for models, policy := range map[string]func(*nodev1.Policy){first: movesOn, first + " ok": nil} {
						r := newRig(t, setup{models: strings.Fields(models), policy: policy})
						if _, call := a.call(t, r, stream); outcomes(call) != "p1:ok" || call.Outcome != dataplane.OK {
							t.Errorf("%s: attempts %s, want the first one's answer", models, outcomes(call))
						}
					}
				})
			}
		}
	}
}

// What is no text may still be an answer.
func TestWhatIsNotEmpty(t *testing.T) {
	t.Parallel()
	sse := func(events ...string) string {
		var b strings.Builder
		for _, e := range events {
			b.WriteString("data: " + e + "\n\n")
		}
		return b.String()
	}
	const stop = `{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`
	completed := func(output string) string {
		return `{"type":"response.completed","response":{"status":"completed","output":[` + output + `]}}`
	}
	for name, c := range map[string]struct{ path, media, body, want string }{
		"a refusal":            {"/chat/completions", "json", `{"choices":[{"message":{"content":null,"refusal":"no"},"finish_reason":"stop"}]}`, "p1:ok"},
		"a call":               {"/chat/completions", "json", `{"choices":[{"message":{"content":null,"tool_calls":[{"id":"1","function":{"name":"f","arguments":""}}]},"finish_reason":"stop"}]}`, "p1:ok"},
		"one of two choices":   {"/chat/completions", "json", `{"choices":[{"message":{"content":""},"finish_reason":"stop"},{"message":{"content":"a"},"finish_reason":"stop"}]}`, "p1:ok"},
		"white space is text":  {"/chat/completions", "json", `{"choices":[{"message":{"content":" "},"finish_reason":"stop"}]}`, "p1:ok"},
		"no content":           {"/chat/completions", "json", `{"choices":[{"message":{"role":"assistant"},"finish_reason":"STOP"}]}`, "p1:empty_answer p2:ok"},
		"the second choice":    {"/chat/completions", "stream", sse(stop, `{"choices":[{"index":1,"delta":{"content":"a"}}]}`, strings.Replace(stop, ":0", ":1", 1), "[DONE]"), "p1:ok"},
		"two empty choices":    {"/chat/completions", "stream", sse(stop, strings.Replace(stop, ":0", ":1", 1), "[DONE]"), "p1:empty_answer p2:ok"},
		"not ended with DONE":  {"/chat/completions", "stream", sse(stop), "p1:empty_answer p2:ok"},
		"a call, in pieces":    {"/chat/completions", "stream", sse(`{"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"1","function":{"name":"f","arguments":""}}]}}]}`, stop, "[DONE]"), "p1:ok"},
		"a function":           {"/responses", "json", `{"status":"completed","output":[{"type":"function_call","name":"f","arguments":"{}"}]}`, "p1:ok"},
		"no output":            {"/responses", "json", `{"status":"completed","output":[]}`, "p1:empty_answer p2:ok"},
		"incomplete":           {"/responses", "json", `{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[]}`, "p1:ok"},
		"an empty summary":     {"/responses", "json", `{"status":"completed","output":[{"type":"reasoning","summary":[]},{"type":"message","content":[{"type":"output_text","text":""}]}]}`, "p1:empty_answer p2:ok"},
		"at the end only":      {"/responses", "stream", sse(`{"type":"response.created","response":{}}`, completed(`{"type":"message","content":[{"type":"output_text","text":"a"}]}`)), "p1:ok"},
		"a call of a function": {"/responses", "stream", sse(`{"type":"response.output_item.added","item":{"type":"function_call","name":"f","arguments":""}}`, completed("")), "p1:ok"},
		"incomplete, streamed": {"/responses", "stream", sse(`{"type":"response.incomplete","response":{"status":"incomplete","output":[]}}`), "p1:ok"},
		"a search":             {"/responses", "stream", sse(`{"type":"response.web_search_call.searching","item_id":"1"}`, completed("")), "p1:ok"},
		"done with nothing":    {"/responses", "stream", sse(`{"type":"response.output_text.done","text":""}`, `{"type":"response.output_item.done","item":{"type":"message","content":[]}}`, completed("")), "p1:empty_answer p2:ok"},
		"a tool":               {"/messages", "stream", sse(`{"type":"message_start","message":{}}`, `{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","name":"f","input":{}}}`, `{"type":"message_delta","delta":{"stop_reason":"end_turn"}}`, `{"type":"message_stop"}`), "p1:ok"},
		"the limit":            {"/messages", "stream", sse(`{"type":"message_start","message":{}}`, `{"type":"message_delta","delta":{"stop_reason":"max_tokens"}}`, `{"type":"message_stop"}`), "p1:ok"},
		"without its end":      {"/messages", "stream", sse(`{"type":"message_start","message":{}}`, `{"type":"message_delta","delta":{"stop_reason":"end_turn"}}`), "p1:empty_answer p2:ok"},
		"an empty block":       {"/messages", "json", `{"content":[{"type":"text","text":""}],"stop_reason":"end_turn"}`, "p1:empty_answer p2:ok"},
		"a refusal, messages":  {"/messages", "json", `{"content":[],"stop_reason":"refusal"}`, "p1:ok"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			media := map[string]string{"json": "application/json", "stream": "text/event-stream"}[c.media]
			r := newOddRig(t, media, c.body, movesOn)
			body := `{"model":"g","stream":` + map[bool]string{true: "true", false: "false"}[c.media == "stream"] + `}`
			got := r.postTo(c.path, body)
			if call := r.call(); outcomes(call) != c.want {
				t.Errorf("attempts %s, want %s: %s", outcomes(call), c.want, got.body)
			}
		})
	}
}

// A request that must not be repeated has the empty answer, and a caller who wants one attempt.
func TestAnEmptyAnswerOfTheOnlyAttempt(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"empty-answer", "ok"}, policy: movesOn})
	got := r.postTo("/responses", `{"model":"g","input":"hi","conversation":"conv_1"}`)
	if call := r.call(); outcomes(call) != "p1:ok" || got.status != 200 {
		t.Errorf("status %d, attempts %s: %s", got.status, outcomes(call), got.body)
	}
}
