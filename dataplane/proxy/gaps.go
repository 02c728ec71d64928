package proxy

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// gaps remembers which targets do not have which endpoint: such a target goes to the end of
// the queue for that endpoint, and nothing is held against it elsewhere. Otherwise whoever
// asks a chat model for embeddings would take it away from everybody. For the same reason a
// target that answered there lately has no gap: what it does not do is only what was asked.
type gaps struct {
	known atomic.Pointer[map[gap]time.Time] // until when; nil: none
	mu    sync.Mutex                        // serialises add
}

type gap struct {
	target   dataplane.Scope
	endpoint *wire.Endpoint
}

const (
	// gapTime is how long a gap is remembered, and how old an answer may be to speak
	// against one.
	gapTime = 10 * time.Minute
	// maxGaps bounds the memory; those that ended make room first.
	maxGaps = 10_000
)

// add notes that a target does not have an endpoint; it reports whether that is news.
func (g *gaps) add(t *dataplane.Target, e *wire.Endpoint, now time.Time) bool {
	if now.Sub(t.Load.LastAnswer(e.Number)) < gapTime {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	next := map[gap]time.Time{}
	if known := g.known.Load(); known != nil {
		next = maps.Clone(*known)
	}
	maps.DeleteFunc(next, func(_ gap, until time.Time) bool { return !until.After(now) })
	_, old := next[gap{t.Scope, e}]
	if len(next) < maxGaps {
		next[gap{t.Scope, e}] = now.Add(gapTime)
	}
	g.known.Store(&next)
	return !old
}

// last puts candidates without the endpoint behind the others, each part in its order.
func (g *gaps) last(candidates []dataplane.Candidate, e *wire.Endpoint, now time.Time) []dataplane.Candidate {
	known := g.known.Load()
	if known == nil {
		return candidates
	}
	missing := func(c dataplane.Candidate) int {
		until := (*known)[gap{c.Scope, e}]
		if until.After(now) && c.Load.LastAnswer(e.Number).Before(until.Add(-gapTime)) {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(candidates, func(a, b dataplane.Candidate) int { return missing(a) - missing(b) })
	return candidates
}

// lacks notes that the attempt's target does not have the endpoint, and says so once.
func (a *attempt) lacks() {
	h := a.call.h
	if h.gaps.add(a.Target, a.call.endpoint, h.cfg.Now()) {
		h.cfg.Logger.Warn("a target does not have an endpoint: it is asked last there for a while",
			"provider", a.Provider.Name, "model", a.Model, "endpoint", a.call.endpoint.Path, "for", gapTime)
	}
}
