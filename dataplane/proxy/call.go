package proxy

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/engine"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/httpfield"
)

// call is a request to an endpoint on its way to the engine: each step adds to the request
// or answers why it goes no further.
type call struct {
	h        *Handler
	w        http.ResponseWriter
	snapshot *dataplane.Snapshot
	req      engine.Request
	rec      engine.Record
	lease    dataplane.Lease // what is counted and reserved of the key's limits; nil: nothing
	admitted bool            // the lease has what the call is expected to use
	to       destination
	place    bool // one is taken for a response in the background
}

// serve serves an endpoint whose requests name a model.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, id string, endpoint *wire.Endpoint, to destination) {
	c := &call{h: h, w: w, to: to, req: engine.Request{HTTP: r, Endpoint: endpoint}}
	c.rec.Call = dataplane.Call{
		ID: id, Start: h.cfg.Now(), Endpoint: endpoint.Route,
		ClientRetry: smallInt(httpfield.Get(r.Header, "X-Stainless-Retry-Count")),
	}
	c.noteHeaders()
	var ok bool
	if c.snapshot, c.req.Key, ok = h.enter(w, r, endpoint.Errors); !ok {
		return // nobody to hold it against
	}
	c.rec.APIKey = c.req.Key.Name
	c.rec.Trace = h.trace(r.Header) // only for who may call: nobody else's word decides what is recorded
	c.req.Share = h.budget.Share(c.req.Key.Held)
	defer c.finish()
	if c.checkAddress() && c.checkLoop() && c.begin() && c.readOptions() && c.readQuery() && c.readBody() && c.route() && c.pinned() && c.follow() && c.mayGoOn() && c.admit() {
		h.engine.Serve(w, &c.req, &c.rec)
	}
}

// trace is a call's place in a distributed trace: of its own where calls are traced, else what the client says.
func (h *Handler) trace(header http.Header) dataplane.Trace {
	if h.cfg.Trace != nil {
		return h.cfg.Trace(header)
	}
	told, _ := dataplane.ParseTrace(header[dataplane.TraceParentHeader], header[dataplane.TraceStateHeader])
	return told
}

// commitHeader lets a client ask for the whole answer or none: "complete". Every key may.
const commitHeader = "X-Trunkline-Commit"

// readBody reads the request's body, or answers why it cannot.
func (c *call) readBody() bool {
	var err error
	r := &c.req
	if r.Body, r.Envelope, err = c.h.bodies.Read(c.w, r.HTTP, r.Endpoint, c.to.model, &r.Share); err != nil {
		c.refuseBody(err)
		return false
	}
	c.noteBody()
	r.Stream = r.Endpoint.WantsStream(&r.Envelope) || r.Endpoint.IsStreamPath(c.to.path)
	r.Unsafe = r.Endpoint.Unsafe != nil && r.Endpoint.Unsafe(&r.Envelope)
	r.Complete = strings.EqualFold(httpfield.Get(r.HTTP.Header, commitHeader), "complete")
	if seconds := clientTimeout(r.HTTP.Header); seconds >= 2 {
		r.Timeout = time.Duration(seconds) * time.Second
	}
	c.rec.Model, c.rec.Stream = r.Envelope.Model, r.Stream
	return true
}

// route finds the request's group, or answers that there is none.
func (c *call) route() bool {
	model := c.req.Envelope.Model
	g, found := c.snapshot.Group(model)
	if !found || !c.req.Key.Allows(g) {
		c.refuse(dataplane.ModelUnknown, http.StatusNotFound, unknownModel(model))
		return false
	}
	c.req.Group, c.rec.Group = g, g.Name
	if len(g.Unsupported) > 0 {
		c.refuse(dataplane.NoCandidate, http.StatusServiceUnavailable, unsupportedGroup(g))
		return false
	}
	if len(g.Members) == 0 {
		c.refuse(dataplane.NoCandidate, http.StatusServiceUnavailable,
			wire.Error{Message: "The group '" + g.Name + "' has no enabled provider.", Type: wire.ServerError, Code: "no_provider"})
		return false
	}
	return true
}

// refuse answers with an error of ours and notes it.
func (c *call) refuse(o dataplane.Outcome, status int, e wire.Error) {
	c.cancel()
	c.rec.Refuse(c.w, &c.req, o, status, e)
}

// finish hands over the record. It runs also when a stream is cut on purpose.
func (c *call) finish() {
	c.req.Body.Release()
	c.rec.Finish(c.h.cfg.Now())
	c.cancel()
	if c.goesOn() {
		return
	}
	if c.lease != nil { // replace what was reserved by what all attempts used, also those that failed
		c.lease.Settle(c.rec.Usage.Input+c.rec.Usage.Output, c.rec.Cost)
	}
	c.h.cfg.Record(c.rec.Call)
}

// clientTimeout is after how many seconds the client gives up, as the official SDKs of OpenAI, Anthropic and Google
// say it; 0: it does not.
func clientTimeout(h http.Header) int {
	if given := h["X-Server-Timeout"]; len(given) > 0 {
		return smallInt(given[0])
	}
	return smallInt(httpfield.Get(h, "X-Stainless-Timeout"))
}

// smallInt reads a number from 0 to 999,999; anything else is 0.
func smallInt(s string) int {
	if s == "" {
		return 0 // as nearly always: Atoi would make an error of it
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > 999_999 {
		return 0
	}
	return n
}
