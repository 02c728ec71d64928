package proxy_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/outcometest"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func TestTheNextCandidateAnswers(t *testing.T) {
	t.Parallel()
	tests := []struct{ first, outcome string }{
		{"status-500", "server_error"},
		{"status-503", "server_error"},
		{"status-429", "busy"},
		{"status-429-retry-after-7", "rate_limited"},
		{"error-invalid_api_key", "auth_failed"},
		{"error-insufficient_quota", "quota_exhausted"},
		{"200-error", "server_error"},
		{"200-html", "bad_body"},
		{"200-null", "bad_body"},
		{"200-empty", "bad_body"},
		{"200-malformed", "bad_body"},
		{"200-truncated", "truncated"},
		{"cut-0", "connection_reset"},
		{"redirect", "bad_body"},
	}
	for _, tt := range tests {
		for _, stream := range []bool{false, true} {
			t.Run(tt.first+map[bool]string{true: "/stream", false: "/plain"}[stream], func(t *testing.T) {
				t.Parallel()
				r := newRig(t, setup{models: []string{tt.first, "ok"}})
				got := r.chat(stream)
				call := r.call()
				if got.status != 200 || got.cut || call.Outcome != dataplane.OK {
					t.Fatalf("status %d, call %v (%s): %s", got.status, call.Outcome, outcomes(call), got.body)
				}
				if call.Attempts[0].Outcome.String() != tt.outcome {
					t.Errorf("first attempt %v (%s), want %s", call.Attempts[0].Outcome, call.Attempts[0].Reason, tt.outcome)
				}
				if len(call.Attempts) != 2 || call.Provider != "p2" || got.header.Get("X-Trunkline-Provider") != "p2" || got.header.Get("X-Trunkline-Attempts") != "2" {
					t.Errorf("attempts %s, headers %v", outcomes(call), got.header)
				}
				if stream && !strings.HasSuffix(got.body, "data: [DONE]\n\n") {
					t.Errorf("stream ends with %q", got.body[max(0, len(got.body)-80):])
				}
			})
		}
	}
}

func TestStreamsFailOverUntilTheFirstMeaningfulEvent(t *testing.T) {
	t.Parallel()
	for first, outcome := range map[string]string{
		"sse-error-first":         "server_error",
		"sse-error-after-created": "server_error",
		"empty-stream":            "empty_stream",
		"empty-role":              "empty_stream",

		"eof-events-1": "truncated",
	} {
		t.Run(first, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, setup{models: []string{first, "ok"}})
			got := r.chat(true)
			call := r.call()
			if outcomes(call) != "p1:"+outcome+" p2:ok" {
				t.Fatalf("attempts %s (%s)", outcomes(call), call.Attempts[0].Reason)
			}
			if strings.Count(got.body, `"role":"assistant"`) != 1 {
				t.Errorf("the client saw two beginnings: %s", got.body)
			}
			if strings.Count(got.body, "[DONE]") != 1 || !strings.HasSuffix(got.body, "data: [DONE]\n\n") {
				t.Errorf("want one [DONE] at the end: %s", got.body)
			}
		})
	}
}

func TestAStreamCutAfterTheCommitEndsWithAnError(t *testing.T) {
	t.Parallel()
	for first, code := range map[string]string{
		"cut-events-3":      "upstream_stream_cut",
		"eof-events-3":      "upstream_stream_cut",
		"no-finish":         "upstream_stream_cut",
		"sse-error-mid-3":   "",
		"eof-events-3+crlf": "upstream_stream_cut",
	} {
		t.Run(first, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, setup{models: []string{first, "ok"}})
			got := r.chat(true)
			call := r.call()
			if got.cut || strings.Contains(got.body, "[DONE]") {
				t.Fatalf("cut=%v: %s", got.cut, got.body)
			}
			last := got.lastEvent()
			if have := errorCode(t, []byte(last)); code != "" && have != code {
				t.Errorf("last event %s", last)
			}
			if len(call.Attempts) != 1 || call.Provider != "p1" {
				t.Errorf("attempts %s", outcomes(call))
			}
			if call.Outcome == dataplane.OK || call.Status != 200 || call.Usage.Source != dataplane.UsageEstimated || call.Usage.Output == 0 {
				t.Errorf("call %v status %d usage %+v", call.Outcome, call.Status, call.Usage)
			}
		})
	}
}

