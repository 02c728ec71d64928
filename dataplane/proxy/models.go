package proxy

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/engine"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// model is one entry of /v1/models: a group under its name or one of its aliases.
type model struct {
	ID      string `json:"id"`
	Object  string `json:"object"`
	Created int64  `json:"created"`
	OwnedBy string `json:"owned_by"`
}

func newModel(id string, g *dataplane.Group) model {
	return model{ID: id, Object: "model", Created: g.CreatedAt, OwnedBy: "trunkline"}
}

func (h *Handler) listModels(w http.ResponseWriter, r *http.Request) {
	_, key, ok := h.visit(w, r)
	if !ok {
		return
	}
	list := struct {
		Object string  `json:"object"`
		Data   []model `json:"data"`
	}{"list", []model{}}
	for _, g := range key.Groups {
		list.Data = append(list.Data, newModel(g.Name, g))
		for _, alias := range g.Aliases {
			list.Data = append(list.Data, newModel(alias, g))
		}
	}
	slices.SortFunc(list.Data, func(a, b model) int { return strings.Compare(a.ID, b.ID) })
	respond(w, list)
}

func (h *Handler) getModel(w http.ResponseWriter, r *http.Request, id string) {
	snapshot, key, ok := h.visit(w, r)
	if !ok {
		return
	}
	g, found := snapshot.Group(id)
	if !found || !key.Allows(g) {
		writeError(w, http.StatusNotFound, unknownModel(id))
		return
	}
	respond(w, newModel(id, g))
}

// enter gives the snapshot and the key of a request, or answers why not.
func (h *Handler) enter(w http.ResponseWriter, r *http.Request, errors *wire.Errors) (*dataplane.Snapshot, *dataplane.APIKey, bool) {
	snapshot := h.cfg.Snapshot()
	if snapshot == nil {
		w.Header().Set("Retry-After", "1")
		writeAs(w, errors, http.StatusServiceUnavailable, notReady())
		return nil, nil, false
	}
	key, refused := authenticate(snapshot, r, h.cfg.Now())
	if refused != nil {
		writeAs(w, errors, http.StatusUnauthorized, *refused)
		return nil, nil, false
	}
	return snapshot, key, true
}

func notReady() wire.Error {
	return wire.Error{Message: "This node has no configuration yet.", Type: wire.ServerError, Code: "not_ready"}
}

// unknownModel is the answer for a group that does not exist and for one the key may
// not use: the two look alike, so that names do not leak.
func unknownModel(id string) wire.Error {
	return wire.Error{
		Message: "The model '" + id + "' does not exist or you do not have access to it.",
		Type:    wire.InvalidRequest, Param: "model", Code: "model_not_found",
	}
}

// unsupportedGroup is the answer for a group that this build of the node cannot serve.
func unsupportedGroup(g *dataplane.Group) wire.Error {
	return wire.Error{
		Message: "The group '" + g.Name + "' needs what this node does not know (" + strings.Join(g.Unsupported, ", ") + "). The node must be upgraded.",
		Type:    wire.ServerError, Code: "node_outdated",
	}
}

func respond(w http.ResponseWriter, v any) {
	body, err := json.Marshal(v)
	if err != nil { // strings and numbers always marshal
		panic(err)
	}
	engine.WriteJSON(w, http.StatusOK, body)
}
