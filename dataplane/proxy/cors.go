package proxy

import (
	"net/http"

	"github.com/trunkline-ai/trunkline/internal/httpfield"
)

// exposed are the headers of answers that pages of other origins may read.
var exposed = []string{
	"X-Request-Id, X-Upstream-Request-Id, X-Trunkline-Provider, X-Trunkline-Attempts, X-Trunkline-Overhead-Ms, " +
		"X-Trunkline-Translated, X-Trunkline-Estimated, X-Trunkline-Opaque-Items-Cut, " +
		"Retry-After, Retry-After-Ms, X-Should-Retry, " +
		"X-Ratelimit-Limit-Requests, X-Ratelimit-Remaining-Requests, X-Ratelimit-Reset-Requests, " +
		"X-Ratelimit-Limit-Tokens, X-Ratelimit-Remaining-Tokens, X-Ratelimit-Reset-Tokens",
}

// maxAsked bounds the list of headers that a preflight request names.
const maxAsked = 4 << 10

// crossOrigin lets pages of allowed origins read the answer; answered means that the request
// was a browser's question whether it may send one. Credentials of the browser are never
// allowed: the API key is in a header that only the page itself can set, so its headers may
// be any.
func (h *Handler) crossOrigin(w http.ResponseWriter, r *http.Request) (answered bool) {
	origin := httpfield.Get(r.Header, "Origin")
	if origin == "" {
		return false
	}
	snapshot := h.cfg.Snapshot()
	if snapshot == nil || snapshot.CORS.None() {
		return false
	}
	head := w.Header()
	allowed, everyone := snapshot.CORS.Allows(origin)
	if everyone {
		origin = "*"
	} else {
		head.Add("Vary", "Origin")
	}
	if !allowed {
		return false
	}
	head.Set("Access-Control-Allow-Origin", origin)
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		head["Access-Control-Expose-Headers"] = exposed
		return false
	}
	head.Add("Vary", "Access-Control-Request-Headers")
	head.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, DELETE")
	head.Set("Access-Control-Max-Age", "600")
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" && len(asked) <= maxAsked {
		head.Set("Access-Control-Allow-Headers", asked)
	}
	w.WriteHeader(http.StatusNoContent)
	return true
}
