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

// letAll is let by a node that tells the others whenever it has let in its share.
func (n *node) letAll(key *dataplane.APIKey) (leases []dataplane.Lease) {
	for {
		more := n.let(key)
		if len(more) == 0 {
			return leases
		}
		leases = append(leases, more...)
		n.tell()
	}
}

// due has the node ask for a key at the next exchange.
func (n *node) due(key string) {
	a := n.account(key)
	a.ask()
	n.activate(a)
}

// knows lets nodes know of keys, as a snapshot does.
func knows(key *dataplane.APIKey, nodes ...*node) {
	for _, n := range nodes {
		n.Use(func(yield func(*dataplane.APIKey) bool) { yield(key) }, nil)
	}
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
			knows(key, a, b)
			var leases []dataplane.Lease
			for range 6 {
				leases = append(leases, mustAcquire(t, a.Limiter, key, dataplane.Estimate{Tokens: 10}))
			}
			a.tell()
			b.tell()
			if got := len(b.letAll(key)); got != 4 {
				t.Fatalf("the second node let %d in, want the 4 that the first left", got)
			}
			a.tell()
			if got := len(a.letAll(key)); got != 0 {
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
			if got := len(a.letAll(key)); got != want {
				t.Errorf("a minute later the first node let %d in, want %d", got, want)
			}
		})
	}
}

// A key that was used on one node alone is known to the others before its first call there.
func TestAKeyIsKnownBeforeItsFirstCall(t *testing.T) {
	t.Parallel()
	server, c := testenv.Redis(t), newClock(start)
	key := newKey(t, "a key: with spaces", &nodev1.ApiKey{RequestsPerMinute: 6})
	a, b := newNode(t, server, c, ""), newNode(t, server, c, "")
	knows(key, a, b)
	a.tell()
	b.tell()
	a.tell()
	if got := len(a.letAll(key)); got != 6 {
		t.Fatalf("one node let %d in, want all 6", got)
	}
	b.tell()
	if got := len(b.let(key)); got != 0 {
		t.Errorf("the other node let %d in without having seen the key before, want none", got)
	}
	late := newNode(t, server, c, "")
	late.tell() // it has no configuration yet
	knows(key, late)
	late.tell()
	if got := len(late.let(key)); got != 0 {
		t.Errorf("a node that came later let %d in, want none", got)
	}
	c.move(62 * time.Second)
	a.tell()
	b.tell()
	if got := len(b.letAll(key)); got != 6 {
		t.Errorf("a minute later the other node let %d in, want 6", got)
	}
}

// Nodes that do the same at the same moment stay at the limit together.
func TestNodesShareWhatIsLeftAtTheSameMoment(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		wire  *nodev1.ApiKey
		nodes int
		want  []int // what each lets in before anybody has told
	}{
		"requests":                        {&nodev1.ApiKey{RequestsPerMinute: 6}, 2, []int{3, 3}},
		"tokens":                          {&nodev1.ApiKey{TokensPerMinute: 60}, 2, []int{3, 3}},
		"concurrency":                     {&nodev1.ApiKey{Concurrency: 6}, 2, []int{3, 3}},
		"a budget":                        {&nodev1.ApiKey{Budget: 60, BudgetPeriod: "day"}, 2, []int{3, 3}},
		"an odd number":                   {&nodev1.ApiKey{RequestsPerMinute: 5}, 2, []int{3, 3}},
		"fewer than nodes":                {&nodev1.ApiKey{RequestsPerMinute: 2}, 3, []int{1, 1, 1}},
		"a call larger than a share":      {&nodev1.ApiKey{TokensPerMinute: 12}, 2, []int{1, 1}},
		"a node that is alone has it all": {&nodev1.ApiKey{RequestsPerMinute: 6}, 1, []int{6}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, c := testenv.Redis(t), newClock(start)
			key := newKey(t, "k", tt.wire)
			var nodes []*node
			for range tt.nodes {
				nodes = append(nodes, newNode(t, server, c, ""))
			}
			knows(key, nodes...)
			for range 2 {
				for _, n := range nodes {
					n.tell()
				}
			}
			var denied *dataplane.Denial
			for i, n := range nodes {
				got := 0
				for {
					var d *dataplane.Denial
					if _, _, d = n.Acquire(key, dataplane.Estimate{Tokens: 10, Cost: 10 * microUSD}); d != nil {
						denied = d
						break
					}
					got++
				}
				if got != tt.want[i] {
					t.Errorf("node %d let %d in before it told, want %d", i+1, got, tt.want[i])
				}
			}
			if tt.nodes > 1 && tt.want[0] > 1 && denied.Wait != exchangeEvery {
				t.Errorf("the client is told to wait %s, want until the others have heard", denied.Wait)
			}
			for range 2 {
				for _, n := range nodes {
					n.tell()
				}
			}
			for i, n := range nodes {
				if got := len(n.let(key)); got != 0 {
					t.Errorf("node %d let %d in when all had told, want none", i+1, got)
				}
			}
		})
	}
}

