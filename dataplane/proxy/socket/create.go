package socket

import (
	"bytes"
	"net"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// Events of clients.
const (
	responseCreate = "response.create"
	// responseProcessed tells that the client has taken a response. Nothing follows from it here.
	responseProcessed = "response.processed"
)

// maxLane bounds the bytes of a stream_id.
const maxLane = 256

// create is a client's event, mostly response.create: a request as POST /v1/responses takes it, and
// what only exists on a WebSocket.
type create struct {
	event    string
	lane     string // stream_id; empty: none was given
	previous string // previous_response_id
	warmUp   bool   // generate is false: nothing is to be answered
	unstored bool   // store is false
	model    string
	members  [][]byte // of the request, but for previous_response_id and input
	input    []byte   // nil: there is none
}

// read takes an event apart. What it keeps shares the message's memory. The error says what is
// wrong with it; the lane is there all the same if it was seen.
func read(message []byte) (c create, err error) {
	s := scan.New(message)
	if !s.Open() {
		return c, &scan.Error{Message: "the message is not a JSON object"}
	}
	err = s.Members(func(key []byte, at scan.Span) error {
		value := message[at.Start:at.End]
		switch string(key) {
		case "type":
			c.event = gjson.ParseBytes(value).String()
		case "stream_id":
			return c.setLane(value)
		case "previous_response_id":
			return c.setPrevious(value)
		case "generate":
			c.warmUp = string(value) == "false"
		case "stream": // always
		case "input":
			c.input = value
		default:
			switch string(key) {
			case "store":
				c.unstored = string(value) == "false"
			case "model":
				c.model = gjson.ParseBytes(value).String()
			}
			c.members = append(c.members, message[s.Key().Start:at.End])
		}
		return nil
	}, "type", "stream_id", "previous_response_id", "generate", "stream", "input", "store", "model")
	if err != nil {
		return c, err
	}
	return c, s.End()
}

func (c *create) setLane(value []byte) error {
	v := gjson.ParseBytes(value)
	if v.Type == gjson.Null {
		return nil
	}
	if v.Type != gjson.String || v.Str == "" || len(v.Str) > maxLane {
		return &scan.Error{Param: "stream_id", Message: "stream_id must be a string of 1 to " + strconv.Itoa(maxLane) + " bytes"}
	}
	c.lane = v.Str
	return nil
}

func (c *create) setPrevious(value []byte) error {
	v := gjson.ParseBytes(value)
	if v.Type != gjson.Null && v.Type != gjson.String {
		return &scan.Error{Param: "previous_response_id", Message: "previous_response_id must be a string"}
	}
	c.previous = v.Str
	return nil
}

// items are the elements of the input, as JSON with commas between them.
func (c *create) items() ([]byte, error) {
	switch {
	case len(c.input) == 0, string(c.input) == "null":
		return nil, nil
	case c.input[0] == '[':
		return bytes.TrimSpace(c.input[1 : len(c.input)-1]), nil
	case c.input[0] == '"':
		return join([]byte(`{"type":"message","role":"user","content":`), c.input, []byte(`}`)), nil
	}
	return nil, &scan.Error{Param: "input", Message: "input must be a string or an array"}
}

// body is the request of a turn that goes on with base: what base holds goes before the input.
func (c *create) body(base *conversation) (net.Buffers, error) {
	parts := net.Buffers{[]byte(`{"stream":true`)}
	for _, member := range c.members {
		parts = append(parts, []byte(`,`), member)
	}
	if base.behind != "" {
		parts = append(parts, []byte(`,"previous_response_id":`+quote(base.behind)))
	}
	switch {
	case len(base.items) > 0:
		added, err := c.items()
		if err != nil {
			return nil, err
		}
		parts = append(parts, []byte(`,"input":[`), base.items)
		if len(added) > 0 {
			parts = append(parts, []byte(`,`), added)
		}
		parts = append(parts, []byte(`]`))
	case c.input != nil:
		parts = append(parts, []byte(`,"input":`), c.input)
	}
	return append(parts, []byte(`}`)), nil
}

// sizeOf is how many bytes parts have together.
func sizeOf(parts net.Buffers) (n int64) {
	for _, part := range parts {
		n += int64(len(part))
	}
	return n
}

// join puts pieces behind one another.
func join(pieces ...[]byte) []byte { return bytes.Join(pieces, nil) }
