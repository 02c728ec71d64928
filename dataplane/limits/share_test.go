package limits

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	goredis "github.com/redis/go-redis/v9"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/redis"
	"github.com/trunkline-ai/trunkline/internal/testenv"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// node is a limiter that shares.
type node struct {
	*Limiter
	t        *testing.T
	registry *prometheus.Registry
	log      *logBuffer
}

// logBuffer is a log that is read while it is written.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) count(s string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Count(b.text.String(), s)
}

func newNode(t *testing.T, server *testenv.RedisServer, c *clock, file string) *node {
	t.Helper()
	n := &node{t: t, registry: prometheus.NewRegistry(), log: &logBuffer{}}
	log := slog.New(slog.NewTextHandler(n.log, nil))
	n.Limiter = New(Config{Redis: connect(t, server, log, 10*time.Millisecond), File: file, Logger: log, Metrics: n.registry, Now: c.now})
	return n
}

// connect prepares a node's connection to Redis.
func connect(t *testing.T, server *testenv.RedisServer, log *slog.Logger, retryEvery time.Duration) *redis.Client {
	t.Helper()
	client, err := redis.New(redis.Config{URL: server.URL(), Logger: log, RetryEvery: retryEvery})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// tell exchanges now. On a machine that stalls an exchange may need another try.
func (n *node) tell() {
	n.t.Helper()
	await(n.t, "exchange", func() bool {
		n.sharing.next = time.Time{}
		n.share(n.t.Context())
		return n.Shared() && !n.sharing.failing
	})
}

// let makes calls until one is denied and gives how many there were.
func (n *node) let(key *dataplane.APIKey) (leases []dataplane.Lease) {
	for range 10_000 {
		lease, _, denial := n.Acquire(key, dataplane.Estimate{Tokens: 10})
		if denial != nil {
			break
		}
		leases = append(leases, lease)
	}
	return leases
}

func (n *node) shared() float64 {
	n.t.Helper()
	families, err := n.registry.Gather()
	if err != nil {
		n.t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "trunkline_limits_shared" {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	n.t.Fatal("no metric")
	return 0
}

const start = "2026-11-23T10:00:00Z"

func TestNodesShareWhatAMinuteHolds(t *testing.T) {
	t.Parallel()
	for name, wire := range map[string]*nodev1.ApiKey{
		"requests":    {RequestsPerMinute: 10},
		"tokens":      {TokensPerMinute: 100},
		"concurrency": {Concurrency: 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, c := testenv.Redis(t), newClock(start)
			a, b, key := newNode(t, server, c, ""), newNode(t, server, c, ""), newKey(t, "a {key}:", wire)
			var leases []dataplane.Lease
			for range 6 {
				leases = append(leases, mustAcquire(t, a.Limiter, key, dataplane.Estimate{Tokens: 10}))
			}
			b.Look(key)
			a.tell()
			b.activate(b.account(key.Name))
			b.account(key.Name).retry()
			b.tell()
			if got := len(b.let(key)); got != 4 {
				t.Fatalf("the second node let %d in, want the 4 that the first left", got)
			}
			b.tell()
			a.account(key.Name).retry()
			a.tell()
			if got := len(a.let(key)); got != 0 {
				t.Fatalf("the first node let %d more in, want none", got)
			}
			for _, l := range leases {
				l.Settle(10, 0)
			}
			c.move(time.Minute + 1500*time.Millisecond)
			for range 2 {
				a.tell()
				b.tell()
				c.move(time.Second)
			}
			a.tell()
			want := 10
			if name == "concurrency" {
				want = 6 // those of the second node are still in flight
			}
			if got := len(a.let(key)); got != want {
				t.Errorf("a minute later the first node let %d in, want %d", got, want)
			}
		})
	}
}

// How much two nodes let in together is bounded by one exchange: here each lets in what it
// believes to be free, and no more.
func TestOvershootIsWhatOthersDidSinceTheLastExchange(t *testing.T) {
	t.Parallel()
	server, c := testenv.Redis(t), newClock(start)
	key := newKey(t, "k", &nodev1.ApiKey{RequestsPerMinute: 100})
	nodes := []*node{newNode(t, server, c, ""), newNode(t, server, c, ""), newNode(t, server, c, "")}
	total := 0
	for total < 90 { // each node makes 5 calls between two exchanges
		for _, n := range nodes {
			for range 5 {
				if _, _, denial := n.Acquire(key, dataplane.Estimate{}); denial == nil {
					total++
				}
			}
		}
		for range 2 { // everybody tells, then everybody hears
			for _, n := range nodes {
				n.account("k").retry()
				n.tell()
			}
		}
	}
	for _, n := range nodes {
		total += len(n.let(key))
	}
	if over := total - 100; over < 0 || over > 2*10 { // two nodes did not know of the 10 that one let in
		t.Errorf("%d calls in a minute, want at most 20 above 100", total)
	}
}

func TestBudgetsAreSharedAndTellingTwiceCountsOnce(t *testing.T) {
	t.Parallel()
	server, c := testenv.Redis(t), newClock(start)
	key := newKey(t, "k", &nodev1.ApiKey{Budget: 10_000_000, BudgetPeriod: "month"})
	a, b := newNode(t, server, c, ""), newNode(t, server, c, "")
	mustAcquire(t, a.Limiter, key, dataplane.Estimate{}).Settle(0, usd*6+123_456_789)
	a.tell()
	s := &a.account("k").spending
	s.within = 0 // the answer was lost: it is told again
	a.account("k").retry()
	a.tell()
	a.tell()

	b.Use(func(yield func(*dataplane.APIKey) bool) { yield(key) })
	b.tell()
	if got := b.account("k").spending.total(); got != usd*6+123_456_000 {
		t.Fatalf("the second node knows of %d, want 6.000123456 USD", got)
	}
	mustAcquire(t, b.Limiter, key, dataplane.Estimate{}).Settle(0, usd*4)
	mustDeny(t, b.Limiter, key, dataplane.Estimate{}, dataplane.LimitBudget)
	b.tell()
	mustAcquire(t, a.Limiter, key, dataplane.Estimate{})
	a.tell()
	mustDeny(t, a.Limiter, key, dataplane.Estimate{}, dataplane.LimitBudget)
	if got := a.account("k").spending.total(); got != usd*10+123_456_789 { // its own to the last digit
		t.Errorf("the first node knows of %d", got)
	}

	restarted := newNode(t, server, c, "")
	restarted.Use(func(yield func(*dataplane.APIKey) bool) { yield(key) })
	restarted.tell()
	mustDeny(t, restarted.Limiter, key, dataplane.Estimate{}, dataplane.LimitBudget)

	// Redis forgets everything; whoever knows puts it back.
	server.Restart(t)
	c.move(3 * time.Second)
	settle(c, a, b)
	fresh := newNode(t, server, c, "")
	fresh.Use(func(yield func(*dataplane.APIKey) bool) { yield(key) })
	mustAcquire(t, a.Limiter, newKey(t, "k", &nodev1.ApiKey{Budget: 11_000_000, BudgetPeriod: "month"}), dataplane.Estimate{}).Settle(0, 0)
	settle(c, a, b, fresh)
	if got := fresh.account("k").spending.total(); got != usd*10+123_456_000 {
		t.Errorf("after Redis lost all, a fresh node knows of %d, want 10.000123456 USD", got)
	}
}

// settle exchanges until every node shares again.
func settle(c *clock, nodes ...*node) {
	for range 10 {
		for _, n := range nodes {
			n.share(n.t.Context())
		}
		c.move(time.Second)
	}
	for _, n := range nodes {
		n.tell()
	}
}

func TestWithoutRedisEveryNodeKeepsTheLimitsAlone(t *testing.T) {
	t.Parallel()
	server, c := testenv.Redis(t), newClock(start)
	key := newKey(t, "k", &nodev1.ApiKey{RequestsPerMinute: 60, Concurrency: 1000, Budget: 5_000_000, BudgetPeriod: "day"})
	a, b := newNode(t, server, c, ""), newNode(t, server, c, "")
	if a.shared() != 0 {
		t.Error("limits are said to be shared before anything was")
	}
	for range 60 {
		mustAcquire(t, a.Limiter, key, dataplane.Estimate{}).Settle(0, usd/60)
	}
	a.tell()
	b.Use(func(yield func(*dataplane.APIKey) bool) { yield(key) })
	b.tell()
	if b.shared() != 1 || len(b.let(key)) != 0 {
		t.Fatalf("shared %v, want 1 and nothing let in", b.shared())
	}

	server.Kill(t)
	for range 20 {
		c.move(100 * time.Millisecond)
		a.share(t.Context())
		b.share(t.Context())
	}
	if a.shared() != 0 || b.shared() != 0 {
		t.Error("limits are said to be shared without Redis")
	}
	c.move(28 * time.Second) // half of the others' minute is over
	half := b.let(key)
	if len(half) < 29 || len(half) > 31 {
		t.Errorf("%d let in half a minute later, want half of 60", len(half))
	}
	for _, l := range half {
		l.Settle(0, usd/30)
	}
	c.move(62 * time.Second)
	if got := len(b.let(key)); got != 60 {
		t.Errorf("%d let in by the node alone, want 60", got)
	}
	if spent := b.account("k").spending.total(); spent < usd*19/10 || spent > usd*21/10 {
		t.Errorf("%d spent as the node knows it, want the first node's dollar and its own", spent)
	}

	server.Restart(t)
	settle(c, a, b)
	a.Acquire(key, dataplane.Estimate{}) // wakes the key on the first node
	settle(c, a, b)
	if a.shared() != 1 || b.shared() != 1 {
		t.Error("limits are not shared again")
	}
	if spent := a.account("k").spending.total(); spent < usd*19/10 || spent > usd*21/10 {
		t.Errorf("%d spent as the first node knows it, want both nodes' dollars", spent)
	}
	if away, back := b.log.count("Redis is away"), b.log.count("are shared"); away != 1 || back != 2 {
		t.Errorf("said %d times that Redis is away and %d times that limits are shared, want 1 and 2:\n%s", away, back, b.log.text.String())
	}
}

func TestAFrozenRedisHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	server := testenv.Redis(t)
	log := &logBuffer{}
	logger := slog.New(slog.NewTextHandler(log, nil))
	l := New(Config{Redis: connect(t, server, logger, 50*time.Millisecond), Logger: logger, File: filepath.Join(t.TempDir(), "budgets.json")})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx) }()
	await(t, "sharing", l.Shared)

	server.Pause(t)
	key := newKey(t, "k", &nodev1.ApiKey{RequestsPerMinute: 1_000_000, Budget: 1_000_000, BudgetPeriod: "day"})
	longest := time.Duration(0)
	await(t, "that Redis is away", func() bool {
		began := time.Now()
		mustAcquire(t, l, key, dataplane.Estimate{}).Settle(10, 1500)
		longest = max(longest, time.Since(began))
		return !l.Shared()
	})
	if longest > 100*time.Millisecond {
		t.Errorf("a call waited %s", longest)
	}
	server.Resume(t)
	await(t, "sharing again", l.Shared)
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n := log.count("Redis is away"); n != 1 {
		t.Errorf("said %d times that Redis is away, want once", n)
	}
	client := goredis.NewClient(&goredis.Options{Addr: server.Addr})
	t.Cleanup(func() { _ = client.Close() })
	total, err := client.HGet(t.Context(), "{trunkline:default:limits:k}:day:"+time.Now().UTC().Format(time.DateOnly), "total").Int64()
	if want := int64(l.account("k").spending.total() / nanoUSD); err != nil || total != want {
		t.Errorf("Redis holds %d, %v at the end, want %d", total, err, want)
	}
}

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("no %s within 20 s", what)
		}
	}
}

