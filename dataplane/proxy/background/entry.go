package background

import (
	"net/http"
	"slices"
	"time"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
)

// entry is a call that waits. The keeper's mu guards the call and its parts while it does.
type entry struct {
	Kept
	Ended bool // it was recorded; only its file is left

	parts  []*part // those of its responses that go on: mostly one
	loaded bool    // of an earlier run, and without its lease
}

// part is one response of a call that goes on: of the attempt that the client has, or of one that was given up
// while its provider went on.
type part struct {
	of     *entry
	n      int               // its attempt among those of the call
	at     dataplane.Attempt // as it was
	due    time.Time
	asking bool
}

// split gives an entry a part for each attempt that is pending, to be asked for at due.
func (e *entry) split(due time.Time) {
	for i := range e.Call.Attempts {
		if a := &e.Call.Attempts[i]; a.Pending && a.ResponseID != "" {
			e.parts = append(e.parts, &part{of: e, n: i, at: *a, due: due})
		}
	}
}

// partOf is the one of a response; nil: it does not go on here.
func (e *entry) partOf(id *dataplane.ResponseID) *part {
	i := slices.IndexFunc(e.parts, func(p *part) bool {
		return p.at.ResponseID == id.Native && (id.Provider == nil || p.at.Provider == id.Provider.Name)
	})
	if i < 0 {
		return nil
	}
	return e.parts[i]
}

// How a response ended, beside what providers say.
const (
	statusGone    = "gone"     // the provider does not have it any more
	statusGivenUp = "given_up" // it did not end in time
)

// statusOf reads the status of a response, and whether it is over.
func statusOf(response []byte) (status string, over bool) {
	switch status = gjson.GetBytes(response, "status").Str; status {
	case "completed", "incomplete", "failed", "cancelled":
		return status, true
	}
	return "", false
}

// Over reports whether a response is over.
func Over(response []byte) bool {
	_, over := statusOf(response)
	return over
}

// outcomes of calls by how their responses ended.
var outcomes = map[string]dataplane.Outcome{
	"completed": dataplane.OK, "incomplete": dataplane.OK, "failed": dataplane.ServerError, "cancelled": dataplane.ClientClosed,
	statusGone: dataplane.NotFound, statusGivenUp: dataplane.ResponseTimeout,
}

// find says where the response of an attempt is; false while its provider is not in the configuration.
func find(a *dataplane.Attempt, group string, s *dataplane.Snapshot) (id dataplane.ResponseID, ok bool) {
	if s == nil {
		return id, false
	}
	id.Native, id.Provider = a.ResponseID, s.Providers[a.Provider]
	if id.Provider == nil {
		return id, false
	}
	id.Group, _ = s.Group(group)
	for _, c := range id.Provider.Credentials {
		if c.Name == a.Credential {
			id.Credential = c
		}
	}
	return id, true
}

// finish completes the record with how a response ended and what it used. A call that ended badly
// for its client stays so, and how a response ended that the client does not have changes nothing of it.
func (e *entry) finish(p *part, status string, response []byte, now time.Time) {
	c, a := &e.Call, &e.Call.Attempts[p.n]
	a.Pending, a.Duration = false, now.Sub(c.Start)-a.StartOffset
	a.Usage = usageOf(status, response, e.Prompt)
	a.MaybeBilled = a.Usage.Source != dataplane.UsageUpstream
	bill(a, e.Prices[p.n])
	o := outcomes[status]
	if a.Outcome == dataplane.OK {
		a.Outcome = o
		if o != dataplane.OK {
			a.Blame, a.Reason = o.Rule().Blame, "the response in the background ended as "+status
		}
	}
	if c.Outcome == dataplane.OK && a.ResponseID == c.ResponseID {
		c.Outcome, c.ErrorCode = o, ""
		if o != dataplane.OK {
			c.ErrorCode = o.Rule().Code
		}
	}
	c.Duration, c.Cost, c.Usage = now.Sub(c.Start), 0, dataplane.Usage{}
	for i := range c.Attempts {
		c.Cost += c.Attempts[i].Cost
		c.Usage.Add(c.Attempts[i].Usage)
	}
}

// usageOf is what a response used: what it tells, else its prompt where it got so far.
func usageOf(status string, response []byte, prompt int64) dataplane.Usage {
	told, ok := wire.UsageOf(gjson.GetBytes(response, "usage"))
	if !ok || told.Input+told.Output == 0 {
		told = dataplane.Usage{Input: prompt, Source: dataplane.UsageEstimated}
	}
	told.ServiceTier = usage.ServiceTier(gjson.GetBytes(response, "service_tier").Str)
	return told
}

func bill(a *dataplane.Attempt, price *dataplane.Price) {
	a.Rates = price.For(&a.Usage)
	a.Cost = a.Rates.Cost(a.Usage)
}

// foreign is the record of a call that another node served, as far as its response tells it.
func foreign(id dataplane.ResponseID, key *dataplane.APIKey, status string, response []byte, now time.Time) dataplane.Call {
	o := outcomes[status]
	a := dataplane.Attempt{Provider: id.Provider.Name, Outcome: o, Status: http.StatusOK, Duration: now.Sub(id.CallStart), ResponseID: id.Native}
	if id.Credential != nil {
		a.Credential = id.Credential.Name
	}
	var price *dataplane.Price
	if id.Target != nil {
		a.Model, price = id.Target.Model, id.Target.Price
	}
	a.Usage = usageOf(status, response, 0)
	bill(&a, price)
	c := dataplane.Call{
		ID: id.CallID, Start: id.CallStart, Endpoint: "/v1/responses", Model: id.Group.Name, Group: id.Group.Name, APIKey: key.Name,
		Outcome: o, Status: http.StatusOK, Provider: a.Provider, UpstreamModel: a.Model, Duration: a.Duration, Usage: a.Usage, Cost: a.Cost,
		ResponseID: id.Native, Background: true,
	}
	if o != dataplane.OK {
		a.Blame, c.ErrorCode = o.Rule().Blame, o.Rule().Code
	}
	c.Attempts = []dataplane.Attempt{a}
	return c
}
