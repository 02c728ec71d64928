package buffer

// Budget bounds the bytes that all together hold.
type Budget interface {
	// Take takes n bytes, or nothing if there are not so many.
	Take(n int64) bool
	Give(n int64)
}

const (
	// free is what a buffer may hold without taking from the budget: 1 MiB, and what its class has on top.
	free = 1<<20 + 64
	// cost is what a larger buffer takes for each of its bytes. While it grows the smaller one is there
	// too, the client's copy follows it, and the collector lets as much again pass before it runs.
	cost = 4
)

// Claim is what the large buffers of one answer have taken from a budget. Whoever makes one releases it.
type Claim struct {
	budget     Budget
	free, cost int
	taken      int64
}

// NewClaim is a claim to a budget that has taken nothing yet.
func NewClaim(budget Budget) Claim { return Claim{budget: budget, free: free, cost: cost} }

// NewClaimAbove is one of an answer that is not copied: what is larger than free bytes takes twice its
// size, for the smaller buffer is there too while it grows, and the collector lets some pass.
func NewClaimAbove(budget Budget, free int) Claim { return Claim{budget: budget, free: free, cost: 2} }

// Grow gives a full buffer twice the room, or false if the budget has not so much left: then
// the buffer stays as it is.
func (c *Claim) Grow(pool *Pool, full *Buffer) (*Buffer, bool) {
	size := Room(2 * cap(full.B))
	if more := int64(c.cost*size) - c.taken; size > c.free && more > 0 {
		if !c.budget.Take(more) {
			return full, false
		}
		c.taken += more
	}
	return pool.Grow(full), true
}

// Empty reports whether nothing is taken.
func (c *Claim) Empty() bool { return c.taken == 0 }

// Release gives back what was taken.
func (c *Claim) Release() {
	if c.taken > 0 {
		c.budget.Give(c.taken)
		c.taken = 0
	}
}
