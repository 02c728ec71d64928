package faults

import (
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// T-F1: a provider dies under load on three nodes. No client notices, and all nodes
// together find out with about as many failed attempts as one of them may have.
func TestAProviderIsKilledUnderLoad(t *testing.T) {
	t.Parallel()
	const threshold = 5
	f := newFleet(t, setup{config: provider("primary", "ok") + provider("backup", "ok") + group("g", "primary/ok", "backup/ok") + keys("g") +
		failover("failure_threshold: 5, cooldown: 60s, cooldown_max: 600s, probe_early: false")})
	rate, before, after := 60, 120, 180
	if long {
		rate, before, after = 500, 5000, 10000
	}
	l := f.client(t, appKey).steadily(t, rate, "g")
	l.more(t, before)
	inFlight := f.total("trunkline_calls_in_flight")
	killed := time.Now()
	f.providers["primary"].Kill()
	l.more(t, after)
	all := l.end()

	failed := 0
	for _, a := range all {
		if !a.good() {
			if failed++; failed < 5 {
				t.Errorf("a client was told: %v", a)
			}
		}
	}
	var wasted []time.Time // when the attempts began that failed
	outcomes := map[string]int{}
	for _, c := range f.calls("app", len(all)) {
		for _, a := range c.GetAttempts() {
			if a.GetProvider() == "primary" && a.GetOutcome() != "ok" {
				wasted = append(wasted, c.GetStartTime().AsTime().Add(a.GetStartOffset().AsDuration()))
				outcomes[a.GetOutcome()]++
			}
		}
	}
	slices.SortFunc(wasted, time.Time.Compare)
	// What was in flight when it died fails whatever is known by then. A stream that had
	// begun when it died is no failed attempt of this kind: the client would have been told.
	busy := int(inFlight) + rate/10 // what may begin while the news are on their way
	if len(wasted) < threshold || len(wasted) > threshold+busy {
		t.Errorf("%d attempts were wasted (%v), want %d to %d", len(wasted), outcomes, threshold, threshold+busy)
	}
	if len(wasted) > 0 {
		t.Logf("figures: %d calls at %d/s on 3 nodes; %d client errors (%.3f %%); in flight at the kill %.0f; attempts wasted %d %v; last of them %v after the kill; p50/p99 before %v/%v, in the second after the kill %v/%v, later %v/%v",
			len(all), rate, failed, 100*float64(failed)/float64(len(all)), inFlight, len(wasted), outcomes, wasted[len(wasted)-1].Sub(killed).Round(time.Millisecond),
			quantile(within(all, time.Time{}, killed), 0.5), quantile(within(all, time.Time{}, killed), 0.99),
			quantile(within(all, killed, killed.Add(time.Second)), 0.5), quantile(within(all, killed, killed.Add(time.Second)), 0.99),
			quantile(within(all, killed.Add(time.Second), time.Now()), 0.5), quantile(within(all, killed.Add(time.Second), time.Now()), 0.99))
	}
}

// T-F2: a provider that keeps failing is probed once per cooldown by the whole fleet, and
// one that flaps is not skipped and tried in turns faster than its cooldown.
func TestAFlappingProviderIsProbedOnce(t *testing.T) {
	t.Parallel()
	const threshold = 5
	cycles := 3
	if long {
		cycles = 20
	}
	const failing = "status-500-every-2"
	f := newFleet(t, setup{config: provider("primary", "status-500", failing) + provider("backup", "ok") +
		group("down", "primary/status-500", "backup/ok") + group("flapping", "primary/"+failing, "backup/ok") + keys("down", "flapping") +
		failover("failure_threshold: 5, min_ratio: 0.2, cooldown: 1s, cooldown_max: 1s, probe_early: false, retry_same_target: false")})
	records := f.records()
	record := func(model, field string) int {
		n, err := records.HGet(t.Context(), "{trunkline:default}:scope:target:primary:"+model, field).Int()
		if err != nil && err != redis.Nil {
			t.Fatal(err)
		}
		return n
	}
	c := f.client(t, appKey)
	// One at a time through one node, so that not one failure more than the threshold comes.
	for range threshold {
		if a := c.ask(t.Context(), 0, "down", false); !a.good() || a.attempts != "2" {
			t.Fatal(a)
		}
	}
	eventually(t, "all nodes skip it", func() bool {
		cooling := 0
		for _, h := range f.health("primary") {
			if h.GetModel() == "status-500" && h.GetState() != adminv1.TargetState_TARGET_STATE_HEALTHY {
				cooling++
			}
		}
		return cooling == len(f.nodes)
	})
	l := c.steadily(t, 100, "down")
	eventually(t, "its probes failed", func() bool { return record("status-500", "openings") > cycles })
	all := l.end()
	for _, a := range all {
		if !a.good() {
			t.Errorf("a client was told: %v", a)
		}
	}
	asked := 0
	for _, s := range f.served("primary") {
		if s.Model == "status-500" {
			asked++
		}
	}
	openings := record("status-500", "openings")
	// The news of the last probe may still be on their way to Redis.
	for deadline := time.Now().Add(patience); asked != threshold+openings-1 && time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		openings = record("status-500", "openings")
	}
	if asked != threshold+openings-1 {
		t.Errorf("%d requests reached it for %d cooldowns in a row, want %d until the first and one at the end of each: %d",
			asked, openings, threshold, threshold+openings-1)
	}
	t.Logf("figures: down: %d calls, %d cooldowns of 1 s, %.2f probes for each", len(all), openings, float64(asked-threshold)/float64(openings-1))

	// Every other request fails: it is opened, its probe may succeed, and again.
	began := time.Now()
	opened := func() (n int) {
		for _, node := range f.nodes {
			n = max(n, countLines(node.Log(), "cooldown started", failing))
		}
		return n
	}
	l = c.steadily(t, 100, "flapping")
	eventually(t, "it was opened again and again", func() bool { return opened() >= cycles })
	all = l.end()
	took := time.Since(began)
	for _, a := range all {
		if !a.good() {
			t.Errorf("a client was told: %v", a)
		}
	}
	n := opened()
	if most := int(took/time.Second) + 2; n > most {
		t.Errorf("%d cooldowns of 1 s within %v", n, took)
	}
	t.Logf("figures: flapping: %d calls in %v, %d cooldowns", len(all), took.Round(time.Millisecond), n)
}

