package revocation

import (
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"github.com/trunkline-ai/trunkline/dataplane"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

const (
	// maxRevocations is how many a node keeps: the newest it learned of.
	maxRevocations = 10_000
	// maxReported bounds the names of one report.
	maxReported = 1000
)

// Config is what a Store needs.
type Config struct {
	// File keeps revocations over a restart. Default: nothing does.
	File *File
	// Apply takes the keys that are refused from now on, in place of those it took before. It
	// must not block. Required.
	Apply func(dataplane.RevokedKeys)
	// Publish takes revocations that the control plane told, for nodes that it cannot reach.
	// It must not block. Default: nothing.
	Publish func([]Revocation)
	Logger  *slog.Logger // required
}

// Store is what the node knows to be revoked. It is safe for concurrent use.
type Store struct {
	cfg Config
	log *slog.Logger

	mu    sync.Mutex // guards the fields below, and the order in which Apply is called
	set   *set
	upTo  version // the control plane has told everything up to this
	saved uint64  // and this much of that is on disk
	dirty bool    // something is not on disk
	// inUse are the versions of the snapshot in use, and of the one that is being applied.
	inUse      map[version]bool
	overridden []string // names of keys that the snapshot in use holds and the node refuses
	count      int
	report     bool // overridden changed, and the control plane was not told
}

// New returns an empty store; Load brings back what an earlier run knew.
func New(cfg Config) (*Store, error) {
	if cfg.Apply == nil || cfg.Logger == nil {
		return nil, errors.New("revocation: Apply and Logger are required")
	}
	if cfg.Publish == nil {
		cfg.Publish = func([]Revocation) {}
	}
	return &Store{cfg: cfg, log: cfg.Logger, set: newSet(maxRevocations), inUse: map[version]bool{}}, nil
}

// Load reads what was known when the node ended. Call it before the first snapshot is applied.
func (s *Store) Load() {
	if s.cfg.File == nil {
		return
	}
	m, err := s.cfg.File.read()
	if err != nil {
		s.log.Error("failed to load revocations; the control plane sends them again", "error", err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.set.add(fromFile(m)...)
	s.upTo, s.saved = version{m.GetLineage(), m.GetRevision()}, m.GetRevision()
	s.apply()
}

// Revoke refuses keys that the control plane revoked, and returns the confirmation once that
// outlives the node; nil when it does not.
func (s *Store) Revoke(m *nodev1.Revoke) *nodev1.RevokeAck {
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh, upTo := s.set.add(fromMessage(m)...), version{m.GetLineage(), m.GetRevision()}
	s.dirty = s.dirty || len(fresh) > 0 || s.upTo != upTo
	if s.upTo.lineage != upTo.lineage {
		s.saved = 0
	}
	s.upTo = upTo
	s.apply()
	if len(fresh) > 0 {
		s.log.Info("API keys revoked", "count", len(fresh), "revision", m.GetRevision())
		s.cfg.Publish(fresh)
	}
	if !s.save() {
		return nil
	}
	return s.ack()
}

// Learn refuses keys that another node says are revoked, for a node that the control plane
// cannot reach.
func (s *Store) Learn(list []Revocation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh := s.set.add(slices.DeleteFunc(slices.Clone(list), s.decided)...)
	if len(fresh) == 0 {
		return
	}
	s.log.Info("API keys revoked, reported by another node", "count", len(fresh))
	s.dirty = true
	s.apply()
	s.save()
}

// decided reports whether what another node says changes nothing: the snapshot in use has
// decided about it, or it is of a database that is not the node's. What is permanent is
// always taken.
func (s *Store) decided(r Revocation) bool {
	if r.Reason == Permanent {
		return false
	}
	for v := range s.inUse {
		if r.Lineage != v.lineage || r.Revision <= v.revision {
			return true
		}
	}
	return false
}

// All is everything that the node knows to be revoked, for nodes that the control plane
// cannot reach.
func (s *Store) All() []Revocation {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.set.list()
}

// apply hands on what is refused with every snapshot that is or may be in use. The caller
// holds mu.
func (s *Store) apply() {
	keys := dataplane.RevokedKeys{}
	for v := range s.inUse {
		s.set.applying(v, keys)
	}
	s.cfg.Apply(keys)
}

// BeforeSnapshot sees to it that the snapshot brings no revoked key back from the moment it
// is in use. done must be called after it was taken into use, with what finds the names of its API keys, or
// with the error why not.
func (s *Store) BeforeSnapshot(lineage string, revision uint64) (done func(Held, error)) {
	next := version{lineage, revision}
	s.mu.Lock()
	defer s.mu.Unlock()
	before := maps.Clone(s.inUse)
	s.inUse[next] = true
	s.apply()
	return func(held Held, err error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.inUse = map[version]bool{next: true}
		if err != nil {
			s.inUse = before
		} else {
			s.settle(next, held)
		}
		s.apply()
	}
}

// Held finds the API key that a snapshot holds a secret of.
type Held = func(dataplane.KeyHash) (name string, ok bool)

// settle takes in what a snapshot that is in use decides. The caller holds mu.
func (s *Store) settle(v version, held Held) {
	var overridden []string
	for hash := range s.set.overriding(v) {
		if name, ok := held(hash); ok {
			overridden = append(overridden, name)
		}
	}
	slices.Sort(overridden)
	count := len(overridden)
	overridden = overridden[:min(count, maxReported)]
	s.set.settle(v, held)
	if !slices.Equal(overridden, s.overridden) || count != s.count {
		s.overridden, s.count, s.report = overridden, count, true
	}
}

// save keeps what is known for the next start, and reports whether that is so. A node
// without a disk has nothing that could bring a key back. The caller holds mu.
func (s *Store) save() bool {
	if s.cfg.File != nil && s.dirty {
		if err := s.cfg.File.write(toFile(s.set.list(), s.upTo)); err != nil {
			s.log.Error("failed to save revocations; the keys are refused now, but after a restart without the control plane they could be accepted",
				"revision", s.upTo.revision, "error", err)
			return false
		}
	}
	s.dirty, s.saved = false, s.upTo.revision
	return true
}
