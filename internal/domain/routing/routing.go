// Package routing says what puts one member of a group before another. Nodes order the
// candidates of calls by it, the control plane explains the order; both must say the same.
package routing

import "cmp"

// Rank is a member's place among the others of its group.
type Rank struct {
	Priority int  // the lowest first
	Priced   bool // a price that nobody declared is not a low one: unpriced members come last
	Cost     int64
}

// Compare compares two ranks by priority, then by price; equal ones share the calls.
func (r Rank) Compare(other Rank) int {
	return cmp.Or(cmp.Compare(r.Priority, other.Priority), cmp.Compare(r.unpriced(), other.unpriced()), cmp.Compare(r.Cost, other.Cost))
}

func (r Rank) unpriced() int {
	if r.Priced {
		return 0
	}
	return 1
}

// SampleTokens is how many tokens a call reads, and as many it writes, by which prices are
// compared.
const SampleTokens = 1000

// SampleCost is what such a call costs in pico-USD. Prices are micro-USD per million tokens,
// and per call.
func SampleCost(input, output, perCall int64) int64 {
	return perCall*1_000_000 + SampleTokens*(input+output)
}
