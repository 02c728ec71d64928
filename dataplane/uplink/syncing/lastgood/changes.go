package lastgood

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/dataplane/uplink/syncing/packed"
	"github.com/trunkline-ai/trunkline/internal/domain/docset"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
	nodefilev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/nodefile/v1"
)

const (
	// manyChanges and manyBytes are when changes are worth being put together.
	manyChanges = 128
	manyBytes   = 1 << 20
	// mostChanges bounds the changes that could not be put together: what comes after them is a gap.
	mostChanges = 1024
)

// ErrGap is why a change is not kept: what it changes is not on disk.
var ErrGap = errors.New("what the change begins with is not on disk")

// tip is what a start would begin with.
type tip struct {
	Generation
	known   bool // it is on disk
	changes int  // of the newest whole snapshot
	bytes   int  // of these
	// failedChanges and failedBytes are how many there were when they could not be put together: that is tried
	// again once they have doubled.
	failedChanges, failedBytes int
	begun                      uint64 // counts the snapshots that Save and Loaded began with
}

// changeBelongs is what the file of a change is sealed for.
func (g Generation) changeBelongs() string {
	return fmt.Sprintf("change|%d|%s", g.Revision, cmp.Or(g.Lineage, unknown))
}

func (s *Store) changePath(g Generation) string {
	return filepath.Join(s.dir, fmt.Sprintf("%s-%020d%s", cmp.Or(g.Lineage, unknown), g.Revision, changeSuffix))
}

// Append keeps a change of the snapshot that was saved last, which is in use. When it returns without error
// the change survives a loss of power. many: Compact is worth while.
func (s *Store) Append(d *nodev1.Delta) (many bool, err error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	g := generationOf(d.GetTo())
	if !s.tip.known || s.tip.Lineage != g.Lineage || s.tip.Revision > g.Revision {
		return false, ErrGap
	}
	if s.tip.changes >= mostChanges {
		s.tip.known = false
		return false, fmt.Errorf("%w: %d changes could not be put together", ErrGap, s.tip.changes)
	}
	to := proto.CloneOf(d.GetTo())
	to.Nonce, to.Traceparent = 0, ""
	plain, err := proto.Marshal(&nodefilev1.LastGoodChange{Delta: &nodev1.Delta{To: to, FromDigest: d.GetFromDigest(), ChangeZstd: d.GetChangeZstd()}})
	if err == nil {
		err = s.sealer.Write(s.changePath(g), plain, g.changeBelongs())
	}
	if err != nil {
		s.tip.known = false
		return false, fmt.Errorf("%w: save the change to snapshot %d: %w", ErrGap, g.Revision, err)
	}
	s.tip.Generation, s.tip.changes, s.tip.bytes = g, s.tip.changes+1, s.tip.bytes+len(plain)
	s.release(g.Revision)
	return s.tip.changes >= max(manyChanges, 2*s.tip.failedChanges) || s.tip.bytes >= max(manyBytes, 2*s.tip.failedBytes), nil
}

// Gap reports whether what was in use last is not on disk.
func (s *Store) Gap() bool {
	s.writing.Lock()
	defer s.writing.Unlock()
	return !s.tip.known
}

// lastChange is a snapshot as the last of its changes left it; false when there are none.
func (s *Store) lastChange(whole Generation, changes []Generation) (last Generation, ok bool) {
	for _, c := range changes {
		if c.Lineage != whole.Lineage || c.Revision <= whole.Revision {
			continue
		}
		if s.isQuarantined(c.Revision) {
			break
		}
		last, ok = c, true
	}
	last.changed, last.whole = true, whole.Revision
	return last, ok
}

func (s *Store) readChange(g Generation) (*nodev1.Delta, error) {
	plain, err := s.read(s.changePath(g), g.changeBelongs())
	if err != nil {
		return nil, err
	}
	m := &nodefilev1.LastGoodChange{}
	if err := proto.Unmarshal(plain, m); err != nil {
		return nil, err
	}
	return m.GetDelta(), nil
}

// readChanged puts a snapshot and its changes together, up to one that is damaged. When they do not lead all
// the way, an older snapshot may: a newer one that the node gave up can lie between it and its changes.
func (s *Store) readChanged(g Generation) (*nodev1.Full, error) {
	wholes, changes, err := s.list()
	if err != nil {
		return nil, err
	}
	best, err := s.follow(g, changes)
	if err != nil {
		return nil, err
	}
	for _, w := range wholes {
		if best.GetRevision() == g.Revision {
			break
		}
		if w.Lineage != g.Lineage || w.Revision >= g.whole || s.isQuarantined(w.Revision) {
			continue
		}
		w.whole, w.Revision = w.Revision, g.Revision
		if full, err := s.follow(w, changes); err == nil && full.GetRevision() > best.GetRevision() {
			best = full
		}
	}
	return best, nil
}