func TestADeadProviderIsLeftForTheNext(t *testing.T) {
	t.Parallel()
	address := "http://" + outcometest.ClosedPort(t)
	r := newRig(t, setup{models: []string{"ok", "ok"}, snapshot: func(s *nodev1.Snapshot) { s.Providers[0].BaseUrl = address }})
	if got := r.chat(false); got.status != 200 {
		t.Fatalf("status %d: %s", got.status, got.body)
	}
	if call := r.call(); outcomes(call) != "p1:unreachable p2:ok" {
		t.Fatalf("attempts %s", outcomes(call))
	}
}

func TestTimeoutsMoveOn(t *testing.T) {
	t.Parallel()
	short := func(p *nodev1.Policy) {
		p.FirstTokenTimeout = durationpb.New(150 * time.Millisecond)
		p.ResponseTimeout = durationpb.New(150 * time.Millisecond)
	}
	for _, tt := range []struct {
		first, want string
		stream      bool
	}{
		{"stall-before", "p1:response_timeout p2:ok", false},
		{"stall-before", "p1:first_token_timeout p2:ok", true},
		{"stall-events-1", "p1:first_token_timeout p2:ok", true},
		{"stall-20", "p1:response_timeout p2:ok", false},
	} {
		t.Run(tt.want+tt.first, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, setup{models: []string{tt.first, "ok"}, policy: short})
			if got := r.chat(tt.stream); got.status != 200 {
				t.Fatalf("status %d: %s", got.status, got.body)
			}
			if call := r.call(); outcomes(call) != tt.want {
				t.Fatalf("attempts %s", outcomes(call))
			}
		})
	}
}

func TestSilenceInsideAStreamEndsIt(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"stall-events-3", "ok"}, policy: func(p *nodev1.Policy) {
		p.StreamIdleTimeout = durationpb.New(150 * time.Millisecond)
	}})
	got := r.chat(true)
	if call := r.call(); call.Outcome != dataplane.StreamIdle || got.cut || errorCode(t, []byte(got.lastEvent())) != "upstream_stream_idle" {
		t.Fatalf("call %v, cut=%v: %s", call.Outcome, got.cut, got.body)
	}
}

func TestCallerFaultsEndTheCall(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"status-400", "ok"}})
	got := r.chat(false)
	call := r.call()
	if got.status != 400 || len(call.Attempts) != 1 || call.Outcome != dataplane.BadRequest {
		t.Fatalf("status %d, attempts %s", got.status, outcomes(call))
	}
	errorCodeOrNull(t, got)
}

func errorCodeOrNull(t *testing.T, a answer) { t.Helper(); a.errorCode(t) }

func TestWhenAllFailTheClientLearnsWhy(t *testing.T) {
	t.Parallel()
	tests := []struct {
		models     []string
		status     int
		code       string
		retryAfter bool
		noRetry    bool
	}{
		{[]string{"status-429-retry-after-7", "status-429"}, 429, "rate_limit_exceeded", true, false},
		{[]string{"status-429-retry-after-120"}, 429, "rate_limit_exceeded", true, true},
		{[]string{"status-500", "status-502"}, 503, "upstream_error", true, false},
		{[]string{"error-invalid_api_key", "error-invalid_api_key"}, 502, "provider_auth", false, true},
		{[]string{"error-model_not_found", "error-model_not_found"}, 404, "model_not_found", false, true},
		{[]string{"status-500", "status-429"}, 503, "all_providers_failed", true, false},
		{[]string{"200-html"}, 502, "bad_upstream_body", true, false},
	}
	for _, tt := range tests {
		t.Run(strings.Join(tt.models, ","), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, setup{models: tt.models})
			for _, stream := range []bool{false, true} {
				got := r.chat(stream)
				if got.status != tt.status || got.errorCode(t) != tt.code {
					t.Fatalf("status %d: %s", got.status, got.body)
				}
				if (got.header.Get("Retry-After") != "") != tt.retryAfter || (got.header.Get("X-Should-Retry") == "false") != tt.noRetry {
					t.Errorf("Retry-After %q, X-Should-Retry %q", got.header.Get("Retry-After"), got.header.Get("X-Should-Retry"))
				}
				if call := r.call(); call.Status != tt.status || call.ErrorCode != tt.code {
					t.Errorf("recorded %d %s", call.Status, call.ErrorCode)
				}
			}
		})
	}
}

