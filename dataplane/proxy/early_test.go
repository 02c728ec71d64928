package proxy_test

import (
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane/health"
	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// A target that refuses at once is tried by one call every five seconds, which has its
// other candidates behind it; so it is back seconds after it recovers.
func TestATargetThatFailsFastIsTriedBeforeItsCooldownEnds(t *testing.T) {
	t.Parallel()
	for _, early := range []bool{true, false} {
		var ahead atomic.Int64
		now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		r := newRig(t, setup{
			models: []string{"status-500-times-6", "ok"},
			policy: func(p *nodev1.Policy) { p.ProbeEarly = early },
			config: func(c *proxy.Config) {
				c.Now = now
				c.Health = health.NewMemory(health.Config{Logger: slog.New(slog.DiscardHandler), Now: now})
			},
		})
		want := func(step, with, without string) {
			t.Helper()
			if !early {
				with = without
			}
			if got := r.chat(false); got.status != 200 {
				t.Fatalf("early %v, %s: status %d: %s", early, step, got.status, got.body)
			}
			if got := outcomes(r.call()); got != with {
				t.Errorf("early %v, %s: %s, want %s", early, step, got, with)
			}
		}
		for range 5 {
			want("the window fills", "p1:server_error p2:ok", "p1:server_error p2:ok")
		}
		want("it cools", "p2:ok", "p2:ok")
		ahead.Add(int64(5 * time.Second))
		want("five seconds later", "p1:server_error p2:ok", "p2:ok")
		want("right after the early probe", "p2:ok", "p2:ok")
		ahead.Add(int64(5 * time.Second))
		want("it has recovered", "p1:ok", "p2:ok")
		want("it is back", "p1:ok", "p2:ok")
	}
}
