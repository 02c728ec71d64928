package proxy_test

import (
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// A failure hidden in a success of messages is one as it is on chat.
func TestAFailureHiddenInAMessage(t *testing.T) {
	t.Parallel()
	plain := func(text, reason string) string {
		content := ""
		if text != "" {
			content = `{"type":"text","text":"` + text + `"}`
		}
		return `{"type":"message","role":"assistant","content":[` + content + `],"stop_reason":"` + reason + `","usage":{"input_tokens":7,"output_tokens":1}}`
	}
	stream := func(text, reason string) string {
		events := `data: {"type":"message_start","message":{"content":[]}}` + "\n\n"
		if text != "" {
			events += `data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}` + "\n\n" + `data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"` + text + `"}}` + "\n\n"
		}
		return events + `data: {"type":"message_delta","delta":{"stop_reason":"` + reason + `"}}` + "\n\n" + `data: {"type":"message_stop"}` + "\n\n"
	}
	const full = "model_context_window_exceeded"
	for name, c := range map[string]struct {
		text, reason string
		plain        dataplane.Outcome
		stream       dataplane.Outcome
		blame        string
	}{
		"a full window":              {"", full, dataplane.ContextLength, dataplane.ContextLength, "caller"},
		"a full window, some text":   {"Half", full, dataplane.OK, dataplane.OK, ""},
		"an error":                   {"", "error", dataplane.ServerError, dataplane.ServerError, "target"},
		"an error, some text":        {"Half", "error", dataplane.ServerError, dataplane.StreamError, "target"},
		"no resources":               {"", "insufficient_system_resource", dataplane.Overloaded, dataplane.Overloaded, "target"},
		"a refusal of the model":     {"", "refusal", dataplane.OK, dataplane.OK, ""},
		"a turn that is to go on":    {"Half", "pause_turn", dataplane.OK, dataplane.OK, ""},
		"a limit before any content": {"", "max_tokens", dataplane.OK, dataplane.OK, ""},
	} {
		for media, want := range map[string]dataplane.Outcome{"application/json": c.plain, "text/event-stream": c.stream} {
			t.Run(name+", "+media, func(t *testing.T) {
				t.Parallel()
				body, field := plain(c.text, c.reason), ""
				if media != "application/json" {
					body, field = stream(c.text, c.reason), `,"stream":true`
				}
				r := newOddRig(t, media, body)
				got := r.postTo("/messages", `{"model":"g","max_tokens":64,"messages":[{"role":"user","content":"hi"}]`+field+`}`)
				if a := r.call().Attempts[0]; a.Outcome != want || a.Blame != c.blame {
					t.Errorf("%v (%s), blame %q, want %v and %q: %s", a.Outcome, a.Reason, a.Blame, want, c.blame, got.body)
				}
			})
		}
	}
}

// What is large is an answer on every API of text: a plain one for a stream, and one event of a stream.
func TestLargeAnswersOfEveryAPI(t *testing.T) {
	t.Parallel()
	for _, a := range apis[:4] {
		for _, model := range []string{"json-for-stream+huge-3", "big-event-2mb"} {
			t.Run(a.path+" "+model, func(t *testing.T) {
				t.Parallel()
				r := newRig(t, setup{models: []string{model, "ok"}})
				got, call := a.call(t, r, true)
				if outcomes(call) != "p1:ok" || got.cut || len(got.body) < 128<<10 || !strings.HasPrefix(got.header.Get("Content-Type"), "text/event-stream") {
					t.Errorf("attempts %s, cut %v, %d bytes of %s: %.200s", outcomes(call), got.cut, len(got.body), got.header.Get("Content-Type"), got.body)
				}
				if call.Usage.Output < 1<<19 { // the provider says 9, which cannot be true
					t.Errorf("usage %+v", call.Usage)
				}
			})
		}
	}
}

// On every API, and asked for a stream or not, a total failure says whether and when to come back.
func TestHintsOnEveryAPI(t *testing.T) {
	t.Parallel()
	for _, a := range apis {
		for model, retryAfter := range map[string]string{"status-503-retry-after-3": "3", "status-500": "1", "error-invalid_api_key": ""} {
			for _, stream := range []bool{false, true} {
				if stream && a.stream == "" {
					continue
				}
				t.Run(name(a, stream, model), func(t *testing.T) {
					t.Parallel()
					r := newRig(t, a.native(setup{models: []string{model}, config: quick}))
					got, _ := a.call(t, r, stream)
					if got.status < 400 || got.header.Get("Retry-After") != retryAfter || (got.header.Get("X-Should-Retry") == "false") != (retryAfter == "") {
						t.Errorf("status %d, Retry-After %q, X-Should-Retry %q, want %q: %s",
							got.status, got.header.Get("Retry-After"), got.header.Get("X-Should-Retry"), retryAfter, got.body)
					}
				})
			}
		}
	}
}
