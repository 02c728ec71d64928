package engine

import (
	"slices"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// notTranslatable is why no candidate could be told what the request is about, if that is all that is
// to say of the call: nobody was tried, or whoever was does not have the endpoint; else nil.
func (c *call) notTranslatable() *refusal {
	i := slices.IndexFunc(c.left.out, func(o leftOut) bool { return !o.why.busy })
	if i < 0 || len(c.left.all) > 0 && len(c.rec.failed) == 0 || slices.ContainsFunc(c.rec.failed, func(f failure) bool {
		v := f.verdict
		return v.Outcome != dataplane.NotTranslatable && (v.Outcome != dataplane.Unsupported || v.Feature)
	}) {
		return nil
	}
	return &c.left.out[i].why
}

// leftOutOutcome is that of a call of which nobody was tried: nobody has its API, or there is no room to
// translate it, else every candidate was busy or being probed.
func (c *call) leftOutOutcome() dataplane.Outcome {
	switch {
	case len(c.left.all) > 0:
	case len(c.left.out) > 0:
		return dataplane.GatewayBusy
	case c.lacking > 0:
		return dataplane.Unsupported
	}
	return dataplane.TargetBusy
}

// onlyUntold says whether nothing worse happened than that the request could not be told.
func (c *call) onlyUntold() bool {
	return c.notTranslatable() != nil || !slices.ContainsFunc(c.rec.failed, func(f failure) bool { return f.verdict.Outcome != dataplane.NotTranslatable })
}

// untold tells the client what of its request nobody can be told.
func (c *call) untold() final {
	rule := dataplane.NotTranslatable.Rule()
	out := final{status: rule.Status, permanent: true, err: wire.Error{Type: rule.Type, Code: rule.Code}}
	why, what := c.notTranslatable(), "the request"
	if why == nil { // an attempt found out
		out.err.Message = "No provider of the group '" + c.req.Group.Name + "' can be sent the request in its own API: " + c.rec.failed[len(c.rec.failed)-1].verdict.Reason + "."
		return out
	}
	if out.err.Param = why.param; why.param != "" {
		what = "'" + why.param + "'"
	}
	out.err.Message = "No provider of the group '" + c.req.Group.Name + "' can be sent " + what + " in its own API: " + why.text + "."
	return out
}
