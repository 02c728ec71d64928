package proxy

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// Headers with which a client changes how its call is routed, where its key allows it.
const (
	headerFailover = "X-Trunkline-Failover"    // off: only the first candidate is tried
	headerProvider = "X-Trunkline-Provider"    // only members at this provider are tried
	headerDeadline = "X-Trunkline-Deadline-Ms" // the call ends after so many milliseconds
)

var requestOptions = [...]string{headerFailover, headerProvider, headerDeadline}

// maxDeadline bounds a deadline: an hour.
const maxDeadline = 3_600_000

// options are what the client asked for with request headers.
type options struct {
	once     bool          // no failover
	provider string        // empty: any
	deadline time.Duration // from the call's start; 0: none
}

// readOptions reads the headers that change routing, or answers why they cannot hold.
func (c *call) readOptions() bool {
	for _, name := range requestOptions {
		values := c.r.Header[name]
		if len(values) == 0 {
			continue
		}
		if !c.key.RequestOptions {
			c.refuse(dataplane.InvalidRequest, http.StatusForbidden, wire.Error{
				Message: "API key '" + c.key.Name + "' may not send the header " + strings.ToLower(name) + "; allow it with request_options.",
				Type:    wire.InvalidRequest, Param: strings.ToLower(name), Code: "request_option_not_allowed",
			})
			return false
		}
		if want := c.setOption(name, strings.TrimSpace(values[0])); want != "" || len(values) > 1 {
			if len(values) > 1 {
				want = "sent once"
			}
			c.refuse(dataplane.InvalidRequest, http.StatusBadRequest, wire.Error{
				Message: "The header " + strings.ToLower(name) + " must be " + want + ".",
				Type:    wire.InvalidRequest, Param: strings.ToLower(name), Code: "invalid_request",
			})
			return false
		}
	}
	return true
}

// setOption takes one option over; want says what it must be when it is not that.
func (c *call) setOption(name, value string) (want string) {
	o := &c.options
	switch name {
	case headerFailover:
		if value != "on" && value != "off" {
			return "on or off"
		}
		o.once = value == "off"
	case headerProvider:
		if value == "" {
			return "the name of a provider"
		}
		o.provider = value
	case headerDeadline:
		ms, err := strconv.Atoi(value)
		if err != nil || ms < 1 || ms > maxDeadline {
			return "a whole number of milliseconds from 1 to " + strconv.Itoa(maxDeadline)
		}
		o.deadline = time.Duration(ms) * time.Millisecond
	}
	return ""
}

// pinned refuses a call that insists on a provider the group does not have. Names beyond
// ASCII come as %-escapes, the way x-trunkline-provider gives them back.
func (c *call) pinned() bool {
	pin := c.options.provider
	if pin == "" || slices.ContainsFunc(c.group.Members, c.mayTry) {
		return true
	}
	if plain, err := url.PathUnescape(pin); err == nil && plain != pin {
		if c.options.provider = plain; slices.ContainsFunc(c.group.Members, c.mayTry) {
			return true
		}
	}
	c.refuse(dataplane.NoCandidate, http.StatusNotFound, wire.Error{
		Message: "The group '" + c.group.Name + "' has no enabled model of the provider '" + pin + "' that x-trunkline-provider names.",
		Type:    wire.InvalidRequest, Param: strings.ToLower(headerProvider), Code: "provider_not_found",
	})
	return false
}

// mayTry reports whether the call may use a member.
func (c *call) mayTry(m *dataplane.Member) bool {
	return c.options.provider == "" || c.options.provider == m.Provider.Name
}

// onlyPinned leaves out the candidates that the call may not use.
func (c *call) onlyPinned(all []dataplane.Candidate) []dataplane.Candidate {
	if c.options.provider == "" {
		return all
	}
	return slices.DeleteFunc(all, func(x dataplane.Candidate) bool { return !c.mayTry(x.Member) })
}

// maxAttempts is how many attempts the call may make.
func (c *call) maxAttempts(p *dataplane.Policy) int {
	if c.options.once {
		return 1
	}
	return p.MaxAttempts
}

// end is how long the whole call may take from now, and what it is called when that is over.
func (c *call) end(p *dataplane.Policy) (time.Duration, dataplane.Outcome) {
	total := p.TotalTimeout
	if c.envelope.Stream {
		total = p.StreamTotalTimeout
	}
	if c.options.deadline == 0 {
		return total, dataplane.DeadlineExceeded
	}
	if left := c.options.deadline - c.h.cfg.Now().Sub(c.record.Start); left < total {
		return left, dataplane.CallerDeadline
	}
	return total, dataplane.DeadlineExceeded
}
