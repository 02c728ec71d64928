package health_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/health"
	"github.com/trunkline-ai/trunkline/dataplane/health/healthtest"
	"github.com/trunkline-ai/trunkline/internal/testenv"
)

// patientNode is a node that tries again soon, with its log and metrics.
type patientNode struct {
	*node
	log     *lines
	metrics *prometheus.Registry
}

func startPatient(t *testing.T, url string) *patientNode {
	t.Helper()
	p := &patientNode{log: &lines{}, metrics: prometheus.NewRegistry()}
	p.node = startNode(t, url, func(cfg *health.SharedConfig, s *health.Shared) {
		if s == nil {
			cfg.Logger, cfg.Metrics = p.log.logger(), p.metrics
			cfg.Redis = connect(t, url, cfg, 100*time.Millisecond)
		}
	})
	return p
}

// wantTransitions checks what the log says of Redis: one line each time it went or came.
func (p *patientNode) wantTransitions(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for line := range strings.Lines(p.log.String()) {
		for word, state := range map[string]string{"Redis is unreachable": "down", "Redis refuses this node": "denied", "shared through Redis": "up", "lost its data": "flushed"} {
			if strings.Contains(line, word) {
				got = append(got, state)
			}
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the log says %v, want %v:\n%s", got, want, p.log)
	}
}

func (p *patientNode) metric(t *testing.T, name string) float64 {
	t.Helper()
	families, err := p.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetGauge().GetValue() + f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}

// requests does what requests do, very often. It would take many minutes if a single one
// waited for Redis.
func (n *node) requests(t *testing.T) {
	t.Helper()
	began := time.Now()
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range 5000 {
				s := dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "busy", Name: fmt.Sprint(worker, i%20)}
				n.Condition(s)
				r := failure(s, time.Now())
				r.Result = dataplane.Result(1 + i%2)
				n.Report(r)
			}
		})
	}
	wg.Wait()
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("20,000 reports took %v: some of them waited", took)
	}
}

// localTrip shows that the node's own window works.
func (n *node) localTrip(t *testing.T, name string) dataplane.Scope {
	t.Helper()
	s := dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "local", Name: name}
	for range 5 {
		r := failure(s, time.Now())
		policy := healthtest.Policy()
		policy.Cooldown, policy.CooldownMax = time.Minute, time.Hour
		r.Policy = policy
		n.Report(r)
	}
	if got := n.Condition(s); got.State != dataplane.Open || got.Level != 1 {
		t.Errorf("after five failures it is %+v", got)
	}
	return s
}

// localProbe shows that the node probes by itself.
func (n *node) localProbe(t *testing.T) {
	t.Helper()
	s := dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "local", Name: "probe"}
	r := failure(s, time.Now())
	r.Hold = time.Millisecond
	n.Report(r)
	eventually(t, "it is half-open", func() bool { return n.Condition(s).State == dataplane.HalfOpen })
	if _, ok := n.Probe(t.Context(), s, time.Minute); !ok {
		t.Error("no probe although the node is on its own")
	}
	if _, ok := n.Probe(t.Context(), s, time.Minute); ok {
		t.Error("two probes at once")
	}
}

// shares shows that what happens on one node reaches the other.
func shares(t *testing.T, from, to *node, name string) {
	t.Helper()
	s := dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "shared", Name: name}
	r := failure(s, time.Now())
	r.Hold = time.Hour
	from.Report(r)
	eventually(t, "the other node skips it too", func() bool { return to.Condition(s).State == dataplane.Open })
}

func TestRedisIsDownAtTheStart(t *testing.T) {
	t.Parallel()
	redis := testenv.Redis(t)
	redis.Kill(t)
	a, b := startPatient(t, redis.URL()), startPatient(t, redis.URL())
	for _, n := range []*patientNode{a, b} {
		eventually(t, "it is noticed", func() bool { return strings.Contains(n.log.String(), "Redis is unreachable") })
	}
	a.requests(t)
	a.localTrip(t, "m")
	a.localProbe(t)
	if v := a.metric(t, "trunkline_redis_state"); v != 0 {
		t.Errorf("trunkline_redis_state %v, want 0", v)
	}
	redis.Restart(t)
	a.awaitState(t, "up")
	b.awaitState(t, "up")
	shares(t, a.node, b.node, "after")
	a.wantTransitions(t, "down", "up")
	if v := a.metric(t, "trunkline_redis_state"); v != 1 {
		t.Errorf("trunkline_redis_state %v, want 1", v)
	}
}