// Two nodes that run, with many calls at once: what they let in stays near the limit.
func TestRunningNodesShare(t *testing.T) {
	t.Parallel()
	server := testenv.Redis(t)
	key := newKey(t, "k", &nodev1.ApiKey{RequestsPerMinute: 500})
	ctx, cancel := context.WithCancel(t.Context())
	var running, calling sync.WaitGroup
	var mu sync.Mutex
	total := 0
	for range 2 {
		log := slog.New(slog.DiscardHandler)
		l := New(Config{Redis: connect(t, server, log, 0), Logger: log})
		running.Go(func() { _ = l.Run(ctx) })
		await(t, "sharing", l.Shared)
		calling.Go(func() {
			tick := time.NewTicker(2 * time.Millisecond) // 500 a second
			defer tick.Stop()
			for denied := 0; denied < 50; <-tick.C {
				if _, _, d := l.Acquire(key, dataplane.Estimate{}); d != nil {
					denied++
					continue
				}
				mu.Lock()
				total++
				mu.Unlock()
			}
		})
	}
	calling.Wait()
	cancel()
	running.Wait()
	// A node makes at most 38 calls in 75 ms; a machine that stalls may double that.
	if total < 500 || total > 600 {
		t.Errorf("two nodes let %d in, want 500 and at most what was done between two exchanges", total)
	}
}

