package proxy

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/dataplane/wire/api"
)

// maxHeaders bounds the header fields of a request; their bytes are bounded by the server.
const maxHeaders = 100

// refuseHeaders refuses requests with more header fields than any client has reason to send,
// and names with an underscore: servers that hand headers on as variables, as CGI does, take
// it for a dash, so that such a name could stand for another header behind one of us.
func refuseHeaders(w http.ResponseWriter, r *http.Request, path string) bool {
	n := 0
	for name, values := range r.Header {
		if strings.IndexByte(name, '_') >= 0 {
			refuseHeader(w, path, http.StatusBadRequest, wire.Error{
				Message: "The name of the header field " + strconv.Quote(name) + " has an underscore.",
				Type:    wire.InvalidRequest, Code: "invalid_header",
			})
			return true
		}
		n += len(values)
	}
	if n <= maxHeaders {
		return false
	}
	refuseHeader(w, path, http.StatusRequestHeaderFieldsTooLarge, wire.Error{
		Message: "The request has more than " + strconv.Itoa(maxHeaders) + " header fields.",
		Type:    wire.InvalidRequest, Code: "too_many_headers",
	})
	return true
}

func refuseHeader(w http.ResponseWriter, path string, status int, e wire.Error) {
	w.Header().Set("Connection", "close")
	writeAs(w, api.ErrorsOf(path), status, e)
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
