package engine

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// activeShards keeps the streams that begin and end at the same moment out of each other's way.
const activeShards = 16

// activeStreams knows the streams under way, so that they can be ended.
type activeStreams struct {
	next     atomic.Uint32
	stopping atomic.Bool  // the node stops: none may go on
	stopped  atomic.Int64 // streams that were ended because of that
	shards   [activeShards]activeShard
}

type activeShard struct {
	mu    sync.Mutex
	first *activeStream // guarded by mu: a list
}

// activeStream is a stream's place in its shard's list.
type activeStream struct {
	key            *dataplane.APIKey
	cancel         context.CancelCauseFunc
	shard          *activeShard
	before, behind *activeStream
	counted        bool // among those that were ended because the node stops
}

// enter lists a stream; leave must follow. A key that was revoked meanwhile ends it at once.
func (e *Engine) enter(s *activeStream, key *dataplane.APIKey, cancel context.CancelCauseFunc) {
	a := &e.active
	shard := &a.shards[a.next.Add(1)%activeShards]
	*s = activeStream{key: key, cancel: cancel, shard: shard}
	shard.mu.Lock()
	if shard.first != nil {
		shard.first.before = s
	}
	s.behind, shard.first = shard.first, s
	if a.stopping.Load() {
		a.stop(s)
	}
	shard.mu.Unlock()
	if e.revoked(s.key) {
		cancel(timeUp{dataplane.KeyRevoked})
	}
}

func (a *activeStreams) leave(s *activeStream) {
	s.shard.mu.Lock()
	defer s.shard.mu.Unlock()
	if s.before != nil {
		s.before.behind = s.behind
	} else {
		s.shard.first = s.behind
	}
	if s.behind != nil {
		s.behind.before = s.before
	}
}

// each calls do for every stream under way, holding its shard's lock.
func (a *activeStreams) each(do func(s *activeStream)) {
	for i := range a.shards {
		shard := &a.shards[i]
		shard.mu.Lock()
		for s := shard.first; s != nil; s = s.behind {
			do(s)
		}
		shard.mu.Unlock()
	}
}

// stop ends one stream because the node stops. It needs the shard's mu.
func (a *activeStreams) stop(s *activeStream) {
	if !s.counted {
		s.counted = true
		a.stopped.Add(1)
		s.cancel(timeUp{dataplane.GatewayDraining})
	}
}

// EndRevoked ends the streams that run with keys of which the snapshot in use says so. The
// clients get an error event as the end.
func (e *Engine) EndRevoked() {
	e.active.each(func(s *activeStream) {
		if e.revoked(s.key) {
			s.cancel(timeUp{dataplane.KeyRevoked})
		}
	})
}

// revoked reports whether streams of a key must not go on.
func (e *Engine) revoked(key *dataplane.APIKey) bool {
	s := e.cfg.Snapshot()
	return s != nil && s.CutsStreams(key)
}

// EndAll ends every stream under way, and those that begin later, because the node stops:
// the client gets an error event gateway_draining as the end, and what was used until
// then is recorded. Requests that are cancelled from then on end with that code too.
func (e *Engine) EndAll() {
	e.active.stopping.Store(true)
	e.active.each(e.active.stop)
}

// Ended is how many streams EndAll has ended.
func (e *Engine) Ended() int64 { return e.active.stopped.Load() }
