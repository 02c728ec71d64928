package proxy

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/tidwall/gjson"
)

// schema is how one family of APIs words its errors.
type schema struct {
	// body is an error as a response's body. id is the request's.
	body func(status int, e apiError, id string) []byte
	// event makes a whole server-sent event of a body; n is how many events came before it.
	event func(body []byte, n int) []byte
	// fits reports whether an upstream's error body is in this schema already.
	fits func(doc gjson.Result) bool
	// idHeader is a second header that holds the request's id; empty: there is none.
	idHeader string
}

var (
	openAI = &schema{
		body:  func(_ int, e apiError, _ string) []byte { return e.envelope() },
		event: func(body []byte, _ int) []byte { return asEvent(body) },
		fits: func(doc gjson.Result) bool {
			return doc.Get("error").IsObject() && doc.Get("error.message").Type == gjson.String
		},
	}
	// responsesAPI differs in streams: clients look for an event of type "error", SDKs for
	// an error object; ours is both.
	responsesAPI = &schema{body: openAI.body, event: responseError, fits: openAI.fits}
	anthropic    = &schema{
		body:  anthropicError,
		event: func(body []byte, _ int) []byte { return append([]byte("event: error\n"), asEvent(body)...) },
		fits: func(doc gjson.Result) bool {
			return doc.Get("type").Str == "error" && doc.Get("error.message").Type == gjson.String
		},
		idHeader: "Request-Id",
	}
)

// write answers with an error.
func (s *schema) write(w http.ResponseWriter, status int, e apiError) {
	writeJSON(w, status, s.body(status, e, w.Header().Get("X-Request-Id")))
}

// responseError adds what an event of the Responses API has to an error body.
func responseError(body []byte, n int) []byte {
	doc := gjson.ParseBytes(body)
	raw := func(path string) string {
		if v := doc.Get(path); v.Exists() {
			return v.Raw
		}
		return "null"
	}
	var b bytes.Buffer
	b.WriteString(`{"type":"error","sequence_number":` + strconv.Itoa(n))
	for _, key := range []string{"code", "message", "param"} {
		b.WriteString(`,"` + key + `":` + raw("error."+key))
	}
	b.WriteString(`,"error":` + raw("error") + `}`)
	return asEvent(b.Bytes())
}

// anthropicError words an error as Anthropic does. Its types follow the status.
func anthropicError(status int, e apiError, id string) []byte {
	type inner struct {
		Type    string `json:"type"`
		Message string `json:"message"`
	}
	body, err := json.Marshal(struct {
		Type      string `json:"type"`
		Error     inner  `json:"error"`
		RequestID string `json:"request_id"`
	}{"error", inner{anthropicType(status), e.Message}, id})
	if err != nil { // strings always marshal
		panic(err)
	}
	return body
}

func anthropicType(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "authentication_error"
	case http.StatusPaymentRequired:
		return "billing_error"
	case http.StatusForbidden:
		return "permission_error"
	case http.StatusNotFound:
		return "not_found_error"
	case http.StatusRequestEntityTooLarge:
		return "request_too_large"
	case http.StatusTooManyRequests:
		return "rate_limit_error"
	case http.StatusGatewayTimeout:
		return "timeout_error"
	case http.StatusServiceUnavailable, 529:
		return "overloaded_error"
	}
	if status < http.StatusInternalServerError {
		return "invalid_request_error"
	}
	return "api_error"
}
