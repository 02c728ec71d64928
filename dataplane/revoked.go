package dataplane

import (
	"cmp"
	"crypto/sha256"
	"slices"
)

// KeyHash identifies the secret of an API key: its HMAC-SHA256 under the pepper.
type KeyHash [sha256.Size]byte

// RevokeReason says why a secret is not accepted any more.
type RevokeReason uint8

// The reasons, from the one that may be undone to the one that never is.
const (
	RevokeDisabled RevokeReason = 1 + iota // may be enabled again
	RevokeRotated                          // another secret took its place
	RevokeDeleted                          // its key is gone
	RevokeForGood                          // no key may have it again
)

// Revocation is one secret that is not accepted since a revision of a database.
type Revocation struct {
	Hash     KeyHash
	Name     string // of the API key, for people; may be empty
	Lineage  string // of the database
	Revision uint64
	Reason   RevokeReason
	Cut      bool // running streams are ended too
}

// Refused is the overlay next to a snapshot: secrets that are refused although the snapshot
// holds them, and whether streams that run with them are ended. It is immutable.
type Refused map[KeyHash]bool

// holds reports whether the revocation is still to be minded beside a snapshot.
//
// A snapshot of the same database decides anew about what was revoked up to its revision,
// but never about what was revoked for good. One of a database that an admin put in the place
// of the one of the revocation may be an old backup: it brings nothing back but what was
// merely disabled.
func (r *Revocation) holds(lineage string, revision uint64) bool {
	switch {
	case r.Reason == RevokeForGood:
		return true
	case r.Lineage == lineage:
		return r.Revision > revision
	}
	return r.Reason != RevokeDisabled
}

// kept reports whether it is minded although the snapshot is not older.
func (r *Revocation) kept(lineage string, revision uint64) bool {
	return r.holds(lineage, revision) && (r.Lineage != lineage || r.Revision <= revision)
}

// Revocations is what a node knows to be revoked: at most a number of them, the newest that
// it learned of. The zero value is not ready; make it with NewRevocations. It is not safe for
// concurrent use.
type Revocations struct {
	limit int
	next  uint64
	all   map[KeyHash]learned
}

type learned struct {
	Revocation
	order uint64 // in which it was learned
}

// NewRevocations makes an empty set of at most limit.
func NewRevocations(limit int) *Revocations {
	return &Revocations{limit: limit, all: map[KeyHash]learned{}}
}

// Add takes in revocations and returns those that were news. Of one secret the word that
// weighs more stays: what is for good, else the newer one of the same database, else that of
// another database unless it takes it more lightly.
func (s *Revocations) Add(list ...Revocation) (news []Revocation) {
	for _, r := range list {
		old, known := s.all[r.Hash]
		if known && !outweighs(&r, &old.Revocation) {
			continue
		}
		if r.Name == "" {
			r.Name = old.Name
		}
		s.all[r.Hash] = learned{r, s.next}
		s.next++
		news = append(news, r)
	}
	s.bound()
	return news
}

func outweighs(r, old *Revocation) bool {
	switch {
	case old.Reason == RevokeForGood:
		return r.Reason == RevokeForGood && r.Cut && !old.Cut
	case r.Reason == RevokeForGood:
		return true
	case r.Lineage == old.Lineage:
		return r.Revision > old.Revision
	}
	// The database that took the place of the other one may know less, never more lightly.
	return old.Reason == RevokeDisabled || r.Reason >= old.Reason
}

// bound forgets the oldest beyond the limit: those that are not for good first.
func (s *Revocations) bound() {
	if len(s.all) <= s.limit {
		return
	}
	list := s.List()
	slices.SortStableFunc(list, func(a, b Revocation) int {
		return cmp.Compare(b2i(a.Reason == RevokeForGood), b2i(b.Reason == RevokeForGood))
	})
	for _, r := range list[:len(list)-s.limit] {
		delete(s.all, r.Hash)
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// List gives all, in the order in which they were learned.
func (s *Revocations) List() []Revocation {
	sorted := make([]learned, 0, len(s.all))
	for _, l := range s.all {
		sorted = append(sorted, l)
	}
	slices.SortFunc(sorted, func(a, b learned) int { return cmp.Compare(a.order, b.order) })
	list := make([]Revocation, len(sorted))
	for i, l := range sorted {
		list[i] = l.Revocation
	}
	return list
}

// Beside adds to out what is to be minded beside a snapshot.
func (s *Revocations) Beside(lineage string, revision uint64, out Refused) {
	for hash, r := range s.all {
		if r.holds(lineage, revision) {
			out[hash] = out[hash] || r.Cut
		}
	}
}

// Kept tells which of them are minded although the snapshot is not older: those that its
// database does not know of, and what is for good.
func (s *Revocations) Kept(lineage string, revision uint64) map[KeyHash]bool {
	out := map[KeyHash]bool{}
	for hash, r := range s.all {
		if r.kept(lineage, revision) {
			out[hash] = true
		}
	}
	return out
}

// Settle forgets what a snapshot of the same database has decided anew: secrets that it
// holds and that were revoked up to its revision, unless for good. Without that, a database
// that is adopted later would not be believed about them.
func (s *Revocations) Settle(lineage string, revision uint64, held func(KeyHash) bool) {
	for hash, r := range s.all {
		if r.Lineage == lineage && !r.holds(lineage, revision) && held(hash) {
			delete(s.all, hash)
		}
	}
}
