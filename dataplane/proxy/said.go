package proxy

import (
	"slices"
	"strings"

	"github.com/trunkline-ai/trunkline/dataplane/classify"
)

// What is kept of what a client says about its call, in bytes.
const (
	maxSaid        = 256
	maxMetadataKey = 64
)

// noteHeaders notes under which ids the client knows the call.
func (c *call) noteHeaders() {
	said, header := &c.rec.Said, c.req.HTTP.Header
	if ids := header["X-Client-Request-Id"]; len(ids) > 0 {
		said.RequestID = c.said(ids[0], maxSaid)
	}
	if ids := header["X-Request-Id"]; len(ids) > 0 {
		said.Incoming = c.said(ids[0], maxSaid)
	}
}

// noteBody notes for whom the call is, and what it belongs to.
func (c *call) noteBody() {
	user, metadata := c.req.Envelope.Said(c.req.Body.JSON)
	if user != "" {
		c.rec.Said.User = c.said(user, maxSaid)
	}
	for key, value := range metadata {
		if c.rec.Said.Metadata == nil {
			c.rec.Said.Metadata = make(map[string]string, len(metadata))
		}
		if key = c.said(key, maxMetadataKey); key != "" {
			c.rec.Said.Metadata[key] = c.said(value, maxSaid)
		}
	}
}

// said is a text as it is recorded; one with a key of the client's in it is not.
func (c *call) said(text string, most int) string {
	keys := sentKeys(c.req.HTTP)
	if slices.ContainsFunc(keys.all[:keys.n], func(key placedKey) bool { return strings.Contains(text, key.secret) }) {
		return "[redacted]"
	}
	return classify.Note(text, most)
}
