package proxy_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// reader is a provider that cannot read what another one wrote.
func reader(mark, answer string) func(string) (int, string) {
	return func(body string) (int, string) {
		if strings.Contains(body, mark) {
			return 400, answer
		}
		return 0, ""
	}
}

func TestForeignStateIsCutOutWhenNobodyOwnsIt(t *testing.T) {
	t.Parallel()
	const (
		encrypted = `{"error":{"message":"The encrypted content gAAA could not be verified. Reason: Encrypted content could not be decrypted or parsed.","type":"invalid_request_error","code":"invalid_encrypted_content"}}`
		signature = `{"type":"error","error":{"type":"invalid_request_error","message":"messages.1.content.0: Invalid ` + "`signature` in `thinking`" + ` block"}}`
		thought   = `{"error":{"code":400,"message":"Thought signature is not valid.","status":"INVALID_ARGUMENT"}}`
	)
	for name, tt := range map[string]struct {
		path, body, mark, refusal, want string
		cut                             int
	}{
		"responses": {
			"/responses", `"input":[{"type":"message","role":"user","content":"a"},{"type":"reasoning","id":"rs_1","encrypted_content":"gAAA"},{"type":"item_reference","id":"rs_2"},{"type":"function_call","call_id":"c"}],"store":false`,
			"rs_", encrypted, `"input":[{"type":"message","role":"user","content":"a"},{"type":"function_call","call_id":"c"}],"store":false`, 2,
		},
		"messages": {
			"/messages", `"max_tokens":9,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"}]},{"role":"assistant","content":[{"type":"redacted_thinking","data":"d"},{"type":"text","text":"b"}]},{"role":"user","content":"c"}],"thinking":{"type":"enabled","budget_tokens":1024}`,
			`"signature"`, signature, `"max_tokens":9,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"text","text":"b"}]},{"role":"user","content":"c"}],"thinking":{"type":"enabled","budget_tokens":1024}`, 3,
		},
		"messages amid tools": {
			"/messages", `"max_tokens":9,"thinking":{"type":"enabled","budget_tokens":1024},"messages":[{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"tool_use","id":"u"}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"u"}]}]`,
			`"signature"`, signature, `"max_tokens":9,"thinking":{"type":"disabled"},"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"u"}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"u"}]}]`, 1,
		},
		"previous response": {
			"/responses", `"input":"and now?","previous_response_id":"resp_0123","store":true`,
			"previous_response_id", previousGone, `"input":"and now?","store":true`, 1,
		},
		"previous response, with the tools since": {
			"/responses", `"previous_response_id":"resp_0123","input":[{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"1"}]`,
			"previous_response_id", previousGone, `"input":[{"type":"function_call","call_id":"c"`, 1,
		},
		"chat": {
			"/chat/completions", `"messages":[{"role":"assistant","reasoning_details":[{"type":"reasoning.encrypted","data":"x"}],"tool_calls":[{"id":"c","extra_content":{"google":{"thought_signature":"sig"}}}]}]`,
			`thought_signature`, thought, `"messages":[{"role":"assistant","tool_calls":[{"id":"c"}]}]`, 2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			first, second := newTaker(t, reader(tt.mark, tt.refusal)), newTaker(t, reader(tt.mark, tt.refusal))
			r := newRig(t, setup{models: []string{"m1", "m2"}, snapshot: at(first, second)})
			got, call := (api{path: tt.path, body: tt.body}).call(t, r, false)
			if got.status != 200 || outcomes(call) != "p1:unsupported p2:unsupported p1:ok" {
				t.Fatalf("%d, tried %s: %s", got.status, outcomes(call), got.body)
			}
			if sent := first.sent(); len(sent) != 2 || !strings.Contains(sent[1], tt.want) || !gjson.Valid(sent[1]) {
				t.Errorf("sent %s, want %s", sent[1], tt.want)
			}
			if got.header.Get("X-Trunkline-Opaque-Items-Cut") != strconv.Itoa(tt.cut) {
				t.Errorf("the client is told of %q items", got.header.Get("X-Trunkline-Opaque-Items-Cut"))
			}
			if a := call.Attempts; a[0].Opaque != 0 || a[1].Opaque != 0 || a[2].Opaque != tt.cut {
				t.Errorf("cut %d, %d and %d items", a[0].Opaque, a[1].Opaque, a[2].Opaque)
			}
			for _, s := range r.health.Snapshot() {
				if s.Condition.State != dataplane.Closed || s.Condition.Failures > 0 {
					t.Errorf("held against %v", s.Scope)
				}
			}
			if known := r.tries(`{"model":"g","messages":[]}`); known[0] != "p1:ok" {
				t.Errorf("afterwards %s", known)
			}
		})
	}
}

