package dataplane

import (
	"slices"
	"time"

	"github.com/trunkline-ai/trunkline/internal/domain/routing"
)

// Candidate is a member as one call would try it.
type Candidate struct {
	*Member
	// Cooling: it is tried only because nothing better is left.
	Cooling bool
	// HalfOpen: its cooldown is over and a probe must be won before it is tried.
	HalfOpen bool
	// Reason and Until are of the cooldown, while there is one.
	Reason Outcome
	Until  time.Time

	// To is the dialect that the request is translated to for it; empty: it gets it as it came.
	To string

	key int64 // what the selection compares within one priority, where it does
}

// Order lists every member of the group in the order in which a call tries them: priority,
// then as the group's selection says: by default price, then by weight at random. Cooling
// ones go last, never away, and
// among them those that time alone will heal go first. It appends to buf.
//
// look tells how a scope stands; random gives a number in [0, n). session is what a sticky group orders
// by; without one it goes by weight at random.
func (g *Group) Order(buf []Candidate, look func(Scope) Condition, random func(n int) int, session routing.Session) []Candidate {
	buf = buf[:0]
	cooling, hopeless := 0, 0
	for _, m := range g.Members {
		c := m.Target.Condition(look)
		buf = append(buf, Candidate{Member: m, Cooling: c.State == Open, HalfOpen: c.State == HalfOpen, Reason: c.Reason, Until: c.Until})
		if c.State == Open {
			cooling++
			if c.Reason.Rule().NeedsHelp {
				hopeless++
			}
		}
	}
	if g.ties {
		if g.Selection == Sticky && session != 0 {
			ownFirst(buf, session)
		} else {
			g.shuffleTies(buf, random)
		}
		if g.Selection == LeastBusy {
			leastBusyFirst(buf)
		}
	}
	if cooling == 0 || cooling == len(buf) && hopeless == 0 {
		return buf
	}
	return coolingLast(buf)
}

// NativeFirst puts candidates that get the request as it came before those of the same priority and
// price for which it is translated. Where a selection shares the calls in another way, its order stays.
func (g *Group) NativeFirst(c []Candidate) {
	if g.Selection != Cheapest {
		return
	}
	for start := 0; start < len(c); {
		end := start + 1
		for end < len(c) && c[start].Cooling == c[end].Cooling && g.Selection.rank(c[start].Member, c[end].Member) == 0 {
			end++
		}
		slices.SortStableFunc(c[start:end], func(a, b Candidate) int {
			switch {
			case (a.To == "") == (b.To == ""):
				return 0
			case a.To == "":
				return -1
			}
			return 1
		})
		start = end
	}
}

// Condition is how the target stands: the worst of its own, its provider's and its best
// credential's.
func (t *Target) Condition(look func(Scope) Condition) Condition {
	worst, provider := look(t.Scope), look(t.Provider.Scope)
	if worst.State == Closed || !provider.Derived {
		worst = worse(worst, provider)
	}
	if len(t.Provider.Credentials) == 0 {
		return worst
	}
	best := look(t.Provider.Credentials[0].Scope)
	for _, c := range t.Provider.Credentials[1:] {
		if best.State == Closed {
			break
		}
		if next := look(c.Scope); next.State < best.State || next.State == best.State && next.Until.Before(best.Until) {
			best = next
		}
	}
	return worse(worst, best)
}

func worse(a, b Condition) Condition {
	if b.State > a.State || b.State == a.State && b.Until.After(a.Until) {
		return b
	}
	return a
}

func coolingLast(in []Candidate) []Candidate {
	out := make([]Candidate, 0, len(in))
	for pass := range 3 {
		for _, c := range in {
			class := 0
			if c.Cooling {
				class = 1
				if c.Reason.Rule().NeedsHelp {
					class = 2
				}
			}
			if class == pass {
				out = append(out, c)
			}
		}
	}
	return out
}

// shuffleTies puts runs of equal rank into a random order in which a member comes first
// with the probability of its share of the run's weight.
func (g *Group) shuffleTies(c []Candidate, random func(n int) int) {
	for start := 0; start < len(c); {
		end := start + 1
		for end < len(c) && g.Selection.rank(c[start].Member, c[end].Member) == 0 {
			end++
		}
		total := 0
		for _, m := range c[start:end] {
			total += m.Weight
		}
		for i := start; i < end-1; i++ {
			pick, r := i, random(total)
			for r >= c[pick].Weight {
				r -= c[pick].Weight
				pick++
			}
			c[i], c[pick] = c[pick], c[i]
			total -= c[i].Weight
		}
		start = end
	}
}

// byRank compares two members by priority, then by price; equal ones share the calls by weight.
func byRank(a, b *Member) int { return a.rank().Compare(b.rank()) }

func (m *Member) rank() routing.Rank {
	cost := m.Price.Cost(Usage{Input: routing.SampleTokens, Output: routing.SampleTokens})
	return routing.Rank{Priority: m.Priority, Priced: m.Price != nil, Cost: int64(cost)}
}