// T-F3: with all providers down every call is still tried, in order, and the first call
// after one is back is answered.
func TestAllProvidersAreDown(t *testing.T) {
	t.Parallel()
	f := newFleet(t, setup{config: provider("primary", "ok") + provider("backup", "ok") + group("g", "primary/ok", "backup/ok") + keys("g") +
		failover("failure_threshold: 5, cooldown: 60s, cooldown_max: 600s, probe_early: false")})
	c := f.client(t, appKey)
	rounds := 3
	if long {
		rounds = 20
	}
	sent := 0
	for round := range rounds {
		for _, p := range f.providers {
			p.Kill()
		}
		for i := range 30 {
			a := c.ask(t.Context(), i, "g", i%2 == 0)
			sent++
			if a.status != 502 || a.err != nil {
				t.Fatalf("round %d, call %d: %v", round, i, a)
			}
		}
		back := []string{"backup", "primary"}[round%2]
		f.providers[back].Run()
		// Each node is asked once: none needs a second call to find out.
		for i := range f.nodes {
			a := c.ask(t.Context(), i, "g", false)
			sent++
			if !a.good() || a.provider != back {
				t.Errorf("round %d, the first call through node %d after the return of %s: %v", round, i+1, back, a)
			}
		}
		for _, p := range f.providers {
			p.Kill()
			p.Run()
		}
		for i := range f.nodes {
			if a := c.ask(t.Context(), i, "g", false); !a.good() {
				t.Errorf("with both back: %v", a)
			}
			sent++
		}
	}
	for _, call := range f.calls("app", sent) {
		tried := call.GetAttempts()
		if len(tried) == 0 {
			t.Fatalf("no provider was tried: %v", call)
		}
		if call.GetOutcome() != "ok" && !bothTried(tried) {
			t.Errorf("not all were tried: %v", call)
		}
	}
	t.Logf("figures: %d calls in %d rounds; each node's first call after a return was answered", sent, rounds)
}

func bothTried(attempts []*adminv1.Attempt) bool {
	seen := map[string]bool{}
	for _, a := range attempts {
		seen[a.GetProvider()] = true
	}
	return seen["primary"] && seen["backup"]
}
