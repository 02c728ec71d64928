package proxy

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/classify"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/body"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// refuseBody answers for a body that could not be read or accepted.
func (c *call) refuseBody(err error) {
	if bad, is := errors.AsType[*scan.Error](err); is {
		c.refuse(dataplane.InvalidRequest, http.StatusBadRequest,
			wire.Error{Message: bad.Message, Type: wire.InvalidRequest, Param: bad.Param, Code: "invalid_request"})
		return
	}
	kind := body.Unreadable
	if unread, is := errors.AsType[*body.Error](err); is {
		kind = unread.Kind
	}
	switch kind {
	case body.ClientLeft:
		c.rec.Gone(dataplane.ClientClosed)
		return
	case body.Disk:
		c.h.cfg.Logger.Error("failed to buffer a form", "request_id", c.rec.ID, "error", err)
		c.busy("The form could not be held.")
		return
	case body.MediaType: // nothing was read, so the connection can go on
	default:
		closeAfter(c.w, c.req.HTTP) // the rest of the body is not worth reading
	}
	switch kind {
	case body.BudgetSpent:
		c.busy("Too many large requests are being served.")
		return
	case body.ShareSpent:
		c.shareSpent()
		return
	}
	status, code, message := c.bodyError(kind, err)
	c.refuse(dataplane.InvalidRequest, status, wire.Error{Message: message, Type: wire.InvalidRequest, Code: code})
}

// bodyError is what a client is told whose body cannot be read.
func (c *call) bodyError(kind body.Kind, err error) (status int, code, message string) {
	header := c.req.HTTP.Header
	switch kind {
	case body.MediaType:
		want := "application/json"
		if c.req.Endpoint.Form {
			want = "multipart/form-data with a boundary"
		}
		return http.StatusUnsupportedMediaType, "unsupported_media_type",
			"Content-Type " + strconv.Quote(header.Get("Content-Type")) + " is not supported here; use " + want + "."
	case body.Encoding:
		return http.StatusUnsupportedMediaType, "unsupported_encoding",
			"Content-Encoding " + strconv.Quote(header.Get("Content-Encoding")) + " is not supported; use gzip or zstd, or send the body as it is."
	case body.TooLarge:
		return http.StatusRequestEntityTooLarge, "request_too_large",
			"The request body is larger than " + strconv.FormatInt(c.h.cfg.MaxBody, 10) + " bytes."
	case body.TooCompressed:
		return http.StatusRequestEntityTooLarge, "request_too_large",
			"The request body is compressed too much: it may not grow more than 100-fold."
	case body.TooSlow:
		return http.StatusRequestTimeout, "request_timeout", "The request body did not arrive in time."
	}
	return http.StatusBadRequest, "invalid_request", "Failed to read the request body: " + classify.Reason(errors.Unwrap(err).Error()) + "."
}

// busy answers that the gateway itself is at one of its bounds.
func (c *call) busy(message string) {
	c.refuse(dataplane.GatewayBusy, http.StatusServiceUnavailable,
		wire.Error{Message: message, Type: wire.ServerError, Code: dataplane.GatewayBusy.Rule().Code})
}

// shareSpent answers that the key's own requests hold what one key's may.
func (c *call) shareSpent() {
	rule := dataplane.KeyLimited.Rule()
	c.refuse(dataplane.KeyLimited, rule.Status, wire.Error{
		Message: "API key '" + c.req.Key.Name + "' has too many large requests in flight: together they may hold " +
			strconv.FormatInt(c.h.budget.Usage().Limit/body.KeyPart, 10) + " bytes. Please try again in 1s.",
		Type: rule.Type, Code: "request_memory_exceeded",
	})
}
