package health

import (
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

const (
	// drift is how much the ideas of one deadline differ because Redis counts milliseconds.
	drift = 500 * time.Microsecond
	// news is by how much a deadline must move to be worth a line in the log.
	news = time.Second
	// askEvery is how often a node asks for a probe that others have.
	askEvery = time.Second
)

// fleet is what a node knows of a scope's place among all nodes.
type fleet struct {
	open      bool      // the nodes agree that it is open, as far as this one knows
	closedAt  time.Time // this node closed it, and may not have told yet
	askAt     time.Time // others have the probe: do not ask for it before
	successes int       // counted here and not told yet
	by        string    // whose they are; many: of several callers
	callers   int       // that must have failed before it opens, as this node sees its traffic
}

// many stands for several callers.
const many = "*"

// succeeded counts a success of a caller.
func (f *fleet) succeeded(caller string) {
	if f.successes == 0 {
		f.by = caller
	} else if f.by != caller {
		f.by = many
	}
	f.successes++
}

// delivery is what the nodes learn of one report, of a number of successes, or of a reset.
type delivery struct {
	dataplane.Report
	window    time.Duration
	fast      bool   // the attempt took no time
	successes int    // counted since the delivery before
	by        string // whose they are; many: of several callers
	callers   int
	count     bool // nothing but successes
	reset     bool
}

// delivery takes along the successes that were counted before the report, so that failures
// are never judged without them.
func (t *tracker) delivery(now time.Time, r *dataplane.Report) delivery {
	d := delivery{Report: *r, fast: fast(now, r), successes: t.fleet.successes, by: t.fleet.by, callers: max(t.fleet.callers, 1)}
	if r.Policy != nil {
		d.window = r.Policy.FailureWindow
	}
	t.fleet.successes = 0
	return d
}

// adopt makes the node agree with the others. It skips what either has open: an opening
// that the others know and this node does not is taken over, a deadline is never moved
// nearer, and what all had open closes here when it closed there. What this node alone has
// open stays so until its own deadline. The sharedState was read after began: what this node
// closed since, the others will learn.
func (t *tracker) adopt(began time.Time, s sharedState) change {
	if !s.open {
		if !t.open || !t.fleet.open {
			return unchanged
		}
		t.shut(began)
		return closed
	}
	if !t.open && !t.fleet.closedAt.Before(began) {
		return unchanged
	}
	c := unchanged
	if !t.open {
		c = opened
		t.open, t.until, t.fades, t.lease, t.windows, t.row = true, s.until, s.fades, lease{}, nil, row{}
	}
	if s.openings != t.openings {
		t.lease = lease{} // it was that of the opening before
	}
	before := *t
	if s.until.After(t.until.Add(drift)) {
		t.until = s.until
	}
	if s.fades.After(t.fades.Add(drift)) {
		t.fades = s.fades
	}
	t.level, t.openings, t.probeFailed, t.reason = s.level, s.openings, s.probeFailed, s.reason
	t.early = s.early
	if d := s.earlyAt.Sub(t.earlyAt); d > drift || d < -drift {
		t.earlyAt = s.earlyAt
	}
	if s.threshold > 0 {
		t.threshold = s.threshold
	}
	t.fleet.open = true
	switch {
	case c == opened:
	case t.until.Sub(before.until) >= news || t.until.After(before.until) && t.level > before.level:
		c = extended
	case t.opening() != before.opening():
		c = adjusted
	}
	return c
}

// ask says whether to ask the fleet for a probe, or to take it here since no other node
// has the scope open. It keeps others on this node from asking at the same time.
func (m *Memory) ask(s dataplane.Scope) (shared, may bool) {
	now := m.cfg.Now()
	sh := m.shard(s)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	t := sh.scopes[s]
	if t == nil || !t.mayProbe(now) {
		return true, false
	}
	if !t.fleet.open {
		return false, true
	}
	t.fleet.askAt = now.Add(askEvery)
	m.adjust(s, t)
	return true, true
}

// granted notes that the fleet gave its probe to this node.
func (m *Memory) granted(s dataplane.Scope, token string, length time.Duration) {
	m.asked(s, func(t *tracker, now time.Time) {
		t.fleet.askAt = time.Time{}
		if t.open {
			t.grant(now, token, length)
		}
	})
}

// denied notes when to ask again; 0 is at once.
func (m *Memory) denied(s dataplane.Scope, wait time.Duration) {
	m.asked(s, func(t *tracker, now time.Time) { t.fleet.askAt = now.Add(min(wait, askEvery)) })
}

func (m *Memory) asked(s dataplane.Scope, note func(*tracker, time.Time)) {
	now := m.cfg.Now()
	sh := m.shard(s)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if t := sh.scopes[s]; t != nil {
		note(t, now)
		m.adjust(s, t)
	}
}

// adopt applies what the fleet says of a scope.
func (m *Memory) adopt(s dataplane.Scope, began time.Time, st sharedState) {
	if _, open := m.table.Load().open[s]; !open && !st.open {
		return // do not make a tracker to close it
	}
	now := m.cfg.Now()
	var o opening
	c := m.with(s, now, func(t *tracker) change {
		faded := t.fade(now)
		c := t.adopt(began, st)
		o = t.opening()
		if c == unchanged && faded {
			return closed
		}
		return c
	})
	m.announce(c, s, o, now)
}

// agreed lists the scopes that all nodes have open, as far as this one knows.
func (m *Memory) agreed() []dataplane.Scope {
	var out []dataplane.Scope
	for s := range m.table.Load().open {
		sh := m.shard(s)
		sh.mu.Lock()
		if t := sh.scopes[s]; t != nil && t.fleet.open {
			out = append(out, s)
		}
		sh.mu.Unlock()
	}
	return out
}

// disagree forgets that the other nodes have anything open. What is open stays so until
// its deadline.
func (m *Memory) disagree() {
	for _, s := range m.agreed() {
		m.asked(s, func(t *tracker, _ time.Time) { t.fleet = fleet{} })
	}
}

// successes collects what was counted since the last time.
func (m *Memory) successes() (out []delivery) {
	for i := range m.shards {
		sh := &m.shards[i]
		sh.mu.Lock()
		for s, t := range sh.scopes {
			n, length := t.fleet.successes, t.windows.length()
			t.fleet.successes = 0
			if n > 0 && length > 0 && !t.open {
				out = append(out, delivery{Report: dataplane.Report{Scope: s}, count: true, successes: n, by: t.fleet.by, window: length})
			}
		}
		sh.mu.Unlock()
	}
	return out
}
