package healthtest

import (
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

var upkeepProperties = []property{
	{"the snapshot lists what is not simply healthy", func(s *story) {
		well := dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "a", Name: "well"}
		degraded := dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "b", Name: "degraded"}
		account := dataplane.Scope{Kind: dataplane.ScopeProvider, Provider: "a"}
		s.succeed(on(well))
		s.fail(on(account), hold(time.Second))
		s.fail(on(degraded))
		s.fail(on(degraded))
		s.trip()
		got := s.Store.Snapshot()
		want := []struct {
			scope    dataplane.Scope
			state    dataplane.State
			failures int
		}{{degraded, dataplane.Closed, 2}, {target, dataplane.Open, 0}, {account, dataplane.Open, 0}}
		if len(got) != len(want) {
			s.Fatalf("%d lines, want %d: %+v", len(got), len(want), got)
		}
		for i, line := range got {
			if line.Scope != want[i].scope || line.Condition.State != want[i].state || line.Condition.Failures != want[i].failures || line.Threshold != 5 {
				s.Errorf("line %d is %+v, want %+v of 5", i, line, want[i])
			}
		}
		if line, _ := s.line(); line.Condition != s.Store.Condition(target) {
			s.Errorf("snapshot has %+v, Condition says %+v", line.Condition, s.Store.Condition(target))
		}
	}},
	{"a degraded scope leaves the snapshot when its failures leave the window", func(s *story) {
		s.fail()
		s.Advance(1150 * time.Millisecond)
		s.wantFailures(0)
	}},
	{"every change is told, and nothing else", func(s *story) {
		told := func(what string, want int, do func()) {
			s.Helper()
			before := s.Changes()
			do()
			if got := s.Changes() - before; got != want {
				s.Fatalf("%s: told %d times, want %d", what, got, want)
			}
		}
		told("successes and a few failures", 0, func() { s.succeed(); s.fail(); s.neutral() })
		told("trip", 1, func() { times(4, func() { s.fail() }) })
		told("late failures", 0, func() { s.fail(); s.fail() })
		told("extension", 1, func() { s.fail(hold(time.Second)) })
		told("no extension", 0, func() { s.fail(hold(time.Millisecond)) })
		s.pass()
		token := s.probe()
		told("failed probe", 1, func() { s.fail(probing(token)) })
		s.pass()
		token = s.probe()
		told("neutral probe", 0, func() { s.neutral(probing(token)) })
		token = s.probe()
		told("successful probe", 1, func() { s.succeed(probing(token)) })
		told("reset of a closed scope", 0, func() { s.Store.Reset(target) })
	}},
	{"a reset closes it and forgets its level", func(s *story) {
		s.trip()
		s.pass()
		s.probe()
		s.fail()
		s.Store.Reset(target)
		s.wantState(dataplane.Closed)
		s.wantFailures(0)
		s.Advance(10 * time.Millisecond)
		s.trip()
		s.wantOpen(1, base, true)
	}},
	{"a reset empties the window, and makes calls in flight stale", func(s *story) {
		times(4, func() { s.fail() })
		s.Store.Reset(target)
		s.wantFailures(0)
		s.Advance(10 * time.Millisecond)
		times(10, func() { s.fail(begun(100 * time.Millisecond)) })
		s.wantFailures(0)
		s.fail()
		s.wantFailures(1)
	}},
	{"a reset of a scope that nobody knows is nothing", func(s *story) {
		s.Store.Reset(dataplane.Scope{Kind: dataplane.ScopeProvider, Provider: "nobody"})
		if lines := s.Store.Snapshot(); len(lines) != 0 {
			s.Errorf("snapshot has %+v", lines)
		}
	}},
	{"what the configuration dropped is forgotten, the rest is kept", func(s *story) {
		gone := dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "removed", Name: "m"}
		s.trip()
		s.fail(on(gone), hold(time.Minute))
		before := s.Changes()
		s.Store.Forget(func(sc dataplane.Scope) bool { return sc != gone })
		if got := s.Store.Condition(gone); got != (dataplane.Condition{}) {
			s.Errorf("a forgotten scope is %+v", got)
		}
		s.wantState(dataplane.Open)
		if n := len(s.Store.Snapshot()); n != 1 {
			s.Errorf("%d lines in the snapshot, want the kept one", n)
		}
		if s.Changes() == before {
			s.Error("OnChange was not called")
		}
	}},
	{"a report about nothing says nothing", func(s *story) {
		times(10, func() { s.fail(on(dataplane.Scope{})) })
		if lines := s.Store.Snapshot(); len(lines) != 0 {
			s.Errorf("snapshot has %+v", lines)
		}
	}},
}
