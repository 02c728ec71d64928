package proxy

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/dataplane/wire/buffer"
)

// call is one client request on its way through the proxy.
type call struct {
	h        *Handler
	w        http.ResponseWriter
	r        *http.Request
	snapshot *dataplane.Snapshot
	key      *dataplane.APIKey
	group    *dataplane.Group
	endpoint *wire.Endpoint
	body     []byte // of a JSON request; until the answer has begun
	bodySize int    // in bytes
	form     *form  // of any other
	envelope wire.Envelope
	unsafe   bool  // to repeat: it could take effect twice
	held     int64 // bytes of bodies that are counted for this call
	lent     []*buffer.Buffer
	few      [2]*buffer.Buffer // room for lent: the request's body and the answer's
	leaked   bool              // an upstream may go on reading what was lent
	record   dataplane.Call
	failed   []failure     // attempts that ended without an answer
	upstream time.Duration // spent on attempts so far, to tell our own part
	out      outlet
	deadline *time.Timer // of the caller's own clock, until the commit
	options  options
	capture  *capture        // of the bodies; nil: they are not kept
	lease    dataplane.Lease // what is reserved of the key's limits; nil: nothing
	running  place           // among the streams under way
}

// failure is an attempt that left the client unanswered.
type failure struct {
	target  *dataplane.Target
	verdict dataplane.Verdict
	status  int
	body    []byte // of the upstream's error answer, bounded
}

// complete serves an endpoint whose requests name a model.
func (h *Handler) complete(w http.ResponseWriter, r *http.Request, id string, endpoint *wire.Endpoint) {
	c := &call{h: h, w: w, r: r, endpoint: endpoint}
	c.record = dataplane.Call{
		ID: id, Start: h.cfg.Now(), Endpoint: "/v1" + endpoint.Path,
		ClientRetry: smallInt(r.Header.Get("X-Stainless-Retry-Count")),
	}
	var ok bool
	if c.snapshot, c.key, ok = h.enter(w, r, endpoint.Errors); !ok {
		return // nobody to hold it against
	}
	c.record.APIKey = c.key.Name
	defer c.finish()
	if c.welcome() && c.readOptions() && c.route() && c.pinned() && c.admit() {
		c.run()
	}
}

// route reads the request and finds its group, or answers why not.
func (c *call) route() bool {
	if !c.readBody() {
		return false
	}
	c.record.Model, c.record.Stream = c.envelope.Model, c.envelope.Stream
	g, found := c.snapshot.Group(c.envelope.Model)
	if !found || !c.key.Allows(g) {
		c.refuse(dataplane.ModelUnknown, http.StatusNotFound, unknownModel(c.envelope.Model))
		return false
	}
	c.group, c.record.Group = g, g.Name
	if len(g.Members) == 0 {
		c.refuse(dataplane.NoCandidate, http.StatusServiceUnavailable,
			wire.Error{Message: "The group '" + g.Name + "' has no enabled provider.", Type: wire.ServerError, Code: "no_provider"})
		return false
	}
	return true
}

// refuse answers with an error of ours and notes it.
func (c *call) refuse(o dataplane.Outcome, status int, e wire.Error) {
	c.record.Outcome, c.record.Status, c.record.ErrorCode = o, status, e.Code
	writeJSON(c.w, status, c.explain(c.endpoint.Errors.Body(status, e, c.record.ID)))
}

// gone notes that the client left; there is nobody to answer.
func (c *call) gone(o dataplane.Outcome) {
	c.record.Outcome, c.record.Status, c.record.ErrorCode = o, o.Rule().Status, o.Rule().Code
}

// finish hands over the record. It runs also when a stream is cut on purpose.
func (c *call) finish() {
	c.dropBody()
	if c.record.Status == 0 { // a panic of ours
		c.record.Outcome, c.record.Status, c.record.ErrorCode = dataplane.GatewayBusy, http.StatusInternalServerError, "internal_error"
	}
	c.record.Duration = c.h.cfg.Now().Sub(c.record.Start)
	for i := range c.record.Attempts {
		c.record.Cost += c.record.Attempts[i].Cost
	}
	c.settle()
	c.endCapture()
	c.h.cfg.Record(c.record)
}

// answerHeaders says who answers, after how many attempts, and what we took ourselves.
func (c *call) answerHeaders(p *dataplane.Provider, upstream http.Header) {
	overhead := c.h.cfg.Now().Sub(c.record.Start) - c.upstream
	c.record.Overhead = max(overhead, 0)
	h := c.w.Header()
	values := []string{
		headerText(p.Name),
		strconv.Itoa(len(c.record.Attempts) + 1),
		strconv.FormatFloat(float64(c.record.Overhead.Microseconds())/1000, 'f', 3, 64),
	}
	h["X-Trunkline-Provider"] = values[0:1:1]
	h["X-Trunkline-Attempts"] = values[1:2:2]
	h["X-Trunkline-Overhead-Ms"] = values[2:3:3]
	if id := upstream.Get("X-Request-Id"); id != "" {
		h["X-Upstream-Request-Id"] = []string{id}
	}
}

// headerText makes a name fit for a header: other than visible ASCII becomes %-escapes.
func headerText(s string) string {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' || s[i] == '%' {
			return url.PathEscape(s)
		}
	}
	return s
}

// callerClock bounds the call by the client's own clock (x-stainless-timeout, whole
// seconds, sent by the official SDKs): we answer one second before it hangs up.
func (c *call) callerClock(cancel context.CancelCauseFunc) {
	seconds := smallInt(c.r.Header.Get("X-Stainless-Timeout"))
	if seconds < 2 {
		return
	}
	left := time.Duration(seconds-1)*time.Second - c.h.cfg.Now().Sub(c.record.Start)
	c.deadline = time.AfterFunc(left, func() { cancel(timeUp{dataplane.CallerDeadline}) })
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
