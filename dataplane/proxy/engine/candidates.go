package engine

import (
	"context"
	"slices"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/internal/domain/routing"
)

// probeWait is how long a request may wait to become a half-open probe.
const probeWait = 50 * time.Millisecond

// candidates gives out those of one request, each once, in the order of failover.
type candidates struct {
	health Health
	all    []dataplane.Candidate
	at     int
	wider  int64                 // only context windows above this; 0 is no condition
	reach  int                   // lowest priority given out, a higher number; 0 is none
	with   *dataplane.Credential // that alone may be used; nil: any
	out    []leftOut
}

// candidate is one that is to be tried now, with the probes it has won.
type candidate struct {
	dataplane.Candidate
	probes     [3]probe
	credential *dataplane.Credential // that it is tried with; nil until one is picked
	lastResort bool
	hedge      bool // it is tried beside another one, and takes no probe
}

// probe is the right to try a half-open scope.
type probe struct {
	scope dataplane.Scope
	token string
}

// leftOut is a candidate that is not tried, since it cannot be told what the request is about.
type leftOut struct {
	dataplane.Candidate
	why refusal
}

// candidates are the members of the group in the order in which this request tries them.
func (c *call) candidates() {
	cfg := &c.engine.cfg
	members := make([]dataplane.Candidate, 0, len(c.req.Group.Members))
	var session routing.Session
	if c.req.Group.Selection == dataplane.Sticky {
		c.affinity = c.sticky()
		session = c.affinity.session
	}
	ordered := c.translator.ways(c.req.only(c.req.Group.Order(members, cfg.Health.Condition, cfg.Random, session)), &c.left)
	if c.translator.mixed {
		c.findCarried()
	}
	if session != 0 {
		c.affinity.arrange(c, ordered)
	}
	c.left.health, c.left.all = cfg.Health, c.engine.lackingLast(c.translator.refusingLast(ordered), c.req.Endpoint)
	if session != 0 && len(c.left.all) > 0 {
		c.affinity.first = c.left.all[0].Target
	}
	if f := c.req.Followed; f != nil {
		c.left.with = f.Credential
	}
}

// putLast moves candidates of which is says so behind the others, each part in its order. It asks
// once for each.
func putLast(candidates []dataplane.Candidate, is func(dataplane.Candidate) bool) []dataplane.Candidate {
	var last []dataplane.Candidate
	first := candidates[:0]
	for _, c := range candidates {
		if is(c) {
			last = append(last, c)
		} else {
			first = append(first, c)
		}
	}
	return append(first, last...)
}

// count is how many are still to come.
func (q *candidates) count() (n int) {
	for _, c := range q.all[q.at:] {
		if q.fits(c) {
			n++
		}
	}
	return n
}

func (q *candidates) fits(c dataplane.Candidate) bool {
	return q.wider == 0 || c.ContextWindow == 0 || c.ContextWindow > q.wider
}

// onlyWiderThan leaves out candidates whose declared context window is no larger.
func (q *candidates) onlyWiderThan(window int64) { q.wider = max(window, 1) }

// next gives the next candidate. One that is half-open, be it only by its credentials, comes
// only if this request wins its probe; otherwise it goes to the end and is tried as a last resort.
func (q *candidates) next(ctx context.Context) (candidate, bool) {
	for q.at < len(q.all) {
		c := q.all[q.at]
		q.at++
		if !q.fits(c) {
			continue
		}
		if !c.HalfOpen {
			q.reach = max(q.reach, c.Priority)
			return candidate{Candidate: c, credential: q.with, lastResort: c.Cooling}, true
		}
		if t, won := q.probe(ctx, c); won {
			q.reach = max(q.reach, c.Priority)
			return t, true
		}
		c.HalfOpen, c.Cooling = false, true
		q.all = append(q.all, c)
	}
	return candidate{}, false
}

// spare gives the next candidate to a hedge: only one that is well. A hedge that is given up says
// nothing of its target, so that one that is cooling, or about to be probed, would be asked in vain
// by every slow call.
func (q *candidates) spare() (candidate, bool) {
	for i := q.at; i < len(q.all); i++ {
		c := q.all[i]
		if c.Cooling || c.HalfOpen || !q.fits(c) || c.Condition(q.health.Condition).State != dataplane.Closed {
			continue
		}
		copy(q.all[q.at+1:i+1], q.all[q.at:i])
		q.all[q.at] = c
		q.at++
		q.reach = max(q.reach, c.Priority)
		return candidate{Candidate: c, credential: q.with, hedge: true}, true
	}
	return candidate{}, false
}

