package health_test

import (
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/trunkline-ai/trunkline/dataplane/health"
	"github.com/trunkline-ai/trunkline/dataplane/health/healthtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is set by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func TestMemoryConformance(t *testing.T) {
	t.Parallel()
	for name, jitter := range map[string]float64{"without jitter": 0, "with most jitter": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			healthtest.Run(t, func(*testing.T) healthtest.Fixture {
				clock := newClock()
				var changes atomic.Int64
				store := health.NewMemory(health.Config{
					Logger:   slog.New(slog.DiscardHandler),
					Now:      clock.Now,
					Rand:     func() float64 { return jitter },
					OnChange: func() { changes.Add(1) },
				})
				return healthtest.Fixture{
					Store:   store,
					Now:     clock.Now,
					Advance: clock.Advance,
					Changes: func() int { return int(changes.Load()) },
				}
			})
		})
	}
}
