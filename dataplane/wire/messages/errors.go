package messages

import (
	"encoding/json"
	"net/http"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/wire/sse"
)

var wording = &wire.Errors{
	Body:  errorBody,
	Event: func(body []byte, _ wire.Place) []byte { return append([]byte("event: error\n"), sse.Event(body)...) },
	Fits: func(doc gjson.Result) bool {
		return doc.Get("type").Str == "error" && doc.Get("error.message").Type == gjson.String
	},
	IDHeader: "Request-Id",
}

// errorBody words an error as Anthropic does. Its types follow the status.
func errorBody(status int, e wire.Error, id string) []byte {
	type inner struct {
		Type    string `json:"type"`
		Message string `json:"message"`
	}
	body, err := json.Marshal(struct {
		Type      string `json:"type"`
		Error     inner  `json:"error"`
		RequestID string `json:"request_id"`
	}{"error", inner{errorType(status), e.Message}, id})
	if err != nil { // strings always marshal
		panic(err)
	}
	return body
}

func errorType(status int) string {
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
