package engine

import (
	"bytes"
	"net/http"
	"slices"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// ending is what is known of a call that nobody answered, to tell its client why.
type ending struct {
	req      *Request
	failed   []failure
	left     *candidates
	lacking  int // candidates whose provider lacks the API
	health   Health
	now      time.Time
	stopping bool // the node ends its streams
}

// outcome is how the last attempt ended; without any, every candidate was busy or being
// probed. What was cancelled while the node ends its streams was cancelled by us.
func (e *ending) outcome() dataplane.Outcome {
	last := e.leftOutOutcome()
	if e.notTranslatable() != nil {
		return dataplane.NotTranslatable
	}
	if n := len(e.failed); n > 0 {
		last = e.failed[n-1].verdict.Outcome
	}
	if (last == dataplane.TargetBusy || last == dataplane.ClientClosed) && e.stopping {
		return dataplane.GatewayDraining
	}
	return last
}

// final is what the client is told after the last outcome.
func (e *ending) final(last dataplane.Outcome) final {
	rule := last.Rule()
	ours := func(message string, retryAfter time.Duration) final {
		return final{
			status: rule.Status, permanent: rule.Permanent, retryAfter: retryAfter,
			err: wire.Error{Message: message, Type: rule.Type, Code: rule.Code},
		}
	}
	switch last {
	case dataplane.TargetBusy:
		if stored := e.req.Followed; stored != nil {
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
		return ours("The request cannot be sent as the provider's field rules want it: "+e.failed[len(e.failed)-1].verdict.Reason+".", 0)
	case dataplane.CallerDeadline:
		return ours("The call did not finish in time: "+rule.Name+".", 0)
	case dataplane.DeadlineExceeded:
		return ours("The call did not finish in time: "+rule.Name+".", e.hint())
	}
	if last == dataplane.NotTranslatable && e.onlyUntold() {
		return e.untold()
	}
	if text := e.noEndpoint(); text != "" {
		return final{
			status: http.StatusNotFound, permanent: true,
			err: wire.Error{Message: text, Type: rule.Type, Code: rule.Code},
		}
	}
	f := finalError(e.failed, e.req.Endpoint.Errors, e.hint())
	if stored := e.req.Followed; stored != nil && f.body != nil {
		f.body = bytes.ReplaceAll(f.body, []byte(stored.Native), []byte(stored.Sent))
	} else if stored != nil {
		f.err.Message += " The response that the request goes on with is stored at '" + stored.Provider.Name + "' alone, so that no other provider can answer it."
	}
	if e.req.Unsafe && !rule.NeverSent {
		f.permanent = true // an SDK that repeats it is no better than we are
	}
	return f
}

// hint is after how long another request may do better: when the first target may be tried again,
// and never later than the shortest wait that an upstream named.
func (e *ending) hint() time.Duration {
	wait := e.req.soonest(e.health, e.now)
	for _, f := range e.failed {
		if named := f.verdict.Wait; named > 0 && !f.verdict.Outcome.Rule().Permanent {
			wait = min(wait, named)
		}
	}
	return wait
}

// noEndpoint says that no provider of the group serves the endpoint, if that is how all attempts
// ended; else it is empty.
func (e *ending) noEndpoint() string {
	failed := e.failed
	if len(failed) == 0 && e.lacking > 0 && len(e.left.all) == 0 {
		return "No provider of the group '" + e.req.Group.Name + "' has the API that " + e.req.Endpoint.Route + " belongs to (" + e.req.Endpoint.API + ")."
	}
	if len(failed) == 0 || slices.ContainsFunc(failed, func(f failure) bool {
		return f.verdict.Outcome != dataplane.Unsupported || f.verdict.Feature
	}) {
		return ""
	}
	tried := ""
	if len(failed) < len(e.req.Group.Members) {
		tried = " that was tried"
	}
	text := "No provider" + tried + " of the group '" + e.req.Group.Name + "' serves " + e.req.Endpoint.Route + "."
	if said := failed[len(failed)-1].verdict.Reason; said != "" {
		text += " The last one said: " + said
	}
	return text
}
