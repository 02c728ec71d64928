package proxy

import (
	"errors"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/dataplane/wire/buffer"
	"github.com/trunkline-ai/trunkline/dataplane/wire/scan"
)

// readBody reads the whole request before anything is sent upstream: retries need it, and
// an answer that starts early cannot cut it off. JSON is held in memory, a form in a spool.
func (c *call) readBody() bool {
	boundary, isForm, ok := c.bodyKind()
	if !ok {
		return false
	}
	in, err := openIntake(c.w, c.r, c.h.cfg.MaxBody, c.h.cfg.BodyWindow, &c.h.bodies)
	if err != nil {
		c.intakeFailed(c.r.Context(), nil, err)
		return false
	}
	if isForm {
		c.form, c.envelope, err = readForm(in, boundary, c.h.cfg.SpoolDir)
	} else {
		var lent *buffer.Buffer
		if lent, err = in.all(&c.h.buffers); err == nil {
			c.body = c.keep(lent)
			c.bodySize = len(c.body)
		}
	}
	c.held = in.taken
	in.close(err == nil)
	if err == nil && !isForm {
		c.envelope, err = wire.ReadEnvelope(c.body, c.endpoint)
	}
	if err != nil {
		if bad, is := errors.AsType[*scan.Error](err); is {
			c.refuse(dataplane.InvalidRequest, http.StatusBadRequest,
				wire.Error{Message: bad.Message, Type: wire.InvalidRequest, Param: bad.Param, Code: "invalid_request"})
		} else {
			c.intakeFailed(c.r.Context(), in, err)
		}
		return false
	}
	c.envelope.Stream = c.endpoint.WantsStream(&c.envelope)
	c.unsafe = c.endpoint.Unsafe != nil && c.endpoint.Unsafe(&c.envelope)
	return true
}

// dropBody gives back what the request's body held.
func (c *call) dropBody() {
	c.h.bodies.give(c.held)
	c.giveBack()
	if c.form != nil {
		c.form.close()
	}
}

// bodyKind reads the content type. What is no form is taken for JSON, also without a
// type or under the one that curl -d sends; only what is plainly something else is refused.
func (c *call) bodyKind() (boundary string, isForm, ok bool) {
	given := c.r.Header.Get("Content-Type")
	if given == "" || given == "application/json" {
		return "", false, true
	}
	media, params, err := mime.ParseMediaType(given)
	switch {
	case err == nil && media == "multipart/form-data" && c.endpoint.Form && params["boundary"] != "":
		return params["boundary"], true, true
	case err == nil && takenForJSON(media):
		return "", false, true
	}
	want := "application/json"
	if c.endpoint.Form {
		want = "multipart/form-data with a boundary"
	}
	c.refuse(dataplane.InvalidRequest, http.StatusUnsupportedMediaType, wire.Error{
		Message: "Content-Type " + strconv.Quote(given) + " is not supported here; use " + want + ".",
		Type:    wire.InvalidRequest, Code: "unsupported_media_type",
	})
	return "", false, false
}

func takenForJSON(media string) bool {
	switch media {
	case "application/json", "text/json", "text/plain", "application/x-www-form-urlencoded", "application/octet-stream":
		return true
	}
	return strings.HasSuffix(media, "+json")
}
