package proxy

import (
	"context"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// queue gives out the candidates of one call, each once, in the order of failover.
type queue struct {
	c          *call
	candidates []dataplane.Candidate
	at         int
	wider      int64 // only context windows above this; 0 is no condition
}

// turn is a candidate whose turn it is, with the probes it has won.
type turn struct {
	dataplane.Candidate
	probes     [3]probe
	lastResort bool
}

// probe is the right to try a half-open scope.
type probe struct {
	scope dataplane.Scope
	token string
}

func (c *call) queue() *queue {
	cfg := &c.h.cfg
	ordered := c.group.Order(make([]dataplane.Candidate, 0, len(c.group.Members)), cfg.Health.Condition, cfg.Random)
	return &queue{c: c, candidates: c.h.gaps.last(c.onlyPinned(ordered), c.endpoint, cfg.Now())}
}

// left is how many candidates are still to come.
func (q *queue) left() int {
	n := 0
	for _, c := range q.candidates[q.at:] {
		if q.fits(c) {
			n++
		}
	}
	return n
}

func (q *queue) fits(c dataplane.Candidate) bool {
	return q.wider == 0 || c.ContextWindow == 0 || c.ContextWindow > q.wider
}

// onlyWiderThan leaves out candidates whose declared context window is no larger.
func (q *queue) onlyWiderThan(window int64) { q.wider = max(window, 1) }

// next gives the next candidate. One that is half-open comes only if this call wins its
// probe; otherwise it goes to the end of the queue and is tried as a last resort.
func (q *queue) next(ctx context.Context) (turn, bool) {
	for q.at < len(q.candidates) {
		c := q.candidates[q.at]
		q.at++
		if !q.fits(c) {
			continue
		}
		if !c.HalfOpen {
			return turn{Candidate: c, lastResort: c.Cooling}, true
		}
		if t, won := q.probe(ctx, c); won {
			return t, true
		}
		c.HalfOpen, c.Cooling = false, true
		q.candidates = append(q.candidates, c)
	}
	return turn{}, false
}

// probe tries to win every half-open scope of the candidate.
func (q *queue) probe(ctx context.Context, c dataplane.Candidate) (turn, bool) {
	health := q.c.h.cfg.Health
	ctx, cancel := context.WithTimeout(ctx, probeWait)
	defer cancel()
	t := turn{Candidate: c}
	lease := c.Policy.FirstTokenTimeout + 5*time.Second
	n := 0
	for _, scope := range []dataplane.Scope{c.Provider.Scope, c.Scope} {
		if health.Condition(scope).State != dataplane.HalfOpen {
			continue
		}
		token, ok := health.Probe(ctx, scope, lease)
		if !ok {
			q.c.release(t.probes[:n], c.Policy)
			return turn{}, false
		}
		t.probes[n] = probe{scope, token}
		n++
	}
	return t, true
}

// release gives probes back unused.
func (c *call) release(probes []probe, policy *dataplane.Policy) {
	for _, p := range probes {
		if p.token != "" {
			c.h.cfg.Health.Report(dataplane.Report{Scope: p.scope, Policy: policy, Result: dataplane.Neutral, Probe: p.token})
		}
	}
}

// credential picks the provider's next credential in turn among those that are not
// cooling; when all are, the one that is back first. A half-open one must win its probe.
func (c *call) credential(ctx context.Context, t *turn, up Upstream) *dataplane.Credential {
	all := t.Provider.Credentials
	if len(all) == 0 {
		return nil
	}
	health := c.h.cfg.Health
	first := int(up.Turn())
	var back *dataplane.Credential
	var until time.Time
	for i := range all {
		cred := all[(first+i)%len(all)]
		condition := health.Condition(cred.Scope)
		switch condition.State {
		case dataplane.Closed:
			return cred
		case dataplane.HalfOpen:
			if token, ok := health.Probe(ctx, cred.Scope, t.Policy.FirstTokenTimeout+5*time.Second); ok {
				t.probes[2] = probe{cred.Scope, token}
				return cred
			}
		}
		if back == nil || condition.Until.Before(until) {
			back, until = cred, condition.Until
		}
	}
	t.lastResort = true
	return back
}
