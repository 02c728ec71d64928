package proxy_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	"github.com/trunkline-ai/trunkline/internal/fakeprovider"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func TestOnlyTheModelChanges(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}})
	body := `{ "zeta":1e-7, "messages":[{"role":"user","content":"<&> \u00e9 /"}], "seed":12345678901234567890,
	 "model" : "org/alias", "enable_thinking":false, "extra":{"b":1,"a":[null,true]} }`
	if got := r.post(body); got.status != 200 {
		t.Fatalf("status %d: %s", got.status, got.body)
	}
	served := r.fake.Served()
	if want := strings.Replace(body, `"org/alias"`, `"ok"`, 1); string(served[0].Body) != want {
		t.Fatalf("upstream got %s\nwant %s", served[0].Body, want)
	}
	r.call()
}

func TestNothingOfTheClientsHeadersLeaves(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}, snapshot: func(s *nodev1.Snapshot) {
		s.Providers[0].Headers = []*nodev1.Header{{Name: "x-team", Value: "search"}}
	}})
	got := r.post(`{"model":"g","messages":[]}`, "Cookie", "a=b", "X-Forwarded-For", "1.2.3.4", "X-Stainless-Lang", "go", "X-Custom", "1")
	served := r.fake.Served()[0]
	if served.AuthHash != fakeprovider.AuthHash("up-secret-p1") {
		t.Errorf("upstream was sent another key")
	}
	for _, name := range []string{"Cookie", "X-Forwarded-For", "X-Stainless-Lang", "X-Custom"} {
		if served.Header.Get(name) != "" {
			t.Errorf("%s left", name)
		}
	}
	if served.Header.Get("X-Team") != "search" || served.Header.Get("Accept-Encoding") != "identity" {
		t.Errorf("upstream headers %v", served.Header)
	}
	for _, name := range []string{"Set-Cookie", "Openai-Organization"} {
		if got.header.Get(name) != "" {
			t.Errorf("%s came back", name)
		}
	}
	if got.header.Get("X-Request-Id") != r.call().ID || got.header.Get("X-Upstream-Request-Id") == "" || got.header.Get("X-Trunkline-Overhead-Ms") == "" {
		t.Errorf("answer headers %v", got.header)
	}
}

func TestUsageAndCostOfAPlainAnswer(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}})
	got := r.chat(false)
	usage := gjson.Get(got.body, "usage")
	in, cached, out := usage.Get("prompt_tokens").Int(), usage.Get("prompt_tokens_details.cached_tokens").Int(), usage.Get("completion_tokens").Int()
	call := r.call()
	if want := (dataplane.Usage{Input: in, CachedInput: cached, Output: out, Source: dataplane.UsageUpstream}); call.Usage != want || in == 0 || out == 0 {
		t.Fatalf("usage %+v, want %+v", call.Usage, want)
	}
	if want := dataplane.PicoUSD((in-cached)*1_000_000 + cached*500_000 + out*2_000_000); call.Cost != want {
		t.Fatalf("cost %d, want %d", call.Cost, want)
	}
}

func TestTheUsageChunkIsForThoseWhoAsk(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}})
	silent := r.chat(true)
	first := r.call()
	asked := r.post(`{"model":"g","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hi"}]}`)
	second := r.call()
	if strings.Contains(silent.body, `"choices":[]`) {
		t.Errorf("a client that did not ask got the usage chunk: %s", silent.body)
	}
	if strings.Count(asked.body, `"choices":[]`) != 1 {
		t.Errorf("a client that asked got no usage chunk: %s", asked.body)
	}
	if first.Usage.Source != dataplane.UsageUpstream || first.Usage != second.Usage || first.Cost == 0 || first.Cost != second.Cost {
		t.Errorf("usage %+v and %+v", first.Usage, second.Usage)
	}
}

func TestStreamsPassUnchanged(t *testing.T) {
	t.Parallel()
	for _, model := range []string{"comments", "crlf", "no-space", "gzip", "usage-none", "bytes-after-done"} {
		t.Run(model, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, setup{models: []string{model}})
			got := r.chat(true)
			call := r.call()
			if call.Outcome != dataplane.OK || got.cut || strings.Count(got.body, "[DONE]") != 1 {
				t.Fatalf("call %v, cut=%v: %s", call.Outcome, got.cut, got.body)
			}
			if trimmed := strings.TrimRight(got.body, "\r\n"); !strings.HasSuffix(trimmed, "[DONE]") {
				t.Errorf("bytes behind [DONE]: %q", got.body[len(got.body)-60:])
			}
			if model == "usage-none" && call.Usage.Source != dataplane.UsageEstimated {
				t.Errorf("usage %+v", call.Usage)
			}
		})
	}
}

