package healthtest

import (
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// target is the scope that most stories are about.
var target = dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "openai", Name: "gpt-4o"}

// base is the first cooldown of Policy.
const base = 300 * time.Millisecond

// story is a store and the steps to tell what happens to it.
type story struct {
	*testing.T
	Fixture
	policy *dataplane.Policy
}

// with changes a report before it is made.
type with func(r *dataplane.Report)

func by(caller string) with           { return func(r *dataplane.Report) { r.Caller = caller } }
func anyCaller(r *dataplane.Report)   { r.AnyCaller = true }
func unconfirmed(r *dataplane.Report) { r.Unconfirmed = true }
func lastResort(r *dataplane.Report)  { r.LastResort = true }
func probing(token string) with       { return func(r *dataplane.Report) { r.Probe = token } }
func on(s dataplane.Scope) with       { return func(r *dataplane.Report) { r.Scope = s } }

func begun(ago time.Duration) with {
	return func(r *dataplane.Report) { r.StartedAt = r.StartedAt.Add(-ago) }
}

// hold is a wait that the upstream named.
func hold(d time.Duration) with {
	return func(r *dataplane.Report) { r.Hold, r.Named, r.Outcome = d, true, dataplane.RateLimited }
}

// doubling is a hold that grows with each cooldown in a row.
func doubling(d, most time.Duration) with {
	return func(r *dataplane.Report) {
		r.Hold, r.HoldDoubles, r.HoldMax, r.Outcome = d, true, most, dataplane.AuthFailed
	}
}

func (s *story) report(result dataplane.Result, outcome dataplane.Outcome, with ...with) {
	r := dataplane.Report{Scope: target, Policy: s.policy, Result: result, Outcome: outcome, StartedAt: s.Now(), Caller: "app"}
	for _, change := range with {
		change(&r)
	}
	s.Store.Report(r)
}

func (s *story) fail(with ...with)    { s.report(dataplane.Failure, dataplane.ServerError, with...) }
func (s *story) succeed(with ...with) { s.report(dataplane.Success, dataplane.OK, with...) }
func (s *story) neutral(with ...with) { s.report(dataplane.Neutral, dataplane.BadRequest, with...) }

// times does a thing n times.
func times(n int, do func()) {
	for range n {
		do()
	}
}

// trip opens the target by the window.
func (s *story) trip() {
	s.Helper()
	times(s.policy.FailureThreshold, func() { s.fail() })
	s.wantState(dataplane.Open)
}

// pass lets the target's cooldown pass.
func (s *story) pass() {
	s.Helper()
	s.Advance(s.Store.Condition(target).Until.Sub(s.Now()) + time.Millisecond + s.Slack)
	s.wantState(dataplane.HalfOpen)
}

// probe takes the lease of the half-open target.
func (s *story) probe() (token string) {
	s.Helper()
	token, ok := s.Store.Probe(s.Context(), target, time.Second)
	if !ok || token == "" {
		s.Fatalf("Probe = %q, %v on a half-open target that nobody probes", token, ok)
	}
	return token
}

func (s *story) wantNoProbe(why string) {
	s.Helper()
	if token, ok := s.Store.Probe(s.Context(), target, time.Second); ok || token != "" {
		s.Errorf("Probe = %q, %v although %s", token, ok, why)
	}
}

func (s *story) wantState(want dataplane.State) {
	s.Helper()
	if got := s.Store.Condition(target).State; got != want {
		s.Fatalf("state %s, want %s", got, want)
	}
}

// wantOpen checks level and remaining time, which jitter may make up to 10 % longer
// when jittered.
func (s *story) wantOpen(level int, remaining time.Duration, jittered bool) {
	s.Helper()
	c := s.Store.Condition(target)
	if c.State != dataplane.Open || c.Level != level {
		s.Fatalf("state %s at level %d, want open at level %d", c.State, c.Level, level)
	}
	most := remaining
	if jittered {
		most += remaining / 10
	}
	if left := c.Until.Sub(s.Now()); left < remaining-s.Slack || left > most+s.Slack {
		s.Fatalf("cools for %v more, want %v to %v", left, remaining, most)
	}
}

// line is the target's line in the snapshot.
func (s *story) line() (dataplane.ScopeHealth, bool) {
	for _, line := range s.Store.Snapshot() {
		if line.Scope == target {
			return line, true
		}
	}
	return dataplane.ScopeHealth{}, false
}

// wantFailures checks a closed target's failures as the snapshot has them.
func (s *story) wantFailures(want int) {
	s.Helper()
	line, listed := s.line()
	if line.Condition.Failures != want || listed != (want > 0) {
		s.Fatalf("snapshot lists the target: %v, with %d failures, want %d", listed, line.Condition.Failures, want)
	}
}
