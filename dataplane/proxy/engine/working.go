package engine

import (
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// firstTokenWait is how long a stream's first token may take.
func (a *attempt) firstTokenWait() time.Duration {
	return a.Policy.FirstTokenTimeout + a.call.req.readingTime()
}

// works notes an event that shows no output but that the model works on it, and lengthens the
// wait for the first token: up to its cap once the model says that it reasons, else by another
// wait of its own. It is never shortened.
func (s *stream) works(kind wire.Kind) {
	if s.record.FirstToken > 0 {
		return
	}
	if s.record.Working == 0 {
		s.record.Working = s.sinceStart()
	}
	s.reasons = s.reasons || kind == wire.Reasoning
	if s.clock.isLast() { // nobody could take over: only silence ends it
		s.clock.phase(dataplane.StreamIdle, s.longestSilence())
		return
	}
	wait := s.firstTokenWait()
	left := max(s.Policy.FirstTokenTimeoutMax, wait) - s.sinceStart()
	if !s.reasons {
		left = min(left, wait)
	}
	s.clock.phase(dataplane.FirstTokenTimeout, left)
}

// longestSilence is how long a stream may be silent: a model that reasons tells nothing for as
// long as that takes.
func (s *stream) longestSilence() time.Duration {
	if s.reasons && s.record.FirstToken == 0 {
		return max(s.Policy.StreamIdleTimeout, s.Policy.FirstTokenTimeoutMax)
	}
	return s.Policy.StreamIdleTimeout
}

// waitedFor says more about a first token that did not come.
func (s *stream) waitedFor(o dataplane.Outcome) string {
	switch {
	case o != dataplane.FirstTokenTimeout || s.record.Working == 0:
		return ""
	case s.reasons:
		return "the model told that it reasons, and nothing else"
	}
	return "the model told that it works, and nothing else"
}
