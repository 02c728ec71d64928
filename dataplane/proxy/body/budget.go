package body

import "sync/atomic"

// Budget bounds the bytes that all requests together hold, in memory or on disk.
type Budget struct {
	used  atomic.Int64
	limit int64
}

// NewBudget bounds them to limit.
func NewBudget(limit int64) *Budget { return &Budget{limit: limit} }

// Take takes n bytes of the budget, or nothing if there are not so many.
func (b *Budget) Take(n int64) bool {
	if b.used.Add(n) > b.limit {
		b.used.Add(-n)
		return false
	}
	return true
}

// Give gives back what was taken.
func (b *Budget) Give(n int64) { b.used.Add(-n) }
