package proxy

import (
	"cmp"
	"net/http"
	"strconv"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// Limits keeps what API keys may use and spend. Nothing of it waits.
type Limits interface {
	// Begin asks to make one call, before its body is read: a lease to be settled when the call
	// is over, or why it may not be made and how the limits stand then.
	Begin(key *dataplane.APIKey) (dataplane.Lease, dataplane.Quotas, *dataplane.Denial)
	// Look tells how the limits stand.
	Look(key *dataplane.APIKey) dataplane.Quotas
}

// limited reports whether something must be counted for the key.
func (h *Handler) limited(key *dataplane.APIKey) bool { return h.cfg.Limits != nil && key.Limited() }

// begin judges what needs no body: the budget, calls in flight and requests. What is over a
// limit costs nobody the memory for its body. It answers why the call may not be made.
func (c *call) begin() bool {
	if !c.h.limited(c.req.Key) {
		return true
	}
	lease, quotas, denial := c.h.cfg.Limits.Begin(c.req.Key)
	if denial != nil { // else admit or cancel tells how the limits stand
		quotaHeaders(c.w.Header(), quotas)
		c.deny(denial)
		return false
	}
	c.lease = lease
	return true
}

// admit reserves what the call is expected to use, or answers why it may not be made.
func (c *call) admit() bool {
	if c.lease == nil {
		return true
	}
	quotas, denial := c.lease.Reserve(c.estimate())
	if denial != nil {
		c.deny(denial)
		return false
	}
	quotaHeaders(c.w.Header(), quotas)
	c.admitted = true
	return true
}

// cancel takes back what was counted of a call that is not made.
func (c *call) cancel() {
	if c.lease == nil || c.admitted {
		return
	}
	c.lease.Cancel()
	c.lease = nil
	quotaHeaders(c.w.Header(), c.h.cfg.Limits.Look(c.req.Key))
}

// defaultOutput is how many output tokens an answer is expected to have where neither the
// client nor the model's configuration says how many there may be.
const defaultOutput = 4096

// estimate guesses what the call will use: four bytes of text to an input token, and as many
// output tokens as the client allows, or else the model, for each answer that it asks for; at
// the price of the member that is to be tried first.
func (c *call) estimate() dataplane.Estimate {
	first, e := c.req.Group.Members[0], &c.req.Envelope
	usage := dataplane.Usage{Characters: e.Characters}
	if c.req.Endpoint.Estimate != wire.EstimateNothing {
		usage.Input = c.req.Envelope.Prompt
	}
	least := usage.Input
	if c.req.Endpoint.Estimate == wire.EstimateBoth {
		usage.Output = cmp.Or(e.MaxTokens, first.MaxOutput, defaultOutput)
		if first.MaxOutput > 0 {
			usage.Output = min(usage.Output, first.MaxOutput)
		}
		usage.Output *= max(e.Choices, 1)
	}
	if e.MaxTokens > 0 {
		least += usage.Output
	}
	return dataplane.Estimate{Tokens: usage.Input + usage.Output, Least: least, Cost: first.Price.Cost(usage)}
}

// longestWait is how long clients are told to wait at most: official SDKs ignore what is
// longer and come back at once.
const longestWait = time.Minute

// deny answers for a limit that is met.
func (c *call) deny(d *dataplane.Denial) {
	outcome, head := dataplane.KeyLimited, c.w.Header()
	if d.Limit == dataplane.LimitBudget {
		outcome = dataplane.KeyBudget
	}
	rule := outcome.Rule()
	if rule.Permanent {
		head.Set("X-Should-Retry", "false")
	}
	if d.Wait <= longestWait {
		head.Set("Retry-After", strconv.FormatInt(roundUp(d.Wait, time.Second), 10))
		head.Set("Retry-After-Ms", strconv.FormatInt(roundUp(d.Wait, time.Millisecond), 10))
	}
	e := wire.Error{Message: c.denialText(d), Type: rule.Type, Code: rule.Code}
	if d.Limit == dataplane.LimitConcurrency {
		e.Code = "concurrency_limit_exceeded"
	}
	c.refuse(outcome, rule.Status, e)
}

func (c *call) denialText(d *dataplane.Denial) string {
	name, most := "API key '"+c.req.Key.Name+"'", strconv.FormatInt(d.Max, 10)
	again := " Please try again in " + waitText(d.Wait) + "."
	switch d.Limit {
	case dataplane.LimitBudget:
		reset := c.h.cfg.Now().Add(d.Wait).UTC().Round(time.Second)
		return "You exceeded your current quota: the budget of " + name + " for this " + c.req.Key.Budget.Period.String() +
			" is spent. It is reset at " + reset.Format(time.RFC3339) + "."
	case dataplane.LimitReserved:
		return "What is left of the budget of " + name + " is reserved for calls in flight." + again
	case dataplane.LimitConcurrency:
		return "Concurrency limit reached for " + name + ": " + most + " calls in flight." + again
	case dataplane.LimitTokens:
		return "Rate limit reached for " + name + " on tokens per minute: Limit " + most + ", Requested " +
			strconv.FormatInt(d.Want, 10) + "." + again
	}
	return "Rate limit reached for " + name + " on requests per minute: Limit " + most + "." + again
}

// quotaHeaders tells how the limits stand, in the headers and the form that OpenAI uses.
func quotaHeaders(h http.Header, q dataplane.Quotas) {
	if l := &q.Requests; l.Limit > 0 {
		h["X-Ratelimit-Limit-Requests"] = []string{strconv.FormatInt(l.Limit, 10)}
		h["X-Ratelimit-Remaining-Requests"] = []string{strconv.FormatInt(l.Remaining, 10)}
		h["X-Ratelimit-Reset-Requests"] = []string{waitText(l.Reset)}
	}
	if l := &q.Tokens; l.Limit > 0 {
		h["X-Ratelimit-Limit-Tokens"] = []string{strconv.FormatInt(l.Limit, 10)}
		h["X-Ratelimit-Remaining-Tokens"] = []string{strconv.FormatInt(l.Remaining, 10)}
		h["X-Ratelimit-Reset-Tokens"] = []string{waitText(l.Reset)}
	}
}

// waitText writes a time as OpenAI does: 20ms, 1s, 6m0s.
func waitText(d time.Duration) string {
	if d > time.Second {
		return (time.Duration(roundUp(d, time.Second)) * time.Second).String()
	}
	return (time.Duration(roundUp(d, time.Millisecond)) * time.Millisecond).String()
}

func roundUp(d, unit time.Duration) int64 { return int64((d + unit - 1) / unit) }
