package engine

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// final is the error answer of a request whose candidates are exhausted.
type final struct {
	status     int
	body       []byte // an upstream's own error, passed through
	err        wire.Error
	retryAfter time.Duration
	permanent  bool // the client's SDK should not try again
}

// finalError chooses what the client sees from how the attempts ended: an upstream's
// refusal of the request itself as it was, else the class they share, else a mixture.
func finalError(failed []failure, errors *wire.Errors, retryAfter time.Duration) final {
	for _, f := range failed {
		if f.verdict.Outcome.Rule().PassThrough && !outweighed(f, failed) {
			return passThrough(f, errors)
		}
	}
	failed = slices.DeleteFunc(slices.Clone(failed), func(f failure) bool { return outweighed(f, failed) })
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
	if !permanent {
		out.retryAfter = retryAfter
		out.permanent = retryAfter > time.Minute // no SDK waits for that long: it would come back at once
	}
	return out
}

// outweighed reports whether a refusal says less than another target's failure: what one
// target cannot do must not hide that another could, once it is well again.
func outweighed(f failure, failed []failure) bool {
	move := f.verdict.Outcome.Rule().Move
	return f.verdict.Outcome.Rule().PassThrough && (move == dataplane.Next || move == dataplane.NextIfWide) &&
		slices.ContainsFunc(failed, func(other failure) bool {
			rule := other.verdict.Outcome.Rule()
			return !rule.PassThrough && !rule.Permanent
		})
}

func summary(n int, last failure) string {
	what := "The provider could not answer: "
	if n > 1 {
		what = "All " + strconv.Itoa(n) + " attempts failed; the last one: "
	}
	if last.verdict.Outcome == dataplane.LoopDetected {
		what = "The address of a provider leads back to this gateway: "
	}
	if last.verdict.Outcome == dataplane.ModelNotFound {
		what = "The model does not exist at any provider of this group: "
	}
	return what + last.verdict.Outcome.String() + "."
}

// passThrough gives the client an upstream's own refusal of its request: as it is when
// it has the shape that the client expects, else its text inside that shape. What a provider of another
// dialect says is said in the client's.
func passThrough(f failure, errors *wire.Errors) final {
	rule := f.verdict.Outcome.Rule()
	out := final{status: f.status, permanent: rule.Permanent}
	if out.status < 400 || out.status == http.StatusUnauthorized { // the client would doubt its own key
		out.status = rule.Status
	}
	valid := scan.Valid(f.body)
	if valid && f.translated {
		out.err = reworded(gjson.ParseBytes(f.body), f.verdict)
		return out
	}
	if valid && errors.Fits(gjson.ParseBytes(f.body)) {
		out.body = f.body
		return out
	}
	out.err = wire.Error{Message: "The provider refused the request: " + f.verdict.Reason, Type: rule.Type, Code: rule.Code}
	return out
}

// write sends the error as a response.
func (f final) write(w http.ResponseWriter, body []byte) {
	h := w.Header()
	if f.retryAfter > 0 {
		seconds := int64((f.retryAfter + time.Second - 1) / time.Second)
		h.Set("Retry-After", strconv.FormatInt(seconds, 10))
	}
	if f.permanent {
		h.Set("X-Should-Retry", "false")
	}
	WriteJSON(w, f.status, body)
}

// bytes is the error as a body. id is the request's.
func (f final) bytes(errors *wire.Errors, id string) []byte {
	if f.body != nil {
		return f.body
	}
	f.err.Wait = f.retryAfter
	return errors.Body(f.status, f.err, id)
}
