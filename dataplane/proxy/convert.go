package proxy

import (
	"net/http"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire/sse"
)

// convert gives a client that asked for a stream the plain completion that came instead:
// one chunk with the whole answer, the usage if it asked for it, then [DONE]. APIs whose
// streams have no chunks cannot be converted.
func (a *attempt) convert(resp *http.Response, body []byte) (dataplane.Verdict, bool) {
	convert := a.call.endpoint.Stream.Convert
	if convert == nil {
		return dataplane.Verdict{Outcome: dataplane.BadBody, Reason: "a plain answer came although a stream was asked for"}, false
	}
	out := &a.call.out
	out.begin(func() { a.accept(resp.Header) })
	a.record.FirstToken = a.record.FirstFrame
	chunks, err := convert(body, a.call.envelope.UsageAsked)
	if err != nil {
		return dataplane.Verdict{Outcome: dataplane.BadBody, Reason: err.Error()}, false
	}
	events := [][]byte{}
	for _, chunk := range chunks {
		events = append(events, sse.Event(chunk))
	}
	for _, event := range append(events, sse.DoneEvent) {
		if v, failed := a.pass(event); failed {
			out.discard()
			return v, false
		}
	}
	out.commit()
	if err := out.flush(); err != nil {
		return a.finish(clientVerdict(err)), true
	}
	return a.finish(dataplane.Verdict{Outcome: dataplane.OK}), true
}
