package proxy

import (
	"net/http"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/clientip"
)

func wrongAddress(key *dataplane.APIKey) wire.Error {
	rule := dataplane.KeyAddress.Rule()
	return wire.Error{Message: "API key '" + key.Name + "' may not be used from this address.", Type: rule.Type, Code: rule.Code}
}

// checkAddress checks where the call comes from.
func (c *call) checkAddress() bool {
	if c.h.allowsAddress(c.req.Key, c.req.HTTP) {
		return true
	}
	c.refuse(dataplane.KeyAddress, dataplane.KeyAddress.Rule().Status, wrongAddress(c.req.Key))
	return false
}

func (h *Handler) allowsAddress(key *dataplane.APIKey, r *http.Request) bool {
	if len(key.AllowedIPs) == 0 || key.MayComeFrom(clientip.Of(r.Header, r.RemoteAddr, h.cfg.TrustForwarded)) {
		return true
	}
	h.cfg.AuthFailed(KeyAddress)
	return false
}

// visit is enter for requests that are not calls.
func (h *Handler) visit(w http.ResponseWriter, r *http.Request, errors *wire.Errors) (*dataplane.Snapshot, *dataplane.APIKey, bool) {
	repeatID(w, errors)
	snapshot, key, ok := h.enter(w, r, errors)
	if !ok {
		return nil, nil, false
	}
	if !h.allowsAddress(key, r) {
		writeAs(w, errors, dataplane.KeyAddress.Rule().Status, wrongAddress(key))
		return nil, nil, false
	}
	if h.limited(key) {
		quotaHeaders(w.Header(), h.cfg.Limits.Look(key))
	}
	return snapshot, key, true
}
