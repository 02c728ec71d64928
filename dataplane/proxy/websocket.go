package proxy

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/dataplane/wire/api"
)

// socketPath is the endpoint that is also served over WebSockets.
const socketPath = "/responses"

// wantsSocket reports whether a request is a WebSocket's handshake.
func wantsSocket(r *http.Request) bool {
	return len(r.Header["Upgrade"]) > 0 && strings.EqualFold(r.Header["Upgrade"][0], "websocket")
}

// upgrade begins a WebSocket, or answers why not. It is no request in flight: its turns are.
func (h *Handler) upgrade(w http.ResponseWriter, r *http.Request) {
	id := h.cfg.NewID()
	w.Header()["X-Request-Id"] = []string{id}
	defer h.recovered(w, id)
	path := pathOf(r)
	errors := api.ErrorsOf(path)
	repeatID(w, errors)
	if refuseHeaders(w, r, path) {
		return
	}
	if s := h.cfg.Snapshot(); s != nil && (s.Sockets == 0 || path != socketPath) {
		upgradeRequired(w, errors)
		return
	}
	if !h.mayAsk(w, r, errors) || !handshakes(w, r, errors) {
		return
	}
	snapshot, key, ok := h.visit(w, r, errors)
	if !ok {
		return
	}
	if !h.sockets.Enter(key, snapshot.Sockets) {
		tooManySockets(w, errors, key, snapshot.Sockets)
		return
	}
	defer h.sockets.Leave(key)
	h.sockets.Serve(w, r, key, h.budget.Share(key.Held))
}

// upgradeRequired refuses WebSockets. 426 makes Codex use HTTP at once; any other status costs it
// several attempts first.
func upgradeRequired(w http.ResponseWriter, errors *wire.Errors) {
	w.Header().Set("Upgrade", "HTTP/1.1")
	w.Header().Set("Connection", "Upgrade")
	writeAs(w, errors, http.StatusUpgradeRequired, wire.Error{
		Message: "WebSockets are not served here; send the request by HTTP.",
		Type:    wire.InvalidRequest, Code: "upgrade_required",
	})
}

// mayAsk refuses pages of other origins, which browsers let open any WebSocket.
func (h *Handler) mayAsk(w http.ResponseWriter, r *http.Request, errors *wire.Errors) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	if from, err := url.Parse(origin); err == nil && from.Host != "" && strings.EqualFold(from.Host, r.Host) {
		return true
	}
	if s := h.cfg.Snapshot(); s != nil {
		if allowed, _ := s.CORS.Allows(origin); allowed {
			return true
		}
	}
	writeAs(w, errors, http.StatusForbidden, wire.Error{
		Message: "Pages of this origin may not open WebSockets here; allow it in the settings under cors.allowed_origins.",
		Type:    wire.InvalidRequest, Code: "origin_not_allowed",
	})
	return false
}

// handshakes refuses what is no handshake of a WebSocket.
func handshakes(w http.ResponseWriter, r *http.Request, errors *wire.Errors) bool {
	if !allow(w, r, http.MethodGet) {
		return false
	}
	why := ""
	switch keys := r.Header["Sec-Websocket-Key"]; {
	case !r.ProtoAtLeast(1, 1):
		why = "it must be HTTP/1.1"
	case !names(r.Header["Connection"], "upgrade"):
		why = "the header connection must name upgrade"
	case r.Header.Get("Sec-Websocket-Version") != "13":
		w.Header().Set("Sec-Websocket-Version", "13")
		why = "sec-websocket-version must be 13"
	case len(keys) != 1 || !isNonce(keys[0]):
		why = "sec-websocket-key must be 16 bytes in base64, sent once"
	case r.ContentLength != 0:
		w.Header().Set("Connection", "close")
		why = "it must have no body"
	default:
		return true
	}
	writeAs(w, errors, http.StatusBadRequest, wire.Error{
		Message: "The WebSocket handshake is not valid: " + why + ".", Type: wire.InvalidRequest, Code: "invalid_handshake",
	})
	return false
}

// names reports whether a list in header fields names a token.
func names(values []string, token string) bool {
	return slices.ContainsFunc(values, func(list string) bool {
		for name := range strings.SplitSeq(list, ",") {
			if strings.EqualFold(strings.TrimSpace(name), token) {
				return true
			}
		}
		return false
	})
}

func isNonce(text string) bool {
	nonce, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	return err == nil && len(nonce) == 16
}

// tooManySockets refuses one more connection of a key.
func tooManySockets(w http.ResponseWriter, errors *wire.Errors, key *dataplane.APIKey, most int) {
	w.Header().Set("Retry-After", "1")
	writeAs(w, errors, http.StatusTooManyRequests, wire.Error{
		Message: "API key '" + key.Name + "' has " + strconv.Itoa(most) + " WebSockets open at this node, and may have no more. Close one, or send the request by HTTP.",
		Type:    dataplane.KeyLimited.Rule().Type, Code: "websocket_limit_exceeded",
	})
}

// Sockets is how many WebSockets are open.
func (h *Handler) Sockets() int { return h.sockets.Open() }

// Drain sends the clients of WebSockets elsewhere, each behind its response that runs, until it is
// called with false.
func (h *Handler) Drain(on bool) { h.sockets.Drain(on) }

// EndRevoked ends the streams and the WebSockets of keys of which the snapshot in use says so.
func (h *Handler) EndRevoked() {
	h.engine.EndRevoked()
	h.sockets.EndRevoked()
}

func (h *Handler) revoked(key *dataplane.APIKey) bool {
	s := h.cfg.Snapshot()
	return s != nil && s.CutsStreams(key)
}
