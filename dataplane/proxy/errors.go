package proxy

import (
	"net/http"

	"github.com/trunkline-ai/trunkline/dataplane/proxy/engine"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// writeError answers with an error in OpenAI's schema.
func writeError(w http.ResponseWriter, status int, e wire.Error) { writeAs(w, wire.OpenAI, status, e) }

// writeAs answers with an error as a family of APIs words it.
func writeAs(w http.ResponseWriter, errors *wire.Errors, status int, e wire.Error) {
	e.Wait = engine.WaitIn(w.Header())
	engine.WriteJSON(w, status, errors.Body(status, e, w.Header().Get("X-Request-Id")))
}