// previousGone is how a provider says that it has no such response.
const previousGone = `{"error":{"message":"Previous response with id 'resp_0123' not found.","type":"invalid_request_error","param":"previous_response_id","code":"previous_response_not_found"}}`

// A response that was made at a provider itself is gone on with by whoever has it. Where nobody has it, it is cut out
// only of what makes sense without it.
func TestAResponseOfAProviderItself(t *testing.T) {
	t.Parallel()
	none := reader("previous_response_id", previousGone)
	for name, tt := range map[string]struct {
		second func(string) (int, string)
		more   string
		want   string
		status int
	}{
		"the second has it":         {nil, `,"input":"and now?"`, "p1:unsupported p2:ok", 200},
		"the second has it, stored": {nil, `,"input":"and now?","store":true`, "p1:unsupported p2:ok", 200},
		"nobody, for a tool":        {none, `,"input":[{"type":"function_call_output","call_id":"c","output":"1"}]`, "p1:unsupported p2:unsupported", 400},
		"the second is down":        {func(string) (int, string) { return 503, `{"error":{"message":"down"}}` }, `,"input":"x","store":true`, "p1:unsupported p2:server_error", 503},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			second := newTaker(t, tt.second)
			r := newRig(t, setup{models: []string{"m1", "m2"}, snapshot: at(newTaker(t, none), second)})
			got := r.postTo("/responses", `{"model":"g","previous_response_id":"resp_0123"`+tt.more+`}`)
			call := r.call()
			if got.status != tt.status || outcomes(call) != tt.want || call.PreviousID != "resp_0123" || got.header.Get("X-Trunkline-Opaque-Items-Cut") != "" {
				t.Errorf("%d, tried %s behind %s: %s", got.status, outcomes(call), call.PreviousID, got.body)
			}
			if tt.status == 400 && gjson.Get(got.body, "error.code").Str != "previous_response_not_found" {
				t.Errorf("%s", got.body)
			}
			if sent := second.sent(); gjson.Get(sent[0], "previous_response_id").Str != "resp_0123" {
				t.Errorf("the second was sent %s", sent[0])
			}
		})
	}
	// Who has no Responses API keeps none: clients send the conversation itself then.
	r := newRig(t, setup{models: []string{"m1"}, snapshot: speaks("chat")})
	got := r.postTo("/responses", `{"model":"g","input":"x","store":false,"previous_response_id":"resp_0123"}`)
	if e := gjson.Get(got.body, "error"); got.status != 400 || e.Get("code").Str != "previous_response_not_found" || e.Get("param").Str != "previous_response_id" {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// What is refused without the opaque items too is not tried again, and the client gets the reason.
func TestForeignStateIsCutOutOnce(t *testing.T) {
	t.Parallel()
	refuse := reader(`"input"`, `{"error":{"message":"The encrypted content gAAA could not be verified.","type":"invalid_request_error","code":"invalid_encrypted_content"}}`)
	r := newRig(t, setup{models: []string{"m1", "m2"}, snapshot: at(newTaker(t, refuse), newTaker(t, refuse))})
	got, call := (api{path: "/responses", body: `"store":false,"input":[{"type":"message","role":"user","content":"a"},{"type":"reasoning","id":"rs_1","encrypted_content":"gAAA"}]`}).call(t, r, false)
	if got.status != 400 || gjson.Get(got.body, "error.code").Str != "invalid_encrypted_content" || outcomes(call) != "p1:unsupported p2:unsupported p1:unsupported" {
		t.Errorf("%d, tried %s: %s", got.status, outcomes(call), got.body)
	}
	for _, s := range r.health.Snapshot() {
		if s.Condition.State != dataplane.Closed || s.Condition.Failures > 0 {
			t.Errorf("held against %v", s.Scope)
		}
	}
}

// The owner among the candidates gets it as it is, and nothing is cut where nothing can be.
func TestForeignStateGoesToItsOwnerFirst(t *testing.T) {
	t.Parallel()
	owner := newTaker(t, nil)
	r := newRig(t, setup{models: []string{"m1", "m2"}, snapshot: at(newTaker(t, reader("rs_1", `{"error":{"message":"no","code":"invalid_encrypted_content"}}`)), owner)})
	_, call := (api{path: "/responses", body: `"store":false,"input":[{"type":"reasoning","id":"rs_1","encrypted_content":"x"}]`}).call(t, r, false)
	if outcomes(call) != "p1:unsupported p2:ok" || !strings.Contains(owner.sent()[0], "rs_1") {
		t.Errorf("tried %s", outcomes(call))
	}
}
