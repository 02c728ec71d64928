package syncing

import (
	"errors"
	"sync"
	"time"
)

// resyncPause is how long a node whose disk misses what is in use waits until it asks for the whole again.
const resyncPause = time.Minute

// ErrGap is why a node ends a stream to get the whole on the next: what it serves is not on its disk.
var ErrGap = errors.New("what the node serves is not on its disk")

// resync spaces out how often the node asks for the whole although it serves what it should.
type resync struct {
	mu   sync.Mutex // guards the fields below
	last time.Time  // when it asked
	seen time.Time  // when the gap was seen first, of those that are no change's; zero: there is none
}

// due is for a change that came: the first one after a gap asks at once.
func (r *resync) due(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.last) < resyncPause {
		return false
	}
	r.last = now
	return true
}

// overdue is for when no change comes: a gap that stands for a while asks by itself.
func (r *resync) overdue(gap bool, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !gap {
		r.seen = time.Time{}
		return false
	}
	if r.seen.IsZero() {
		r.seen = now
	}
	if now.Sub(r.seen) < resyncPause || now.Sub(r.last) < resyncPause {
		return false
	}
	r.last = now
	return true
}

// DiskGap reports whether a restart without the control plane would start from an older snapshot than is served.
func (s *Syncer) DiskGap() bool {
	return s.cfg.Snapshots != nil && s.have.Load() != nil && s.cfg.Snapshots.Gap()
}

// wantsWhole reports whether the stream is to end, since the disk has had a gap for a while.
func (s *Syncer) wantsWhole() bool {
	if !s.taking.TryLock() { // what is in use is about to be kept
		return false
	}
	gap := s.DiskGap()
	s.taking.Unlock()
	if !s.resync.overdue(gap, s.cfg.Now()) {
		return false
	}
	s.log.Warn("the snapshot being served is not on disk; requesting it in full", "revision", s.Revision())
	return true
}
