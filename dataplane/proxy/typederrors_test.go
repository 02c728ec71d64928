package proxy_test

import (
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// An error in a stream of responses or messages is one in whatever shape it comes: before the first output the
// next candidate answers, behind it the client is told the reason, and the stream ends cleanly.
func TestErrorsOfAnyShapeInTypedStreams(t *testing.T) {
	t.Parallel()
	const why = "the engine ran out of memory"
	shapes := map[string]string{
		"the API's own":    `{"type":"error","error":{"type":"api_error","message":"` + why + `"}}`,
		"an error alone":   `{"error":{"type":"server_error","message":"` + why + `"}}`,
		"code and message": `{"code":"InternalError","message":"` + why + `"}`,
		"base_resp":        `{"base_resp":{"status_code":1000,"status_msg":"` + why + `"}}`,
		"error_msg":        `{"error_code":336100,"error_msg":"` + why + `"}`,
		"object":           `{"object":"error","message":"` + why + `","type":"InternalServerError","code":500}`,
		"detail":           `{"detail":"` + why + `"}`,
	}
	type stream struct{ begin, text, failed string }
	for path, s := range map[string]stream{
		"/responses": {
			`data: {"type":"response.created","sequence_number":0,"response":{"id":"r","object":"response","status":"in_progress","output":[]}}` + "\n\n",
			`data: {"type":"response.output_text.delta","sequence_number":1,"item_id":"i","output_index":0,"content_index":0,"delta":"Half"}` + "\n\n",
			"response.failed",
		},
		"/messages": {
			`data: {"type":"message_start","message":{"content":[]}}` + "\n\n",
			`data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}` + "\n\n" +
				`data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Half"}}` + "\n\n",
			"error",
		},
	} {
		for name, event := range shapes {
			for _, late := range []bool{false, true} {
				t.Run(path+" "+name+map[bool]string{true: ", late"}[late], func(t *testing.T) {
					t.Parallel()
					body, want := s.begin, "p1:server_error p2:ok"
					if late {
						body, want = body+s.text, "p1:stream_error"
					}
					r := newOddRig(t, "text/event-stream", body+"data: "+event+"\n\n")
					got := r.postTo(path, `{"model":"g","max_tokens":64,"input":"hi","messages":[{"role":"user","content":"hi"}],"stream":true}`)
					call := r.call()
					if outcomes(call) != want || call.Attempts[0].Blame != "target" || got.cut || strings.Contains(got.body, "[DONE]") {
						t.Fatalf("attempts %s, blame %q, cut %v: %s", outcomes(call), call.Attempts[0].Blame, got.cut, got.body)
					}
					last := gjson.Parse(got.lastEvent())
					if late && (last.Get("type").Str != s.failed || !strings.Contains(last.Raw, why)) {
						t.Errorf("the last event is %s", last.Raw)
					}
					if !late && strings.Contains(got.body, why) {
						t.Errorf("the client got the first one's error: %s", got.body)
					}
				})
			}
		}
	}
}
