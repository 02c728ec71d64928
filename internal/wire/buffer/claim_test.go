package buffer

import "testing"

// counted is a budget of so many bytes.
type counted struct{ left int64 }

func (c *counted) Take(n int64) bool {
	if n > c.left {
		return false
	}
	c.left -= n
	return true
}

func (c *counted) Give(n int64) { c.left += n }

func TestLargeBuffersAreClaimed(t *testing.T) {
	t.Parallel()
	var pool Pool
	const limit = 40 << 20
	budget := &counted{left: limit}
	claim := NewClaim(budget)
	lent := pool.Get(256 << 10)
	lent, ok := claim.Grow(&pool, lent)
	if !ok || cap(lent.B) != free || !claim.Empty() || budget.left != limit {
		t.Fatalf("to 1 MiB: %v, room %d, %d left", ok, cap(lent.B), budget.left)
	}
	lent.B = append(lent.B, "text"...)
	lent, ok = claim.Grow(&pool, lent)
	if !ok || string(lent.B) != "text" || budget.left != limit-cost*int64(cap(lent.B)) {
		t.Fatalf("to %d bytes: %v, %q, %d left", cap(lent.B), ok, lent.B, budget.left)
	}
	larger, ok := claim.Grow(&pool, lent)
	if !ok || budget.left != limit-cost*int64(cap(larger.B)) {
		t.Fatalf("to %d bytes: %v, %d left: a buffer takes what it is, and not what it was too", cap(larger.B), ok, budget.left)
	}
	if same, ok := claim.Grow(&pool, larger); ok || same != larger {
		t.Error("a buffer grew beyond the budget")
	}
	claim.Release()
	claim.Release()
	if budget.left != limit || !claim.Empty() {
		t.Errorf("%d left of %d", budget.left, limit)
	}
}
