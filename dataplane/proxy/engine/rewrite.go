package engine

import (
	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// rewrite works out what the target's field rules make of the request. Where the request does
// not say clearly what a rule is about, it is refused.
func (a *attempt) rewrite() (v dataplane.Verdict, refused bool) {
	req := a.call.req
	rules := a.Rules[req.Endpoint.Path]
	if rules == nil || req.Body.Form != nil {
		return v, false
	}
	edits, applied, err := wire.ApplyRules(req.Body.JSON, rules)
	if err != nil {
		return dataplane.Verdict{Outcome: dataplane.InvalidRequest, Reason: err.Error()}, true
	}
	a.edits = append(a.edits, edits...)
	for _, r := range applied {
		a.record.FieldRules = append(a.record.FieldRules, r.String())
	}
	return v, false
}
