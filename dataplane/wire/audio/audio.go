// Package audio is OpenAI's speech, transcriptions and translations.
package audio

import (
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// Family is the API.
var Family = wire.Family{
	Name: "audio", Errors: wire.OpenAI,
	Endpoints: []wire.Endpoint{
		{Path: "/audio/speech", Media: true, Stream: speech, Note: note, AsksStream: asksStream},
		{Path: "/audio/transcriptions", Value: "text", Text: true, Form: true, Stream: transcript},
		{Path: "/audio/translations", Value: "text", Text: true, Form: true},
	},
}

var (
	speech = &wire.Stream{
		Typed: true, Plain: true, Last: []string{"speech.audio.done"}, Failed: []string{"error"}, Usage: []string{"usage"},
	}
	transcript = &wire.Stream{
		Typed: true, Plain: true, Last: []string{"transcript.text.done"}, Failed: []string{"error"},
		Text: []string{"delta"}, Usage: []string{"usage"},
	}
)

// formatSSE: stream_format is "sse". Speech is asked for as a stream by that, not by stream.
const formatSSE wire.Notes = 1

func note(e *wire.Envelope, key, value []byte) {
	if string(key) == "stream_format" {
		e.Notes.Set(formatSSE, string(value) == `"sse"`)
	}
}

func asksStream(e *wire.Envelope) bool { return e.Notes.Has(formatSSE) }
