package proxy

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// runningShards keeps the streams that begin and end at the same moment out of each other's way.
const runningShards = 16

// running knows the streams under way, so that those of a revoked key can be ended.
type running struct {
	turn   atomic.Uint32
	cut    atomic.Bool  // none may go on: the node stops
	count  atomic.Int64 // streams that were cut because of that
	shards [runningShards]runningShard
}

type runningShard struct {
	mu    sync.Mutex
	first *call // guarded by mu: a list through call.running
}

// place is a call's place in its shard's list.
type place struct {
	shard          *runningShard
	before, behind *call
	cancel         context.CancelCauseFunc
	counted        bool // among those that were cut because the node stops
}

// enter lists a stream; leave must follow. A key that was revoked meanwhile ends it at once.
func (r *running) enter(c *call, cancel context.CancelCauseFunc) {
	s := &r.shards[r.turn.Add(1)%runningShards]
	c.running = place{shard: s, cancel: cancel}
	s.mu.Lock()
	if s.first != nil {
		s.first.running.before = c
	}
	c.running.behind, s.first = s.first, c
	if r.cut.Load() {
		r.end(c)
	}
	s.mu.Unlock()
	if c.h.revoked(c) {
		cancel(timeUp{dataplane.KeyRevoked})
	}
}

func (r *running) leave(c *call) {
	p := &c.running
	p.shard.mu.Lock()
	defer p.shard.mu.Unlock()
	if p.before != nil {
		p.before.running.behind = p.behind
	} else {
		p.shard.first = p.behind
	}
	if p.behind != nil {
		p.behind.running.before = p.before
	}
}

// CutRevoked ends the streams that run with keys of which the snapshot in use says so. The
// clients get an error event and no clean end.
func (h *Handler) CutRevoked() {
	for i := range h.running.shards {
		s := &h.running.shards[i]
		s.mu.Lock()
		for c := s.first; c != nil; c = c.running.behind {
			if h.revoked(c) {
				c.running.cancel(timeUp{dataplane.KeyRevoked})
			}
		}
		s.mu.Unlock()
	}
}

// revoked reports whether a call must not go on.
func (h *Handler) revoked(c *call) bool {
	s := h.cfg.Snapshot()
	return s != nil && s.Cut(c.key)
}
