package health_test

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/health"
	"github.com/trunkline-ai/trunkline/dataplane/health/healthtest"
	"github.com/trunkline-ai/trunkline/dataplane/redis"
	"github.com/trunkline-ai/trunkline/internal/testenv"
)

// node is a Shared that runs.
type node struct {
	*health.Shared
	redis   *redis.Client
	changes atomic.Int64
	stop    func()
}

// connect prepares a node's connection to Redis.
func connect(t testing.TB, url string, cfg *health.SharedConfig, retryEvery time.Duration) *redis.Client {
	t.Helper()
	c, err := redis.New(redis.Config{
		URL: url, Environment: t.Name(), Logger: cfg.Logger, Metrics: cfg.Metrics, OnChange: cfg.OnChange, RetryEvery: retryEvery,
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// startNode runs a node until the test ends or stop is called.
func startNode(t *testing.T, url string, change ...func(*health.SharedConfig, *health.Shared)) *node {
	t.Helper()
	n := &node{}
	cfg := health.SharedConfig{}
	cfg.Logger = slog.New(slog.DiscardHandler)
	cfg.Rand = func() float64 { return 0 }
	cfg.OnChange = func() { n.changes.Add(1) }
	for _, c := range change {
		c(&cfg, nil)
	}
	if cfg.Redis == nil {
		cfg.Redis = connect(t, url, &cfg, 0)
	}
	n.redis = cfg.Redis
	var err error
	if n.Shared, err = health.NewShared(cfg); err != nil {
		t.Fatal(err)
	}
	for _, c := range change {
		c(&cfg, n.Shared)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := n.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	n.stop = sync.OnceFunc(func() {
		cancel()
		wg.Wait()
		cfg.Redis.Close()
	})
	t.Cleanup(n.stop)
	return n
}

// atClock makes a node go by a clock that is set by hand, Redis' own included.
func atClock(c *clock) func(*health.SharedConfig, *health.Shared) {
	return func(cfg *health.SharedConfig, s *health.Shared) {
		if s != nil {
			s.UseClock(c.Now)
			return
		}
		cfg.Now = c.Now
	}
}

// eventually polls until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

func (n *node) awaitState(t *testing.T, want string) {
	t.Helper()
	eventually(t, "Redis is "+want, func() bool { return n.redis.State() == want })
}

// twoNodes is a store of which one node does all the work and another, which learns of it
// through Redis alone, says how the scopes stand.
type twoNodes struct {
	ctx    context.Context
	writer *node
	reader *node
}

func newTwoNodes(t *testing.T, url string, c *clock) *twoNodes {
	t.Helper()
	s := &twoNodes{ctx: t.Context(), writer: startNode(t, url, atClock(c)), reader: startNode(t, url, atClock(c))}
	s.writer.awaitState(t, "up")
	s.reader.awaitState(t, "up")
	return s
}

func (s *twoNodes) sync() {
	s.writer.Sync(s.ctx)
	s.reader.Sync(s.ctx)
}

func (s *twoNodes) Report(r dataplane.Report) {
	s.writer.Report(r)
	s.sync()
}

func (s *twoNodes) Condition(sc dataplane.Scope) dataplane.Condition { return s.reader.Condition(sc) }

func (s *twoNodes) Probe(ctx context.Context, sc dataplane.Scope, lease time.Duration) (string, bool) {
	token, ok := s.writer.Probe(ctx, sc, lease)
	s.reader.Sync(s.ctx)
	return token, ok
}

func (s *twoNodes) Snapshot() []dataplane.ScopeHealth { return s.writer.Snapshot() }

func (s *twoNodes) Reset(sc dataplane.Scope) {
	s.writer.Reset(sc)
	s.sync()
}

func (s *twoNodes) Forget(keep func(dataplane.Scope) bool) {
	s.writer.Forget(keep)
	s.reader.Forget(keep)
	s.sync()
}

// The scripts obey every rule: the node that is asked how things stand has seen none of
// the attempts.
func TestSharedConformance(t *testing.T) {
	t.Parallel()
	url := testenv.Redis(t).URL()
	healthtest.Run(t, func(t *testing.T) healthtest.Fixture {
		clock := newClock()
		s := newTwoNodes(t, url, clock)
		before := s.writer.changes.Load()
		return healthtest.Fixture{
			Store: s,
			Now:   clock.Now,
			Advance: func(d time.Duration) {
				clock.Advance(d)
				s.sync()
			},
			Changes: func() int { return int(s.writer.changes.Load() - before) },
		}
	})
}

// A node whose Redis never was there is a Memory.
func TestSharedConformanceWithoutRedis(t *testing.T) {
	t.Parallel()
	healthtest.Run(t, func(t *testing.T) healthtest.Fixture {
		clock := newClock()
		n := startNode(t, "redis://127.0.0.1:1/0", atClock(clock))
		eventually(t, "it was found out that Redis is away", func() bool { return n.changes.Load() == 1 })
		return healthtest.Fixture{
			Store: n, Now: clock.Now, Advance: clock.Advance,
			Changes: func() int { return int(n.changes.Load() - 1) },
		}
	})
}
