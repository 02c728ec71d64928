package engine

import (
	"net/http"
	"slices"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/body"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// Request is what came in: one client request, checked and read.
type Request struct {
	HTTP     *http.Request
	Endpoint *wire.Endpoint
	Key      *dataplane.APIKey
	Group    *dataplane.Group // with at least one member
	Body     body.Body
	Share    body.Share // of what all requests hold
	Hops     []string   // what attempts send in dataplane.HopHeader
	Envelope wire.Envelope
	Stream   bool // the client wants a stream
	Unsafe   bool // to repeat: it could take effect twice
	Complete bool // the client wants a stream whole or not at all
	Array    bool // the client gets its stream as a JSON array, not as events
	Options  Options
	Snapshot *dataplane.Snapshot // that Key and Group are of
	Stores   bool                // the provider keeps the answer
	// Background: the response may go on behind the answer.
	Background bool
	Followed   *Followed // nil: it goes on with no stored response
	// Timeout is the client's own clock, from the call's start; 0: it has none.
	Timeout time.Duration
}

// Options are what the client asked for with request headers.
type Options struct {
	Once     bool          // no failover
	Provider string        // only this one is tried; empty: any
	Deadline time.Duration // from the call's start; 0: none
}

// MayTry reports whether the request may go to a member.
func (r *Request) MayTry(m *dataplane.Member) bool {
	return (r.Options.Provider == "" || r.Options.Provider == m.Provider.Name) &&
		(r.Followed == nil || r.Followed.Provider == m.Provider)
}

// only leaves out the candidates that the request may not go to.
func (r *Request) only(all []dataplane.Candidate) []dataplane.Candidate {
	if r.Options.Provider == "" && r.Followed == nil {
		return all
	}
	return slices.DeleteFunc(all, func(c dataplane.Candidate) bool { return !r.MayTry(c.Member) })
}

// policy is the one that holds for the request as a whole.
func (r *Request) policy() *dataplane.Policy { return r.Group.Members[0].Policy }

// maxAttempts is how many attempts the request may take.
func (r *Request) maxAttempts() int {
	if r.Options.Once {
		return 1
	}
	return r.policy().MaxAttempts
}

// deadline is how long the whole request may take from now, age after its start, and what it
// is called when that is over.
func (r *Request) deadline(age time.Duration) (time.Duration, dataplane.Outcome) {
	total := r.policy().TotalTimeout
	if r.Stream {
		total = r.policy().StreamTotalTimeout
	}
	if r.Options.Deadline == 0 {
		return total, dataplane.DeadlineExceeded
	}
	if left := r.Options.Deadline - age; left < total {
		return left, dataplane.CallerDeadline
	}
	return total, dataplane.DeadlineExceeded
}

// soonest is how long until the first of the group's targets may be tried again.
func (r *Request) soonest(health Health, now time.Time) time.Duration {
	var soonest time.Duration
	for _, m := range r.Group.Members {
		if !r.MayTry(m) {
			continue
		}
		condition := m.Target.Condition(health.Condition)
		if condition.State != dataplane.Open {
			return time.Second
		}
		if left := condition.Until.Sub(now); soonest == 0 || left < soonest {
			soonest = left
		}
	}
	return max(soonest, time.Second)
}
