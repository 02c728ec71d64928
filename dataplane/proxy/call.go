package proxy

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// call is one client request on its way through the proxy.
type call struct {
	h        *Handler
	w        http.ResponseWriter
	r        *http.Request
	snapshot *dataplane.Snapshot
	key      *dataplane.APIKey
	group    *dataplane.Group
	endpoint string // without /v1
	body     []byte
	envelope envelope
	record   dataplane.Call
	failed   []failure     // attempts that ended without an answer
	upstream time.Duration // spent on attempts so far, to tell our own part
	out      outlet
	deadline *time.Timer // of the caller's own clock, until the commit
}

// failure is an attempt that left the client unanswered.
type failure struct {
	target  *dataplane.Target
	verdict dataplane.Verdict
	status  int
	body    []byte // of the upstream's error answer, bounded
}

// complete serves an endpoint that names a model in a JSON body.
func (h *Handler) complete(w http.ResponseWriter, r *http.Request, id, endpoint string) {
	c := &call{h: h, w: w, r: r, endpoint: endpoint}
	c.record = dataplane.Call{
		ID: id, Start: h.cfg.Now(), Endpoint: "/v1" + endpoint,
		ClientRetry: smallInt(r.Header.Get("X-Stainless-Retry-Count")),
	}
	var ok bool
	if c.snapshot, c.key, ok = h.enter(w, r); !ok {
		return // nobody to hold it against
	}
	c.record.APIKey = c.key.Name
	defer c.finish()
	if c.route() {
		c.run()
	}
}

// route reads the request and finds its group, or answers why not.
func (c *call) route() bool {
	if !c.readBody() {
		return false
	}
	var err error
	if c.envelope, err = scan(c.body); err != nil {
		bad, _ := errors.AsType[*badBody](err)
		c.refuse(dataplane.InvalidRequest, http.StatusBadRequest,
			apiError{Message: bad.message, Type: invalidRequest, Param: bad.param, Code: "invalid_request"})
		return false
	}
	c.record.Model, c.record.Stream = c.envelope.model, c.envelope.stream
	g, found := c.snapshot.Group(c.envelope.model)
	if !found || !c.key.Allows(g) {
		c.refuse(dataplane.ModelUnknown, http.StatusNotFound, unknownModel(c.envelope.model))
		return false
	}
	c.group, c.record.Group = g, g.Name
	if len(g.Members) == 0 {
		c.refuse(dataplane.NoCandidate, http.StatusServiceUnavailable,
			apiError{Message: "The group '" + g.Name + "' has no enabled provider.", Type: serverError, Code: "no_provider"})
		return false
	}
	return true
}

// readBody reads the whole body, bounded: retries need it, and the answer may start
// before a transport has read it to the end.
func (c *call) readBody() bool {
	if e := c.r.Header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		c.refuse(dataplane.InvalidRequest, http.StatusUnsupportedMediaType,
			apiError{Message: "Content-Encoding " + strconv.Quote(e) + " is not supported; send the body as it is.", Type: invalidRequest, Code: "unsupported_encoding"})
		return false
	}
	limit := c.h.cfg.MaxBody
	if c.r.ContentLength > limit {
		return c.tooLarge()
	}
	rc := http.NewResponseController(c.w)
	_ = rc.SetReadDeadline(time.Now().Add(bodyTimeout)) // in-memory servers have no deadlines
	body, err := readAll(http.MaxBytesReader(c.w, c.r.Body, limit), c.r.ContentLength)
	_ = rc.SetReadDeadline(time.Time{})
	if err == nil {
		c.body = body
		return true
	}
	if _, over := errors.AsType[*http.MaxBytesError](err); over {
		return c.tooLarge()
	}
	if c.r.Context().Err() != nil || errors.Is(err, io.ErrUnexpectedEOF) {
		c.gone(dataplane.ClientClosed)
		return false
	}
	c.w.Header().Set("Connection", "close")
	c.refuse(dataplane.InvalidRequest, http.StatusRequestTimeout,
		apiError{Message: "The request body did not arrive in time.", Type: invalidRequest, Code: "request_timeout"})
	return false
}

// bodyTimeout bounds how long a client may take to send its body.
const bodyTimeout = 2 * time.Minute

func (c *call) tooLarge() bool {
	c.w.Header().Set("Connection", "close")
	c.refuse(dataplane.InvalidRequest, http.StatusRequestEntityTooLarge, apiError{
		Message: "The request body is larger than " + strconv.FormatInt(c.h.cfg.MaxBody, 10) + " bytes.",
		Type:    invalidRequest, Code: "request_too_large",
	})
	return false
}

// readAll reads to the end into one buffer of the announced size, if one was announced.
func readAll(r io.Reader, size int64) ([]byte, error) {
	if size < 0 {
		return io.ReadAll(r)
	}
	buf := make([]byte, size)
	if _, err := io.ReadFull(r, buf); err != nil {
		return nil, err
	}
	return buf, nil
}

// refuse answers with an error of ours and notes it.
func (c *call) refuse(o dataplane.Outcome, status int, e apiError) {
	c.record.Outcome, c.record.Status, c.record.ErrorCode = o, status, e.Code
	writeError(c.w, status, e)
}

// gone notes that the client left; there is nobody to answer.
func (c *call) gone(o dataplane.Outcome) {
	c.record.Outcome, c.record.Status, c.record.ErrorCode = o, o.Rule().Status, o.Rule().Code
}

// finish hands over the record. It runs also when a stream is cut on purpose.
func (c *call) finish() {
	if c.record.Status == 0 { // a panic of ours
		c.record.Outcome, c.record.Status, c.record.ErrorCode = dataplane.GatewayBusy, http.StatusInternalServerError, "internal_error"
	}
	c.record.Duration = c.h.cfg.Now().Sub(c.record.Start)
	for i := range c.record.Attempts {
		c.record.Cost += c.record.Attempts[i].Cost
	}
	c.h.cfg.Record(c.record)
}

// answerHeaders says who answers, after how many attempts, and what we took ourselves.
func (c *call) answerHeaders(p *dataplane.Provider, upstream http.Header) {
	overhead := c.h.cfg.Now().Sub(c.record.Start) - c.upstream
	c.record.Overhead = max(overhead, 0)
	h := c.w.Header()
	h["X-Trunkline-Provider"] = []string{headerText(p.Name)}
	h["X-Trunkline-Attempts"] = []string{strconv.Itoa(len(c.record.Attempts) + 1)}
	h["X-Trunkline-Overhead-Ms"] = []string{strconv.FormatFloat(float64(c.record.Overhead.Microseconds())/1000, 'f', 3, 64)}
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
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > 999_999 {
		return 0
	}
	return n
}
