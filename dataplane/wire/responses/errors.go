package responses

import (
	"bytes"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/dataplane/wire/sse"
)

// errors differ from OpenAI's others in streams: clients look for an event of type "error",
// SDKs for an error object; ours is both.
var errors = &wire.Errors{Body: wire.OpenAI.Body, Event: errorEvent, Fits: wire.OpenAI.Fits}

// errorEvent adds what an event of the Responses API has to an error body.
func errorEvent(body []byte, n int) []byte {
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
	return sse.Event(b.Bytes())
}
