package responses

import (
	"cmp"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/wire/sse"
)

// errors differ from OpenAI's others in streams: some clients look for an event of type
// "error", SDKs for an error object, others for a failed response. Ours is an event that is
// both of the former, and the latter behind it.
var errors = &wire.Errors{
	Body: wire.OpenAI.Body, Event: errorEvent, Fits: wire.OpenAI.Fits, Follows: failed,
	FitsEvent: func(doc gjson.Result) bool {
		return doc.Get("type").Str == "response.failed" || doc.Get("type").Str == "error" && wire.IsThere(reason(doc).Get("message"))
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
func errorEvent(body []byte, at wire.Place) []byte {
	e := gjson.GetBytes(body, "error")
	event := sse.Event(wire.With(gjson.Parse(`{"type":"error"}`),
		"sequence_number", strconv.Itoa(at.Events),
		"code", wire.Raw(e.Get("code"), "null"), "message", wire.Raw(e.Get("message"), "null"), "param", wire.Raw(e.Get("param"), "null"),
		"error", wire.Raw(e, "null")))
	at.Events++
	return append(event, failed(gjson.Parse(`{"type":"error","error":`+wire.Raw(e, "null")+`}`), at)...)
}

// failed is the failed response behind an event of type "error", with its reason. It is the
// response that began, should one have: SDKs compare the ids.
func failed(doc gjson.Result, at wire.Place) []byte {
	if doc.Get("type").Str != "error" {
		return nil
	}
	e := reason(doc)
	why := wire.With(gjson.Parse("{}"), "code", wire.Raw(e.Get("code"), "null"), "message", wire.Raw(e.Get("message"), `""`))
	id := strconv.Quote(cmp.Or(at.ID, "resp_failed"))
	return wire.Named("response.failed", "sequence_number", strconv.Itoa(at.Events), "response",
		`{"id":`+id+`,"object":"response","created_at":0,"status":"failed","error":`+string(why)+
			`,"incomplete_details":null,"model":"","output":[],"parallel_tool_calls":true,"tool_choice":"auto","tools":[],"usage":null}`)
}