const microUSD = 1000 * nanoUSD

// The worst case: one node has let in its share and tells nobody, and the other uses up what
// is left. That share is the bound.
func TestOvershootIsTheShareOfANodeThatCouldNotTell(t *testing.T) {
	t.Parallel()
	server, c := testenv.Redis(t), newClock(start)
	key := newKey(t, "k", &nodev1.ApiKey{RequestsPerMinute: 6})
	a, b := newNode(t, server, c, ""), newNode(t, server, c, "")
	knows(key, a, b)
	for range 2 {
		a.tell()
		b.tell()
	}
	total := len(b.let(key)) + len(a.letAll(key))
	if total != 9 {
		t.Errorf("%d let in, want 6 and the share of 3", total)
	}
	b.tell()
	a.tell()
	if more := len(a.let(key)) + len(b.let(key)); more != 0 {
		t.Errorf("%d more let in when both had told, want none", more)
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
	a.due("k")
	a.tell()
	a.tell()

	b.Use(func(yield func(*dataplane.APIKey) bool) { yield(key) }, nil)
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
	restarted.Use(func(yield func(*dataplane.APIKey) bool) { yield(key) }, nil)
	restarted.tell()
	mustDeny(t, restarted.Limiter, key, dataplane.Estimate{}, dataplane.LimitBudget)

	// Redis forgets everything; whoever knows puts it back.
	server.Restart(t)
	c.move(3 * time.Second)
	settle(c, a, b)
	fresh := newNode(t, server, c, "")
	fresh.Use(func(yield func(*dataplane.APIKey) bool) { yield(key) }, nil)
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
	b.Use(func(yield func(*dataplane.APIKey) bool) { yield(key) }, nil)
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
	if away, back := b.log.count("Redis is unreachable"), b.log.count("are shared"); away != 1 || back != 2 {
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
	if n := log.count("Redis is unreachable"); n != 1 {
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
			for denied := 0; denied < 150; <-tick.C {
				if _, _, d := l.Acquire(key, dataplane.Estimate{}); d != nil {
					denied++
					continue
				}
				denied = 0
				mu.Lock()
				total++
				mu.Unlock()
			}
		})
	}
	calling.Wait()
	cancel()
	running.Wait()
	if total < 500 || total > 750 {
		t.Errorf("two nodes let %d in, want 500 and at most one share more", total)
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
	alive.due("k")
	alive.tell()
	if got := len(alive.let(key)); got != 0 {
		t.Fatalf("%d let in beside 3 in flight", got)
	}
	await(t, "end of the silent node's calls", func() bool { // by the clock of Redis
		alive.due("k")
		alive.tell()
		return alive.account("k").others.inFlight == 0
	})
	if got := len(alive.letAll(key)); got != 3 {
		t.Errorf("%d let in, want 3", got)
	}
}

func TestANewKindOfPeriodIsAskedForBeforeTheFirstCall(t *testing.T) {
	t.Parallel()
	server, c := testenv.Redis(t), newClock(start)
	daily := newKey(t, "k", &nodev1.ApiKey{Budget: 1_000_000, BudgetPeriod: "day"})
	monthly := newKey(t, "k", &nodev1.ApiKey{Budget: 1_000_000, BudgetPeriod: "month"})
	a, b := newNode(t, server, c, ""), newNode(t, server, c, "")
	b.Use(func(yield func(*dataplane.APIKey) bool) { yield(daily) }, nil)
	b.tell()
	mustAcquire(t, a.Limiter, monthly, dataplane.Estimate{}).Settle(0, usd)
	a.tell()
	b.Use(func(yield func(*dataplane.APIKey) bool) { yield(monthly) }, nil)
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
	witness.Use(func(yield func(*dataplane.APIKey) bool) { yield(last) }, nil)
	witness.tell()
	mustDeny(t, witness.Limiter, last, dataplane.Estimate{}, dataplane.LimitBudget)
}
