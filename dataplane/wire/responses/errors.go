package responses

import (
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/dataplane/wire/sse"
)

// errors differ from OpenAI's others in streams: some clients look for an event of type
// "error", SDKs for an error object, others for a failed response. Ours is an event that is
// both of the former, and the latter behind it.
var errors = &wire.Errors{
	Body: wire.OpenAI.Body, Event: errorEvent, Fits: wire.OpenAI.Fits, Follows: failed,
	FitsEvent: func(doc gjson.Result) bool {
		return doc.Get("type").Str == "response.failed" || doc.Get("type").Str == "error" && reason(doc).Get("message").Type == gjson.String
	},
}

// reason is where an event of type "error" says why: in itself, or in an error object.
func reason(doc gjson.Result) gjson.Result {
	if e := doc.Get("error"); e.IsObject() {
		return e
	}
	return doc
}

// errorEvent adds what an event of the Responses API has to an error body.
func errorEvent(body []byte, n int) []byte {
	e := gjson.GetBytes(body, "error")
	event := sse.Event(wire.With(gjson.Parse(`{"type":"error"}`),
		"sequence_number", strconv.Itoa(n),
		"code", wire.Raw(e.Get("code"), "null"), "message", wire.Raw(e.Get("message"), "null"), "param", wire.Raw(e.Get("param"), "null"),
		"error", e.Raw))
	return append(event, failed(gjson.Parse(`{"type":"error","error":`+e.Raw+`}`), n+1)...)
}

// failed is the failed response behind an event of type "error", with its reason. n is its number.
func failed(doc gjson.Result, n int) []byte {
	if doc.Get("type").Str != "error" {
		return nil
	}
	e := reason(doc)
	why := wire.With(gjson.Parse("{}"), "code", wire.Raw(e.Get("code"), "null"), "message", wire.Raw(e.Get("message"), `""`))
	return wire.Named("response.failed", "sequence_number", strconv.Itoa(n), "response",
		`{"id":"resp_failed","object":"response","created_at":0,"status":"failed","error":`+string(why)+
			`,"incomplete_details":null,"model":"","output":[],"parallel_tool_calls":true,"tool_choice":"auto","tools":[],"usage":null}`)
}
