// Package responses is OpenAI's Responses API.
package responses

import (
	"fmt"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
	codec "github.com/trunkline-ai/trunkline/internal/wire/responses"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// Family is the API.
var Family = wire.Family{
	Name: "responses", Errors: errors,
	Endpoints: []wire.Endpoint{
		{Path: "/responses", Operation: "chat", Turns: "input", System: "instructions", Codec: codec.Codec{}, Opaque: opaque, Lists: []string{"output"}, Fails: []string{"failed", "cancelled"}, Empty: isEmpty, Estimate: wire.EstimateBoth, Stream: stream, Note: note, Refuse: refuse, Unsafe: changesConversation, Follows: true, Stores: stores, Background: inBackground, Neutral: `"input":"Hi","max_output_tokens":16,"store":false`},
		{Path: "/responses/compact", Operation: "compaction", Turns: "input", System: "instructions", Follows: true, Lists: []string{"output"}, Estimate: wire.EstimateBoth},
		{Path: "/responses/input_tokens", Operation: "count_tokens", Turns: "input", System: "instructions", Follows: true, Value: "input_tokens", Estimated: estimated, Neutral: `"input":"Hi"`},
	},
}

func estimated(tokens int64) []byte {
	return fmt.Appendf(nil, `{"object":"response.input_tokens","input_tokens":%d}`, tokens)
}

var stream = &wire.Stream{
	Typed: true,
	Filler: []string{
		"response.created", "response.queued", "response.in_progress", "response.output_item.added",
		"response.content_part.added", "response.reasoning_summary_part.added", "keepalive",
	},
	ID: "response.id", Working: []string{"response.in_progress"},
	Reasons: reasons, Says: says,
	Last:   []string{"response.completed", "response.incomplete"},
	Failed: []string{"response.failed", "error"},
	Text:   []string{"delta"}, Usage: []string{"response.usage"}, Service: "response.service_tier", Whole: "response.output",
	Convert: events,
}

// What decides whether a response may be asked for, and whether it may be asked for again.
const (
	background wire.Notes = 1 << iota
	unclear               // background is neither true nor false
	conversation
	previous
	notStored
)

func note(e *wire.Envelope, key, value []byte) {
	there := len(value) > 2 && string(value) != "null" && string(value) != "false"
	switch string(key) {
	case "background":
		e.Notes.Set(background, string(value) == "true")
		e.Notes.Set(unclear, string(value) != "true" && string(value) != "null" && string(value) != "false")
	case "conversation":
		e.Notes.Set(conversation, there)
	case "previous_response_id":
		e.Notes.Set(previous, there)
	case "store":
		e.Notes.Set(notStored, string(value) == "false")
	}
}

// refuse: whether a response runs in the background decides how it is billed, and one that is not
// stored could not be found again.
func refuse(e *wire.Envelope) *scan.Error {
	switch {
	case e.Notes.Has(unclear):
		return &scan.Error{Param: "background", Message: "background must be true or false"}
	case e.Notes.Has(background) && e.Notes.Has(notStored):
		return &scan.Error{Param: "background", Message: "background: true needs a response that is stored: leave store: false out"}
	}
	return nil
}

func inBackground(e *wire.Envelope) bool { return e.Notes.Has(background) }

// changesConversation: a response that the provider files behind an earlier one would be
// there twice, and one in the background runs to its end whoever still waits for it.
func changesConversation(e *wire.Envelope) bool {
	return e.Notes.Has(background|conversation) || e.Notes.Has(previous) && !e.Notes.Has(notStored)
}

// stores: a response is kept by its provider unless the client says otherwise.
func stores(e *wire.Envelope) bool { return !e.Notes.Has(notStored) }
