package engine

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/dataplane/wire/scan"
)

// final is the error answer of a request whose candidates are exhausted.
type final struct {
	status     int
	body       []byte // an upstream's own error, passed through
	err        wire.Error
	retryAfter time.Duration
	permanent  bool // the client's SDK should not try again
}

// final is what the client is told after the last outcome.
func (c *call) final(last dataplane.Outcome) final {
	rule := last.Rule()
	ours := func(message string, retryAfter time.Duration) final {
		return final{
			status: rule.Status, permanent: rule.Permanent, retryAfter: retryAfter,
			err: wire.Error{Message: message, Type: rule.Type, Code: rule.Code},
		}
	}
	switch last {
	case dataplane.TargetBusy:
		if stored := c.req.Followed; stored != nil {
			return ours("The provider '"+stored.Provider.Name+"' is at its limit, and it alone has the response that the request goes on with.", time.Second)
		}
		return ours("Every provider of this group is at its limit.", time.Second)
	case dataplane.GatewayDraining: // another node can
		return ours("This node of the gateway is stopping. Send the request again.", time.Second)
	case dataplane.GatewayBusy:
		return ours("This node of the gateway holds too much to take the request. Send it again.", time.Second)
	case dataplane.KeyRevoked:
		return ours("The API key was revoked.", 0)
	case dataplane.InvalidRequest:
		return ours("The request cannot be sent as the provider's field rules want it: "+c.rec.failed[len(c.rec.failed)-1].verdict.Reason+".", 0)
	case dataplane.CallerDeadline:
		return ours("The call did not finish in time: "+rule.Name+".", 0)
	case dataplane.DeadlineExceeded:
		return ours("The call did not finish in time: "+rule.Name+".", c.hint())
	}
	if last == dataplane.NotTranslatable && c.onlyUntold() {
		return c.untold()
	}
	if text := c.noEndpoint(); text != "" {
		return final{
			status: http.StatusNotFound, permanent: true,
			err: wire.Error{Message: text, Type: rule.Type, Code: rule.Code},
		}
	}
	f := finalError(c.rec.failed, c.req.Endpoint.Errors, c.hint())
	if stored := c.req.Followed; stored != nil && f.body != nil {
		f.body = bytes.ReplaceAll(f.body, []byte(stored.Native), []byte(stored.Sent))
	} else if stored != nil {
		f.err.Message += " The response that the request goes on with is stored at '" + stored.Provider.Name + "' alone, so that no other provider can answer it."
	}
	if c.req.Unsafe && !rule.NeverSent {
		f.permanent = true // an SDK that repeats it is no better than we are
	}
	return f
}

// hint is after how long another request may do better: when the first target may be tried again,
// and never later than the shortest wait that an upstream named.
func (c *call) hint() time.Duration {
	wait := c.req.soonest(c.engine.cfg.Health, c.engine.cfg.Now())
	for _, f := range c.rec.failed {
		if named := f.verdict.Wait; named > 0 && !f.verdict.Outcome.Rule().Permanent {
			wait = min(wait, named)
		}
	}
	return wait
}

// noEndpoint says that no provider of the group serves the endpoint, if that is how all attempts
// ended; else it is empty.
func (c *call) noEndpoint() string {
	failed := c.rec.failed
	if len(failed) == 0 && c.lacking > 0 && len(c.left.all) == 0 {
		return "No provider of the group '" + c.req.Group.Name + "' has the API that /v1" + c.req.Endpoint.Path + " belongs to (" + c.req.Endpoint.API + ")."
	}
	if len(failed) == 0 || slices.ContainsFunc(failed, func(f failure) bool {
		return f.verdict.Outcome != dataplane.Unsupported || f.verdict.Feature
	}) {
		return ""
	}
	tried := ""
	if len(failed) < len(c.req.Group.Members) {
		tried = " that was tried"
	}
	text := "No provider" + tried + " of the group '" + c.req.Group.Name + "' serves /v1" + c.req.Endpoint.Path + "."
	if said := failed[len(failed)-1].verdict.Reason; said != "" {
		text += " The last one said: " + said
	}
	return text
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
	return errors.Body(f.status, f.err, id)
}
