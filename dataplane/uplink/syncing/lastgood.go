package syncing

import (
	"context"
	"errors"
	"time"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// errCrashed is why a snapshot is refused that has ended this node before.
var errCrashed = errors.New("CRASHED: the node crashed while applying this revision and does not try it again; later revisions are tried")

// LoadLastGood brings the newest snapshot of the node's own disk into use that is fit for it.
// It returns whether there was one.
func (s *Syncer) LoadLastGood() bool {
	if s.cfg.Snapshots == nil {
		return false
	}
	list, err := s.cfg.Snapshots.Generations()
	if err != nil {
		s.log.Error("failed to read the last good snapshots; waiting for the control plane", "error", err)
		return false
	}
	for _, g := range list {
		full, err := s.cfg.Snapshots.Read(g)
		if err == nil {
			err = s.use(full, nil)
		}
		if err != nil {
			s.log.Error("the last good snapshot is not usable; trying the one before", "revision", g.Revision, "error", err)
			continue
		}
		if err := s.cfg.Snapshots.Loaded(full); err != nil {
			s.log.Error("cannot append to the last good snapshots; the next one is saved in full", "error", err)
		}
		s.contact.lost(g.SavedAt)
		s.log.Info("serving from the last good snapshot", "revision", full.GetRevision(), "saved", g.SavedAt.UTC())
		return true
	}
	return false
}

// AwaitNewer makes a node ready that serves from its disk: when the control plane has sent
// something newer, or is not there, or has had its head start. Until then a load balancer
// that listens does not send calls to a configuration that may be long out of date.
func (s *Syncer) AwaitNewer(ctx context.Context) {
	t := time.NewTimer(s.cfg.HeadStart)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return
	case <-s.ready:
	case <-s.missed:
	case <-t.C:
	}
	s.beReady()
}

// KeepCompact puts together what lies on disk as a snapshot and many changes of it, until ctx ends.
func (s *Syncer) KeepCompact(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.compact:
		}
		if err := s.cfg.Snapshots.Compact(); err != nil {
			s.log.Error("failed to compact the deltas of a snapshot on disk", "error", err)
		}
	}
}

// guard refuses what has ended the node before, and marks what is about to be applied. A
// disk that cannot be written to is no reason to refuse a snapshot.
func (s *Syncer) guard(revision uint64, digest []byte) (done func(), err error) {
	if s.cfg.Snapshots == nil {
		return func() {}, nil
	}
	if s.cfg.Snapshots.Crashed(revision, digest) {
		return nil, errCrashed
	}
	done, err = s.cfg.Snapshots.Begin(revision, digest)
	if err != nil {
		s.log.Warn("failed to write the crash marker of a snapshot; applying it without", "revision", revision, "error", err)
	}
	return done, nil
}

// save keeps what is in use for the next start.
func (s *Syncer) save(full *nodev1.Full) {
	if s.cfg.Snapshots == nil {
		return
	}
	if err := s.cfg.Snapshots.Save(full); err != nil {
		s.log.Error("failed to save a snapshot; after a restart without the control plane this node would serve an older one",
			"revision", full.GetRevision(), "error", err)
	}
}