func TestIdleKeysCostNothing(t *testing.T) {
	t.Parallel()
	server, c := testenv.Redis(t), newClock(start)
	n, key := newNode(t, server, c, ""), newKey(t, "k", &nodev1.ApiKey{RequestsPerMinute: 5})
	mustAcquire(t, n.Limiter, key, dataplane.Estimate{}).Settle(0, 0)
	n.tell()
	for range 3 {
		c.move(time.Minute)
		n.tell()
	}
	if len(n.active) != 0 {
		t.Errorf("%d keys are exchanged without need", len(n.active))
	}
	mustAcquire(t, n.Limiter, key, dataplane.Estimate{})
	if len(n.active) != 1 {
		t.Error("a key that woke up is not exchanged")
	}
}

func TestASilentNodesCallsInFlightAreForgotten(t *testing.T) {
	t.Parallel()
	server, c := testenv.Redis(t), newClock(start)
	key := newKey(t, "k", &nodev1.ApiKey{Concurrency: 3})
	dead, alive := newNode(t, server, c, ""), newNode(t, server, c, "")
	dead.let(key)
	dead.tell()
	alive.account("k").retry()
	alive.activate(alive.account("k"))
	alive.tell()
	if got := len(alive.let(key)); got != 0 {
		t.Fatalf("%d let in beside 3 in flight", got)
	}
	await(t, "end of the silent node's calls", func() bool { // by the clock of Redis
		alive.account("k").retry()
		alive.tell()
		return alive.account("k").others.inFlight == 0
	})
	if got := len(alive.let(key)); got != 3 {
		t.Errorf("%d let in, want 3", got)
	}
}

