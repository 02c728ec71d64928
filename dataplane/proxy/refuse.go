package proxy

import (
	"net/http"
	"strconv"
)

// maxHeaders bounds the header fields of a request; their bytes are bounded by the server.
const maxHeaders = 100

// tooManyHeaders refuses requests with more header fields than any client has reason to send.
func tooManyHeaders(w http.ResponseWriter, r *http.Request, path string) bool {
	n := 0
	for _, values := range r.Header {
		n += len(values)
	}
	if n <= maxHeaders {
		return false
	}
	w.Header().Set("Connection", "close")
	schemaOf(path).write(w, http.StatusRequestHeaderFieldsTooLarge, apiError{
		Message: "The request has more than " + strconv.Itoa(maxHeaders) + " header fields.",
		Type:    invalidRequest, Code: "too_many_headers",
	})
	return true
}

// notServed answers for paths without an endpoint here.
func notServed(w http.ResponseWriter, r *http.Request, path string) {
	e := apiError{Message: "unknown request URL: " + r.Method + " " + r.URL.Path, Type: invalidRequest, Code: "unknown_url"}
	if isElsewhere(path) {
		e = apiError{
			Message: r.Method + " " + r.URL.Path + " is not served by this gateway: it belongs to one provider's account and names no model to route by. Call the provider itself.",
			Type:    invalidRequest, Code: "unsupported_endpoint",
		}
	}
	schemaOf(path).write(w, http.StatusNotFound, e)
}
