// Package health counts how attempts end and says which targets, providers and
// credentials are to be skipped for a while.
//
// A scope is closed until failures fill its window or an outcome names a hold; then it is
// open, which is to say cooling, until its deadline. From then on it is half-open: one
// attempt at a time may probe it, and a success closes it.
//
//	       N failures, or a hold             deadline
//	closed ---------------------> open ---------------------> half-open
//	  ^                            ^                           |     |
//	  |                            +------ the probe fails ----+     |
//	  +------- the probe, or an attempt as last resort, succeeds ----+
//
// The rules are those of the Redis script that nodes will share, with these points settled:
//
//   - The first failed probe keeps the level and each later one raises it, so that a
//     provider that needs a little longer is not punished for our asking.
//   - The level goes back to 0 once the scope has been closed for twice the longest
//     cooldown. A half-open scope that nobody tries for that long is closed again.
//   - A failure as last resort changes nothing, a hold that it names included.
//   - A scope that closes takes the lease of its probe with it: what that probe reports
//     later is a result like any other.
//
// Evidence belongs to the scope: groups with other policies judge the same attempts, each
// in a window of its own length.
package health

import (
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// opening is how an open or half-open scope stands, as the request path reads it.
type opening struct {
	until, fades time.Time
	probeAt      time.Time // when an early probe is due; zero: there is none
	level        int
	reason       dataplane.Outcome
}

func (t *tracker) opening() opening {
	o := opening{until: t.until, fades: t.fades, level: t.level, reason: t.reason}
	if t.early {
		o.probeAt = later(t.earlyAt, t.fleet.askAt)
	}
	return o
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// condition is how the opening stands at one moment.
func (o opening) condition(now time.Time) dataplane.Condition {
	c := dataplane.Condition{State: dataplane.Open, Until: o.until, Level: o.level, Reason: o.reason}
	switch {
	case !now.Before(o.fades):
		return dataplane.Condition{}
	case !now.Before(o.until), !o.probeAt.IsZero() && !now.Before(o.probeAt):
		c.State = dataplane.HalfOpen
	}
	return c
}
