package fold

import "sync/atomic"

// counts are numbers since the start. They may be read at any time, even while the disk
// hangs.
type counts struct {
	folded  [6]atomic.Uint64 // by place in Reasons
	lost    atomic.Uint64
	gaps    atomic.Uint64
	waiting atomic.Int64
}

func (c *counts) fold(reason Reason, calls uint64) {
	for i, r := range Reasons {
		if r == reason {
			c.folded[i].Add(calls)
		}
	}
}

func (c *counts) lose(calls uint64) { c.lost.Add(calls) }

// Stats tell what was folded since the book was opened.
type Stats struct {
	Folded  map[Reason]uint64 // calls that are in sums only
	Lost    uint64            // calls for whose sums there was no room either
	Gaps    uint64            // gap records made
	Waiting int               // totals and gaps to be sent
}

// Stats returns the numbers.
func (b *Book) Stats() Stats {
	s := Stats{
		Folded: make(map[Reason]uint64, len(Reasons)), Lost: b.counts.lost.Load(), Gaps: b.counts.gaps.Load(),
		Waiting: b.Waiting(),
	}
	for i, r := range Reasons {
		if r.summed() {
			s.Folded[r] = b.counts.folded[i].Load()
		}
	}
	return s
}

// Total is how many calls are in sums only.
func (s Stats) Total() (n uint64) {
	for _, calls := range s.Folded {
		n += calls
	}
	return n
}
