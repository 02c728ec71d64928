package proxy_test

import (
	"errors"
	"log/slog"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/dataplane/health"
	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Whatever the end is, the client learns whether and when to come back.
func TestEveryTotalFailureCarriesAHint(t *testing.T) {
	t.Parallel()
	soon := func(p *nodev1.Policy) { p.ResponseTimeout = durationpb.New(100 * time.Millisecond) }
	late := func(p *nodev1.Policy) { p.TotalTimeout = durationpb.New(100 * time.Millisecond) }
	for name, tt := range map[string]struct {
		models     []string
		policy     func(*nodev1.Policy)
		status     int
		retryAfter string // seconds; empty: it is told not to come back
	}{
		"unreachable for a while":  {[]string{"cut-0"}, nil, 502, "1"},
		"a bad body":               {[]string{"200-html"}, nil, 502, "1"},
		"a body cut short":         {[]string{"cut-40"}, nil, 502, "1"},
		"no answer in time":        {[]string{"stall-before"}, soon, 504, "1"},
		"the call took too long":   {[]string{"stall-before"}, late, 504, "1"},
		"upstream's timeout":       {[]string{"status-408"}, nil, 504, "1"},
		"a server's error":         {[]string{"status-500"}, nil, 503, "1"},
		"a named wait":             {[]string{"status-429-retry-after-3"}, nil, 429, "3"},
		"a named wait of a 503":    {[]string{"status-503-retry-after-3"}, nil, 429, "3"},
		"the shorter of two waits": {[]string{"status-429-retry-after-9", "status-429-retry-after-3"}, nil, 429, "3"},
		"a wait and a dead key":    {[]string{"status-429-retry-after-3", "error-invalid_api_key"}, nil, 503, "3"},
		"dead keys":                {[]string{"error-invalid_api_key", "error-insufficient_quota"}, nil, 502, ""},
		"no such model":            {[]string{"error-model_not_found"}, nil, 404, ""},
		"the caller's fault":       {[]string{"status-400"}, nil, 400, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, setup{models: tt.models, policy: tt.policy, config: quick})
			got := r.chat(false)
			if got.status != tt.status || got.header.Get("Retry-After") != tt.retryAfter || (got.header.Get("X-Should-Retry") == "false") != (tt.retryAfter == "") {
				t.Errorf("status %d, Retry-After %q, X-Should-Retry %q; want %d, %q: %s",
					got.status, got.header.Get("Retry-After"), got.header.Get("X-Should-Retry"), tt.status, tt.retryAfter, got.body)
			}
		})
	}
}

// A provider that says 3 s each time is believed each time, however often it is asked.
func TestANamedWaitStaysWhatItIs(t *testing.T) {
	t.Parallel()
	for _, model := range []string{"status-429-retry-after-3", "status-503-retry-after-3"} {
		var ahead atomic.Int64
		start := time.Now()
		now := func() time.Time { return start.Add(time.Duration(ahead.Load())) }
		r := newRig(t, setup{models: []string{model}, config: func(c *proxy.Config) {
			c.Now = now
			c.Health = health.NewMemory(health.Config{Logger: slog.New(slog.DiscardHandler), Now: now})
		}})
		for i := range 60 {
			got := r.chat(i%2 == 0)
			wait, err := strconv.Atoi(got.header.Get("Retry-After"))
			if err != nil || wait < 1 || wait > 3 || got.status != 429 || got.header.Get("X-Should-Retry") != "" {
				t.Fatalf("%s, call %d: status %d, Retry-After %q, X-Should-Retry %q", model, i, got.status, got.header.Get("Retry-After"), got.header.Get("X-Should-Retry"))
			}
			ahead.Add(int64(time.Second))
		}
	}
}

// The official SDK comes back when it is told to, and does not where nothing can help.
func TestTheOfficialSDKHeedsTheHints(t *testing.T) {
	t.Parallel()
	ask := openai.ChatCompletionNewParams{Model: "g", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("hi")}}
	for name, tt := range map[string]struct {
		model  string
		status int // 0: it is answered in the end
		calls  int
		least  time.Duration
	}{
		"a wait":           {"status-429-retry-after-2-times-1", 0, 2, 2 * time.Second},
		"a broken answer":  {"200-html-times-1", 0, 2, time.Second},
		"a dead key":       {"error-invalid_api_key", 502, 1, 0},
		"a spent account":  {"error-insufficient_quota", 502, 1, 0},
		"the caller's own": {"status-400", 400, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, setup{models: []string{tt.model}})
			client := openai.NewClient(option.WithBaseURL(r.url+"/v1"), option.WithAPIKey(clientKey), option.WithMaxRetries(2))
			began := time.Now()
			_, err := client.Chat.Completions.New(t.Context(), ask)
			status := 0
			if refused, is := errors.AsType[*openai.Error](err); is {
				status = refused.StatusCode
			} else if err != nil {
				t.Fatal(err)
			}
			if status != tt.status || len(r.calls) != tt.calls || time.Since(began) < tt.least {
				t.Errorf("status %d after %d calls in %s; want %d after %d, at least %s", status, len(r.calls), time.Since(began), tt.status, tt.calls, tt.least)
			}
		})
	}
}
