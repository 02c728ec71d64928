package proxy_test

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/health"
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
		"not while another is left":   {[]string{"status-529-times-1", "ok"}, nil, "p1:overloaded p2:ok"},
		"only the last of several":    {[]string{"status-408-times-1", "status-529-times-1"}, nil, "p1:upstream_timeout p2:overloaded p2:ok"},
		"the policy says no":          {[]string{"status-500-times-1"}, func(p *nodev1.Policy) { p.RetrySameTarget = false }, "p1:server_error"},
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
				r := newRig(t, setup{models: tt.models, policy: tt.policy, config: quick, retries: true})
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
	r := newRig(t, setup{models: []string{"status-500-times-1"}, config: quick, retries: true})
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
		r := newRig(t, setup{models: []string{"status-500-times-1"}, retries: true, config: func(c *proxy.Config) {
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
	r := newRig(t, setup{models: []string{"status-500"}, retries: true, config: forever, policy: func(p *nodev1.Policy) { p.TotalTimeout = durationpb.New(100 * time.Millisecond) }})
	got := r.chat(false)
	if call := r.call(); got.status != 504 || got.errorCode(t) != "deadline_exceeded" || outcomes(call) != "p1:server_error" {
		t.Errorf("status %d, attempts %s: %s", got.status, outcomes(call), got.body)
	}
	r = newRig(t, setup{models: []string{"status-500"}, retries: true, config: forever})
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
		models: []string{"status-500"}, retries: true,
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

// While others are left, a target is asked once more where its failure came soon and passes.
func TestTheSameTargetIsAskedOnceMore(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		models   []string
		policy   func(*nodev1.Policy)
		step     time.Duration // that each look at the clock takes
		outcomes string
	}{
		"a server's error":          {[]string{"status-500-times-1", "ok"}, nil, 0, "p1:server_error p1:ok"},
		"a bare 503":                {[]string{"status-503-times-1", "ok"}, nil, 0, "p1:server_error p1:ok"},
		"an error in a good answer": {[]string{"200-error-times-1", "ok"}, nil, 0, "p1:server_error p2:ok"},
		"cut before the answer":     {[]string{"cut-0-times-1", "ok"}, nil, 0, "p1:connection_reset p1:ok"},
		"it stays":                  {[]string{"status-500", "ok"}, nil, 0, "p1:server_error p1:server_error p2:ok"},
		"once a call":               {[]string{"status-500", "status-500", "ok"}, nil, 0, "p1:server_error p1:server_error p2:server_error p3:ok"},
		"and the last one":          {[]string{"status-500", "status-500-times-1"}, nil, 0, "p1:server_error p1:server_error p2:server_error p2:ok"},
		"overloaded":                {[]string{"status-529-times-1", "ok"}, nil, 0, "p1:overloaded p2:ok"},
		"a timeout upstream":        {[]string{"status-408-times-1", "ok"}, nil, 0, "p1:upstream_timeout p2:ok"},
		"a limit":                   {[]string{"status-429-times-1", "ok"}, nil, 0, "p1:busy p2:ok"},
		"a 503 that names a wait":   {[]string{"status-503-retry-after-1-times-1", "ok"}, nil, 0, "p1:rate_limited p2:ok"},
		"a bad body":                {[]string{"200-html-times-1", "ok"}, nil, 0, "p1:bad_body p2:ok"},
		"cut inside the answer":     {[]string{"cut-40-times-1", "ok"}, nil, 0, "p1:truncated p2:ok"},
		"it came late":              {[]string{"status-500-times-1", "ok"}, nil, 2 * time.Second, "p1:server_error p2:ok"},
		"the policy says no":        {[]string{"status-500-times-1", "ok"}, func(p *nodev1.Policy) { p.RetrySameTarget = false }, 0, "p1:server_error p2:ok"},
		"the last attempt":          {[]string{"status-500-times-1", "ok"}, func(p *nodev1.Policy) { p.MaxAttempts = 2 }, 0, "p1:server_error p2:ok"},
		"it cools":                  {[]string{"status-500-times-1", "ok"}, func(p *nodev1.Policy) { p.FailureThreshold = 1 }, 0, "p1:server_error p2:ok"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, stream := range []bool{false, true} {
				var looks atomic.Int64
				start := time.Now()
				r := newRig(t, setup{models: tt.models, policy: tt.policy, retries: true, config: func(c *proxy.Config) {
					quick(c)
					c.Now = func() time.Time { return start.Add(time.Duration(looks.Add(1)) * tt.step) }
				}})
				got := r.chat(stream)
				call := r.call()
				if outcomes(call) != tt.outcomes || got.status != 200 {
					t.Fatalf("stream %v: status %d, attempts %s, want %s", stream, got.status, outcomes(call), tt.outcomes)
				}
				if got.header.Get("X-Trunkline-Attempts") != strconv.Itoa(len(call.Attempts)) {
					t.Errorf("the client is told of %s attempts, want %d", got.header.Get("X-Trunkline-Attempts"), len(call.Attempts))
				}
				for i, a := range call.Attempts {
					if again := i > 0 && a.Provider == call.Attempts[i-1].Provider; a.Retry != again {
						t.Errorf("stream %v: attempt %d is recorded as once more: %v", stream, i+1, a.Retry)
					}
				}
			}
		})
	}
}

// A target that is down is asked no more often for being asked twice: its failures open it sooner, and
// the probes of what cools are made once.
func TestRetriesMakeNoStorm(t *testing.T) {
	t.Parallel()
	asked := map[bool]int{}
	for _, retries := range []bool{false, true} {
		var ahead atomic.Int64
		start := time.Now()
		now := func() time.Time { return start.Add(time.Duration(ahead.Load())) }
		r := newRig(t, setup{
			models: []string{"status-500", "ok"}, retries: retries,
			policy: func(p *nodev1.Policy) { p.ProbeEarly = true },
			config: func(c *proxy.Config) {
				quick(c)
				c.Now = now
				c.Health = health.NewMemory(health.Config{Logger: slog.New(slog.DiscardHandler), Now: now})
			},
		})
		for range 250 { // 25 s
			if got := r.chat(false); got.status != 200 {
				t.Fatalf("status %d", got.status)
			}
			for _, a := range r.call().Attempts {
				if a.Provider == "p1" {
					asked[retries]++
				}
			}
			ahead.Add(int64(100 * time.Millisecond))
		}
	}
	if asked[true] > asked[false] || asked[true] > 10 {
		t.Errorf("%d attempts with retries, %d without", asked[true], asked[false])
	}
}

// A wait that a target names is waited out where the policy allows as much, by the one call that may
// have the target back.
func TestANamedWaitIsWaitedOut(t *testing.T) {
	t.Parallel()
	credential := dataplane.Scope{Kind: dataplane.ScopeCredential, Provider: "p1", Name: "main"}
	for name, tt := range map[string]struct {
		model    string
		wait     time.Duration // of the policy
		policy   func(*nodev1.Policy)
		taken    bool // another call has the probe by then
		outcomes string
		paused   time.Duration
	}{
		"off":                   {"status-429-retry-after-1-times-1", 0, nil, false, "p1:rate_limited p2:ok", 0},
		"on":                    {"status-429-retry-after-1-times-1", 2 * time.Second, nil, false, "p1:rate_limited p1:ok", 1025 * time.Millisecond},
		"as much as is allowed": {"status-429-retry-after-1.5-times-1", 1500 * time.Millisecond, nil, false, "p1:rate_limited p1:ok", 1525 * time.Millisecond},
		"more than that":        {"status-429-retry-after-2-times-1", 1500 * time.Millisecond, nil, false, "p1:rate_limited p2:ok", 0},
		"never above two":       {"status-429-retry-after-3-times-1", 10 * time.Second, nil, false, "p1:rate_limited p2:ok", 0},
		"once":                  {"status-429-retry-after-1", 2 * time.Second, nil, false, "p1:rate_limited p1:rate_limited p2:ok", 1025 * time.Millisecond},
		"no wait is named":      {"status-429-times-1", 2 * time.Second, nil, false, "p1:busy p2:ok", 0},
		"no time is left": {"status-429-retry-after-1-times-1", 2 * time.Second, func(p *nodev1.Policy) {
			p.TotalTimeout, p.StreamTotalTimeout = durationpb.New(time.Second), durationpb.New(time.Second)
		}, false, "p1:rate_limited p2:ok", 0},
		"another has the target": {"status-429-retry-after-1-times-1", 2 * time.Second, nil, true, "p1:rate_limited p2:ok", 1025 * time.Millisecond},
		"the last attempt":       {"status-429-retry-after-1-times-1", 2 * time.Second, func(p *nodev1.Policy) { p.MaxAttempts = 2 }, false, "p1:rate_limited p2:ok", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var ahead, paused atomic.Int64
			start := time.Now()
			now := func() time.Time { return start.Add(time.Duration(ahead.Load())) }
			store := health.NewMemory(health.Config{Logger: slog.New(slog.DiscardHandler), Now: now})
			r := newRig(t, setup{
				models: []string{tt.model, "ok"}, retries: true,
				policy: func(p *nodev1.Policy) {
					p.RetryWait = durationpb.New(tt.wait)
					if tt.policy != nil {
						tt.policy(p)
					}
				},
				config: func(c *proxy.Config) {
					c.Now, c.Health = now, store
					c.Pause = func(_ context.Context, d time.Duration) {
						paused.Add(int64(d))
						ahead.Add(int64(d))
						if tt.taken {
							if _, won := store.Probe(t.Context(), credential, time.Minute); !won {
								t.Error("the probe was not free")
							}
						}
					}
				},
			})
			got := r.chat(false)
			if call := r.call(); outcomes(call) != tt.outcomes || got.status != 200 || time.Duration(paused.Load()) != tt.paused {
				t.Errorf("status %d, attempts %s after %s; want %s after %s", got.status, outcomes(call), time.Duration(paused.Load()), tt.outcomes, tt.paused)
			}
		})
	}
}