// follow puts one snapshot and its changes together.
func (s *Store) follow(g Generation, changes []Generation) (*nodev1.Full, error) {
	full, err := s.Read(Generation{Lineage: g.Lineage, Revision: g.whole})
	if err != nil {
		return nil, err
	}
	raw, err := packed.Inflate(full.GetSnapshotZstd(), nil, nil)
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(raw); !bytes.Equal(sum[:], full.GetSha256()) {
		return nil, errors.New("last good snapshot: its SHA-256 is not the one that was saved")
	}
	set, err := docset.Parse(raw, false, nil)
	if err != nil {
		return nil, fmt.Errorf("last good snapshot: %w", err)
	}
	for _, c := range changes {
		if c.Lineage != g.Lineage || c.Revision <= g.whole || c.Revision > g.Revision {
			continue
		}
		d, err := s.readChange(c)
		if err == nil {
			set, err = changed(set, d)
		}
		if err != nil {
			s.log.Error("a delta of the last good snapshot is not usable; ignoring it and all later ones", "whole", g.whole, "revision", c.Revision, "error", err)
			break
		}
		full = d.GetTo()
	}
	raw = set.Encode()
	sum, digest := sha256.Sum256(raw), set.Digest()
	out := &nodev1.Full{
		Revision: full.GetRevision(), Sha256: sum[:], Lineage: full.GetLineage(), Replaces: full.GetReplaces(), History: full.GetHistory(), Digest: digest[:],
	}
	out.SnapshotZstd, err = deflate(raw)
	return out, err
}

// changed is a set after a change that fits.
func changed(set *docset.Set, d *nodev1.Delta) (*docset.Set, error) {
	if digest := set.Digest(); !bytes.Equal(digest[:], d.GetFromDigest()) {
		return set, errors.New("it is a change of another snapshot")
	}
	raw, err := packed.Inflate(d.GetChangeZstd(), nil, nil)
	if err != nil {
		return set, err
	}
	c, err := docset.ParseChange(raw, nil)
	if err != nil {
		return set, err
	}
	next := set.With(c, nil)
	if digest := next.Digest(); !bytes.Equal(digest[:], d.GetTo().GetDigest()) {
		return set, errors.New("it does not lead to the snapshot that it names")
	}
	return next, nil
}

// Compact puts the newest snapshot and its changes together to one. It may run while others save.
func (s *Store) Compact() error {
	s.writing.Lock()
	at := s.tip
	s.writing.Unlock()
	if !at.known || at.changes == 0 {
		return nil
	}
	list, err := s.Generations()
	if err != nil {
		return err
	}
	err = fmt.Errorf("%w: there is no whole snapshot before revision %d", ErrGap, at.Revision)
	for _, g := range list {
		if !g.changed || g.Lineage != at.Lineage {
			continue
		}
		var full *nodev1.Full
		g.Revision = at.Revision // later changes may have been saved since
		if full, err = s.readChanged(g); err != nil {
			continue
		}
		if full.GetRevision() == at.Revision {
			return s.replace(full, at)
		}
		err = fmt.Errorf("%w: they lead to revision %d, not %d", ErrGap, full.GetRevision(), at.Revision)
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.tip.begun == at.begun { // else another snapshot was saved meanwhile
		s.tip.known = false // the next change finds a gap, and the node asks for the whole
	}
	return err
}

// Loaded says which snapshot a start began with. What is newer could not be used, and is removed: even what is in
// quarantine, which a later change would end. Nothing is when a file could not be read: it may be good, and
// there is a gap until the next whole.
func (s *Store) Loaded(full *nodev1.Full) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.tip = tip{Generation: generationOf(full), begun: s.tip.begun + 1}
	s.mu.Lock()
	unread := s.unread
	s.mu.Unlock()
	if unread != nil {
		return fmt.Errorf("%w: a file could not be read: %w", ErrGap, unread)
	}
	wholes, changes, err := s.list()
	if err != nil {
		return fmt.Errorf("list last good snapshots: %w", err)
	}
	newest := uint64(0)
	for _, w := range wholes {
		if w.Revision < s.tip.Revision || w.Revision == s.tip.Revision && w.Lineage == s.tip.Lineage {
			newest = max(newest, w.Revision)
			continue
		}
		if err := os.Remove(s.path(w)); err != nil {
			return fmt.Errorf("remove a snapshot that cannot be used: %w", err)
		}
	}
	for _, c := range changes {
		switch {
		case c.Lineage != s.tip.Lineage || c.Revision > s.tip.Revision:
			if err := os.Remove(s.changePath(c)); err != nil {
				return fmt.Errorf("remove a change that cannot be used: %w", err)
			}
		case c.Revision > newest:
			s.tip.changes++
		}
	}
	s.tip.known = true
	return nil
}

// replace keeps a snapshot that was put together, unless another one was saved meanwhile.
func (s *Store) replace(full *nodev1.Full, at tip) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if !s.tip.known || s.tip.begun != at.begun {
		return nil
	}
	if err := s.write(full); err != nil {
		s.tip.failedChanges, s.tip.failedBytes = s.tip.changes, s.tip.bytes
		return err
	}
	s.tip.failedChanges, s.tip.failedBytes = 0, 0
	s.tip.changes, s.tip.bytes = s.tip.changes-at.changes, s.tip.bytes-at.bytes
	return s.settled()
}

func deflate(raw []byte) ([]byte, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return nil, fmt.Errorf("compress last good snapshot: %w", err)
	}
	defer encoder.Close()
	return encoder.EncodeAll(raw, nil), nil
}
