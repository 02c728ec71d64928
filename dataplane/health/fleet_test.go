package health_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/health/healthtest"
	"github.com/trunkline-ai/trunkline/internal/testenv"
)

// fleet is three nodes on one Redis.
type fleet struct {
	*testing.T
	redis *testenv.RedisServer
	nodes [3]*node
}

// startFleet starts the nodes; they go by the clock if there is one.
func startFleet(t *testing.T, c *clock) *fleet {
	t.Helper()
	f := &fleet{T: t, redis: testenv.Redis(t)}
	for i := range f.nodes {
		if c != nil {
			f.nodes[i] = startNode(t, f.redis.URL(), atClock(c))
		} else {
			f.nodes[i] = startNode(t, f.redis.URL())
		}
	}
	for _, n := range f.nodes {
		n.awaitState(t, "up")
	}
	return f
}

// sync lets every node tell and then learn.
func (f *fleet) sync() {
	for range 2 {
		for _, n := range f.nodes {
			n.Sync(f.Context())
		}
	}
}

func (f *fleet) wantState(want dataplane.State) {
	f.Helper()
	for i, n := range f.nodes {
		if got := n.Condition(modelScope).State; got != want {
			f.Fatalf("node %d has it %s, want %s", i+1, got, want)
		}
	}
}

// each runs do once per node, n times, all at once.
func (f *fleet) each(n int, do func(*node)) {
	var wg sync.WaitGroup
	for _, node := range f.nodes {
		for range n {
			wg.Go(func() { do(node) })
		}
	}
	wg.Wait()
}

// connect is a client of the fleet's Redis, as an operator has one.
func (f *fleet) connect() *redis.Client {
	f.Helper()
	options, err := redis.ParseURL(f.redis.URL())
	if err != nil {
		f.Fatal(err)
	}
	c := redis.NewClient(options)
	f.Cleanup(func() { c.Close() })
	return c
}

// A caller that is alone on one node is not alone while the other nodes serve others well.
func TestACallerThatIsAloneOnItsNode(t *testing.T) {
	t.Parallel()
	report := func(n *node, caller string, result dataplane.Result) {
		r := failure(modelScope, time.Now())
		r.Policy = healthtest.Policy()
		r.Policy.FailureWindow, r.Policy.Cooldown, r.Policy.CooldownMax = time.Hour, time.Hour, time.Hour
		if r.Caller, r.Result = caller, result; result == dataplane.Success {
			r.Outcome = dataplane.OK
		}
		n.Report(r)
	}
	f := startFleet(t, nil)
	report(f.nodes[1], "other", dataplane.Success)
	f.sync()
	for range 100 {
		report(f.nodes[0], "hostile", dataplane.Failure)
	}
	f.sync()
	for i, n := range f.nodes[1:] {
		if got := n.Condition(modelScope).State; got != dataplane.Closed {
			t.Errorf("node %d has it %s because of one caller of another node's", i+2, got)
		}
	}
	report(f.nodes[2], "third", dataplane.Failure)
	f.sync()
	f.wantState(dataplane.Open)

	f = startFleet(t, nil)
	for _, n := range f.nodes {
		report(n, "only", dataplane.Success)
	}
	f.sync()
	for range 5 {
		report(f.nodes[0], "only", dataplane.Failure)
	}
	f.sync()
	f.wantState(dataplane.Open)
}

func TestAThousandFailuresAtOnceAreOneTrip(t *testing.T) {
	t.Parallel()
	f := startFleet(t, nil)
	policy := healthtest.Policy()
	policy.Cooldown, policy.CooldownMax = time.Minute, time.Hour
	f.each(8, func(n *node) {
		for range 42 { // 1,008 in all
			r := failure(modelScope, time.Now())
			r.Policy = policy
			n.Report(r)
		}
	})
	f.sync()
	first := f.nodes[0].Condition(modelScope)
	for i, n := range f.nodes {
		c := n.Condition(modelScope)
		if c.State != dataplane.Open || c.Level != 1 || c.Reason != dataplane.ServerError {
			t.Errorf("node %d: %+v, want open at level 1", i+1, c)
		}
		if d := c.Until.Sub(first.Until).Abs(); d > 5*time.Second {
			t.Errorf("node %d: the deadline is %v off", i+1, d)
		}
	}
	record := f.connect().HGetAll(t.Context(), "{trunkline:"+t.Name()+"}:scope:target:p:m").Val()
	if record["openings"] != "1" || record["level"] != "1" {
		t.Errorf("Redis has %v, want one opening", record)
	}
}

