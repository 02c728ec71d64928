package engine

import (
	"slices"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// notTranslatable is why no candidate could be told what the request is about, if that is all that is
// to say of the call: nobody was tried, or whoever was does not have the endpoint; else nil.
func (e *ending) notTranslatable() *refusal {
	i := slices.IndexFunc(e.left.out, func(o leftOut) bool { return !o.why.busy })
	if i < 0 || len(e.left.all) > 0 && len(e.failed) == 0 || slices.ContainsFunc(e.failed, func(f failure) bool {
		v := f.verdict
		return v.Outcome != dataplane.NotTranslatable && (v.Outcome != dataplane.Unsupported || v.Feature)
	}) {
		return nil
	}
	return &e.left.out[i].why
}

// leftOutOutcome is that of a call of which nobody was tried: nobody has its API, or there is no room to
// translate it, else every candidate was busy or being probed.
func (e *ending) leftOutOutcome() dataplane.Outcome {
	switch {
	case len(e.left.all) > 0:
	case len(e.left.out) > 0:
		return dataplane.GatewayBusy
	case e.lacking > 0:
		return dataplane.Unsupported
	}
	return dataplane.TargetBusy
}

// onlyUntold says whether nothing worse happened than that the request could not be told.
func (e *ending) onlyUntold() bool {
	return e.notTranslatable() != nil || !slices.ContainsFunc(e.failed, func(f failure) bool { return f.verdict.Outcome != dataplane.NotTranslatable })
}

// untold tells the client what of its request nobody can be told.
func (e *ending) untold() final {
	rule := dataplane.NotTranslatable.Rule()
	out := final{status: rule.Status, permanent: true, err: wire.Error{Type: rule.Type, Code: rule.Code}}
	why, what := e.notTranslatable(), "the request"
	if why == nil { // an attempt found out
		out.err.Message = "No provider of the group '" + e.req.Group.Name + "' can be sent the request in its own API: " + e.failed[len(e.failed)-1].verdict.Reason + "."
		return out
	}
	if out.err.Param = why.param; why.param != "" {
		what = "'" + why.param + "'"
	}
	if why.param == "previous_response_id" { // clients that know this code send the conversation itself then
		out.err.Code = "previous_response_not_found"
	}
	out.err.Message = "No provider of the group '" + e.req.Group.Name + "' can be sent " + what + " in its own API: " + why.text + "."
	return out
}
