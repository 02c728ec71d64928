package usage

// Subtract takes off what part sums up; part must be of calls that u sums up too.
func (u *Sum) Subtract(part *Sum) {
	u.Calls -= part.Calls
	u.OK -= part.OK
	u.Attempts -= part.Attempts
	u.Failovers -= part.Failovers
	u.Saved -= part.Saved
	u.InputTokens -= part.InputTokens
	u.CachedInputTokens -= part.CachedInputTokens
	u.OutputTokens -= part.OutputTokens
	u.Cost = u.Cost.Plus(Cost{Micro: -part.Cost.Micro, Pico: -part.Cost.Pico})
	u.DurationUS -= part.DurationUS
	u.Latency.subtract(part.Latency)
	u.FirstToken.subtract(part.FirstToken)
}

// subtract takes off what other has counted, and the empty buckets that this leaves at both ends.
func (h *Histogram) subtract(other Histogram) {
	for i, n := range other.counts {
		if n != 0 {
			h.add(other.first+i, -n)
		}
	}
	for len(h.counts) > 0 && h.counts[len(h.counts)-1] == 0 {
		h.counts = h.counts[:len(h.counts)-1]
	}
	for len(h.counts) > 0 && h.counts[0] == 0 {
		h.first, h.counts = h.first+1, h.counts[1:]
	}
}