func TestRedisIsKilledAndComesBackEmpty(t *testing.T) {
	t.Parallel()
	redis := testenv.Redis(t)
	a, b := startPatient(t, redis.URL()), startPatient(t, redis.URL())
	a.awaitState(t, "up")
	b.awaitState(t, "up")
	shares(t, a.node, b.node, "before")
	known := dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "shared", Name: "before"}
	redis.Kill(t)
	began := time.Now()
	a.requests(t)
	a.awaitState(t, "down")
	b.awaitState(t, "down")
	t.Logf("noticed after %v", time.Since(began).Round(time.Millisecond))
	mine := a.localTrip(t, "m")
	a.localProbe(t)
	redis.Restart(t)
	a.awaitState(t, "up")
	b.awaitState(t, "up")
	shares(t, b.node, a.node, "after")
	for _, n := range []*patientNode{a, b} {
		if s := n.Condition(known).State; s != dataplane.Open {
			t.Errorf("a cooldown that Redis forgot is %s, want it kept to its deadline", s)
		}
		n.wantTransitions(t, "up", "down", "up", "flushed")
	}
	if s := a.Condition(mine).State; s != dataplane.Open {
		t.Errorf("what was found out meanwhile is %s", s)
	}
	if a.changes.Load() == 0 {
		t.Error("OnChange was not called")
	}
}

func TestRedisIsFrozen(t *testing.T) {
	t.Parallel()
	redis := testenv.Redis(t)
	a := startPatient(t, redis.URL())
	a.awaitState(t, "up")
	half := dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "shared", Name: "half"}
	r := failure(half, time.Now())
	r.Hold = time.Millisecond
	a.Report(r)
	a.Sync(t.Context())
	eventually(t, "it is half-open", func() bool { return a.Condition(half).State == dataplane.HalfOpen })

	redis.Pause(t)
	began := time.Now()
	if _, ok := a.Probe(t.Context(), half, time.Minute); ok {
		t.Error("a probe although nobody could be asked")
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("asking took %v, want about 50 ms", took)
	}
	a.requests(t) // the breaker is not open yet
	a.awaitState(t, "down")
	t.Logf("noticed after %v", time.Since(began).Round(time.Millisecond))
	a.requests(t)
	a.localTrip(t, "m")
	a.localProbe(t)
	redis.Resume(t)
	a.awaitState(t, "up")
	a.wantTransitions(t, "up", "down", "up")
	if s := a.Condition(half).State; s == dataplane.Closed {
		t.Error("a cooldown that Redis still has was closed")
	}
}

func TestRedisIsSlow(t *testing.T) {
	t.Parallel()
	redis := testenv.Redis(t)
	proxy := startProxy(t, redis.Addr)
	a := startPatient(t, proxy.url())
	a.awaitState(t, "up")
	proxy.delay.Store(int64(500 * time.Millisecond))
	a.requests(t)
	a.awaitState(t, "down")
	a.requests(t)
	a.localTrip(t, "m")
	proxy.delay.Store(0)
	a.awaitState(t, "up")
	a.wantTransitions(t, "up", "down", "up")
}

func TestRedisIsFlushed(t *testing.T) {
	t.Parallel()
	server := testenv.Redis(t)
	a, b := startPatient(t, server.URL()), startPatient(t, server.URL())
	a.awaitState(t, "up")
	b.awaitState(t, "up")
	shares(t, a.node, b.node, "m")
	known := dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "shared", Name: "m"}
	operate(t, server).FlushAll(t.Context())
	for _, n := range []*patientNode{a, b} {
		eventually(t, "it is noticed", func() bool { return strings.Contains(n.log.String(), "lost its data") })
		if s := n.Condition(known).State; s != dataplane.Open {
			t.Errorf("a cooldown is %s after a flush, want it kept to its deadline", s)
		}
	}
	shares(t, b.node, a.node, "after")
	a.wantTransitions(t, "up", "flushed")
	b.wantTransitions(t, "up", "flushed")
}

func TestScriptsAreLost(t *testing.T) {
	t.Parallel()
	server := testenv.Redis(t)
	a, b := startPatient(t, server.URL()), startPatient(t, server.URL())
	a.awaitState(t, "up")
	b.awaitState(t, "up")
	operate(t, server).ScriptFlush(t.Context())
	shares(t, a.node, b.node, "m")
	a.wantTransitions(t, "up")
	if v := a.metric(t, "trunkline_health_report_dropped_total"); v != 0 {
		t.Errorf("%v reports were dropped", v)
	}
}

