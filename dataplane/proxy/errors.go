package proxy

import (
	"net/http"
	"strconv"
	"time"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

func writeError(w http.ResponseWriter, status int, e wire.Error) {
	writeJSON(w, status, wire.OpenAI.Body(status, e, ""))
}

// writeAs answers with an error as a family of APIs words it.
func writeAs(w http.ResponseWriter, errors *wire.Errors, status int, e wire.Error) {
	writeJSON(w, status, errors.Body(status, e, w.Header().Get("X-Request-Id")))
}

func writeJSON(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone; there is nobody else to tell
}

// final is the error answer of a call whose candidates are exhausted.
type final struct {
	status     int
	body       []byte // an upstream's own error, passed through
	err        wire.Error
	retryAfter time.Duration
	permanent  bool // the client's SDK should not try again
}

// finalError chooses what the client sees from how the attempts ended: an upstream's
// refusal of the request itself as it was, else the class they share, else a mixture.
func finalError(failed []failure, s *wire.Errors, retryAfter time.Duration) final {
	for _, f := range failed {
		if f.verdict.Outcome.Rule().PassThrough {
			return passThrough(f, s)
		}
	}
	first := failed[0].verdict.Outcome.Rule()
	same, sameStatus, permanent := true, true, true
	for _, f := range failed {
		rule := f.verdict.Outcome.Rule()
		same = same && rule.Code == first.Code
		sameStatus = sameStatus && rule.Status == first.Status
		permanent = permanent && rule.Permanent
	}
	out := final{status: first.Status, permanent: permanent, err: wire.Error{Type: first.Type, Code: first.Code}}
	if !same {
		out.err = wire.Error{Type: wire.ServerError, Code: "all_providers_failed"}
		if !sameStatus {
			out.status = http.StatusServiceUnavailable
		}
	}
	last := failed[len(failed)-1]
	out.err.Message = summary(len(failed), last)
	if out.status == http.StatusTooManyRequests || out.status == http.StatusServiceUnavailable {
		out.retryAfter = retryAfter
		out.permanent = out.permanent || retryAfter > time.Minute
	}
	return out
}

func summary(n int, last failure) string {
	what := "The provider could not answer: "
	if n > 1 {
		what = "All " + strconv.Itoa(n) + " attempts failed; the last one: "
	}
	if last.verdict.Outcome == dataplane.ModelNotFound {
		what = "The model does not exist at any provider of this group: "
	}
	return what + last.verdict.Outcome.String() + "."
}

// passThrough gives the client an upstream's own refusal of its request: as it is when
// it has the shape that the client expects, else its text inside that shape.
func passThrough(f failure, s *wire.Errors) final {
	rule := f.verdict.Outcome.Rule()
	out := final{status: f.status, permanent: rule.Permanent}
	if out.status < 400 {
		out.status = rule.Status
	}
	if gjson.ValidBytes(f.body) && s.Fits(gjson.ParseBytes(f.body)) {
		out.body = f.body
		return out
	}
	out.err = wire.Error{Message: "The provider refused the request: " + f.verdict.Reason, Type: rule.Type, Code: rule.Code}
	return out
}

// write sends the error; headers may have been sent already only for streams, which
// have their own way (outlet.fail).
func (f final) write(w http.ResponseWriter, body []byte) {
	h := w.Header()
	if f.retryAfter > 0 {
		seconds := int64((f.retryAfter + time.Second - 1) / time.Second)
		h.Set("Retry-After", strconv.FormatInt(seconds, 10))
	}
	if f.permanent {
		h.Set("X-Should-Retry", "false")
	}
	writeJSON(w, f.status, body)
}

// bytes is the error as a body. id is the request's.
func (f final) bytes(s *wire.Errors, id string) []byte {
	if f.body != nil {
		return f.body
	}
	return s.Body(f.status, f.err, id)
}