func TestAMissingDoneIsAdded(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"no-done"}})
	got := r.chat(true)
	if call := r.call(); call.Outcome != dataplane.OK || !strings.HasSuffix(got.body, "data: [DONE]\n\n") || strings.Count(got.body, "[DONE]") != 1 {
		t.Fatalf("call %v: %s", call.Outcome, got.body)
	}
}

func TestAPlainAnswerToAStreamIsConverted(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"json-for-stream"}})
	got := r.post(`{"model":"g","stream":true,"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"required","messages":[{"role":"user","content":"hi"}]}`)
	if call := r.call(); call.Outcome != dataplane.OK || got.header.Get("Content-Type") != "text/event-stream; charset=utf-8" {
		t.Fatalf("call %v, %v: %s", call.Outcome, got.header, got.body)
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(got.body, "data: "), "\n")
	chunk := gjson.Parse(first)
	if chunk.Get("object").Str != "chat.completion.chunk" || chunk.Get("choices.0.finish_reason").Str == "" || chunk.Get("choices.0.message").Exists() {
		t.Fatalf("chunk %s", first)
	}
	if calls := chunk.Get("choices.0.delta.tool_calls"); calls.Exists() && calls.Get("0.index").Raw != "0" {
		t.Errorf("tool call without index: %s", calls.Raw)
	}
	if !strings.HasSuffix(got.body, "data: [DONE]\n\n") {
		t.Errorf("no [DONE]: %s", got.body)
	}
}

func TestAStreamNobodyAskedForIsNoAnswer(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"sse-for-plain", "ok"}})
	if got := r.chat(false); got.status != 200 {
		t.Fatalf("status %d", got.status)
	}
	if call := r.call(); outcomes(call) != "p1:bad_body p2:ok" {
		t.Fatalf("attempts %s", outcomes(call))
	}
}

func TestLargeAnswersAreStreamedOn(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"huge-5"}})
	got := r.chat(false)
	if call := r.call(); call.Outcome != dataplane.OK || len(got.body) < 5<<20 || !gjson.Valid(got.body) {
		t.Fatalf("call %v, %d bytes", call.Outcome, len(got.body))
	}
}

func TestRequestsWeRefuse(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}, config: func(c *proxy.Config) { c.MaxBody = 2000 }, snapshot: func(s *nodev1.Snapshot) {
		s.ApiKeys = append(s.ApiKeys, &nodev1.ApiKey{Name: "old", Hash: hashOf("sk-old-0123456789"), Groups: []string{"g"}, ExpireTime: timestamppb.New(time.Unix(1, 0))})
	}})
	tests := []struct {
		name, method, path, body string
		header                   []string
		status                   int
		code                     string
	}{
		{"no key", "POST", "/v1/chat/completions", `{}`, []string{"Authorization", ""}, 401, "invalid_api_key"},
		{"wrong key", "POST", "/v1/chat/completions", `{}`, []string{"Authorization", "Bearer nope"}, 401, "invalid_api_key"},
		{"expired key", "POST", "/v1/chat/completions", `{}`, []string{"Authorization", "Bearer sk-old-0123456789"}, 401, "invalid_api_key"},
		{"unknown model", "POST", "/v1/chat/completions", `{"model":"nope"}`, nil, 404, "model_not_found"},
		{"group of others", "POST", "/v1/chat/completions", `{"model":"private"}`, nil, 404, "model_not_found"},
		{"bad JSON", "POST", "/v1/chat/completions", `{"model":`, nil, 400, "invalid_request"},
		{"no model", "POST", "/chat/completions", `{}`, nil, 400, "invalid_request"},
		{"large", "POST", "/v1/chat/completions", `{"model":"g","x":"` + strings.Repeat("a", 3000) + `"}`, nil, 413, "request_too_large"},
		{"compressed", "POST", "/v1/chat/completions", `{}`, []string{"Content-Encoding", "br"}, 415, "unsupported_encoding"},
		{"method", "GET", "/v1/chat/completions", ``, nil, 405, "method_not_allowed"},
		{"WebSocket", "GET", "/v1/responses", ``, []string{"Connection", "Upgrade", "Upgrade", "websocket"}, 426, "upgrade_required"},
		{"method, with a slash", "GET", "/v1/chat/completions/", ``, nil, 405, "method_not_allowed"},
		{"slash", "POST", "/v1/chat/completions/", `{"model":`, nil, 400, "invalid_request"},
		{"slash without /v1", "POST", "/embeddings/", `{}`, nil, 400, "invalid_request"},
		{"two slashes", "POST", "//v1//chat/completions//", `{}`, nil, 400, "invalid_request"},
		{"two slashes, and no endpoint", "POST", "/v1//chat", `{}`, nil, 404, "unknown_url"},
		{"route", "POST", "/v1/nothing", `{}`, nil, 404, "unknown_url"},
		{"model of others", "GET", "/v1/models/private", ``, nil, 404, "model_not_found"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), tt.method, r.url+tt.path, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer "+clientKey)
			for i := 0; i < len(tt.header); i += 2 {
				req.Header.Set(tt.header[i], tt.header[i+1])
			}
			got := r.do(req)
			if got.status != tt.status || got.errorCode(t) != tt.code || got.header.Get("Content-Type") != "application/json" || got.header.Get("X-Request-Id") == "" {
				t.Fatalf("status %d: %s", got.status, got.body)
			}
		})
	}
	if n := len(r.fake.Served()); n != 0 {
		t.Errorf("%d requests reached the upstream", n)
	}
}

