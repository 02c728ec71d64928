package socket

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// inLane adds the stream_id to an event, as the client gave it.
func inLane(event []byte, lane string) []byte {
	if lane == "" || len(event) < 2 || event[0] != '{' {
		return event
	}
	return join([]byte(`{"stream_id":`+quote(lane)+`,`), event[1:])
}

// unsaid are headers of an error answer that tell nothing on a WebSocket.
var unsaid = []string{"Content-Type", "Content-Length", "X-Content-Type-Options", "Connection", "Cache-Control", "Vary"}

// errorEvent is an error answer as the API words it on a WebSocket: with the status and the headers
// that it would have had by HTTP.
func errorEvent(status int, body []byte, header http.Header, lane string) []byte {
	told := make(map[string]string, len(header))
	for name, values := range header {
		if len(values) > 0 {
			told[strings.ToLower(name)] = values[0]
		}
	}
	for _, name := range unsaid {
		delete(told, strings.ToLower(name))
	}
	headers, err := json.Marshal(told)
	if err != nil { // strings always marshal
		panic(err)
	}
	why := gjson.GetBytes(body, "error")
	if !why.IsObject() {
		why = gjson.ParseBytes(wire.OpenAI.Body(status, wire.Error{Message: http.StatusText(status), Type: wire.ServerError}, "")).Get("error")
	}
	// Codex looks for the headers beside the error, the official SDKs inside of it.
	inside := wire.With(why, "headers", string(headers))
	return inLane(join([]byte(`{"type":"error","status":`+strconv.Itoa(status)+`,"error":`), inside, []byte(`,"headers":`), headers, []byte(`}`)), lane)
}

// refusal is an error of ours as such an event.
func refusal(status int, e wire.Error, lane string) []byte {
	return errorEvent(status, wire.OpenAI.Body(status, e, ""), nil, lane)
}

// warmedUp are the events of a response for which nothing was generated.
func warmedUp(id, model string, now time.Time) [][]byte {
	response := func(status, usage string) string {
		return `{"id":"` + id + `","object":"response","created_at":` + strconv.FormatInt(now.Unix(), 10) + `,"status":"` + status +
			`","error":null,"incomplete_details":null,"instructions":null,"metadata":{},"model":` + quote(model) +
			`,"output":[],"parallel_tool_calls":true,"store":false,"tool_choice":"auto","tools":[],"usage":` + usage + `}`
	}
	const nothing = `{"input_tokens":0,"input_tokens_details":{"cached_tokens":0},"output_tokens":0,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":0}`
	return [][]byte{
		[]byte(`{"type":"response.created","sequence_number":0,"response":` + response("in_progress", "null") + `}`),
		[]byte(`{"type":"response.completed","sequence_number":1,"response":` + response("completed", nothing) + `}`),
	}
}

// quote writes a text as JSON.
func quote(text string) string {
	b, err := json.Marshal(text)
	if err != nil { // text always marshals
		panic(err)
	}
	return string(b)
}
