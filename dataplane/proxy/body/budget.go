package body

import (
	"errors"
	"sync/atomic"
)

// KeyPart is the part of a budget that one key may hold: an eighth.
const KeyPart = 8

// shareSlack is what a key may hold beyond that, for buffers are a little larger than the bodies
// in them.
const shareSlack = 64 << 10

// Reasons why nothing more can be taken.
var (
	errBudget = errors.New("request bodies already use too much memory")
	errShare  = errors.New("the bodies of this API key's requests already use as much memory as one key may")
)

// Budget bounds the bytes that all requests together hold, in memory or on disk, and those of
// one key to an eighth of that.
type Budget struct {
	used  atomic.Int64
	limit int64
	// How often nothing could be taken.
	refused, refusedShare atomic.Int64
}

// NewBudget bounds them to limit.
func NewBudget(limit int64) *Budget { return &Budget{limit: limit} }

// Usage is how a budget stands.
type Usage struct {
	Used, Limit int64 // bytes
	// Refused is how often there was not enough left of all, RefusedShare how often a key had
	// its part already.
	Refused, RefusedShare int64
}

// Usage tells how the budget stands.
func (b *Budget) Usage() Usage {
	return Usage{Used: b.used.Load(), Limit: b.limit, Refused: b.refused.Load(), RefusedShare: b.refusedShare.Load()}
}

// Take takes n bytes of the budget, or nothing if there are not so many.
func (b *Budget) Take(n int64) bool {
	if b.used.Add(n) > b.limit {
		b.used.Add(-n)
		b.refused.Add(1)
		return false
	}
	return true
}

// Give gives back what was taken.
func (b *Budget) Give(n int64) { b.used.Add(-n) }

// Share is the way of one key to a budget. The zero value bounds nothing.
type Share struct {
	budget *Budget
	held   *atomic.Int64 // by the key
}

// Share gives the way of a key that counts in held what it holds.
func (b *Budget) Share(held *atomic.Int64) Share { return Share{budget: b, held: held} }

// Take takes n bytes, or nothing if the key or all together would then hold too many.
func (s *Share) Take(n int64) bool { return s.take(n) == nil }

func (s *Share) take(n int64) error {
	if s.budget == nil {
		return nil
	}
	if s.held.Add(n) > s.budget.limit/KeyPart+shareSlack {
		s.held.Add(-n)
		s.budget.refusedShare.Add(1)
		return errShare
	}
	if !s.budget.Take(n) {
		s.held.Add(-n)
		return errBudget
	}
	return nil
}

// Give gives back what was taken.
func (s *Share) Give(n int64) {
	if s.budget != nil {
		s.budget.Give(n)
		s.held.Add(-n)
	}
}
