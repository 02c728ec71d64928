package engine

import (
	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// namingEvents is in how many events at the beginning of a stream its model is looked for: Azure's
// first one names none.
const namingEvents = 4

// isTraced says whether a span of the attempt will be sent.
func (a *attempt) isTraced() bool {
	return a.call.rec.Trace.Sampled && a.record.Span != (dataplane.SpanID{})
}

// names notes the model that an answer says it comes from. Only spans tell it, so that nothing is looked
// for where there are none.
func (a *attempt) names(answer []byte) {
	if a.isTraced() && a.record.Answered == "" {
		a.record.Answered = wire.AnsweredModel(answer)
	}
}
