package revocation

import nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"

// UpTo is the revision of a database up to which revocations are refused and kept; 0 when
// the node follows another one. It tries again what could not be kept.
func (s *Store) UpTo(lineage string) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.save()
	if lineage != s.upTo.lineage {
		return 0
	}
	return s.saved
}

// Hello is what the node tells a control plane that it connects to: the revision up to which
// it knows what is revoked. What it refuses against the database is due to be reported again.
func (s *Store) Hello(lineage string) (upTo uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.report = s.count > 0
	if s.upTo.lineage != lineage {
		return 0
	}
	return s.saved
}

// Report is a report that is due; nil when there is none.
func (s *Store) Report() *nodev1.RevokeAck {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.report {
		return nil
	}
	return s.ack()
}

// ack confirms what is saved. The caller holds mu.
func (s *Store) ack() *nodev1.RevokeAck {
	s.report = false
	return &nodev1.RevokeAck{Revision: s.saved, Kept: s.overridden, KeptCount: int32(s.count)}
}
