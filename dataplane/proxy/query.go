package proxy

import (
	"net/http"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// readQuery reads how the client of an API that has a path for streams wants one, as Google's clients say it: as
// events (alt=sse), else as a JSON array. It answers where that cannot be.
func (c *call) readQuery() bool {
	if !c.req.Endpoint.IsStreamPath(c.to.path) {
		return true
	}
	switch c.req.HTTP.URL.Query().Get("alt") {
	case "sse":
	case "", "json":
		c.req.Array = true
	default:
		c.refuse(dataplane.InvalidRequest, http.StatusBadRequest, wire.Error{
			Message: "alt must be sse or json.", Type: wire.InvalidRequest, Param: "alt", Code: "invalid_request",
		})
		return false
	}
	return true
}
