package engine

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// unsupported remembers which targets do not have which endpoint: such a target is tried last
// on that endpoint, and nothing is held against it elsewhere. Otherwise whoever asks a chat
// model for embeddings would take it away from everybody. For the same reason a target that
// answered there lately has the endpoint: what it does not do is only what was asked.
type unsupported struct {
	known atomic.Pointer[map[missing]time.Time] // until when; nil: none
	mu    sync.Mutex                            // serialises add
}

type missing struct {
	target   dataplane.Scope
	endpoint *wire.Endpoint
}

const (
	// remembered is how long a missing endpoint is, and how old an answer may be to speak
	// against one.
	remembered = 10 * time.Minute
	// maxMissing bounds the memory; those that ended make room first.
	maxMissing = 10_000
)

// add notes that a target does not have an endpoint; it reports whether that is news.
func (u *unsupported) add(t *dataplane.Target, e *wire.Endpoint, now time.Time) bool {
	if now.Sub(t.Load.LastAnswer(e.Number)) < remembered {
		return false
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	next := map[missing]time.Time{}
	if known := u.known.Load(); known != nil {
		next = maps.Clone(*known)
	}
	maps.DeleteFunc(next, func(_ missing, until time.Time) bool { return !until.After(now) })
	_, old := next[missing{t.Scope, e}]
	if len(next) < maxMissing {
		next[missing{t.Scope, e}] = now.Add(remembered)
	}
	u.known.Store(&next)
	return !old
}

// last puts candidates without the endpoint behind the others, each part in its order.
func (u *unsupported) last(candidates []dataplane.Candidate, e *wire.Endpoint, now time.Time) []dataplane.Candidate {
	known := u.known.Load()
	if known == nil {
		return candidates
	}
	rank := func(c dataplane.Candidate) int {
		until := (*known)[missing{c.Scope, e}]
		if until.After(now) && c.Load.LastAnswer(e.Number).Before(until.Add(-remembered)) {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(candidates, func(a, b dataplane.Candidate) int { return rank(a) - rank(b) })
	return candidates
}

// noteUnsupported notes that a target does not have an endpoint, and says so once.
func (e *Engine) noteUnsupported(t *dataplane.Target, endpoint *wire.Endpoint) {
	if e.unsupported.add(t, endpoint, e.cfg.Now()) {
		e.cfg.Logger.Warn("a target does not have an endpoint: it is asked last there for a while",
			"provider", t.Provider.Name, "model", t.Model, "endpoint", endpoint.Path, "for", remembered)
	}
}
