package engine

import (
	"net/http"
	"slices"
	"strings"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// pass hands a header of the client's on, unless the provider's own configuration sets it.
func (o *outgoing) pass(r *http.Request, name string) {
	if values := o.req.HTTP.Header[name]; len(values) > 0 && !o.sets(name) {
		r.Header[name] = []string{strings.Join(values, ",")}
	}
}

// passTrace says which trace the request is part of: the attempt's own span where calls are traced,
// else what the client says, if that is valid.
func (o *outgoing) passTrace(r *http.Request, trace *dataplane.Trace, span dataplane.SpanID) {
	if span == (dataplane.SpanID{}) {
		span = trace.Parent
	}
	if trace.ID == (dataplane.TraceID{}) || o.sets(dataplane.TraceParentHeader) {
		return
	}
	r.Header[dataplane.TraceParentHeader] = []string{trace.Header(span)}
	if trace.State != "" && o.target.Provider.ForwardTraceState && !o.sets(dataplane.TraceStateHeader) {
		r.Header[dataplane.TraceStateHeader] = []string{trace.State}
	}
}

// sets reports whether the provider's own configuration sets a header, which then counts.
func (o *outgoing) sets(name string) bool {
	return slices.ContainsFunc(o.target.Provider.Headers, func(h dataplane.Header) bool {
		return http.CanonicalHeaderKey(h.Name) == name
	})
}

// ofConnection reports whether the client means a header for the connection to us alone.
func ofConnection(r *http.Request, name string) bool {
	for _, value := range r.Header["Connection"] {
		for option := range strings.SplitSeq(value, ",") {
			if strings.EqualFold(strings.TrimSpace(option), name) {
				return true
			}
		}
	}
	return false
}
