package overflow

import "sync/atomic"

// counts are numbers since the start. They may be read at any time, even while the disk
// hangs.
type counts struct {
	summed  [7]atomic.Uint64 // by place in Reasons
	lost    atomic.Uint64
	gaps    atomic.Uint64
	waiting atomic.Int64
}

func (c *counts) sum(reason Reason, calls uint64) {
	for i, r := range Reasons {
		if r == reason {
			c.summed[i].Add(calls)
		}
	}
}

func (c *counts) lose(calls uint64) { c.lost.Add(calls) }

// Stats tell what was summed up since Open.
type Stats struct {
	Summed  map[Reason]uint64 // calls that are in sums only
	Lost    uint64            // calls for whose sums there was no room either
	Gaps    uint64            // gap records made
	Waiting int               // totals and gaps to be sent
}

// Stats returns the numbers.
func (b *Totals) Stats() Stats {
	s := Stats{
		Summed: make(map[Reason]uint64, len(Reasons)), Lost: b.counts.lost.Load(), Gaps: b.counts.gaps.Load(),
		Waiting: b.Waiting(),
	}
	for i, r := range Reasons {
		if r.summed() {
			s.Summed[r] = b.counts.summed[i].Load()
		}
	}
	return s
}

// Total is how many calls are in sums only.
func (s Stats) Total() (n uint64) {
	for _, calls := range s.Summed {
		n += calls
	}
	return n
}
