package proxy_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// quick makes pauses end at once.
func quick(c *proxy.Config) { c.Pause = func(context.Context, time.Duration) {} }

func TestTheLastCandidateIsTriedOnceMore(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		models   []string
		policy   func(*nodev1.Policy)
		outcomes string
	}{
		"alone, and it passes":        {[]string{"status-500-times-1"}, nil, "p1:server_error p1:ok"},
		"alone, and it stays":         {[]string{"status-500"}, nil, "p1:server_error p1:server_error"},
		"cut before the answer":       {[]string{"cut-0-times-1"}, nil, "p1:connection_reset p1:ok"},
		"timed out upstream":          {[]string{"status-408-times-1"}, nil, "p1:upstream_timeout p1:ok"},
		"overloaded":                  {[]string{"status-529-times-1"}, nil, "p1:overloaded p1:ok"},
		"another failure then":        {[]string{"status-429-after-1+status-500-times-1"}, nil, "p1:server_error p1:busy"},
		"only the last of several":    {[]string{"status-500-times-1", "status-503-times-1"}, nil, "p1:server_error p2:server_error p2:ok"},
		"not while another is left":   {[]string{"status-500-times-1", "ok"}, nil, "p1:server_error p2:ok"},
		"what does not pass":          {[]string{"status-429-times-1"}, nil, "p1:busy"},
		"a body cut short":            {[]string{"cut-40-times-1"}, nil, "p1:truncated"},
		"a credential":                {[]string{"status-401-times-1"}, nil, "p1:auth_failed"},
		"no attempt is left":          {[]string{"status-500-times-1"}, func(p *nodev1.Policy) { p.MaxAttempts = 1 }, "p1:server_error"},
		"attempts are left for one":   {[]string{"status-500", "status-500-times-1"}, func(p *nodev1.Policy) { p.MaxAttempts = 2 }, "p1:server_error p2:server_error"},
		"its failure opened cooldown": {[]string{"status-500-times-1"}, func(p *nodev1.Policy) { p.FailureThreshold = 1 }, "p1:server_error"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, stream := range []bool{false, true} {
				r := newRig(t, setup{models: tt.models, policy: tt.policy, config: quick})
				got := r.chat(stream)
				call := r.call()
				if outcomes(call) != tt.outcomes {
					t.Fatalf("stream %v: attempts %s, want %s", stream, outcomes(call), tt.outcomes)
				}
				for i, a := range call.Attempts {
					if again := i > 0 && a.Provider == call.Attempts[i-1].Provider; a.Retry != again {
						t.Errorf("stream %v: attempt %d is recorded as once more: %v", stream, i+1, a.Retry)
					}
				}
				if well := strings.HasSuffix(tt.outcomes, "ok"); (got.status == 200) != well {
					t.Errorf("stream %v: status %d", stream, got.status)
				}
			}
		})
	}
}

// What could take effect twice is never repeated.
func TestAnUnsafeRequestIsNotTriedOnceMore(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"status-500-times-1"}, config: quick})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/v1/responses", strings.NewReader(`{"model":"g","input":"hi","conversation":"conv_1"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+clientKey)
	r.do(req)
	if call := r.call(); outcomes(call) != "p1:server_error" {
		t.Errorf("attempts %s", outcomes(call))
	}
}

func TestThePauseIsDrawnFromItsRange(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		random func(n int) int
		want   time.Duration
	}{
		{func(int) int { return 0 }, 25 * time.Millisecond},
		{func(n int) int { return n - 1 }, 250 * time.Millisecond},
		{func(n int) int { return n / 2 }, 138 * time.Millisecond},
	} {
		paused := make(chan time.Duration, 1)
		r := newRig(t, setup{models: []string{"status-500-times-1"}, config: func(c *proxy.Config) {
			c.Random = tt.random
			c.Pause = func(_ context.Context, d time.Duration) { paused <- d }
		}})
		r.chat(false)
		if got := <-paused; got != tt.want {
			t.Errorf("paused for %s, want %s", got, tt.want)
		}
		if call := r.call(); call.Attempts[1].StartOffset < call.Attempts[0].StartOffset {
			t.Errorf("attempts begin at %s and %s", call.Attempts[0].StartOffset, call.Attempts[1].StartOffset)
		}
	}
}

// A call that ends while it pauses ends at once, for its own reason.
func TestThePauseEndsWithTheCall(t *testing.T) {
	t.Parallel()
	forever := func(c *proxy.Config) { c.Pause = func(ctx context.Context, _ time.Duration) { <-ctx.Done() } }
	r := newRig(t, setup{models: []string{"status-500"}, config: forever, policy: func(p *nodev1.Policy) { p.TotalTimeout = durationpb.New(100 * time.Millisecond) }})
	got := r.chat(false)
	if call := r.call(); got.status != 504 || got.errorCode(t) != "deadline_exceeded" || outcomes(call) != "p1:server_error" {
		t.Errorf("status %d, attempts %s: %s", got.status, outcomes(call), got.body)
	}
	r = newRig(t, setup{models: []string{"status-500"}, config: forever})
	r.leave(`{"model":"g","messages":[]}`, "leaves")
	if call := r.call(); call.Outcome != dataplane.ClientClosed || call.Status != 499 || outcomes(call) != "p1:server_error" {
		t.Errorf("call %v %d, attempts %s", call.Outcome, call.Status, outcomes(call))
	}
}

// When a provider is down for everybody, few calls ask it twice.
func TestRetriesHaveABudget(t *testing.T) {
	t.Parallel()
	const calls = 12
	pausing := make(chan struct{}, calls)
	release := make(chan struct{})
	r := newRig(t, setup{
		models: []string{"status-500"},
		policy: func(p *nodev1.Policy) { p.FailureThreshold = 1000 },
		config: func(c *proxy.Config) {
			c.Pause = func(ctx context.Context, _ time.Duration) {
				pausing <- struct{}{}
				select {
				case <-release:
				case <-ctx.Done():
				}
			}
		},
	})
	var wg sync.WaitGroup
	for range calls {
		wg.Go(func() { r.chat(false) })
	}
	twice := 0
	for range calls - 3 { // those without a place end at once
		if call := r.call(); len(call.Attempts) != 1 {
			t.Errorf("attempts %s", outcomes(call))
		}
	}
	if n := len(pausing); n != 3 {
		t.Errorf("%d calls pause, want 3", n)
	}
	close(release)
	for range 3 {
		if len(r.call().Attempts) == 2 {
			twice++
		}
	}
	wg.Wait()
	if twice != 3 {
		t.Errorf("%d calls were tried twice, want 3", twice)
	}
	// The places were given back.
	r.chat(false)
	if call := r.call(); len(call.Attempts) != 2 {
		t.Errorf("attempts %s", outcomes(call))
	}
}
