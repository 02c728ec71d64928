package engine

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// Record is what is recorded of a request, and what its error answers tell of it.
type Record struct {
	dataplane.Call
	failed []failure // attempts that ended without an answer
}

// failure is an attempt that left the client unanswered.
type failure struct {
	target  *dataplane.Target
	verdict dataplane.Verdict
	status  int
	body    []byte // of the upstream's error answer, bounded
	// translated: the body is in the schema of another dialect than the client's.
	translated bool
}

// Refuse answers with an error of ours and notes it.
func (r *Record) Refuse(w http.ResponseWriter, req *Request, o dataplane.Outcome, status int, e wire.Error) {
	r.Outcome, r.Status, r.ErrorCode = o, status, e.Code
	hint(w.Header(), o, status)
	e.Wait = WaitIn(w.Header())
	WriteJSON(w, status, r.explain(req.Key, req.Endpoint.Errors.Body(status, e, r.ID)))
}

// hint tells a client whose SDK repeats such an answer whether that can help, unless it was told.
func hint(h http.Header, o dataplane.Outcome, status int) {
	repeated := status >= 500 || status == http.StatusTooManyRequests
	switch {
	case !repeated || h.Get("Retry-After") != "" || h.Get("X-Should-Retry") != "":
	case o.Rule().Permanent:
		h.Set("X-Should-Retry", "false")
	default:
		h.Set("Retry-After", "1")
	}
}

// WaitIn is after how long the headers of an answer tell the client to come again; 0: they do not.
func WaitIn(h http.Header) time.Duration {
	for _, in := range [...]struct {
		name string
		unit time.Duration
	}{{"Retry-After-Ms", time.Millisecond}, {"Retry-After", time.Second}} {
		if n, err := strconv.ParseInt(h.Get(in.name), 10, 64); err == nil && n > 0 {
			return time.Duration(n) * in.unit
		}
	}
	return 0
}

// Gone notes that the client left, or that there is nobody to answer for another reason.
func (r *Record) Gone(o dataplane.Outcome) {
	r.Outcome, r.Status, r.ErrorCode = o, o.Rule().Status, o.Rule().Code
}

// Finish completes the record.
func (r *Record) Finish(now time.Time) {
	if r.Status == 0 { // a panic of ours
		r.Outcome, r.Status, r.ErrorCode = dataplane.GatewayBusy, http.StatusInternalServerError, "internal_error"
	}
	r.Duration = now.Sub(r.Start)
	r.Usage = dataplane.Usage{}
	for i := range r.Attempts {
		r.Cost += r.Attempts[i].Cost
		r.Usage.Add(r.Attempts[i].Usage)
	}
}

// add notes an attempt that is over, in the order in which they began.
func (r *Record) add(a dataplane.Attempt) {
	r.Attempts = append(r.Attempts, a)
	for i := len(r.Attempts) - 1; i > 0 && r.Attempts[i-1].StartOffset > a.StartOffset; i-- {
		r.Attempts[i-1], r.Attempts[i] = r.Attempts[i], r.Attempts[i-1]
	}
}

// answered notes how the attempt ended whose answer the client has.
func (r *Record) answered(a *dataplane.Attempt, o dataplane.Outcome) {
	if a.FirstToken > 0 {
		r.FirstToken = a.StartOffset + a.FirstToken
	}
	r.Provider, r.UpstreamModel, r.AnsweredModel, r.ResponseID = a.Provider, a.Model, a.Answered, a.ResponseID
	r.Outcome, r.Status = o, http.StatusOK
	if rule := o.Rule(); o != dataplane.OK {
		r.ErrorCode = rule.Code
		if rule.Status == 499 {
			r.Status = rule.Status
		}
	}
}

// explain adds error.trunkline to an error body if the key may see it: which providers were
// tried and how that ended. The rest of the body stays as it is. last is an attempt that is
// not recorded yet, if there is one.
func (r *Record) explain(key *dataplane.APIKey, body []byte, last ...dataplane.Attempt) []byte {
	if key == nil || !key.Debug {
		return body
	}
	e := gjson.GetBytes(body, "error")
	if !e.IsObject() || e.Index == 0 {
		return body
	}
	end := e.Index + len(e.Raw) - 1 // of the closing brace
	member := append([]byte(`"trunkline":`), r.tried(last)...)
	if len(e.Map()) > 0 {
		member = append([]byte{','}, member...)
	}
	return slices.Concat(body[:end], member, body[end:])
}

// tried lists the attempts, without what anybody said in them.
func (r *Record) tried(last []dataplane.Attempt) []byte {
	type attempt struct {
		Provider string `json:"provider"`
		Model    string `json:"model"`
		Outcome  string `json:"outcome"`
		Status   int    `json:"status"` // 0: no answer came
		Ms       int64  `json:"ms"`
	}
	out := struct {
		RequestID string    `json:"request_id"`
		Attempts  []attempt `json:"attempts"`
	}{r.ID, []attempt{}}
	for _, a := range slices.Concat(r.Attempts, last) {
		out.Attempts = append(out.Attempts, attempt{a.Provider, a.Model, a.Outcome.String(), a.Status, a.Duration.Milliseconds()})
	}
	text, err := json.Marshal(out)
	if err != nil { // strings and numbers always marshal
		panic(err)
	}
	return text
}

// WriteJSON answers with a JSON document.
func WriteJSON(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone; there is nobody else to tell
}
