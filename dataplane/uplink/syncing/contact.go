package syncing

import (
	"sync"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane/uplink/stream"
)

// contact remembers when the control plane was last there.
type contact struct {
	mu   sync.Mutex // guards the fields below
	now  bool
	last time.Time // zero: never
}

func (c *contact) made() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = true
}

func (c *contact) lost(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.last = false, at
}

// Missed says that a try to connect has failed.
func (s *Syncer) Missed() { stream.Nudge(s.missed) }

// SnapshotAge is for how long what the node serves may be out of date: zero while the
// control plane is connected, else since it was, or since the snapshot was saved when it
// never was. Zero as well while there is no snapshot.
func (s *Syncer) SnapshotAge() time.Duration {
	s.contact.mu.Lock()
	defer s.contact.mu.Unlock()
	if s.contact.now || s.contact.last.IsZero() || s.have.Load() == nil {
		return 0
	}
	return max(s.cfg.Now().Sub(s.contact.last), 0)
}
