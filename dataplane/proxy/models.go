package proxy

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/engine"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/domain/alias"
)

// listed is one model of the list: a group under its name or one of its aliases.
type listed struct {
	id    string
	group *dataplane.Group
}

// listShape picks one of the shapes of models: Google's below /v1beta and for clients that send its headers, since some
// of its SDKs say /v1, Anthropic's for clients that name its version.
func listShape(r *http.Request) modelShape {
	if isGoogle(r.URL.Path) || len(r.Header["X-Goog-Api-Key"]) > 0 || len(r.Header["X-Goog-Api-Client"]) > 0 {
		return googleModels{}
	}
	if len(r.Header["Anthropic-Version"]) > 0 {
		return anthropicModels{}
	}
	return openAIModels{}
}

// modelShape is how a family of APIs writes models.
type modelShape interface {
	errors() *wire.Errors
	one(m listed) any
	// list writes a list, or the page of it that the query asks for; refused says why it cannot.
	list(all []listed, query url.Values) (v any, refused *wire.Error)
}

func (h *Handler) listModels(w http.ResponseWriter, r *http.Request) {
	shape := listShape(r)
	snapshot, key, ok := h.visit(w, r, shape.errors())
	if !ok {
		return
	}
	var all []listed
	for g := range snapshot.GroupsOf(key) {
		all = append(all, listed{g.Name, g})
		for _, name := range g.Aliases {
			if !alias.IsPattern(name) {
				all = append(all, listed{name, g})
			}
		}
	}
	slices.SortFunc(all, func(a, b listed) int { return strings.Compare(a.id, b.id) })
	list, refused := shape.list(all, r.URL.Query())
	if refused != nil {
		writeAs(w, shape.errors(), http.StatusBadRequest, *refused)
		return
	}
	respond(w, list)
}

func (h *Handler) getModel(w http.ResponseWriter, r *http.Request, id string) {
	shape := listShape(r)
	snapshot, key, ok := h.visit(w, r, shape.errors())
	if !ok {
		return
	}
	g, found := snapshot.Group(id)
	if !found || !key.Allows(g) {
		writeAs(w, shape.errors(), http.StatusNotFound, unknownModel(id))
		return
	}
	respond(w, shape.one(listed{id, g}))
}

// enter gives the snapshot and the key of a request, or answers why not.
func (h *Handler) enter(w http.ResponseWriter, r *http.Request, errors *wire.Errors) (*dataplane.Snapshot, *dataplane.APIKey, bool) {
	snapshot := h.cfg.Snapshot()
	if snapshot == nil {
		w.Header().Set("Retry-After", "1")
		writeAs(w, errors, http.StatusServiceUnavailable, notReady())
		return nil, nil, false
	}
	key, failure, refused := authenticate(snapshot, r, h.cfg.Now())
	if refused != nil {
		h.cfg.AuthFailed(failure)
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