func TestKeysAreAcceptedWhereSDKsPutThem(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}})
	for _, header := range [][2]string{{"Authorization", "bearer  " + clientKey + " "}, {"X-Api-Key", clientKey}, {"Api-Key", clientKey}} {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+"/models", nil)
		req.Header.Set(header[0], header[1])
		if got := r.do(req); got.status != 200 {
			t.Errorf("%s: %d", header[0], got.status)
		}
	}
}

func TestModels(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}})
	get := func(path string) answer {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+path, nil)
		req.Header.Set("Authorization", "Bearer "+clientKey)
		return r.do(req)
	}
	want := `{"object":"list","data":[{"id":"g","object":"model","created":1700000000,"owned_by":"trunkline"},{"id":"org/alias","object":"model","created":1700000000,"owned_by":"trunkline"}]}`
	if got := get("/v1/models"); got.body != want {
		t.Errorf("models %s", got.body)
	}
	for _, path := range []string{"/v1/models/org/alias", "/v1/models/org%2Falias", "/models/g"} {
		if got := get(path); got.status != 200 || gjson.Get(got.body, "object").Str != "model" {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
}

func TestAClientThatLeavesEndsTheUpstreamCall(t *testing.T) {
	t.Parallel()
	for _, model := range []string{"stall-before", "stall-events-3"} {
		t.Run(model, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, setup{models: []string{model, "ok"}})
			ctx, leave := context.WithCancel(t.Context())
			defer leave()
			req, _ := http.NewRequestWithContext(ctx, http.MethodPost, r.url+"/v1/chat/completions", strings.NewReader(`{"model":"g","stream":true,"messages":[]}`))
			req.Header.Set("Authorization", "Bearer "+clientKey)
			if model == "stall-before" {
				go func() {
					for len(r.fake.Served()) == 0 {
						time.Sleep(time.Millisecond)
					}
					leave()
				}()
			}
			resp, err := r.served.Client().Do(req)
			if err == nil {
				line, _ := bufio.NewReader(resp.Body).ReadString('\n')
				if !strings.HasPrefix(line, "data: ") {
					t.Errorf("first line %q", line)
				}
				leave()
				resp.Body.Close()
			}
			call := r.call()
			if call.Outcome != dataplane.ClientClosed || call.Status != 499 || outcomes(call) != "p1:client_closed" {
				t.Fatalf("call %v %d, attempts %s", call.Outcome, call.Status, outcomes(call))
			}
			for _, s := range r.health.Snapshot() {
				if s.Condition.Failures > 0 {
					t.Errorf("the client's leaving counted against %v", s.Scope)
				}
			}
		})
	}
}

func TestAWaitingStreamIsKeptAlive(t *testing.T) {
	t.Parallel()
	quick := func(c *proxy.Config) { c.KeepAlive = 30 * time.Millisecond }
	r := newRig(t, setup{models: []string{"first-token-200ms"}, config: quick})
	got := r.chat(true)
	if r.call(); !strings.HasPrefix(got.body, ": wait\n") || strings.HasPrefix(got.body, ": wait\n\n") || !strings.HasSuffix(got.body, "data: [DONE]\n\n") {
		t.Fatalf("stream %.80q", got.body)
	}
	// Failover goes on behind the comments, and a total failure becomes an event.
	r = newRig(t, setup{models: []string{"slow-100ms+status-500", "slow-100ms+status-503"}, retries: true, config: quick})
	got = r.chat(true)
	if call := r.call(); got.status != 200 || got.cut || len(call.Attempts) < 3 || errorCode(t, []byte(got.lastEvent())) != "upstream_error" {
		t.Fatalf("status %d cut=%v attempts %s: %s", got.status, got.cut, outcomes(call), got.body)
	}
}

