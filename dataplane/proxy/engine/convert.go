package engine

import (
	"net/http"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire/sse"
)

// convert gives a client that asked for a stream the plain completion that came instead:
// one chunk with the whole answer, the usage if it asked for it, then [DONE]. APIs whose
// streams have no chunks cannot be converted.
func (a *attempt) convert(header http.Header, body []byte) (dataplane.Verdict, bool) {
	req := a.call.req
	convert := req.Endpoint.Stream.Convert
	if convert == nil {
		return dataplane.Verdict{Outcome: dataplane.BadBody, Reason: "a plain answer came although a stream was asked for"}, false
	}
	chunks, err := convert(body, req.Envelope.UsageAsked)
	if err != nil {
		return dataplane.Verdict{Outcome: dataplane.BadBody, Reason: err.Error()}, false
	}
	s := &stream{attempt: a, out: &a.call.client}
	s.out.begin(func() { a.accept(header) })
	a.record.FirstToken = a.record.FirstFrame
	events := [][]byte{}
	for _, chunk := range chunks {
		events = append(events, sse.Event(chunk))
	}
	for _, event := range append(events, sse.DoneEvent) {
		if v, failed := s.pass(event); failed {
			s.out.discard()
			return v, false
		}
	}
	s.out.commit()
	if err := s.out.flush(); err != nil {
		return a.finish(clientVerdict(err)), true
	}
	return a.finish(dataplane.Verdict{Outcome: dataplane.OK}), true
}
