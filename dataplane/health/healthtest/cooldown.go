package healthtest

import (
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

var cooldownProperties = []property{
	{"late failures neither raise the level nor move the deadline", func(s *story) {
		s.trip()
		before := s.Store.Condition(target)
		s.fail(begun(50 * time.Millisecond))
		s.fail()
		if after := s.Store.Condition(target); after != before {
			s.Errorf("condition %+v, want it as it was: %+v", after, before)
		}
	}},
	{"late results of a half-open scope change nothing", func(s *story) {
		s.trip()
		s.pass()
		times(10, func() { s.fail() })
		times(10, func() { s.succeed() })
		s.wantState(dataplane.HalfOpen)
	}},
	{"a wait that the upstream names opens it at once, for exactly that long", func(s *story) {
		s.fail(hold(900 * time.Millisecond))
		s.wantOpen(1, 900*time.Millisecond, false)
		if c := s.Store.Condition(target); c.Reason != dataplane.RateLimited {
			s.Errorf("reason %s, want rate_limited", c.Reason)
		}
	}},
	{"a longer wait extends the cooldown", func(s *story) {
		s.trip()
		s.fail(hold(900 * time.Millisecond))
		s.wantOpen(1, 900*time.Millisecond, false)
	}},
	{"a shorter wait never shortens it", func(s *story) {
		s.fail(hold(900 * time.Millisecond))
		s.fail(hold(10 * time.Millisecond))
		s.wantOpen(1, 900*time.Millisecond, false)
	}},
	{"success while it is open does not close it", func(s *story) {
		s.trip()
		s.succeed()
		s.wantState(dataplane.Open)
	}},
	{"a failure that began before it closed is stale", func(s *story) {
		s.trip()
		s.pass()
		s.succeed(probing(s.probe()))
		s.Advance(100 * time.Millisecond)
		times(10, func() { s.fail(begun(500 * time.Millisecond)) })
		s.fail(begun(500*time.Millisecond), hold(time.Second))
		s.wantState(dataplane.Closed)
		s.wantFailures(0)
	}},
	{"trouble that comes back is cooled longer", func(s *story) {
		s.trip()
		s.pass()
		s.succeed(probing(s.probe()))
		s.Advance(10 * time.Millisecond)
		s.trip()
		s.wantOpen(2, 2*base, true)
	}},
	{"the cooldown has a cap", func(s *story) {
		s.policy.CooldownMax = 700 * time.Millisecond
		for level, want := range []time.Duration{base, 2 * base, 700 * time.Millisecond, 700 * time.Millisecond} {
			s.trip()
			s.wantOpen(level+1, want, true)
			s.pass()
			s.succeed(probing(s.probe()))
			s.Advance(10 * time.Millisecond)
		}
	}},
	{"the level fades after twice the longest cooldown", func(s *story) {
		s.policy.CooldownMax = 600 * time.Millisecond
		s.trip()
		s.pass()
		s.succeed(probing(s.probe()))
		s.Advance(2*s.policy.CooldownMax + 10*time.Millisecond + s.Slack)
		s.trip()
		s.wantOpen(1, base, true)
	}},
	{"a half-open scope that nobody tries closes after as long", func(s *story) {
		s.policy.CooldownMax = 600 * time.Millisecond
		s.trip()
		s.pass()
		s.Advance(2*s.policy.CooldownMax + 10*time.Millisecond + s.Slack)
		s.wantState(dataplane.Closed)
		s.wantNoProbe("the target is closed")
		if line, listed := s.line(); listed {
			s.Errorf("snapshot still lists %+v", line)
		}
	}},
	{"a doubling hold doubles with each cooldown in a row, up to its cap", func(s *story) {
		s.policy.Cooldown = time.Millisecond
		refused := doubling(400*time.Millisecond, time.Second)
		s.fail(refused)
		s.wantOpen(1, 400*time.Millisecond, false)
		for _, want := range []time.Duration{800 * time.Millisecond, time.Second, time.Second} {
			s.pass()
			s.fail(refused, probing(s.probe()))
			s.wantOpen(s.Store.Condition(target).Level, want, false)
		}
	}},
	{"calls in flight do not double a hold among themselves", func(s *story) {
		s.policy.Cooldown = time.Millisecond
		refused := doubling(400*time.Millisecond, time.Minute)
		times(50, func() { s.fail(refused) })
		s.wantOpen(1, 400*time.Millisecond, false)
	}},
}

var lastResortProperties = []property{
	{"a success as last resort closes it", func(s *story) {
		s.trip()
		s.succeed(lastResort)
		s.wantState(dataplane.Closed)
		s.Advance(10 * time.Millisecond)
		s.trip()
		s.wantOpen(2, 2*base, true) // the level was kept
	}},
	{"a failure as last resort changes nothing", func(s *story) {
		s.trip()
		before := s.Store.Condition(target)
		times(20, func() { s.fail(lastResort) })
		s.fail(lastResort, hold(time.Minute))
		s.fail(lastResort, doubling(time.Minute, time.Hour))
		if after := s.Store.Condition(target); after != before {
			s.Errorf("condition %+v, want it as it was: %+v", after, before)
		}
	}},
	{"a neutral last resort changes nothing", func(s *story) {
		s.trip()
		before := s.Store.Condition(target)
		s.neutral(lastResort)
		if after := s.Store.Condition(target); after != before {
			s.Errorf("condition %+v, want it as it was: %+v", after, before)
		}
	}},
}
