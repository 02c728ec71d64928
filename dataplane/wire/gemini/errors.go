package gemini

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/wire/compose"
	"github.com/trunkline-ai/trunkline/internal/wire/sse"
)

var wording = &wire.Errors{
	Body:  errorBody,
	Event: func(body []byte, _ wire.Place) []byte { return sse.Event(body) },
	Fits: func(doc gjson.Result) bool {
		e := doc.Get("error")
		return e.Get("code").Type == gjson.Number && e.Get("message").Type == gjson.String && e.Get("status").Type == gjson.String
	},
}

// errorBody words an error as Google does: what is ours is in the details, by the names of google.rpc. Clients take
// the error of a stream for one only if it is the first member.
func errorBody(status int, e wire.Error, id string) []byte {
	d := make(compose.Doc, 0, 512)
	d.Begin("", '{')
	d.Begin("error", '{')
	d.Int("code", int64(status))
	d.Str("message", e.Message)
	d.Str("status", statusOf(status))
	d.Begin("details", '[')
	if reason := reasonOfError(e.Code); reason != "" {
		detail(&d, "ErrorInfo", func() {
			d.Str("reason", reason)
			d.Str("domain", "trunkline")
		})
	}
	if e.Param != "" {
		detail(&d, "BadRequest", func() {
			d.Begin("fieldViolations", '[')
			d.Begin("", '{')
			d.Str("field", e.Param)
			d.Str("description", e.Message)
			d.End('}')
			d.End(']')
		})
	}
	if e.Wait > 0 {
		millis := (e.Wait + time.Millisecond - 1).Milliseconds()
		detail(&d, "RetryInfo", func() { d.Str("retryDelay", strconv.FormatFloat(float64(millis)/1000, 'f', -1, 64)+"s") })
	}
	if id != "" {
		detail(&d, "RequestInfo", func() { d.Str("requestId", id) })
	}
	d.End(']')
	d.End('}')
	d.End('}')
	return d
}

func detail(d *compose.Doc, typ string, members func()) {
	d.Begin("", '{')
	d.Str("@type", "type.googleapis.com/google.rpc."+typ)
	members()
	d.End('}')
}

// reasonOfError is a code of ours, or of a provider's, as ErrorInfo has them: in capitals.
func reasonOfError(code string) string {
	const most = 63
	code = strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, strings.ToUpper(code))
	return code[:min(len(code), most)]
}

// statusOf is the canonical code of a status.
func statusOf(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "UNAUTHENTICATED"
	case http.StatusForbidden:
		return "PERMISSION_DENIED"
	case http.StatusNotFound:
		return "NOT_FOUND"
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return "UNIMPLEMENTED"
	case http.StatusRequestTimeout, http.StatusGatewayTimeout:
		return "DEADLINE_EXCEEDED"
	case http.StatusConflict:
		return "ABORTED"
	case http.StatusPaymentRequired, http.StatusTooManyRequests:
		return "RESOURCE_EXHAUSTED"
	case http.StatusBadGateway, http.StatusServiceUnavailable, 529:
		return "UNAVAILABLE"
	}
	if status < http.StatusInternalServerError {
		return "INVALID_ARGUMENT"
	}
	return "INTERNAL"
}
