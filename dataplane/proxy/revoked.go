package proxy

import (
	"net/http"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/dataplane/wire/api"
)

// RefuseRevoked answers a request on a node that an admin has revoked. Another node may serve it, so
// a client may try again at once.
func RefuseRevoked(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Connection", "close")
	w.Header().Set("Retry-After", "1")
	writeAs(w, api.ErrorsOf(pathOf(r)), http.StatusServiceUnavailable, wire.Error{
		Message: "This node of the gateway is revoked and serves nothing. Try again: another node may answer.",
		Type:    wire.ServerError, Code: "node_revoked",
	})
}
