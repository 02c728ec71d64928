package engine

import (
	"net/http"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// convert gives a client that asked for a stream the plain answer that came instead, as the
// events of a stream.
func (a *attempt) convert(header http.Header, body []byte) (dataplane.Verdict, bool) {
	req := a.call.req
	events, err := req.Endpoint.Stream.Convert(body, req.Envelope.UsageAsked)
	if err != nil {
		return dataplane.Verdict{Outcome: dataplane.BadBody, Reason: err.Error()}, false
	}
	s := &stream{attempt: a}
	s.out.begin(func() { a.accept(header) })
	defer s.out.close()
	a.record.FirstToken = a.record.FirstFrame
	for _, event := range events {
		if v, failed := s.add(event); failed { // its ids are the client's already
			return v, false
		}
	}
	if s.out.commit(); !s.out.isOpen() {
		return superseded, false
	}
	if err := s.out.flush(); err != nil {
		return a.finish(clientVerdict(err)), true
	}
	return a.finish(dataplane.Verdict{Outcome: dataplane.OK}), true
}
