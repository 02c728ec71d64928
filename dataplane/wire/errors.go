package wire

import (
	"encoding/json"
	"time"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/sse"
)

// Error types of OpenAI's schema.
const (
	InvalidRequest = "invalid_request_error"
	ServerError    = "server_error"
)

// Error is the error object every SDK understands. Param and Code are null when empty.
type Error struct {
	Message string
	Type    string
	Param   string
	Code    string
	// Wait is after how long another request may do better, for families that say so in the body; 0: not
	// said.
	Wait time.Duration
}

// ReadError reads what an upstream's error says, in the schema of any API: a body, or an event of a
// stream. What it does not say is empty.
func ReadError(doc gjson.Result) Error {
	e := doc.Get("error")
	if inner := doc.Get("response.error"); inner.IsObject() {
		e = inner
	}
	text := func(key string) string {
		if v := e.Get(key); v.Type == gjson.String {
			return v.Str
		}
		return ""
	}
	if !e.IsObject() {
		e = doc
		return Error{Message: text("message"), Param: text("param"), Code: text("code")} // its type is the event's
	}
	out := Error{Message: text("message"), Type: text("type"), Param: text("param"), Code: text("code")}
	if out.Type == "" {
		out.Type = text("status") // Google's
	}
	return out
}

// MarshalJSON writes all four keys, as SDKs expect them.
func (e Error) MarshalJSON() ([]byte, error) {
	orNull := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	return json.Marshal(struct {
		Message string  `json:"message"`
		Type    string  `json:"type"`
		Param   *string `json:"param"`
		Code    *string `json:"code"`
	}{e.Message, e.Type, orNull(e.Param), orNull(e.Code)})
}

// Errors is how one family of APIs words its errors.
type Errors struct {
	// Body is an error as a response's body. id is the request's.
	Body func(status int, e Error, id string) []byte
	// Event makes a whole server-sent event of a body.
	Event func(body []byte, at Place) []byte
	// Fits reports whether an upstream's error body is in this schema already.
	Fits func(doc gjson.Result) bool
	// FitsEvent is Fits for an error event of an upstream's stream; nil: it is Fits.
	FitsEvent func(doc gjson.Result) bool
	// Follows is an event that belongs behind such an event, with the same reason, for clients
	// that wait for it; nil: none does.
	Follows func(doc gjson.Result, at Place) []byte
	// IDHeader is a second header that holds the request's id; empty: there is none.
	IDHeader string
}

// Place is where in a stream an event stands.
type Place struct {
	Events int    // before it
	ID     string // of the answer, as its first event told; empty: none did
}

// IsEvent reports whether clients understand an upstream's error event as it is.
func (e *Errors) IsEvent(doc gjson.Result) bool {
	if e.FitsEvent != nil {
		return e.FitsEvent(doc)
	}
	return e.Fits(doc)
}

// Behind is what follows an upstream's error event; empty: nothing.
func (e *Errors) Behind(doc gjson.Result, at Place) []byte {
	if e.Follows == nil {
		return nil
	}
	return e.Follows(doc, at)
}

// OpenAI is how most families word their errors.
var OpenAI = &Errors{
	Body:  func(_ int, e Error, _ string) []byte { return e.body() },
	Event: func(body []byte, _ Place) []byte { return sse.Event(body) },
	Fits: func(doc gjson.Result) bool {
		return doc.Get("error").IsObject() && doc.Get("error.message").Type == gjson.String
	},
}

func (e Error) body() []byte {
	body, err := json.Marshal(map[string]Error{"error": e})
	if err != nil { // a struct of strings always marshals
		panic(err)
	}
	return body
}