func TestFailuresOnAllNodesAddUp(t *testing.T) {
	t.Parallel()
	clock := newClock()
	f := startFleet(t, clock)
	for i := range 4 {
		f.nodes[i%3].Report(failure(modelScope, clock.Now()))
	}
	f.sync()
	f.wantState(dataplane.Closed)
	f.nodes[1].Report(failure(modelScope, clock.Now()))
	f.sync()
	f.wantState(dataplane.Open) // though no node has seen more than two
	for i, n := range f.nodes {
		lines := n.Snapshot()
		if len(lines) != 1 || lines[0].Threshold != 5 || n.changes.Load() != 2 {
			t.Errorf("node %d: %+v after %d changes, want one line, Redis up and one opening", i+1, lines, n.changes.Load())
		}
	}
}

func TestATripIsSeenByTheOthersSoon(t *testing.T) {
	t.Parallel()
	f := startFleet(t, nil)
	r := failure(modelScope, time.Now())
	r.Hold, r.Outcome = time.Minute, dataplane.RateLimited
	f.nodes[0].Report(r)
	if s := f.nodes[0].Condition(modelScope).State; s != dataplane.Open {
		t.Errorf("where it happened it is %s: that must act at once", s)
	}
	for _, n := range f.nodes[1:] { // nobody asks them to look
		eventually(t, "the trip is seen", func() bool { return n.Condition(modelScope).State == dataplane.Open })
		if left := time.Until(n.Condition(modelScope).Until); left > time.Minute || left < 30*time.Second {
			t.Errorf("cools for %v more, want nearly a minute", left)
		}
	}
	f.nodes[2].Reset(modelScope)
	for _, n := range f.nodes {
		eventually(t, "the reset is seen", func() bool { return n.Condition(modelScope).State == dataplane.Closed })
	}
}

func TestOneProbeInTheWholeFleet(t *testing.T) {
	t.Parallel()
	const lease = 10 * time.Second
	for name, early := range map[string]bool{"after the deadline": false, "early": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			clock := newClock()
			f := startFleet(t, clock)
			policy := healthtest.Policy()
			policy.Cooldown, policy.CooldownMax, policy.ProbeEarly = 5100*time.Millisecond, time.Minute, early
			report := func(n *node, result dataplane.Result, token string) {
				r := failure(modelScope, clock.Now())
				r.Policy, r.Result, r.Probe = policy, result, token
				n.Report(r)
			}
			for range 5 {
				report(f.nodes[0], dataplane.Failure, "")
			}
			f.sync()
			clock.Advance(map[bool]time.Duration{false: 5200, true: 5000}[early] * time.Millisecond)
			f.wantState(dataplane.HalfOpen)
			for round := range 3 {
				var won atomic.Int32
				var winner atomic.Pointer[node]
				var token atomic.Pointer[string]
				// On a busy machine Redis' answer may come too late, to the winner too: then nobody
				// may probe until the lease is over.
				for try := 0; try < 20 && won.Load() == 0; try++ {
					if try > 0 {
						clock.Advance(lease)
						f.sync()
					}
					f.each(17, func(n *node) {
						if got, ok := n.Probe(t.Context(), modelScope, lease); ok {
							won.Add(1)
							winner.Store(n)
							token.Store(&got)
						}
					})
				}
				if n := won.Load(); n != 1 {
					t.Fatalf("round %d: %d of 51 won on three nodes, want 1", round, n)
				}
				report(winner.Load(), dataplane.Failure, *token.Load())
				winner.Load().Sync(t.Context())
				for _, n := range f.nodes { // even those that have not heard of it
					if _, ok := n.Probe(t.Context(), modelScope, time.Second); ok {
						t.Fatalf("round %d: another probe right after one that failed", round)
					}
				}
				f.sync()
				f.wantState(dataplane.Open)
				if early {
					clock.Advance(5 * time.Second)
				} else {
					clock.Advance(f.nodes[0].Condition(modelScope).Until.Sub(clock.Now()))
				}
			}
			got, ok := f.nodes[1].Probe(t.Context(), modelScope, time.Second)
			if !ok {
				t.Fatal("no probe")
			}
			report(f.nodes[1], dataplane.Success, got)
			f.nodes[1].Sync(t.Context())
			for _, n := range f.nodes { // even those that have not heard of it
				if _, ok := n.Probe(t.Context(), modelScope, time.Second); ok {
					t.Fatal("another probe right after one that went well")
				}
			}
			f.sync()
			f.wantState(dataplane.Closed)
		})
	}
}