func TestScriptsAreNotAllowed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		rules []string
		works bool
	}{
		"EVALSHA alone":            {[]string{"-evalsha"}, true},
		"all scripts":              {[]string{"-@scripting"}, false},
		"a command inside of them": {[]string{"-hincrby"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := testenv.Redis(t)
			op := operate(t, server)
			rules := append([]string{"on", ">pass", "~*", "+@all"}, tt.rules...)
			if err := op.ACLSetUser(t.Context(), "limited", rules...).Err(); err != nil {
				t.Fatal(err)
			}
			url := strings.Replace(server.URL(), "redis://", "redis://limited:pass@", 1)
			a, b := startPatient(t, url), startPatient(t, server.URL())
			b.awaitState(t, "up")
			if tt.works {
				a.awaitState(t, "up")
				shares(t, a.node, b.node, "m")
				shares(t, b.node, a.node, "n")
				return
			}
			eventually(t, "it is noticed", func() bool { return strings.Contains(a.log.String(), "refuses this node") })
			if log := a.log.String(); !strings.Contains(log, "NOPERM") && !strings.Contains(log, "can't run this command") {
				t.Errorf("the log does not say why:\n%s", a.log)
			}
			a.requests(t)
			a.localTrip(t, "m")
			eventually(t, "it was tried again", func() bool { return op.ACLLogCount(t) > 2 })
			a.wantTransitions(t, "denied")
			if err := op.ACLSetUser(t.Context(), "limited", "+@all").Err(); err != nil {
				t.Fatal(err)
			}
			a.awaitState(t, "up")
			shares(t, a.node, b.node, "after")
			a.wantTransitions(t, "denied", "up")
		})
	}
}

// A key that somebody else wrote takes away what is in it, and neither Redis nor a probe.
func TestAKeyOfAnotherType(t *testing.T) {
	t.Parallel()
	server := testenv.Redis(t)
	op := operate(t, server)
	a, b := startPatient(t, server.URL()), startPatient(t, server.URL())
	a.awaitState(t, "up")
	b.awaitState(t, "up")
	shares(t, a.node, b.node, "before")
	open := a.redis.Key("open")
	if err := op.Del(t.Context(), open).Err(); err != nil {
		t.Fatal(err)
	}
	if err := op.LPush(t.Context(), open, "x").Err(); err != nil {
		t.Fatal(err)
	}
	a.localTrip(t, "m") // what is found out here holds here
	eventually(t, "it is counted", func() bool { return a.metric(t, "trunkline_redis_key_faults_total") > 10 })
	if a.redis.State() != "up" {
		t.Errorf("Redis is %s: %s", a.redis.State(), a.redis.Trouble())
	}
	a.wantTransitions(t, "up")
	if err := op.Del(t.Context(), open).Err(); err != nil {
		t.Fatal(err)
	}
	shares(t, a.node, b.node, "after")
	a.wantTransitions(t, "up")
}

func TestAServerThatAnswersNonsense(t *testing.T) {
	t.Parallel()
	redis := testenv.Redis(t)
	proxy := startProxy(t, redis.Addr)
	proxy.broken.Store(true)
	a := startPatient(t, proxy.url())
	eventually(t, "it is noticed", func() bool { return strings.Contains(a.log.String(), "Redis is unreachable") })
	a.requests(t)
	proxy.broken.Store(false)
	a.awaitState(t, "up")
	a.wantTransitions(t, "down", "up")
}

// Nodes that cannot reach Redis act by themselves; when they are back, both sides keep
// what either has open.
func TestSomeNodesAreCutOff(t *testing.T) {
	t.Parallel()
	redis := testenv.Redis(t)
	proxy := startProxy(t, redis.Addr)
	inside, outside := startPatient(t, redis.URL()), startPatient(t, proxy.url())
	inside.awaitState(t, "up")
	outside.awaitState(t, "up")
	proxy.cut.Store(true)
	proxy.drop()
	outside.awaitState(t, "down")
	mine := outside.localTrip(t, "outside")
	theirs := inside.localTrip(t, "inside")
	if s := outside.Condition(theirs).State; s != dataplane.Closed {
		t.Errorf("%s although it cannot be known", s)
	}
	proxy.cut.Store(false)
	outside.awaitState(t, "up")
	eventually(t, "what the others found is known", func() bool { return outside.Condition(theirs).State == dataplane.Open })
	if s := outside.Condition(mine).State; s != dataplane.Open {
		t.Errorf("what this node found is %s", s)
	}
	inside.wantTransitions(t, "up")
}

// The channel is bounded: what does not fit is dropped and counted.
func TestReportsAreDroppedRatherThanWaitedFor(t *testing.T) {
	t.Parallel()
	redis := testenv.Redis(t)
	proxy := startProxy(t, redis.Addr)
	a := startPatient(t, proxy.url())
	a.awaitState(t, "up")
	proxy.delay.Store(int64(40 * time.Millisecond)) // slow, but not too slow
	policy := healthtest.Policy()
	policy.FailureThreshold = 1_000_000
	for i := range 20_000 {
		r := failure(dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "p", Name: fmt.Sprint(i % 500)}, time.Now())
		r.Policy = policy
		a.Report(r)
	}
	if v := a.metric(t, "trunkline_health_report_dropped_total"); v == 0 {
		t.Error("20,000 reports at once fitted into a channel of 1,024")
	}
}
