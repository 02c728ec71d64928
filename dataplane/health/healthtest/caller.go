package healthtest

import (
	"fmt"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

var callerProperties = []property{
	{"one caller alone cannot open it while another is well", func(s *story) {
		times(10, func() { s.succeed(by("well")) })
		times(40, func() { s.fail(by("hostile")) })
		s.wantState(dataplane.Closed)
		s.wantFailures(40)
	}},
	{"a second caller's failure confirms it", func(s *story) {
		times(10, func() { s.succeed(by("well")) })
		times(40, func() { s.fail(by("first")) })
		s.fail(by("second"))
		s.wantState(dataplane.Open)
	}},
	{"a failure that no caller can cause needs no second caller", func(s *story) {
		times(10, func() { s.succeed(by("well")) })
		times(4, func() { s.fail(by("first")) })
		s.fail(by("first"), anyCaller)
		s.wantState(dataplane.Open)
	}},
	{"a caller with all the traffic needs no second", func(s *story) {
		times(10, func() { s.succeed(by("app")) })
		times(5, func() { s.fail(by("app")) })
		s.wantState(dataplane.Open)
	}},
	{"nor if another succeeded only before the window", func(s *story) {
		s.succeed(by("rare"))
		s.Advance(1150 * time.Millisecond)
		times(5, func() { s.fail(by("app")) })
		s.wantState(dataplane.Open)
	}},
	{"however large its share, it cannot open what serves another", func(s *story) {
		s.succeed(by("rare"))
		times(1000, func() { s.fail(by("app")) })
		s.wantState(dataplane.Closed)
	}},
	{"what one caller may have brought about opens nothing, alone", func(s *story) {
		times(1000, func() { s.fail(by("hostile"), unconfirmed, doubling(time.Minute, time.Hour)) })
		s.wantState(dataplane.Closed)
		s.wantFailures(0)
		times(1000, func() { s.fail(by("hostile"), unconfirmed) })
		s.wantState(dataplane.Closed)
	}},
	{"nor beside others", func(s *story) {
		for range 300 {
			s.fail(by("hostile"), unconfirmed, doubling(time.Minute, time.Hour))
			s.succeed(by("well"))
			s.fail(by("hostile"), unconfirmed, doubling(time.Minute, time.Hour))
		}
		s.wantState(dataplane.Closed)
	}},
	{"a second caller confirms it", func(s *story) {
		s.fail(by("first"), unconfirmed, doubling(400*time.Millisecond, time.Hour))
		s.wantState(dataplane.Closed)
		s.fail(by("second"), unconfirmed, doubling(400*time.Millisecond, time.Hour))
		s.wantOpen(1, 400*time.Millisecond, false)
	}},
	{"but not after a success", func(s *story) {
		s.fail(by("first"), unconfirmed, doubling(time.Minute, time.Hour))
		s.succeed(by("well"))
		s.fail(by("second"), unconfirmed, doubling(time.Minute, time.Hour))
		s.wantState(dataplane.Closed)
	}},
	{"nor after the window", func(s *story) {
		s.fail(by("first"), unconfirmed, doubling(time.Minute, time.Hour))
		s.Advance(1150 * time.Millisecond)
		s.fail(by("second"), unconfirmed, doubling(time.Minute, time.Hour))
		s.wantState(dataplane.Closed)
	}},
	{"what is confirmed otherwise needs no second caller", func(s *story) {
		s.fail(by("first"), unconfirmed, doubling(400*time.Millisecond, time.Hour))
		s.fail(by("first"), doubling(400*time.Millisecond, time.Hour))
		s.wantOpen(1, 400*time.Millisecond, false)
	}},
	{"nobody keeps a half-open target from the others", func(s *story) {
		s.trip()
		s.pass()
		times(20, func() { s.fail(by("hostile"), unconfirmed, doubling(time.Minute, time.Hour), probing(s.probe())) })
		times(20, func() { s.fail(by("hostile"), unconfirmed, doubling(time.Minute, time.Hour)) })
		s.wantState(dataplane.HalfOpen)
		s.succeed(by("well"), probing(s.probe()))
		s.wantState(dataplane.Closed)
	}},
	{"a second caller's probe opens it again", func(s *story) {
		s.trip()
		s.pass()
		s.fail(by("first"), unconfirmed, probing(s.probe()))
		s.fail(by("second"), unconfirmed, probing(s.probe()))
		s.wantState(dataplane.Open)
	}},
	{"a caller whose failures left the window no longer counts", func(s *story) {
		times(4, func() { s.fail(by("gone")) })
		s.Advance(1150 * time.Millisecond)
		times(3, func() { s.succeed(by("well")) })
		times(5, func() { s.fail(by("app")) })
		s.wantState(dataplane.Closed)
	}},
	{"traffic that left the window no longer counts either", func(s *story) {
		times(100, func() { s.succeed(by("gone")) })
		s.Advance(1150 * time.Millisecond)
		times(5, func() { s.fail(by("app")) })
		s.wantState(dataplane.Open)
	}},
	{"thousands of callers are counted in bounded room", func(s *story) {
		s.policy.FailureThreshold = 3
		for i := range 5000 {
			s.succeed(by(fmt.Sprintf("app-%d", i)))
		}
		s.policy.MinRatio = 0
		times(3, func() { s.fail(by("app-4999")) })
		s.wantState(dataplane.Closed)
		s.fail(by("app-1"))
		s.wantState(dataplane.Open)
	}},
}
