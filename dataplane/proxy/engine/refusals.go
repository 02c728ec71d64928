package engine

import (
	"slices"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/domain/fieldrule"
)

// refusingLast puts candidates behind the others that refuse what the request holds, each part
// in its order.
func (t *translator) refusingLast(candidates []dataplane.Candidate) []dataplane.Candidate {
	e, req := t.engine, t.req
	if e.learned.Refusals.None() || req.Body.Form != nil || len(candidates) < 2 {
		return candidates
	}
	now := e.cfg.Now()
	return putLast(candidates, func(m dataplane.Candidate) bool {
		endpoint, body := req.Endpoint, req.Body.JSON
		if m.To != "" {
			d := t.kept(e.conversation(m.To))
			endpoint, body = d.to, d.body
		}
		return slices.ContainsFunc(e.learned.Refusals.Of(m.Scope, now), func(f dataplane.Refusal) bool {
			return f.Endpoint == endpoint.Path && req.meets(m.Target, &f, body)
		})
	})
}

// meets reports whether the request, as the target gets it, would be refused so once more.
func (r *Request) meets(t *dataplane.Target, f *dataplane.Refusal, body []byte) bool {
	if f.Caller != "" && f.Caller != r.Key.Caller || fieldrule.TakeAway(t.Rules[f.Endpoint], f.Parameter) {
		return false
	}
	value, is := wire.Holds(body, f.Parameter)
	return is && (f.Value == "" || f.Value == value)
}
