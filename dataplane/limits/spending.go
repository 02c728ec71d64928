package limits

import (
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// nanoUSD is the unit in which nodes tell each other what was spent: sums of it up to 9
// million USD are exact in the numbers that Redis scripts have.
const nanoUSD dataplane.PicoUSD = 1_000

// spending is what a key has spent in one period.
type spending struct {
	period dataplane.Period
	start  time.Time
	end    time.Time
	own    dataplane.PicoUSD // by this process, and by the one before it what it had told nobody
	known  dataplane.PicoUSD // by all nodes, as last heard
	within dataplane.PicoUSD // the part of own that is in known
	asked  bool              // the other nodes were asked
}

// total is what all nodes have spent, as far as this one can know.
func (s *spending) total() dataplane.PicoUSD { return s.known + s.own - s.within }

// enter starts again when the period is over, or another kind of period than before.
func (s *spending) enter(period dataplane.Period, now time.Time) {
	if s.period == period && now.Before(s.end) { // also when the clock was set back
		return
	}
	*s = spending{period: period, start: period.Start(now), end: period.End(now)}
}

func (s *spending) spend(cost dataplane.PicoUSD, now time.Time) {
	if s.period == dataplane.NoPeriod {
		return
	}
	s.enter(s.period, now)
	s.own += cost
}

// over reports whether the period has ended.
func (s *spending) over(now time.Time) bool { return !now.Before(s.end) }

// unshared is what only this node knows of.
func (s *spending) unshared() dataplane.PicoUSD { return s.own - s.within }

// heard takes over what all nodes have spent; told is the part of own that is in it.
func (s *spending) heard(total, told dataplane.PicoUSD) {
	s.known, s.within, s.asked = total, told, true
}