func TestANewKindOfPeriodIsAskedForBeforeTheFirstCall(t *testing.T) {
	t.Parallel()
	server, c := testenv.Redis(t), newClock(start)
	daily := newKey(t, "k", &nodev1.ApiKey{Budget: 1_000_000, BudgetPeriod: "day"})
	monthly := newKey(t, "k", &nodev1.ApiKey{Budget: 1_000_000, BudgetPeriod: "month"})
	a, b := newNode(t, server, c, ""), newNode(t, server, c, "")
	b.Use(func(yield func(*dataplane.APIKey) bool) { yield(daily) })
	b.tell()
	mustAcquire(t, a.Limiter, monthly, dataplane.Estimate{}).Settle(0, usd)
	a.tell()
	b.Use(func(yield func(*dataplane.APIKey) bool) { yield(monthly) })
	b.tell()
	mustDeny(t, b.Limiter, monthly, dataplane.Estimate{}, dataplane.LimitBudget)
}

// More keys than fit into one pipeline, with Redis gone after the first of them.
func TestWhatABrokenExchangeLeftOutIsToldLater(t *testing.T) {
	t.Parallel()
	server, c := testenv.Redis(t), newClock(start)
	n, witness := newNode(t, server, c, ""), newNode(t, server, c, "")
	n.tell()
	server.Pause(t)
	const keys = 2*batchSize + 10
	for i := range keys {
		mustAcquire(t, n.Limiter, newKey(t, fmt.Sprint("k", i), &nodev1.ApiKey{Budget: 1_000_000, BudgetPeriod: "day"}), dataplane.Estimate{}).Settle(0, usd)
	}
	n.share(t.Context())
	server.Resume(t)
	settle(c, n, witness)
	last := newKey(t, fmt.Sprint("k", keys-1), &nodev1.ApiKey{Budget: 1_000_000, BudgetPeriod: "day"})
	witness.Use(func(yield func(*dataplane.APIKey) bool) { yield(last) })
	witness.tell()
	mustDeny(t, witness.Limiter, last, dataplane.Estimate{}, dataplane.LimitBudget)
}
