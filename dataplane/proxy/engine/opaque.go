package engine

import (
	"context"
	"slices"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// withoutOpaque asks once more where a candidate refused what another provider has sealed or
// signed, with that cut out of the request: no candidate was the one that wrote it, or that
// one does not answer. It reports whether the client has its answer.
func (c *call) withoutOpaque(ctx context.Context) (answered bool) {
	i := slices.IndexFunc(c.rec.failed, func(f failure) bool { return f.verdict.Foreign && !f.translated })
	if i < 0 || ctx.Err() != nil || c.req.Endpoint.Opaque == nil || c.req.Body.Form != nil || c.tried >= c.req.maxAttempts() {
		return false
	}
	if last := c.rec.failed[len(c.rec.failed)-1].verdict; last.Outcome.Rule().Move == dataplane.Stay || c.req.Unsafe && !tookNoEffect(last) {
		return false
	}
	cuts := wire.Cuts{Previous: c.req.Followed == nil}
	c.req.Endpoint.Opaque(c.req.Body.JSON, &cuts)
	at := slices.IndexFunc(c.left.all, func(m dataplane.Candidate) bool { return m.Target == c.rec.failed[i].target && m.To == "" })
	if cuts.Items == 0 || at < 0 {
		return false
	}
	a := newAttempt(c, candidate{Candidate: c.left.all[at], credential: c.left.with}, true)
	a.edits, a.record.Opaque = cuts.Edits, cuts.Items
	_, answered = c.try(ctx, a)
	return answered
}

// findCarried finds what the client carries for providers of other dialects: signatures and sealed
// thoughts of theirs. One that gets the request as it came could not read them.
func (c *call) findCarried() {
	if !c.req.Endpoint.Carries(c.req.Body.JSON) {
		return
	}
	c.carried.Carried = true
	c.req.Endpoint.Opaque(c.req.Body.JSON, &c.carried)
}
