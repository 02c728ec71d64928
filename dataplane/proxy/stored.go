package proxy

import (
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/engine"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// Stored responses: a client comes back to one by the id that its answer had here (see
// dataplane.ResponseID), either to go on with it, or to see, cancel or delete it. Such requests are
// no calls: they use nothing and count against no limit of the key.

// follow finds where the response is that the request goes on with, or answers that it cannot be.
func (c *call) follow() bool {
	r := &c.req
	r.Snapshot = c.snapshot
	r.Stores = r.Endpoint.Stores != nil && r.Endpoint.Stores(&r.Envelope)
	if !r.Endpoint.Follows {
		return true
	}
	sent := r.Envelope.Previous(r.Body.JSON)
	if sent == "" {
		return true
	}
	if dataplane.IsForeignResponse(sent) { // whoever among the candidates has it may go on with it
		c.rec.PreviousID = sent
		return true
	}
	id, ok := c.snapshot.Unwrap(r.Key, sent)
	refuse := func(message, code string) bool {
		c.refuse(dataplane.InvalidRequest, http.StatusBadRequest, wire.Error{Message: message, Type: wire.InvalidRequest, Param: "previous_response_id", Code: code})
		return false
	}
	if !ok || id.Provider == nil { // as OpenAI says it: some clients then send the conversation itself
		return refuse("Previous response with id '"+shown(sent)+"' not found."+whyNot(ok), "previous_response_not_found")
	}
	c.rec.PreviousID = id.Native
	r.Followed = &engine.Followed{Sent: sent, ResponseID: id}
	if !slices.ContainsFunc(r.Group.Members, r.MayTry) {
		if pin := r.Options.Provider; pin != "" && pin != id.Provider.Name {
			return refuse("The previous response is stored at the provider '"+id.Provider.Name+"', and x-trunkline-provider names '"+pin+"'.", "previous_response_elsewhere")
		}
		return refuse("The previous response is stored at the provider '"+id.Provider.Name+"', of which the group '"+r.Group.Name+
			"' has no model. Use a group that has one, or send the conversation itself.", "previous_response_elsewhere")
	}
	r.Envelope.SetPrevious(r.Body.JSON, id.Native)
	return true
}

// whyNot says more of a response that cannot be found.
func whyNot(ours bool) string {
	if ours {
		return " Its provider, or the group that it was made in, is not there any more for this API key."
	}
	return " It was not made through this gateway with this API key, or one of the same owner."
}

// shown is what an error repeats of an id.
func shown(id string) string {
	const most = 200
	if len(id) > most {
		id = strings.ToValidUTF8(id[:most], "") + "..."
	}
	if !utf8.ValidString(id) {
		return "?"
	}
	return id
}

// storedPath takes the path of a request about a stored response apart. ok is false for any other.
func storedPath(path string) (id, action string, ok bool) {
	rest, found := strings.CutPrefix(path, "/responses/")
	if !found {
		return "", "", false
	}
	id, action, _ = strings.Cut(rest, "/")
	return id, action, id != "" && (action == "" || action == "cancel" || action == "input_items")
}

// stored serves a request about a stored response.
func (h *Handler) stored(w http.ResponseWriter, r *http.Request, callID, sent, action string) {
	methods := []string{http.MethodGet, http.MethodDelete}
	switch action {
	case "cancel":
		methods = []string{http.MethodPost}
	case "input_items":
		methods = []string{http.MethodGet}
	}
	if !allow(w, r, methods...) {
		return
	}
	snapshot, key, ok := h.visit(w, r, wire.OpenAI)
	if !ok {
		return
	}
	name := operation(r.Method, action)
	id, ok := snapshot.Unwrap(key, sent)
	if !ok || id.Provider == nil {
		e := wire.Error{Message: "Response with id '" + shown(sent) + "' not found." + whyNot(ok), Type: wire.InvalidRequest, Code: "response_not_found"}
		if ok {
			e.Code = "response_provider_gone"
		}
		h.cfg.Stored(name, dataplane.NotFound)
		writeError(w, http.StatusNotFound, e)
		return
	}
	hops, ok := snapshot.Hops(r.Header)
	if !ok {
		h.cfg.Stored(name, dataplane.LoopDetected)
		writeError(w, dataplane.LoopDetected.Rule().Status, loopDetected())
		return
	}
	var see func([]byte) bool
	if id.Background && h.cfg.Background != nil {
		see = func(response []byte) bool { return h.cfg.Background.Seen(id, key, response) }
	}
	outcome := dataplane.StreamCut // where it is cut
	defer func() { h.cfg.Stored(name, outcome) }()
	outcome = h.engine.Fetch(w, &engine.Fetch{
		HTTP: r, Action: action, Snapshot: snapshot, Key: key, Sent: sent, ID: id, Share: h.budget.Share(key.Held), Hops: hops,
		Errors: wire.OpenAI, CallID: callID, See: see,
	})
}

// operation names a request about a stored response.
func operation(method, action string) string {
	switch {
	case action != "":
		return action
	case method == http.MethodDelete:
		return "delete"
	}
	return "retrieve"
}
