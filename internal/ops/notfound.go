package ops

import (
	"encoding/json"
	"net/http"
	"strconv"
)

// NotFound answers, in JSON, that nothing is served at a path, or not with this method: allow names
// those that are; empty: nothing is there at all.
func NotFound(w http.ResponseWriter, r *http.Request, allow string) {
	status, code, message := http.StatusNotFound, "unknown_url", "unknown request URL: "+r.Method+" "+r.URL.Path
	h := w.Header()
	if allow != "" {
		status, code = http.StatusMethodNotAllowed, "method_not_allowed"
		message = r.Method + " is not allowed on " + r.URL.Path + "; use " + allow
		h.Set("Allow", allow)
	}
	body, err := json.Marshal(map[string]any{"error": map[string]any{
		"message": message, "type": "invalid_request_error", "param": nil, "code": code,
	}})
	if err != nil { // strings always marshal
		panic(err)
	}
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone; there is nobody else to tell
}
