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

// readOptions reads the headers that change routing, or answers why they cannot hold.
func (c *call) readOptions() bool {
	for _, name := range requestOptions {
		values := c.req.HTTP.Header[name]
		if len(values) == 0 {
			continue
		}
		if !c.req.Key.RequestOptions {
			c.refuse(dataplane.InvalidRequest, http.StatusForbidden, wire.Error{
				Message: "API key '" + c.req.Key.Name + "' may not send the header " + strings.ToLower(name) + "; allow it with request_options.",
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
	o := &c.req.Options
	switch name {
	case headerFailover:
		if value != "on" && value != "off" {
			return "on or off"
		}
		o.Once = value == "off"
	case headerProvider:
		if value == "" {
			return "the name of a provider"
		}
		o.Provider = value
	case headerDeadline:
		ms, err := strconv.Atoi(value)
		if err != nil || ms < 1 || ms > maxDeadline {
			return "a whole number of milliseconds from 1 to " + strconv.Itoa(maxDeadline)
		}
		o.Deadline = time.Duration(ms) * time.Millisecond
	}
	return ""
}

// pinned refuses a call that insists on a provider the group does not have. Names beyond
// ASCII come as %-escapes, the way x-trunkline-provider gives them back.
func (c *call) pinned() bool {
	pin := c.req.Options.Provider
	if pin == "" || slices.ContainsFunc(c.req.Group.Members, c.req.MayTry) {
		return true
	}
	if plain, err := url.PathUnescape(pin); err == nil && plain != pin {
		if c.req.Options.Provider = plain; slices.ContainsFunc(c.req.Group.Members, c.req.MayTry) {
			return true
		}
	}
	c.refuse(dataplane.NoCandidate, http.StatusNotFound, wire.Error{
		Message: "The group '" + c.req.Group.Name + "' has no enabled model of the provider '" + pin + "' that x-trunkline-provider names.",
		Type:    wire.InvalidRequest, Param: strings.ToLower(headerProvider), Code: "provider_not_found",
	})
	return false
}
