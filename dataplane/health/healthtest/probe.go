package healthtest

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

var probeProperties = []property{
	{"nobody probes a closed scope", func(s *story) {
		s.wantNoProbe("nothing was reported yet")
		s.fail()
		s.wantNoProbe("the target is closed")
	}},
	{"nobody probes before the deadline", func(s *story) {
		s.trip()
		s.wantNoProbe("the target cools")
	}},
	{"exactly one of 50 at once gets the probe", func(s *story) {
		s.trip()
		s.pass()
		var won atomic.Int32
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if _, ok := s.Store.Probe(s.Context(), target, time.Second); ok {
					won.Add(1)
				}
			})
		}
		wg.Wait()
		if n := won.Load(); n != 1 {
			s.Errorf("%d won, want 1", n)
		}
	}},
	{"the first failed probe keeps the level and each later one raises it", func(s *story) {
		s.trip()
		for _, level := range []int{1, 2, 3} {
			s.pass()
			s.fail(probing(s.probe()))
			s.wantOpen(level, time.Duration(level)*base, true)
		}
	}},
	{"each opening has its own first failed probe", func(s *story) {
		s.trip()
		s.pass()
		s.fail(probing(s.probe()))
		s.pass()
		s.succeed(probing(s.probe()))
		s.Advance(10 * time.Millisecond)
		s.trip()
		s.pass()
		s.fail(probing(s.probe()))
		s.wantOpen(2, 2*base, true)
	}},
	{"a failed probe cools for the longer of hold and cooldown", func(s *story) {
		s.trip()
		s.pass()
		s.fail(probing(s.probe()), doubling(10*time.Millisecond, 10*time.Millisecond))
		s.wantOpen(1, base, true)
		s.pass()
		s.fail(probing(s.probe()), doubling(2*time.Second, 2*time.Second))
		s.wantOpen(2, 2*time.Second, false)
	}},
	{"a failed probe that is told to wait is held for exactly that, however often", func(s *story) {
		s.trip()
		for range 5 {
			s.pass()
			s.fail(probing(s.probe()), hold(400*time.Millisecond))
			s.wantOpen(1, 400*time.Millisecond, false)
		}
	}},
	{"a successful probe closes it and keeps the level", func(s *story) {
		s.trip()
		s.pass()
		s.succeed(probing(s.probe()))
		s.wantState(dataplane.Closed)
		s.wantFailures(0)
		s.wantNoProbe("the target is closed")
		s.Advance(10 * time.Millisecond)
		s.trip()
		s.wantOpen(2, 2*base, true)
	}},
	{"a neutral probe frees the lease and leaves it half-open", func(s *story) {
		s.trip()
		s.pass()
		s.neutral(probing(s.probe()))
		s.wantState(dataplane.HalfOpen)
		s.probe()
	}},
	{"a lost lease expires", func(s *story) {
		s.trip()
		s.pass()
		if _, ok := s.Store.Probe(s.Context(), target, 100*time.Millisecond); !ok {
			s.Fatal("no probe of a half-open target")
		}
		s.wantNoProbe("another has the lease")
		s.Advance(110*time.Millisecond + s.Slack)
		s.probe()
	}},
	{"an expired lease decides nothing", func(s *story) {
		s.trip()
		s.pass()
		first, _ := s.Store.Probe(s.Context(), target, 100*time.Millisecond)
		s.Advance(110*time.Millisecond + s.Slack)
		s.succeed(probing(first))
		s.wantState(dataplane.HalfOpen)
		second := s.probe()
		s.fail(probing(first))
		s.wantState(dataplane.HalfOpen)
		s.wantNoProbe("the second has the lease")
		s.succeed(probing(second))
		s.wantState(dataplane.Closed)
	}},
	{"a token that was never given decides nothing", func(s *story) {
		s.trip()
		s.pass()
		s.probe()
		s.succeed(probing("made up"))
		s.wantState(dataplane.HalfOpen)
	}},
	{"the probe of a scope that closed meanwhile is stale", func(s *story) {
		s.trip()
		s.pass()
		token, began := s.probe(), 20*time.Millisecond
		s.Advance(began)
		s.succeed(lastResort)
		s.Advance(10 * time.Millisecond)
		s.fail(probing(token), begun(2*began))
		s.wantState(dataplane.Closed)
		s.wantFailures(0)
	}},
}
