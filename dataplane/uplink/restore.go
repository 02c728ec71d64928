package uplink

import (
	"context"
	"errors"
	"sync"
	"time"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// errCrashed is why a snapshot is refused that has ended this node before.
var errCrashed = errors.New("CRASHED: the node ended while it applied this revision before, and does not try it again; any later revision is tried")

// restore brings the newest snapshot of the node's own disk into use that is fit for it.
// It returns whether there was one.
func (u *Uplink) restore() bool {
	if u.cfg.Snapshots == nil {
		return false
	}
	list, err := u.cfg.Snapshots.Generations()
	if err != nil {
		u.log.Error("last good snapshots cannot be read; waiting for the control plane", "error", err)
		return false
	}
	for _, g := range list {
		full, err := u.cfg.Snapshots.Read(g)
		if err == nil {
			_, err = u.use(full)
		}
		if err != nil {
			u.log.Error("last good snapshot not usable; trying the one before", "revision", g.Revision, "error", err)
			continue
		}
		u.contact.lost(g.SavedAt)
		u.log.Info("serving from the last good snapshot", "revision", g.Revision, "saved", g.SavedAt.UTC())
		return true
	}
	return false
}

// awaitNewer makes a node ready that serves from its disk: when the control plane has sent
// something newer, or is not there, or has had its head start. Until then a load balancer
// that listens does not send calls to a configuration that may be long out of date.
func (u *Uplink) awaitNewer(ctx context.Context) {
	t := time.NewTimer(u.cfg.HeadStart)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return
	case <-u.ready:
	case <-u.missed:
	case <-t.C:
	}
	u.beReady()
}

// guard refuses what has ended the node before, and marks what is about to be applied. A
// disk that cannot be written to is no reason to refuse a snapshot.
func (u *Uplink) guard(full *nodev1.Full) (done func(), err error) {
	if u.cfg.Snapshots == nil {
		return func() {}, nil
	}
	if u.cfg.Snapshots.Crashed(full.GetRevision(), full.GetSha256()) {
		return nil, errCrashed
	}
	done, err = u.cfg.Snapshots.Begin(full.GetRevision(), full.GetSha256())
	if err != nil {
		u.log.Warn("snapshot is applied without a guard against crashes", "revision", full.GetRevision(), "error", err)
	}
	return done, nil
}

// save keeps what is in use for the next start.
func (u *Uplink) save(full *nodev1.Full) {
	if u.cfg.Snapshots == nil {
		return
	}
	if err := u.cfg.Snapshots.Save(full); err != nil {
		u.log.Error("snapshot not kept on disk; a restart without the control plane would start from an older one",
			"revision", full.GetRevision(), "error", err)
	}
}

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

// SnapshotAge is for how long what the node serves may be out of date: zero while the
// control plane is connected, else since it was, or since the snapshot was saved when it
// never was. Zero as well while there is no snapshot.
func (u *Uplink) SnapshotAge() time.Duration {
	u.contact.mu.Lock()
	defer u.contact.mu.Unlock()
	if u.contact.now || u.contact.last.IsZero() || u.have.Load() == nil {
		return 0
	}
	return max(u.cfg.Now().Sub(u.contact.last), 0)
}