func TestAProbeThatANodeTookWithItExpires(t *testing.T) {
	t.Parallel()
	clock := newClock()
	f := startFleet(t, clock)
	r := failure(modelScope, clock.Now())
	r.Hold = time.Second
	f.nodes[0].Report(r)
	f.sync()
	clock.Advance(time.Second)
	if _, ok := f.nodes[0].Probe(t.Context(), modelScope, 3*time.Second); !ok {
		t.Fatal("no probe")
	}
	f.nodes[0].stop()
	for range 3 { // also where asking too often is cut short
		if _, ok := f.nodes[1].Probe(t.Context(), modelScope, time.Second); ok {
			t.Fatal("a second probe while the lease lasts")
		}
		clock.Advance(990 * time.Millisecond)
	}
	clock.Advance(time.Second)
	if _, ok := f.nodes[1].Probe(t.Context(), modelScope, time.Second); !ok {
		t.Error("no probe although the lease is over")
	}
}

func TestOtherNodesExtendACooldown(t *testing.T) {
	t.Parallel()
	clock := newClock()
	f := startFleet(t, clock)
	for range 5 {
		f.nodes[0].Report(failure(modelScope, clock.Now()))
	}
	f.sync()
	late := failure(modelScope, clock.Now().Add(-time.Second))
	late.Hold, late.Outcome = 2*time.Second, dataplane.RateLimited
	f.nodes[1].Report(late)
	late.Hold = 50 * time.Millisecond
	f.nodes[2].Report(late)
	f.sync()
	for i, n := range f.nodes {
		c := n.Condition(modelScope)
		if left := c.Until.Sub(clock.Now()); left != 2*time.Second || c.Level != 1 || c.Reason != dataplane.RateLimited {
			t.Errorf("node %d: %+v with %v left, want 2s", i+1, c, left)
		}
	}
}

// A node that knew nothing of an opening may still report what began before it was over.
func TestStaleFailuresOfOtherNodesCountForNothing(t *testing.T) {
	t.Parallel()
	clock := newClock()
	f := startFleet(t, clock)
	began := clock.Now()
	clock.Advance(time.Second)
	for range 5 {
		f.nodes[0].Report(failure(modelScope, clock.Now()))
	}
	f.nodes[0].Sync(t.Context())
	clock.Advance(time.Second)
	token, ok := f.nodes[0].Probe(t.Context(), modelScope, time.Second)
	if !ok {
		t.Fatal("no probe")
	}
	well := failure(modelScope, clock.Now())
	well.Result, well.Probe = dataplane.Success, token
	f.nodes[0].Report(well)
	f.nodes[0].Sync(t.Context())
	clock.Advance(time.Millisecond)

	for range 4 {
		f.nodes[1].Report(failure(modelScope, began))
	}
	named := failure(modelScope, began)
	named.Hold = time.Minute
	f.nodes[2].Report(named)
	f.sync()
	if c := f.nodes[0].Condition(modelScope); c.State != dataplane.Closed {
		t.Errorf("stale failures of others opened it: %+v", c)
	}
	if c := f.nodes[2].Condition(modelScope); c.State != dataplane.Open {
		t.Errorf("the node that was told to wait must wait, but has %+v", c)
	}
	f.nodes[0].Report(failure(modelScope, clock.Now()))
	f.sync()
	if c := f.nodes[0].Condition(modelScope); c.State != dataplane.Closed {
		t.Errorf("four stale failures and a new one opened it: %+v", c)
	}
}