func TestFailureKeywords(t *testing.T) {
	t.Parallel()
	keywords := []*nodev1.FailureKeyword{{Name: "over", Keyword: "model is OVERLOADED"}}
	for _, stream := range []bool{false, true} {
		r := newRig(t, setup{models: []string{"keyword-overloaded", "ok"}, keywords: keywords})
		got := r.chat(stream)
		call := r.call()
		if got.status != 200 || outcomes(call) != "p1:failure_keyword p2:ok" {
			t.Fatalf("stream=%v status %d attempts %s: %s", stream, got.status, outcomes(call), got.body)
		}
		if n := len(r.health.Snapshot()); n != 0 {
			t.Errorf("a keyword counted against %d scopes", n)
		}
	}
}

func TestAKeywordBehindTheCommitIsNoted(t *testing.T) {
	t.Parallel()
	keywords := []*nodev1.FailureKeyword{{Name: "over", Keyword: "overloaded"}}
	r := newRig(t, setup{models: []string{"keyword-late-overloaded", "ok"}, keywords: keywords})
	got := r.chat(true)
	call := r.call()
	if call.Outcome != dataplane.OK || !call.KeywordLate || !strings.HasSuffix(got.body, "data: [DONE]\n\n") {
		t.Fatalf("call %v late=%v attempts %s: %s", call.Outcome, call.KeywordLate, outcomes(call), got.body)
	}
}

func TestEachTargetIsTriedOnceInOrder(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"status-500", "status-502", "status-503", "status-504", "status-500@e", "ok"}})
	got := r.chat(false)
	call := r.call()
	if want := "p1:server_error p2:server_error p3:server_error p4:server_error p5:server_error"; outcomes(call) != want || got.status != 503 {
		t.Fatalf("status %d attempts %s", got.status, outcomes(call))
	}
}

func TestATargetThatFailsOftenIsSkipped(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"status-500", "ok"}})
	for i := range 8 {
		if got := r.chat(false); got.status != http.StatusOK {
			t.Fatalf("call %d: %d", i, got.status)
		}
		call, want := r.call(), "p1:server_error p2:ok"
		if i >= 5 {
			want = "p2:ok"
		}
		if outcomes(call) != want {
			t.Errorf("call %d: %s, want %s", i, outcomes(call), want)
		}
		if i < 5 && call.Skipped != nil {
			t.Errorf("call %d skipped %+v, but tried it", i, call.Skipped)
		}
		if i < 5 {
			continue
		}
		if s := call.Skipped; len(s) != 1 || s[0].Provider != "p1" || s[0].Reason != dataplane.ServerError || !s[0].Until.After(call.Start) {
			t.Errorf("call %d skipped %+v, want p1 until its cooldown ends", i, s)
		}
	}
}

func TestWhatWouldNotHaveBeenTriedIsNotSkipped(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok", "status-500"}})
	scope := dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "p2", Name: "status-500"}
	r.health.Report(dataplane.Report{Scope: scope, Policy: &dataplane.Policy{}, AnyCaller: true, Result: dataplane.Failure, Outcome: dataplane.ServerError, Hold: time.Minute})
	if n := len(r.health.Snapshot()); n != 1 {
		t.Fatalf("%d scopes are open", n)
	}
	r.chat(false)
	if call := r.call(); outcomes(call) != "p1:ok" || call.Skipped != nil {
		t.Errorf("%s, skipped %+v", outcomes(call), call.Skipped)
	}
}

func TestWhenAllAreCoolingTheyAreTriedAnyway(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"status-429-retry-after-60-times-1"}})
	if got := r.chat(false); got.status != 429 {
		t.Fatalf("status %d", got.status)
	}
	r.call()
	got := r.chat(false)
	if call := r.call(); got.status != 200 || !call.Attempts[0].LastResort {
		t.Fatalf("status %d, attempts %+v", got.status, call.Attempts)
	}
	if n := len(r.health.Snapshot()); n != 0 {
		t.Errorf("a last-resort success left %d scopes open", n)
	}
}
