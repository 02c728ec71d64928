package revocation

import (
	"cmp"
	"slices"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// set is at most a number of revocations, the newest that the node learned of. It is not
// safe for concurrent use.
type set struct {
	limit int
	next  uint64
	all   map[dataplane.KeyHash]learned
}

type learned struct {
	Revocation
	order uint64 // in which it was learned
}

func newSet(limit int) *set { return &set{limit: limit, all: map[dataplane.KeyHash]learned{}} }

// add takes in revocations and returns those that were new. Of two about one secret the
// stronger stays: a permanent one, else the newer one of the same database, else that of
// another database unless its reason is weaker.
func (s *set) add(list ...Revocation) (fresh []Revocation) {
	for _, r := range list {
		old, known := s.all[r.Hash]
		if known && !replaces(&r, &old.Revocation) {
			continue
		}
		if r.Name == "" {
			r.Name = old.Name
		}
		s.all[r.Hash] = learned{r, s.next}
		s.next++
		fresh = append(fresh, r)
	}
	s.bound()
	return fresh
}

func replaces(r, old *Revocation) bool {
	switch {
	case old.Reason == Permanent:
		return r.Reason == Permanent && r.Cut && !old.Cut
	case r.Reason == Permanent:
		return true
	case r.Lineage == old.Lineage:
		return r.Revision > old.Revision
	}
	// The database that was adopted may know less, but does not weaken what is known.
	return old.Reason == Disabled || r.Reason >= old.Reason
}

// bound forgets the oldest beyond the limit: those that are not permanent first.
func (s *set) bound() {
	if len(s.all) <= s.limit {
		return
	}
	list := s.list()
	slices.SortStableFunc(list, func(a, b Revocation) int {
		return cmp.Compare(b2i(a.Reason == Permanent), b2i(b.Reason == Permanent))
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

// list gives all, in the order in which they were learned.
func (s *set) list() []Revocation {
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

// applying adds to out what is refused while a snapshot is in use.
func (s *set) applying(v version, out dataplane.RevokedKeys) {
	for hash, r := range s.all {
		if r.appliesTo(v) {
			out[hash] = out[hash] || r.Cut
		}
	}
}

// overriding tells which of them apply although the snapshot is not older: those that its
// database does not know of, and permanent ones.
func (s *set) overriding(v version) map[dataplane.KeyHash]bool {
	out := map[dataplane.KeyHash]bool{}
	for hash, r := range s.all {
		if r.overrides(v) {
			out[hash] = true
		}
	}
	return out
}

// settle forgets what a snapshot of the same database has decided again: secrets that it
// holds and that were revoked up to its revision, unless permanently. Without that, a
// database that is adopted later would not be believed about them.
func (s *set) settle(v version, held Held) {
	for hash, r := range s.all {
		if r.Lineage != v.lineage || r.appliesTo(v) {
			continue
		}
		if _, is := held(hash); is {
			delete(s.all, hash)
		}
	}
}
