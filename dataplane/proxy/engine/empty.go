package engine

import "github.com/trunkline-ai/trunkline/dataplane"

var emptyVerdict = dataplane.Verdict{Outcome: dataplane.EmptyAnswer, Reason: "the answer says nothing"}

// leavesEmpty says whether an empty answer leaves the client to the next candidate: where the
// policy wants that, there is one, and the request may be repeated.
func (a *attempt) leavesEmpty() bool {
	return a.Policy.EmptyMovesOn && !a.clock.isLast() && !a.call.req.Unsafe
}

// mayBeEmpty says of a stream that it must not be committed yet, since it may turn out to be
// an empty answer.
func (s *stream) mayBeEmpty() bool { return !s.seen.Spoken && s.leavesEmpty() }
