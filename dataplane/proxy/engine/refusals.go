package engine

import (
	"slices"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/learned"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/domain/fieldrule"
)

// refusingLast puts candidates behind the others that refuse what the request holds, each part
// in its order.
func (c *call) refusingLast(candidates []dataplane.Candidate) []dataplane.Candidate {
	if c.engine.learned.Refusals.None() || c.req.Body.Form != nil || len(candidates) < 2 {
		return candidates
	}
	now := c.engine.cfg.Now()
	return putLast(candidates, func(m dataplane.Candidate) bool {
		endpoint, body := c.req.Endpoint, c.req.Body.JSON
		if m.To != "" {
			d := c.translator.kept(c.engine.conversation(m.To))
			endpoint, body = d.to, d.body
		}
		return slices.ContainsFunc(c.engine.learned.Refusals.Of(m.Scope, now), func(f dataplane.Refusal) bool {
			return f.Endpoint == endpoint.Path && c.meets(m.Target, &f, body)
		})
	})
}

// meets reports whether the request, as the target gets it, would be refused so once more.
func (c *call) meets(t *dataplane.Target, f *dataplane.Refusal, body []byte) bool {
	if f.Caller != "" && f.Caller != c.req.Key.Caller || fieldrule.TakeAway(t.Rules[f.Endpoint], f.Parameter) {
		return false
	}
	value, is := wire.Holds(body, f.Parameter)
	return is && (f.Value == "" || f.Value == value)
}

// refused keeps in mind what an attempt's target refused of the request, if that is there.
func (c *call) refused(a *attempt, v dataplane.Verdict) {
	path := a.endpoint.Path
	if v.Parameter == "" || c.req.Body.Form != nil || fieldrule.TakeAway(a.Rules[path], v.Parameter) {
		return
	}
	value, is := wire.Holds(a.json(), v.Parameter)
	if !is {
		return
	}
	f := dataplane.Refusal{Target: a.Scope, Endpoint: path, Parameter: v.Parameter, Caller: c.req.Key.Caller}
	if v.ByValue || v.Parameter == "response_format" || v.Parameter == "tool_choice" {
		if f.Value = value; value == "" {
			return
		}
	}
	c.shared.refusals = append(c.shared.refusals, f)
}

// confirmRefusals notes what was refused, now that an attempt has answered the same request in the same
// dialect: another one may not have been told what was refused.
func (c *call) confirmRefusals(by *attempt) {
	for _, f := range c.shared.refusals {
		if f.Target == by.Scope || f.Endpoint != by.endpoint.Path || by.record.Opaque > 0 || fieldrule.TakeAway(by.Rules[f.Endpoint], f.Parameter) {
			continue
		}
		if e := c.engine; e.learned.Refusals.Add(f, e.cfg.Now()) {
			e.cfg.Logger.Warn("a target refuses what another one takes: requests that hold it are sent there last for a while",
				"provider", f.Target.Provider, "model", f.Target.Name, "endpoint", f.Endpoint, "parameter", f.Parameter, "value", f.Value, "for", learned.Remembered)
		}
	}
	c.shared.refusals = nil
}
