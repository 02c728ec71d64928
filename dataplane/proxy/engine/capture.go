package engine

import (
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// capture copies what the client sent and is answered, up to what the group keeps. It is
// between the engine and the client: whatever is written, it sees what the client gets.
type capture struct {
	http.ResponseWriter
	engine  *Engine
	body    *dataplane.Body
	decided bool // whether the answer is of a kind that is kept, and what its header is
	skip    bool
	taken   int64 // of the engine's captures
}

// capture begins to keep the bodies of a request and its answer if its group wants that; nil:
// they are not kept. Forms, which carry files and audio, never are.
func (e *Engine) capture(w http.ResponseWriter, req *Request) *capture {
	log := req.Group.BodyLog
	if log == nil || req.Body.Form != nil || log.Sample < 1 && rand.Float64() >= log.Sample {
		return nil
	}
	request := req.Body.JSON
	fields := fieldsOf(req.HTTP.Header)
	k := &capture{ResponseWriter: w, engine: e, body: &dataplane.Body{Log: log, RequestHeaders: fields}}
	room := int64(min(len(request), log.MaxBytes) + log.MaxBytes + k.body.Size() + maxFields)
	if !e.captures.Take(room) {
		e.uncaptured.Add(1)
		return nil
	}
	k.taken = room
	k.body.Request, k.body.RequestTruncated = appendUpTo(nil, request, log.MaxBytes)
	return k
}

// end hands the bodies over with the record.
func (k *capture) end(rec *Record) {
	if k == nil {
		return
	}
	rec.Body = k.body
	k.engine.captures.Give(k.taken)
}

// decide looks at the answer's header, once it is whole.
func (k *capture) decide() {
	if !k.decided {
		k.decided, k.skip = true, !isText(mediaType(k.Header())) && !isJSON(mediaType(k.Header()))
		k.body.ResponseHeaders = fieldsOf(k.Header())
	}
}

// WriteHeader implements http.ResponseWriter.
func (k *capture) WriteHeader(status int) {
	if status >= http.StatusOK {
		k.decide()
	}
	k.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (k *capture) Write(b []byte) (int, error) {
	k.decide()
	n, err := k.ResponseWriter.Write(b)
	if !k.skip && n > 0 {
		var cut bool
		k.body.Response, cut = appendUpTo(k.body.Response, b[:n], k.body.Log.MaxBytes)
		k.body.ResponseTruncated = k.body.ResponseTruncated || cut
	}
	return n, err
}

// Unwrap lets http.ResponseController find the connection.
func (k *capture) Unwrap() http.ResponseWriter { return k.ResponseWriter }

// maxFields is how many bytes of a header are kept.
const maxFields = 16 << 10

// fieldsOf copies the fields of a header in the order of their names, as far as they are kept.
func fieldsOf(h http.Header) (fields []dataplane.HeaderField) {
	left := maxFields
	for _, name := range slices.Sorted(maps.Keys(h)) {
		for _, value := range h[name] {
			if left -= len(name) + len(value); left < 0 {
				return fields
			}
			fields = append(fields, dataplane.HeaderField{Name: name, Value: value})
		}
	}
	return fields
}

// isJSON reports whether a media type is that of a JSON answer or of a stream of events.
func isJSON(media string) bool {
	return media == "application/json" || media == "text/event-stream"
}

// appendUpTo appends as much of more as fits into limit bytes; cut says that some did not.
func appendUpTo(b, more []byte, limit int) (_ []byte, cut bool) {
	room := max(limit-len(b), 0)
	return append(b, more[:min(len(more), room)]...), len(more) > room
}