func TestCredentialsTakeTurnsAndBadOnesRest(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}, snapshot: func(s *nodev1.Snapshot) {
		s.Providers[0].Credentials = append(s.Providers[0].Credentials, &nodev1.Credential{Name: "second", Secret: "up-2"})
	}})
	used := map[string]int{}
	for range 4 {
		r.chat(false)
		used[r.call().Attempts[0].Credential]++
	}
	if used["main"] != 2 || used["second"] != 2 {
		t.Fatalf("credentials used %v", used)
	}
	scope := dataplane.Scope{Kind: dataplane.ScopeCredential, Provider: "p1", Name: "main"}
	r.health.Report(dataplane.Report{Scope: scope, Policy: &dataplane.Policy{FailureThreshold: 1, FailureWindow: time.Minute, Cooldown: time.Minute, CooldownMax: time.Hour},
		Result: dataplane.Failure, Outcome: dataplane.AuthFailed, Hold: time.Minute, HoldMax: time.Hour, AnyCaller: true, StartedAt: time.Now()})
	for range 3 {
		r.chat(false)
		if call := r.call(); call.Attempts[0].Credential != "second" {
			t.Fatalf("credential %s", call.Attempts[0].Credential)
		}
	}
}

func TestMaxInFlightSendsCallsOn(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"stall-events-3", "ok"}, snapshot: func(s *nodev1.Snapshot) { s.Providers[0].MaxInFlight = 1 }})
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	req, _ := http.NewRequestWithContext(ctx, http.MethodPost, r.url+"/v1/chat/completions", strings.NewReader(`{"model":"g","stream":true,"messages":[]}`))
	req.Header.Set("Authorization", "Bearer "+clientKey)
	resp, err := r.served.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := r.chat(false); got.header.Get("X-Trunkline-Provider") != "p2" {
		t.Fatalf("status %d provider %q", got.status, got.header.Get("X-Trunkline-Provider"))
	}
	if call := r.call(); outcomes(call) != "p1:target_busy p2:ok" {
		t.Fatalf("attempts %s", outcomes(call))
	}
	leave()
	r.call()
}

func TestTheCallersOwnClock(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"stall-before", "ok"}})
	got := r.post(`{"model":"g","messages":[]}`, "X-Stainless-Timeout", "2")
	if call := r.call(); got.status != 504 || got.errorCode(t) != "caller_deadline" || outcomes(call) != "p1:caller_deadline" {
		t.Fatalf("status %d, attempts %s", got.status, outcomes(call))
	}
}

// A stream cut at any byte gives the client a prefix of one provider's answer, then
// [DONE] or an error event; never the bare end of half an answer.
func TestAStreamCutAtEveryByte(t *testing.T) {
	t.Parallel()
	whole := newRig(t, setup{models: []string{"ok"}}).chat(true).body
	step := 1
	if testing.Short() {
		step = 37
	}
	const lanes = 8
	for lane := range lanes {
		t.Run(fmt.Sprint(lane), func(t *testing.T) {
			t.Parallel()
			for at := 1 + lane*step; at < len(whole)+200; at += lanes * step {
				r := newRig(t, setup{models: []string{fmt.Sprintf("eof-%d", at), "ok@backup"}})
				got := r.chat(true)
				call := r.call()
				done := strings.HasSuffix(got.body, "data: [DONE]\n\n")
				switch {
				case done && !got.cut && call.Outcome == dataplane.OK && strings.Count(got.body, `"role":"assistant"`) == 1:
				case !done && !got.cut && call.Outcome == dataplane.StreamCut && errorCode(t, []byte(got.lastEvent())) == "upstream_stream_cut":
					if strings.Contains(got.body, "ok@backup") {
						t.Fatalf("cut at %d: two providers in one answer: %s", at, got.body)
					}
				default:
					t.Fatalf("cut at %d: done=%v cut=%v call %v (%s): %s", at, done, got.cut, call.Outcome, outcomes(call), got.body)
				}
				r.served.Close()
			}
		})
	}
}
