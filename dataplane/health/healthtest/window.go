package healthtest

import (
	"sync"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

var windowProperties = []property{
	{"four failures leave it closed and the fifth opens it", func(s *story) {
		times(4, func() { s.fail() })
		s.wantState(dataplane.Closed)
		s.wantFailures(4)
		s.fail()
		s.wantOpen(1, base, true)
		if c := s.Store.Condition(target); c.Reason != dataplane.ServerError {
			s.Errorf("reason %s, want server_error", c.Reason)
		}
	}},
	{"the window slides", func(s *story) {
		times(4, func() { s.fail() })
		s.Advance(1150 * time.Millisecond)
		s.fail()
		s.wantState(dataplane.Closed)
		s.wantFailures(1)
	}},
	{"failures within the window add up across its buckets", func(s *story) {
		for range 4 {
			s.fail()
			s.Advance(150 * time.Millisecond)
		}
		s.fail()
		s.wantState(dataplane.Open)
	}},
	{"a small share of much traffic does not open it", func(s *story) {
		times(1000, func() { s.succeed() })
		times(20, func() { s.fail() })
		s.wantState(dataplane.Closed)
		s.wantFailures(20)
	}},
	{"exactly the minimum ratio opens it", func(s *story) {
		times(20, func() { s.succeed() })
		times(4, func() { s.fail() })
		s.wantState(dataplane.Closed)
		s.fail() // 5 of 25
		s.wantState(dataplane.Open)
	}},
	{"less than the minimum ratio does not", func(s *story) {
		times(21, func() { s.succeed() })
		times(5, func() { s.fail() }) // 5 of 26
		s.wantState(dataplane.Closed)
		s.fail() // 6 of 27
		s.wantState(dataplane.Open)
	}},
	{"without a ratio the number alone counts", func(s *story) {
		s.policy.MinRatio = 0
		times(1000, func() { s.succeed() })
		times(5, func() { s.fail() })
		s.wantState(dataplane.Open)
	}},
	{"failures in a row that no caller can cause open it whatever was before", func(s *story) {
		times(1000, func() { s.succeed() })
		times(4, func() { s.fail(anyCaller) })
		s.wantState(dataplane.Closed)
		s.fail(anyCaller)
		s.wantOpen(1, base, true)
	}},
	{"ten times the threshold of any failures in a row do too", func(s *story) {
		times(1000, func() { s.succeed() })
		times(49, func() { s.fail() })
		s.wantState(dataplane.Closed)
		s.fail()
		s.wantOpen(1, base, true)
	}},
	{"a success ends a row", func(s *story) {
		times(1000, func() { s.succeed() })
		for range 5 {
			times(4, func() { s.fail(anyCaller) })
			s.succeed()
		}
		s.wantState(dataplane.Closed)
		times(4, func() { s.fail(anyCaller) })
		s.wantState(dataplane.Closed)
		s.fail() // a caller may have caused this one: no part of that row
		s.wantState(dataplane.Closed)
		s.fail(anyCaller)
		s.wantState(dataplane.Open)
	}},
	{"a row that one caller can cause opens nothing for another", func(s *story) {
		times(1000, func() { s.succeed(by("good")) })
		times(200, func() { s.fail(by("bad")) })
		s.wantState(dataplane.Closed)
	}},
	{"neutral results count for nothing", func(s *story) {
		times(100, func() { s.neutral() })
		times(4, func() { s.fail() })
		times(100, func() { s.neutral() })
		s.wantFailures(4)
		s.fail()
		s.wantState(dataplane.Open)
	}},
	{"a success alone opens nothing", func(s *story) {
		times(4, func() { s.fail() })
		times(10, func() { s.succeed() })
		s.wantState(dataplane.Closed)
	}},
	{"scopes do not touch each other", func(s *story) {
		for _, other := range []dataplane.Scope{
			{Kind: dataplane.ScopeTarget, Provider: "openai", Name: "gpt-4"},
			{Kind: dataplane.ScopeTarget, Provider: "other", Name: "gpt-4o"},
			{Kind: dataplane.ScopeCredential, Provider: "openai", Name: "gpt-4o"},
			{Kind: dataplane.ScopeProvider, Provider: "openai"},
			{Kind: dataplane.ScopeTarget, Provider: "openai:gpt", Name: "4o"},
		} {
			times(5, func() { s.fail(on(other)) })
			if got := s.Store.Condition(other).State; got != dataplane.Open {
				s.Errorf("%v is %s, want open", other, got)
			}
		}
		s.wantState(dataplane.Closed)
		s.wantFailures(0)
	}},
	{"a policy judges all attempts in a window of its own length", func(s *story) {
		short := s.policy
		long := *short
		long.FailureWindow, long.FailureThreshold = 10*time.Second, 6
		s.policy = &long
		s.succeed() // from here on both lengths are kept
		s.policy = short
		times(3, func() { s.fail() })
		s.Advance(1200 * time.Millisecond)
		times(2, func() { s.fail() })
		s.wantState(dataplane.Closed) // 2 within a second
		s.policy = &long
		s.fail()
		s.wantState(dataplane.Open) // 6 within ten
	}},
	{"1,000 failures at once open it exactly once", func(s *story) {
		s.policy.Cooldown, s.policy.CooldownMax = 5*time.Second, 50*time.Second
		before := s.Changes()
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() { times(50, func() { s.fail() }) })
		}
		wg.Wait()
		s.wantOpen(1, 5*time.Second, true)
		if n := s.Changes() - before; n != 1 {
			s.Errorf("%d changes, want one", n)
		}
	}},
}
