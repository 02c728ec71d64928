package healthtest

import (
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// patient is a policy with cooldowns that are long enough for early probes.
func (s *story) patient() {
	policy := *s.policy
	policy.ProbeEarly, policy.Cooldown, policy.CooldownMax = true, 30*time.Second, time.Minute
	s.policy = &policy
}

// early waits for the next early probe.
func (s *story) early() {
	s.Helper()
	s.Advance(4900*time.Millisecond - s.Slack)
	s.wantState(dataplane.Open)
	s.wantNoProbe("it is too early even for an early probe")
	s.Advance(100*time.Millisecond + 2*s.Slack)
	s.wantState(dataplane.HalfOpen)
}

var slow = begun(time.Second)

var earlyProperties = []property{
	{"after fast failures it is probed early, and closes", func(s *story) {
		s.patient()
		s.trip()
		s.early()
		s.succeed(probing(s.probe()))
		s.wantState(dataplane.Closed)
	}},
	{"an early probe that fails moves nothing, and the next one waits", func(s *story) {
		s.patient()
		s.trip()
		before := s.Store.Condition(target)
		for range 3 {
			s.early()
			token := s.probe()
			s.wantState(dataplane.Open)
			s.wantNoProbe("one is under way")
			s.fail(probing(token))
			if after := s.Store.Condition(target); after != before {
				s.Fatalf("condition %+v, want it as it was: %+v", after, before)
			}
			s.wantNoProbe("one was made just now")
		}
	}},
	{"an early probe that says nothing does not make room for another", func(s *story) {
		s.patient()
		s.trip()
		s.early()
		s.neutral(probing(s.probe()))
		s.early()
	}},
	{"an early probe that fails after the deadline moves nothing either", func(s *story) {
		s.patient()
		s.policy.Cooldown = 6 * time.Second
		s.trip()
		s.early()
		token, ok := s.Store.Probe(s.Context(), target, time.Minute)
		if !ok {
			s.Fatal("no early probe")
		}
		s.pass()
		s.fail(probing(token))
		s.wantState(dataplane.HalfOpen)
		s.probe()
	}},
	{"after slow failures the cooldown is strict", func(s *story) {
		s.patient()
		times(3, func() { s.fail(slow) })
		s.tripAgain()
		s.Advance(20 * time.Second)
		s.wantState(dataplane.Open)
		s.wantNoProbe("most failures took their time")
	}},
	{"most failures decide", func(s *story) {
		s.patient()
		times(2, func() { s.fail(slow) })
		times(3, func() { s.fail() })
		s.early()
	}},
	{"half of the failures are not most", func(s *story) {
		s.patient()
		s.policy.FailureThreshold = 4
		times(2, func() { s.fail(slow) })
		s.tripAgain()
		s.Advance(20 * time.Second)
		s.wantState(dataplane.Open)
	}},
	{"an early probe that fails slowly is the last", func(s *story) {
		s.patient()
		s.trip()
		s.early()
		s.fail(probing(s.probe()), slow)
		s.Advance(10 * time.Second)
		s.wantState(dataplane.Open)
	}},
	{"a policy may want cooldowns to be strict", func(s *story) {
		s.patient()
		s.policy.ProbeEarly = false
		s.trip()
		s.Advance(20 * time.Second)
		s.wantState(dataplane.Open)
		s.wantNoProbe("the policy does not want it")
	}},
	{"a wait that the upstream names is kept to", func(s *story) {
		s.patient()
		s.fail(hold(30 * time.Second))
		s.Advance(20 * time.Second)
		s.wantState(dataplane.Open)
		s.wantNoProbe("the upstream named a wait")
	}},
	{"an early probe that is told to wait is the last", func(s *story) {
		s.patient()
		s.trip()
		s.early()
		s.fail(probing(s.probe()), hold(50*time.Second))
		s.wantOpen(1, 50*time.Second, false)
		s.Advance(20 * time.Second)
		s.wantState(dataplane.Open)
	}},
	{"a probe that fails fast after the deadline leaves early ones", func(s *story) {
		s.patient()
		s.trip()
		s.pass()
		s.fail(probing(s.probe()))
		s.early()
		s.succeed(probing(s.probe()))
		s.wantState(dataplane.Closed)
	}},
}

// tripAgain opens a target that is two failures short of it.
func (s *story) tripAgain() {
	s.Helper()
	times(2, func() { s.fail() })
	s.wantState(dataplane.Open)
}

var providerProperties = []property{
	{"a provider is down while two of its models are open", func(s *story) {
		account := dataplane.Scope{Kind: dataplane.ScopeProvider, Provider: "openai"}
		other := dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "openai", Name: "gpt-4"}
		elsewhere := dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "azure", Name: "gpt-4o"}
		s.trip()
		times(5, func() { s.fail(on(elsewhere)) })
		if c := s.Store.Condition(account); c.State != dataplane.Closed {
			s.Fatalf("with one model open the provider is %+v", c)
		}
		s.Advance(100 * time.Millisecond)
		times(5, func() { s.fail(on(other)) })
		c := s.Store.Condition(account)
		if want := s.Store.Condition(target).Until; c.State != dataplane.Open || !c.Derived || c.Reason != dataplane.ServerError || !c.Until.Equal(want) {
			s.Fatalf("with two models open the provider is %+v, want it open until %v, when one is left", c, want)
		}
		listed := false
		for _, line := range s.Store.Snapshot() {
			listed = listed || line.Scope == account && line.Condition == c
		}
		if !listed {
			s.Errorf("the snapshot lacks it: %+v", s.Store.Snapshot())
		}
		if token, ok := s.Store.Probe(s.Context(), account, time.Second); ok {
			s.Errorf("probe %q of a provider that has no cooldown of its own", token)
		}
		s.pass()
		if c := s.Store.Condition(account); c.State != dataplane.Closed {
			s.Errorf("with one model left the provider is %+v", c)
		}
	}},
	{"two models that are limited or gone say nothing of the provider", func(s *story) {
		account := dataplane.Scope{Kind: dataplane.ScopeProvider, Provider: "openai"}
		other := dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "openai", Name: "gpt-4"}
		s.fail(hold(time.Minute))
		s.report(dataplane.Failure, dataplane.ModelNotFound, on(other), func(r *dataplane.Report) { r.Hold = time.Minute })
		if c := s.Store.Condition(account); c.State != dataplane.Closed {
			s.Errorf("the provider is %+v", c)
		}
	}},
	{"a provider that is open itself is not down by its models", func(s *story) {
		account := dataplane.Scope{Kind: dataplane.ScopeProvider, Provider: "openai"}
		other := dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "openai", Name: "gpt-4"}
		s.trip()
		times(5, func() { s.fail(on(other)) })
		s.fail(on(account), hold(time.Minute))
		if c := s.Store.Condition(account); c.State != dataplane.Open || c.Derived || c.Level != 1 {
			s.Errorf("the provider is %+v", c)
		}
		s.Store.Reset(account)
		s.Store.Reset(other)
		if c := s.Store.Condition(account); c.State != dataplane.Closed {
			s.Errorf("after the resets the provider is %+v", c)
		}
	}},
}
