package health

import (
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

const (
	// staleAfterReset is how long a reset remembers that failures of attempts that began
	// before it are stale: longer than any attempt lasts.
	staleAfterReset = time.Hour
	// fastFailure is how long an attempt may take that costs next to nothing if it fails.
	fastFailure = time.Second
	// earlyEvery is the time between two early probes of a scope, in the whole fleet.
	earlyEvery = 5 * time.Second
	// manyInARow times the threshold is how many failures without a success between them
	// open a scope whatever share of the window they are.
	manyInARow = 10
)

// change is what a report did to a scope.
type change uint8

const (
	unchanged change = iota // at most its window
	adjusted                // something that the request path reads, but no news
	opened                  // closed -> open
	reopened                // half-open -> open: a probe failed
	extended                // its cooldown ends later
	closed                  // -> closed
)

// tracker is all that is known of one scope, and the rules by which it changes. It has
// no clock and no lock of its own.
type tracker struct {
	open   bool      // open until its deadline, half-open from then on
	until  time.Time // the deadline
	reason dataplane.Outcome

	// What outlives a cooldown, until fades: trouble that comes back is cooled longer.
	fades       time.Time
	closedAt    time.Time // failures of attempts that began before are stale
	level       int       // multiplies the cooldown
	openings    int       // doubles holds
	probeFailed bool      // since the scope opened

	// A scope that opened by fast failures may be probed before its deadline.
	early   bool
	earlyAt time.Time // not before

	doubt     doubt
	lease     lease
	windows   windows
	row       row
	threshold int // of the policy used last

	fleet fleet
}

// doubt is a refusal that one caller may have brought about, kept until a second one meets it.
type doubt struct {
	caller string
	until  time.Time // for a failure window
}

// confirmed reports whether a refusal that was met before is met by a second caller now, with no
// success between them; else the tracker remembers who met it.
func (t *tracker) confirmed(now time.Time, r *dataplane.Report) bool {
	if now.Before(t.doubt.until) && t.doubt.caller != r.Caller {
		return true
	}
	t.doubt = doubt{caller: r.Caller, until: now.Add(r.Policy.FailureWindow)}
	return false
}

// row counts failures with no success between them. A busy scope that dies has a window
// full of successes: until its failures were a fifth of them, it would go on failing calls
// for many seconds.
type row struct {
	failures  int
	anyCaller int // of these, such as no caller can cause
}

// lease is the right to be the one probe of a half-open scope.
type lease struct {
	token string
	until time.Time
	early bool // given before the deadline: only its success decides anything
}

func (l lease) live(now time.Time) bool { return l.token != "" && now.Before(l.until) }

// report applies what an attempt says. start is when age began to count. tell means that
// other nodes should learn of it.
func (t *tracker) report(now, start time.Time, r *dataplane.Report, jitter func() float64) (c change, tell bool) {
	faded := t.fade(now)
	if t.open {
		c = t.reportOpen(now, r, jitter)
		tell = r.Probe != "" || r.LastResort && r.Result == dataplane.Success ||
			!r.LastResort && r.Result == dataplane.Failure && r.Hold > 0
	} else {
		c, tell = t.reportClosed(now, now.Sub(start), r, jitter)
	}
	if c == unchanged && faded {
		c = closed
	}
	return c, tell
}

// reportOpen: only the probe, a success as last resort and a longer hold change a scope
// that is open or half-open. Anything else is a late result of a call that was in flight.
// A failure as last resort is inert even with a hold: it was asked for although the scope
// cools, and if it moved the deadline a scope in use would never come to be probed.
func (t *tracker) reportOpen(now time.Time, r *dataplane.Report, jitter func() float64) change {
	probe := r.Probe != "" && r.Probe == t.lease.token && t.lease.live(now)
	early := t.lease.early
	if probe {
		t.lease = lease{}
	}
	switch {
	case r.Result == dataplane.Success && (probe || r.LastResort):
		t.close(now, r.Policy)
		return closed
	case r.Result != dataplane.Failure:
		return unchanged
	case r.Unconfirmed && !(probe && !early && t.confirmed(now, r)):
		return unchanged // nobody keeps it open alone
	case probe && !early:
		t.reopen(now, r, jitter)
		return reopened
	case r.Hold > 0 && !r.LastResort:
		return t.extend(now, r)
	case probe && t.early && !fast(now, r):
		t.early = false // trying again would cost calls their time
		return adjusted
	}
	return unchanged
}

func (t *tracker) reportClosed(now time.Time, age time.Duration, r *dataplane.Report, jitter func() float64) (c change, tell bool) {
	failed := r.Result == dataplane.Failure
	if r.Result == dataplane.Neutral || failed && r.StartedAt.Before(t.closedAt) && !r.StartedAt.IsZero() {
		return unchanged, r.Probe != ""
	}
	if failed && r.Hold > 0 && r.Unconfirmed && !t.confirmed(now, r) {
		return unchanged, true
	}
	if failed && r.Hold > 0 {
		hold := holdFor(r, t.openings)
		t.level++
		t.openFor(now, hold, r)
		return opened, true
	}
	w := t.windows.of(r.Policy.FailureWindow)
	t.windows.add(age, r.Caller, failed, fast(now, r))
	t.threshold = r.Policy.FailureThreshold
	if !failed {
		t.fleet.succeeded(r.Caller)
		t.row, t.doubt = row{}, doubt{}
		return unchanged, r.Probe != ""
	}
	t.row.failures++
	if r.AnyCaller {
		t.row.anyCaller++
	}
	if !t.convicts(w, age, r) {
		return unchanged, true
	}
	early := r.Policy.ProbeEarly && w.mostlyFast(age)
	t.level++
	t.openFor(now, cooldown(r.Policy, t.level, jitter), r)
	t.probeEarly(now, early)
	return opened, true
}

// convicts reports whether the window holds enough failures, as a number, as a share of
// all attempts or as a row, and from enough callers: two, unless one is alone with it or no
// caller can cause such a failure.
func (t *tracker) convicts(w *window, age time.Duration, r *dataplane.Report) bool {
	failing, alone := w.blame(age)
	t.fleet.callers = 2
	if r.AnyCaller || alone && !r.Unconfirmed {
		t.fleet.callers = 1
	}
	all := w.all.sum(w.bucket(age))
	enough := float64(all.failures)/float64(all.total()) >= r.Policy.MinRatio ||
		t.row.anyCaller >= r.Policy.FailureThreshold || t.row.failures >= manyInARow*r.Policy.FailureThreshold
	return enough && all.failures >= r.Policy.FailureThreshold && failing >= t.fleet.callers
}

// fast reports whether a failed attempt cost next to no time.
func fast(now time.Time, r *dataplane.Report) bool {
	return !r.StartedAt.IsZero() && now.Sub(r.StartedAt) < fastFailure
}

// reopen follows a failed probe: the first one keeps the level, each later one raises it. A
// wait that the upstream names is believed as it is.
func (t *tracker) reopen(now time.Time, r *dataplane.Report, jitter func() float64) {
	if t.probeFailed && !r.Named {
		t.level++
	}
	hold := max(holdFor(r, t.openings), cooldown(r.Policy, t.level, jitter))
	if r.Named {
		hold = r.Hold
	}
	t.openFor(now, hold, r)
	t.probeEarly(now, r.Policy.ProbeEarly && r.Hold == 0 && fast(now, r))
	t.probeFailed = true
}

// probeEarly says whether the scope may be probed before its deadline.
func (t *tracker) probeEarly(now time.Time, early bool) {
	t.early, t.earlyAt = early, now.Add(earlyEvery)
}

// openFor opens the scope; a deadline that is later already stays.
func (t *tracker) openFor(now time.Time, d time.Duration, r *dataplane.Report) {
	if !t.open {
		t.until = time.Time{}
		t.probeFailed = false
		t.fleet.open = false
	}
	t.open, t.early = true, false
	t.openings++
	t.reason = r.Outcome
	t.lease = lease{}
	t.windows, t.row, t.doubt = nil, row{}, doubt{}
	t.threshold = r.Policy.FailureThreshold
	t.setDeadline(now.Add(d), r.Policy)
}

// extend moves the deadline of an open scope, never nearer. The hold is doubled as it was
// when the scope opened: calls in flight at that time all bring the same news.
func (t *tracker) extend(now time.Time, r *dataplane.Report) change {
	until := now.Add(holdFor(r, t.openings-1))
	if !until.After(t.until) {
		return unchanged
	}
	t.reason, t.early = r.Outcome, false // a wait that was named is kept to
	t.setDeadline(until, r.Policy)
	return extended
}

func (t *tracker) setDeadline(until time.Time, p *dataplane.Policy) {
	if until.After(t.until) {
		t.until = until
	}
	t.fades = t.until.Add(2 * p.CooldownMax)
}

// close closes the scope and remembers its level.
func (t *tracker) close(now time.Time, p *dataplane.Policy) {
	t.shut(now)
	t.fleet.closedAt = now
	t.fades = now.Add(2 * p.CooldownMax)
}

// shut makes the scope closed. What it remembers fades when it would have anyway.
func (t *tracker) shut(now time.Time) {
	t.open, t.early = false, false
	t.until = time.Time{}
	t.closedAt = now
	t.lease = lease{}
	t.windows, t.row, t.doubt = nil, row{}, doubt{}
	t.fleet = fleet{}
}

// reset is close by an admin, who says that the trouble is over.
func (t *tracker) reset(now time.Time) (wasOpen bool) {
	wasOpen = t.open
	*t = tracker{closedAt: now, fades: now.Add(staleAfterReset), threshold: t.threshold, fleet: fleet{closedAt: now}}
	return wasOpen
}

// fade forgets old trouble: the level of a scope that has been closed for twice the
// longest cooldown, and the cooldown of one that nobody tried for that long after its
// deadline. It reports whether it closed the scope.
func (t *tracker) fade(now time.Time) (wasOpen bool) {
	if t.fades.IsZero() || now.Before(t.fades) {
		return false
	}
	wasOpen = t.open
	*t = tracker{windows: t.windows, row: t.row, doubt: t.doubt, threshold: t.threshold}
	return wasOpen
}

// mayProbe reports whether the scope is half-open, or its early probe due, and nobody has
// the lease.
func (t *tracker) mayProbe(now time.Time) bool {
	if !t.open || !now.Before(t.fades) || t.lease.live(now) || now.Before(t.fleet.askAt) {
		return false
	}
	return !now.Before(t.until) || t.early && !now.Before(t.earlyAt)
}

// grant gives out the lease. After an early probe the next one has to wait.
func (t *tracker) grant(now time.Time, token string, length time.Duration) {
	t.lease = lease{token: token, until: now.Add(length), early: now.Before(t.until)}
	if t.lease.early {
		t.earlyAt = now.Add(earlyEvery)
	}
}

// holdFor is how long a report holds the scope, doubled for each opening before.
func holdFor(r *dataplane.Report, openings int) time.Duration {
	d := r.Hold
	if !r.HoldDoubles {
		return d
	}
	for ; openings > 0 && d < r.HoldMax; openings-- {
		d = min(2*d, r.HoldMax)
	}
	return d
}

// cooldown is the policy's cooldown at a level: linear, capped, and up to 10 % longer so
// that nodes and scopes that fell together do not come back together.
func cooldown(p *dataplane.Policy, level int, jitter func() float64) time.Duration {
	d := p.CooldownMax
	if p.Cooldown > 0 && time.Duration(level) <= p.CooldownMax/p.Cooldown {
		d = p.Cooldown * time.Duration(level)
	}
	return d + time.Duration(float64(d)*0.1*jitter())
}
