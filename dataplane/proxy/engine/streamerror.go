package engine

import (
	"cmp"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/classify"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// passError gives the client an upstream's error event: as it came where clients of the API
// understand it, else its reason in the API's own words.
func (s *stream) passError(event []byte, doc gjson.Result, v dataplane.Verdict) {
	errors, rule := s.call.req.Endpoint.Errors, v.Outcome.Rule()
	switch {
	case s.other != nil:
		s.out.add(s.ownEvent(v, rule.Status, reworded(doc, v)))
	case errors.IsEvent(doc):
		s.emit(event)
		s.out.add(errors.Behind(doc, s.place()))
	default:
		why := cmp.Or(classify.Message([]byte(doc.Raw)), v.Reason)
		s.out.add(s.ownEvent(v, rule.Status, wire.Error{Message: "The provider's answer failed: " + why, Type: rule.Type, Code: rule.Code}))
	}
	s.sentError = true
}

// reworded is an error of a provider of another dialect: what it says, and what the outcome means where
// it says nothing.
func reworded(doc gjson.Result, v dataplane.Verdict) wire.Error {
	said, rule := wire.ReadError(doc), v.Outcome.Rule()
	return wire.Error{
		Message: cmp.Or(said.Message, classify.Message([]byte(doc.Raw)), v.Reason, rule.Name),
		Type:    cmp.Or(said.Type, rule.Type), Param: said.Param, Code: cmp.Or(said.Code, rule.Code),
	}
}

// errorEvent tells the client that a committed stream is not whole.
func (s *stream) errorEvent(v dataplane.Verdict) []byte {
	rule := v.Outcome.Rule()
	return s.ownEvent(v, rule.Status, wire.Error{
		Message: "The provider's answer ended early: " + rule.Name + ".", Type: wire.ServerError, Code: rule.Code,
	})
}

func (s *stream) ownEvent(v dataplane.Verdict, status int, e wire.Error) []byte {
	c, errors := s.call, s.call.req.Endpoint.Errors
	body := errors.Body(status, e, c.rec.ID)
	return errors.Event(c.explain(body, s.ending(v)), s.place())
}
