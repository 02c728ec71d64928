package proxy_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/limits"
	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// limitedRig serves one key with limits, at a time that the test moves.
type limitedRig struct {
	*rig
	offset *atomic.Int64
}

func newLimitedRig(t *testing.T, models []string, restrict func(*nodev1.ApiKey)) limitedRig {
	t.Helper()
	return newLimitedRigOf(t, setup{
		models:   models,
		keywords: []*nodev1.FailureKeyword{{Name: "overloaded", Keyword: "overloaded"}},
		snapshot: func(s *nodev1.Snapshot) { restrict(s.ApiKeys[0]) },
	})
}

func newLimitedRigOf(t *testing.T, s setup) limitedRig {
	t.Helper()
	offset := &atomic.Int64{}
	now := func() time.Time { return time.Now().Add(time.Duration(offset.Load())) }
	s.config = func(c *proxy.Config) {
		c.Limits = limits.New(limits.Config{Logger: slog.New(slog.DiscardHandler), Now: now})
	}
	return limitedRig{newRig(t, s), offset}
}

func (r limitedRig) move(d time.Duration) { r.offset.Add(int64(d)) }

func wantHeaders(t *testing.T, got http.Header, want map[string]string) {
	t.Helper()
	for name, value := range want {
		if got.Get(name) != value {
			t.Errorf("%s is %q, want %q", name, got.Get(name), value)
		}
	}
}

func TestARequestLimitIsToldAndKept(t *testing.T) {
	t.Parallel()
	r := newLimitedRig(t, []string{"ok"}, func(k *nodev1.ApiKey) { k.RequestsPerMinute = 2 })
	wantHeaders(t, r.chat(false).header, map[string]string{
		"X-Ratelimit-Limit-Requests": "2", "X-Ratelimit-Remaining-Requests": "1", "X-Ratelimit-Reset-Requests": "1m1s",
		"X-Ratelimit-Limit-Tokens": "", "Retry-After": "",
	})
	stream := r.chat(true)
	wantHeaders(t, stream.header, map[string]string{"X-Ratelimit-Remaining-Requests": "0"})
	r.call()
	r.call()

	for _, streamed := range []bool{false, true} {
		got := r.chat(streamed)
		if got.status != 429 || got.errorCode(t) != "rate_limit_exceeded" || !strings.Contains(got.body, "requests per minute: Limit 2.") {
			t.Fatalf("status %d: %s", got.status, got.body)
		}
		wantHeaders(t, got.header, map[string]string{"X-Ratelimit-Remaining-Requests": "0", "X-Should-Retry": ""})
		seconds, err := strconv.Atoi(got.header.Get("Retry-After"))
		ms, err2 := strconv.Atoi(got.header.Get("Retry-After-Ms"))
		// Official SDKs take the milliseconds first and ignore more than a minute.
		if err != nil || err2 != nil || seconds < 30 || seconds > 60 || ms > seconds*1000 || ms <= (seconds-1)*1000 {
			t.Errorf("Retry-After %d s and %d ms, want the rest of a minute", seconds, ms)
		}
		if c := r.call(); c.Outcome != dataplane.KeyLimited || c.Status != 429 || c.ErrorCode != "rate_limit_exceeded" || c.Group != "" || len(c.Attempts) != 0 {
			t.Errorf("recorded %+v", c)
		}
	}
	r.move(61 * time.Second)
	if got := r.chat(false); got.status != 200 {
		t.Errorf("status %d a minute later: %s", got.status, got.body)
	}
}

func TestEveryAnswerTellsTheLimits(t *testing.T) {
	t.Parallel()
	r := newLimitedRig(t, []string{"status-500"}, func(k *nodev1.ApiKey) { k.RequestsPerMinute, k.TokensPerMinute = 9, 5000 })
	models, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.url+"/v1/models", nil)
	if err != nil {
		t.Fatal(err)
	}
	models.Header.Set("X-Api-Key", clientKey)
	for name, got := range map[string]answer{"models": r.do(models), "bad": r.post(`{`), "unknown": r.post(`{"model":"nope"}`)} {
		t.Log(name)
		wantHeaders(t, got.header, map[string]string{
			"X-Ratelimit-Limit-Requests": "9", "X-Ratelimit-Remaining-Requests": "9", "X-Ratelimit-Reset-Requests": "0s",
			"X-Ratelimit-Limit-Tokens": "5000", "X-Ratelimit-Remaining-Tokens": "5000", "X-Ratelimit-Reset-Tokens": "0s",
		})
	}
	failed := r.chat(false)
	wantHeaders(t, failed.header, map[string]string{"X-Ratelimit-Remaining-Requests": "8"})
	if failed.status != 503 {
		t.Errorf("status %d", failed.status)
	}
}