// What only one node has open is its own affair, and its own to probe.
func TestWhatOneNodeAloneHasOpenStaysItsOwn(t *testing.T) {
	t.Parallel()
	clock := newClock()
	f := startFleet(t, clock)
	well := failure(modelScope, clock.Now())
	well.Result = dataplane.Success
	for range 100 {
		f.nodes[0].Report(well)
	}
	f.sync()
	for range 5 {
		f.nodes[1].Report(failure(modelScope, clock.Now()))
	}
	f.sync()
	for i, want := range []dataplane.State{dataplane.Closed, dataplane.Open, dataplane.Closed} {
		if got := f.nodes[i].Condition(modelScope).State; got != want {
			t.Errorf("node %d has it %s, want %s: 5 of 105 attempts failed, all of them on node 2", i+1, got, want)
		}
	}
	clock.Advance(300 * time.Millisecond)
	token, ok := f.nodes[1].Probe(t.Context(), modelScope, time.Second)
	if !ok {
		t.Fatal("no probe")
	}
	well.Probe = token
	f.nodes[1].Report(well)
	f.wantState(dataplane.Closed)
}

func TestFailuresComeWithTheSuccessesBeforeThem(t *testing.T) {
	t.Parallel()
	clock := newClock()
	f := startFleet(t, clock)
	well := failure(modelScope, clock.Now())
	well.Result = dataplane.Success
	for range 1000 {
		f.nodes[0].Report(well)
	}
	for range 40 { // long before the successes are due to be told by themselves
		f.nodes[0].Report(failure(modelScope, clock.Now()))
	}
	f.sync()
	f.wantState(dataplane.Closed)
}

func TestEnvironmentsAreApart(t *testing.T) {
	t.Parallel()
	f := startFleet(t, nil)
	r := failure(modelScope, time.Now())
	r.Hold = time.Minute
	f.nodes[0].Report(r)
	f.sync()
	t.Run("elsewhere", func(t *testing.T) { // a node takes its environment from the test's name
		n := startNode(t, f.redis.URL())
		n.awaitState(t, "up")
		n.Sync(t.Context())
		if c := n.Condition(modelScope); c.State != dataplane.Closed {
			t.Errorf("another environment's cooldown: %+v", c)
		}
	})
	for _, key := range f.connect().Keys(t.Context(), "*").Val() {
		_, name, _ := strings.Cut(key, "}:")
		if ttl := f.connect().PTTL(t.Context(), key).Val(); ttl < 0 && name != "open" && name != "epoch" && name != "clock" {
			t.Errorf("the key %q stays forever", key)
		}
	}
}

func TestWhatFadedLeavesRedis(t *testing.T) {
	t.Parallel()
	clock := newClock()
	f := startFleet(t, clock)
	r := failure(modelScope, clock.Now())
	r.Hold = time.Second
	f.nodes[0].Report(r)
	f.sync()
	open := "{trunkline:" + t.Name() + "}:open"
	if n := f.connect().HLen(t.Context(), open).Val(); n != 1 {
		t.Errorf("%d scopes are listed, want 1", n)
	}
	clock.Advance(time.Second + 2*r.Policy.CooldownMax)
	f.sync()
	if n := f.connect().HLen(t.Context(), open).Val(); n != 0 {
		t.Errorf("%d scopes are listed after they faded, want none", n)
	}
	f.wantState(dataplane.Closed)
}