// skipped are those that cannot be told what the request is about, and those left that cooling alone
// kept from their turn: none of a lower priority than what was tried.
func (q *candidates) skipped() (out []dataplane.Skipped) {
	for _, c := range q.out {
		if !c.why.busy {
			out = append(out, dataplane.Skipped{Provider: c.Provider.Name, Model: c.Model, Reason: dataplane.NotTranslatable, Parameter: c.why.param})
		}
	}
	for _, c := range q.all[q.at:] {
		if c.Cooling && c.Priority <= q.reach {
			out = append(out, dataplane.Skipped{Provider: c.Provider.Name, Model: c.Model, Reason: c.Reason, Until: c.Until})
		}
	}
	return out
}

// leaveOut notes why a candidate is not tried.
func (q *candidates) leaveOut(one dataplane.Candidate, why refusal) {
	q.out = append(q.out, leftOut{one, why})
}

// probe tries to win every half-open scope that the candidate needs.
func (q *candidates) probe(ctx context.Context, member dataplane.Candidate) (candidate, bool) {
	ctx, cancel := context.WithTimeout(ctx, probeWait)
	defer cancel()
	c := candidate{Candidate: member, credential: q.with}
	n := 0
	for _, scope := range []dataplane.Scope{c.Provider.Scope, c.Scope} {
		if q.health.Condition(scope).State != dataplane.HalfOpen {
			continue
		}
		token, ok := q.health.Probe(ctx, scope, c.lease())
		if !ok {
			c.releaseProbes(q.health)
			return candidate{}, false
		}
		c.probes[n] = probe{scope, token}
		n++
	}
	if !c.probeCredential(ctx, q.health) {
		c.releaseProbes(q.health)
		return candidate{}, false
	}
	return c, true
}

// probeCredential tries to win the probe of one credential, if none may be used without.
func (c *candidate) probeCredential(ctx context.Context, health Health) bool {
	all := c.Provider.Credentials
	closed := func(cred *dataplane.Credential) bool { return health.Condition(cred.Scope).State == dataplane.Closed }
	if len(all) == 0 || c.credential != nil || slices.ContainsFunc(all, closed) {
		return true
	}
	return slices.ContainsFunc(all, func(cred *dataplane.Credential) bool {
		return health.Condition(cred.Scope).State == dataplane.HalfOpen && c.winCredential(ctx, cred, health)
	})
}

// winCredential tries to win the probe of a credential, and picks it then.
func (c *candidate) winCredential(ctx context.Context, cred *dataplane.Credential, health Health) bool {
	token, won := health.Probe(ctx, cred.Scope, c.lease())
	if won {
		c.probes[2], c.credential = probe{cred.Scope, token}, cred
	}
	return won
}

// lease is how long a probe may take.
func (c *candidate) lease() time.Duration { return c.Policy.FirstTokenTimeout + 5*time.Second }

// releaseProbes gives probes back unused.
func (c *candidate) releaseProbes(health Health) {
	for _, p := range c.probes {
		if p.token != "" {
			health.Report(dataplane.Report{Scope: p.scope, Policy: c.Policy, Result: dataplane.Neutral, Probe: p.token})
		}
	}
}

// pickCredential picks the provider's next credential in turn among those that are not
// cooling, or the conversation's own; when all are, the one that is back first. A half-open one must
// win its probe; the one whose probe the candidate has won stays, or that alone may be used.
func (c *candidate) pickCredential(ctx context.Context, up Upstream, health Health, own *stickiness) {
	all := c.Provider.Credentials
	switch {
	case len(all) == 0 || c.credential != nil:
	case own != nil && own.session != 0:
		var buf [8]*dataplane.Credential
		c.pickOf(ctx, own.credentials(buf[:0], c.Provider), 0, health)
	default:
		c.pickOf(ctx, all, int(up.Turn()), health)
	}
}

// pickOf picks the first that may be used, from first on.
func (c *candidate) pickOf(ctx context.Context, all []*dataplane.Credential, first int, health Health) {
	var back *dataplane.Credential
	var until time.Time
	for i := range all {
		cred := all[(first+i)%len(all)]
		condition := health.Condition(cred.Scope)
		if condition.State == dataplane.Closed {
			c.credential = cred
			return
		}
		if condition.State == dataplane.HalfOpen && !c.hedge && c.winCredential(ctx, cred, health) {
			return
		}
		if back == nil || condition.Until.Before(until) {
			back, until = cred, condition.Until
		}
	}
	c.credential, c.lastResort = back, true
}
