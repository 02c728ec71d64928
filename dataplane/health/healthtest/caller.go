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
	{"a caller with nearly all the traffic needs no second", func(s *story) {
		s.succeed(by("rare"))
		times(19, func() { s.fail(by("app")) })
		s.wantState(dataplane.Closed) // 19 of 20 are 95 %, no more
		s.fail(by("app"))
		s.wantState(dataplane.Open) // 20 of 21
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
