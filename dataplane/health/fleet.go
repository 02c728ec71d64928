package health

import (
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// fleet is what a node knows of a scope's place among all nodes.
type fleet struct {
	open      bool      // the nodes agree that it is open, as far as this one knows
	askAt     time.Time // others have the probe: do not ask for it before
	successes int       // counted here and not told yet
	callers   int       // that must have failed before it opens, as this node sees its traffic
}

// delivery is what the nodes learn of one report, or of a number of successes.
type delivery struct {
	dataplane.Report
	window    time.Duration
	fast      bool // the attempt took no time
	successes int  // counted since the delivery before
	callers   int
}

// delivery takes along the successes that were counted before the report.
func (t *tracker) delivery(now time.Time, r *dataplane.Report) delivery {
	d := delivery{Report: *r, fast: fast(now, r), successes: t.fleet.successes, callers: max(t.fleet.callers, 1)}
	if r.Policy != nil {
		d.window = r.Policy.FailureWindow
	}
	t.fleet.successes = 0
	return d
}
