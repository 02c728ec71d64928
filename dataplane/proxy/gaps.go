package proxy

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// gaps remembers which targets do not have which endpoint: such a target goes to the end of
// the queue for that endpoint, and nothing is held against it elsewhere. Otherwise whoever
// asks a chat model for embeddings would take it away from everybody.
//
// Chat completions are no gap: a target without them is held as any other failing one.
type gaps struct {
	known atomic.Pointer[map[gap]time.Time] // until when; nil: none
	mu    sync.Mutex                        // serialises add
}

type gap struct {
	target   dataplane.Scope
	endpoint *endpoint
}

// maxGaps bounds the memory; those that ended make room first.
const maxGaps = 10_000

// add notes that a target does not have an endpoint.
func (g *gaps) add(target dataplane.Scope, e *endpoint, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	next := map[gap]time.Time{}
	if known := g.known.Load(); known != nil {
		next = maps.Clone(*known)
	}
	maps.DeleteFunc(next, func(_ gap, until time.Time) bool { return !until.After(now) })
	if len(next) < maxGaps {
		next[gap{target, e}] = now.Add(dataplane.Unsupported.Rule().Hold)
	}
	g.known.Store(&next)
}

// last puts candidates without the endpoint behind the others, each part in its order.
func (g *gaps) last(candidates []dataplane.Candidate, e *endpoint, now time.Time) []dataplane.Candidate {
	known := g.known.Load()
	if known == nil {
		return candidates
	}
	missing := func(c dataplane.Candidate) int {
		if (*known)[gap{c.Scope, e}].After(now) {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(candidates, func(a, b dataplane.Candidate) int { return missing(a) - missing(b) })
	return candidates
}

// isGap reports whether an outcome says no more than that the endpoint is not there.
func (c *call) isGap(o dataplane.Outcome) bool {
	return o == dataplane.Unsupported && c.endpoint.path != "/chat/completions"
}
