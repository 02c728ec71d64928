package proxy

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/trunkline-ai/trunkline/dataplane/proxy/affinity"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/dataplane/wire/api"
	"github.com/trunkline-ai/trunkline/internal/ops"
)

// What bounds the header fields of a request. The server takes a little more than these bytes, so that what is larger
// ends nobody else's request on a connection of HTTP/2.
const (
	maxHeaders     = 100
	maxHeaderBytes = 32 << 10 // with the request line
)

// refuseHeaders refuses requests with more header fields than any client has reason to send,
// and drops names with an underscore: servers that hand headers on as variables, as CGI does, take
// it for a dash, so that such a name could stand for another header behind one of us. nginx drops
// them too, and some SDKs send them. Those in which clients name their session stay: they go no further.
func refuseHeaders(w http.ResponseWriter, r *http.Request, path string) bool {
	n, size := 0, len(r.Method)+len(r.RequestURI)
	for name, values := range r.Header {
		n += len(values)
		for _, value := range values {
			size += len(name) + len(value) + len(": \r\n")
		}
		if strings.IndexByte(name, '_') >= 0 && !affinity.IsSessionHeader(name) {
			delete(r.Header, name)
		}
	}
	if size <= maxHeaderBytes && n <= maxHeaders {
		return false
	}
	e := headersTooLarge()
	if size <= maxHeaderBytes {
		e.Message, e.Code = "The request has more than "+strconv.Itoa(maxHeaders)+" header fields.", "too_many_headers"
	}
	closeAfter(w, r)
	writeAs(w, api.ErrorsOf(path), http.StatusRequestHeaderFieldsTooLarge, e)
	return true
}

// closeAfter has the connection end with the answer, so that the rest of the request is not read. Over HTTP/2 that ends
// by itself, and the header would send everybody else on the connection away.
func closeAfter(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor < 2 {
		w.Header().Set("Connection", "close")
	}
}

func headersTooLarge() wire.Error {
	return wire.Error{
		Message: "The header fields of the request are larger than 32 KiB together.", Type: wire.InvalidRequest, Code: "headers_too_large",
	}
}

// EarlyError words what the server answers to a request that does not get here. line is how the
// request's first line begins.
func EarlyError(line string, status int) []byte {
	_, path, _ := strings.Cut(line, " ")
	path, _, _ = strings.Cut(path, " ")
	path, _, _ = strings.Cut(path, "?")
	path = locate(path).path
	e := wire.Error{Message: "The request is not valid HTTP.", Type: wire.InvalidRequest, Code: "invalid_http"}
	switch status {
	case http.StatusRequestHeaderFieldsTooLarge:
		e = headersTooLarge()
	case ops.StatusNotTLS:
		e.Message, e.Code = "This port speaks HTTPS. Use https:// in the base URL.", "https_required"
	case http.StatusExpectationFailed:
		e.Message = "The Expect header of the request may only be 100-continue."
	case http.StatusNotImplemented:
		e.Message = "The Transfer-Encoding of the request may only be chunked."
	case http.StatusHTTPVersionNotSupported:
		e.Message = "The HTTP version of the request is not supported. Use HTTP/1.1 or HTTP/2."
	}
	return api.ErrorsOf(path).Body(status, e, "")
}

// notServed answers for paths without an endpoint here.
func notServed(w http.ResponseWriter, r *http.Request, path string) {
	e := wire.Error{Message: "unknown request URL: " + r.Method + " " + r.URL.Path, Type: wire.InvalidRequest, Code: "unknown_url"}
	if api.IsElsewhere(path) {
		e = wire.Error{
			Message: r.Method + " " + r.URL.Path + " is not served by this gateway: it belongs to one provider's account and names no model to route by. Call the provider itself.",
			Type:    wire.InvalidRequest, Code: "unsupported_endpoint",
		}
	}
	writeAs(w, api.ErrorsOf(path), http.StatusNotFound, e)
}
