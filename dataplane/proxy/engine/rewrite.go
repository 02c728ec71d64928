package engine

import (
	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// rewrite works out what the target's field rules make of the request, and cuts what a client carries
// for providers of other dialects out of one that goes as it came. Where the request does not say
// clearly what a rule is about, it is refused.
func (o *outgoing) rewrite(carried *wire.Cuts, record *dataplane.Attempt) (v dataplane.Verdict, refused bool) {
	if o.translation == nil && carried.Items > 0 && record.Opaque == 0 {
		o.edits, record.Opaque = append(o.edits, carried.Edits...), carried.Items
	}
	rules := o.target.Rules[o.endpoint.Path]
	if rules == nil || o.req.Body.Form != nil {
		return v, false
	}
	edits, applied, err := wire.ApplyRules(o.json(), rules)
	if err != nil {
		return dataplane.Verdict{Outcome: dataplane.InvalidRequest, Reason: err.Error()}, true
	}
	o.edits = append(o.edits, edits...)
	record.FieldRules = nil
	for _, r := range applied {
		record.FieldRules = append(record.FieldRules, r.String())
	}
	return v, false
}
