package engine

import (
	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// rewrite works out what the target's field rules make of the request, and cuts what a client carries
// for providers of other dialects out of one that goes as it came. Where the request does not say
// clearly what a rule is about, it is refused.
func (a *attempt) rewrite() (v dataplane.Verdict, refused bool) {
	c := a.call
	if carried := &c.carried; a.translation == nil && carried.Items > 0 && a.record.Opaque == 0 {
		a.edits, a.record.Opaque = append(a.edits, carried.Edits...), carried.Items
	}
	rules := a.Rules[a.endpoint.Path]
	if rules == nil || c.req.Body.Form != nil {
		return v, false
	}
	edits, applied, err := wire.ApplyRules(a.json(), rules)
	if err != nil {
		return dataplane.Verdict{Outcome: dataplane.InvalidRequest, Reason: err.Error()}, true
	}
	a.edits = append(a.edits, edits...)
	a.record.FieldRules = nil
	for _, r := range applied {
		a.record.FieldRules = append(a.record.FieldRules, r.String())
	}
	return v, false
}
