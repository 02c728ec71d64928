package engine

import (
	"errors"
	"io"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/classify"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// shaped is a request in a vendor's own shape of its API.
type shaped struct {
	wire.Shape
	body []byte
}

// shape puts the request into the vendor's shape, if its provider wants one. Where the vendor cannot be
// told what is asked, another candidate may be.
func (o *outgoing) shape() (v dataplane.Verdict, refused bool) {
	req := o.req
	format := o.target.Provider.Format(req.Endpoint.API)
	if format == "" || req.Body.Form != nil {
		return v, false
	}
	shape, known := req.Endpoint.Shapes[format]
	if !known { // a snapshot is compiled with this check
		return dataplane.Verdict{Outcome: dataplane.Unsupported, Reason: "format " + format + " is not known"}, true
	}
	whole, err := io.ReadAll(req.Envelope.Splice(req.Body.JSON, o.target.ModelJSON, false, o.edits).Reader())
	if err != nil {
		return dataplane.Verdict{Outcome: dataplane.InvalidRequest, Reason: err.Error()}, true
	}
	body, err := shape.Request(whole, o.target.Model)
	if wrong, is := errors.AsType[*scan.Error](err); is {
		return dataplane.Verdict{Outcome: dataplane.Unsupported, Feature: true, Reason: wrong.Message}, true
	}
	if err != nil {
		return dataplane.Verdict{Outcome: dataplane.InvalidRequest, Reason: err.Error()}, true
	}
	o.shaped = &shaped{shape, body}
	return v, false
}

// answer puts a good answer into the words that clients know. What is none is left as it is, for the
// endpoint to judge.
func (s *shaped) answer(request, body []byte, model string) ([]byte, error) {
	if s == nil || !scan.Valid(body) {
		return body, nil
	}
	if _, is := classify.ErrorBody(body, model); is {
		return body, nil
	}
	return s.Answer(request, body, model)
}