func TestTokensAreSettledWithWhatWasUsed(t *testing.T) {
	t.Parallel()
	r := newLimitedRig(t, []string{"ok"}, func(k *nodev1.ApiKey) { k.TokensPerMinute = 1000 })
	body := `{"model":"g","max_tokens":900,"messages":[{"role":"user","content":"hi"}]}`
	got := r.post(body)
	estimate := len(body)/4 + 900
	wantHeaders(t, got.header, map[string]string{"X-Ratelimit-Remaining-Tokens": fmt.Sprint(1000 - estimate)})
	used := r.call().Usage
	if used.Input+used.Output == 0 || used.Input+used.Output > 500 {
		t.Fatalf("the answer used %+v", used)
	}
	got = r.post(body) // what the first call did not use is there again
	if got.status != 200 {
		t.Fatalf("status %d: %s", got.status, got.body)
	}
	wantHeaders(t, got.header, map[string]string{"X-Ratelimit-Remaining-Tokens": fmt.Sprint(max(1000-int(used.Input+used.Output)-estimate, 0))})
	r.call()
	for range 100 {
		if got = r.post(body); got.status != 200 {
			break
		}
		r.call()
	}
	if got.status != 429 || got.errorCode(t) != "rate_limit_exceeded" || !strings.Contains(got.body, fmt.Sprintf("tokens per minute: Limit 1000, Requested %d.", estimate)) {
		t.Errorf("status %d: %s", got.status, got.body)
	}
}

func TestConcurrencyIsLimitedUntilTheClientLeaves(t *testing.T) {
	t.Parallel()
	r := newLimitedRig(t, []string{"stall-events-3"}, func(k *nodev1.ApiKey) { k.Concurrency = 1 })
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	open := func(ctx context.Context) *http.Response {
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url+"/v1/chat/completions", strings.NewReader(`{"model":"g","stream":true,"messages":[]}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+clientKey)
		resp, err := r.served.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = resp.Body.Close() })
		return resp
	}
	if resp := open(ctx); resp.StatusCode != 200 {
		t.Fatalf("status %d", resp.StatusCode)
	}
	got := r.chat(true)
	if got.status != 429 || got.errorCode(t) != "concurrency_limit_exceeded" || !strings.Contains(got.body, "1 calls in flight") {
		t.Fatalf("status %d: %s", got.status, got.body)
	}
	wantHeaders(t, got.header, map[string]string{"Retry-After": "1", "Retry-After-Ms": "1000"})
	r.call()
	leave()
	if c := r.call(); c.Outcome != dataplane.ClientClosed {
		t.Errorf("the call ended with %s, want that the client left", c.Outcome)
	}
	again, end := context.WithCancel(t.Context())
	defer end()
	if resp := open(again); resp.StatusCode != 200 {
		t.Errorf("status %d after the other call ended, want its place back", resp.StatusCode)
	}
}

func TestABudgetIsSpentByCallsAndByFailedOnesThatWereBilled(t *testing.T) {
	t.Parallel()
	for _, models := range [][]string{{"ok"}, {"keyword-overloaded", "status-500"}} {
		t.Run(models[0], func(t *testing.T) {
			t.Parallel()
			spendABudget(t, models)
		})
	}
}

func spendABudget(t *testing.T, models []string) {
	r := newLimitedRig(t, models, func(k *nodev1.ApiKey) { k.Budget, k.BudgetPeriod = 1, "month" })
	r.chat(false)
	first := r.call()
	if first.Cost < 1_000_000 || len(first.Attempts) < len(models) {
		t.Fatalf("the call cost %d with attempts %s, want more than the budget of 1e-6 USD", first.Cost, outcomes(first))
	}
	got := r.chat(true)
	now := time.Now().UTC()
	reset := time.Date(now.Year(), now.Month()+1, 1, 0, 0, 0, 0, time.UTC).Format(time.RFC3339)
	if got.status != 429 || got.errorCode(t) != "insufficient_quota" || !strings.Contains(got.body, `"type":"insufficient_quota"`) || !strings.Contains(got.body, reset) {
		t.Fatalf("status %d: %s, want the reset at %s", got.status, got.body, reset)
	}
	wantHeaders(t, got.header, map[string]string{"X-Should-Retry": "false", "Retry-After": "", "Retry-After-Ms": ""})
	if c := r.call(); c.Outcome != dataplane.KeyBudget || c.Status != 429 {
		t.Errorf("recorded %v, status %d", c.Outcome, c.Status)
	}
}
