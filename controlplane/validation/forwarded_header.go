package validation

import (
	"fmt"
	"strings"

	"golang.org/x/net/http/httpguts"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// keptHeaders are headers of clients that no provider may get, beside reservedHeaders, and why.
var keptHeaders = map[string]string{
	"x-api-key":         secretOfClients,
	"api-key":           secretOfClients,
	"x-goog-api-key":    secretOfClients,
	"cookie":            secretOfClients,
	"cookie2":           secretOfClients,
	"set-cookie":        "belongs to answers",
	"forwarded":         "tells who the client is",
	"via":               setByUs,
	"user-agent":        setByUs,
	"x-real-ip":         "tells who the client is",
	"true-client-ip":    "tells who the client is",
	"cf-connecting-ip":  "tells who the client is",
	"range":             "would change what the answer is",
	"http2-settings":    hopByHop,
	"cdn-loop":          setByUs,
	"sec-websocket-key": hopByHop,
	"origin":            "belongs to browsers",
}

const secretOfClients = "may carry a credential of the client"

// keptPrefixes are how headers begin that no provider may get, and why.
var keptPrefixes = []struct{ prefix, why string }{
	{"x-trunkline-", "is for Trunkline"}, {"x-forwarded-", "tells who the client is"}, {"proxy-", hopByHop}, {"sec-", "belongs to browsers"},
	{"access-control-", "belongs to browsers"}, {"if-", "would change what the answer is"},
}

// checkForwardHeaders checks the headers of clients that a provider gets.
func checkForwardHeaders(d document, names []string) {
	doc, _ := d.Spec.(*adminv1.Provider)
	own := map[string]bool{}
	for name := range doc.GetHeaders() {
		own[strings.ToLower(name)] = true
	}
	for _, h := range doc.GetSecretHeaders() {
		own[strings.ToLower(h.GetName())] = true
	}
	seen, trace := map[string]int{}, -1
	for i, name := range names {
		field, lower := fmt.Sprintf("forward_headers[%d]", i), strings.ToLower(name)
		if !httpguts.ValidHeaderFieldName(name) || strings.Contains(name, "_") {
			d.add(field, "is not a header name")
			continue
		}
		if j, twice := seen[lower]; twice {
			d.add(field, "is the same header as forward_headers[%d]", j)
		}
		if seen[lower] = i; lower == "tracestate" {
			trace = i
		}
		if own[lower] {
			d.add(field, "is set by headers already")
		}
		if why := whyKept(lower); why != "" {
			d.add(field, "must not be forwarded: it %s", why)
		}
	}
	if _, parent := seen["traceparent"]; trace >= 0 && !parent {
		d.add(fmt.Sprintf("forward_headers[%d]", trace), "means nothing without traceparent")
	}
}

// whyKept says why a header, in lower case, is not forwarded; empty: it may be.
func whyKept(name string) string {
	if why, kept := reservedHeaders[name]; kept {
		return why
	}
	if why, kept := keptHeaders[name]; kept {
		return why
	}
	for _, p := range keptPrefixes {
		if strings.HasPrefix(name, p.prefix) {
			return p.why
		}
	}
	for _, word := range []string{"authorization", "secret", "password", "credential", "token"} {
		if strings.Contains(name, word) {
			return secretOfClients
		}
	}
	return ""
}
