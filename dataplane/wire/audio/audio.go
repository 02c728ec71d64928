// Package audio is OpenAI's speech, transcriptions and translations.
package audio

import (
	"unicode/utf8"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// Family is the API.
var Family = wire.Family{
	Name: "audio", Errors: wire.OpenAI,
	Endpoints: []wire.Endpoint{
		{Path: "/audio/speech", Operation: "speech", Media: true, Stream: speech, Note: note, AsksStream: asksStream},
		{Path: "/audio/transcriptions", Operation: "transcription", Value: "text", Measure: duration, Text: true, Form: true, Stream: transcript},
		{Path: "/audio/translations", Operation: "translation", Value: "text", Measure: duration, Text: true, Form: true},
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
	switch string(key) {
	case "stream_format":
		e.Notes.Set(formatSSE, string(value) == `"sse"`)
	case "input":
		e.Characters = characters(value)
	}
}

func asksStream(e *wire.Envelope) bool { return e.Notes.Has(formatSSE) }

// characters counts those of a JSON string, by which speech is billed.
func characters(value []byte) (n int64) {
	if len(value) < 2 || value[0] != '"' {
		return 0
	}
	text := value[1 : len(value)-1]
	for i := 0; i < len(text); n++ {
		if text[i] != '\\' {
			_, size := utf8.DecodeRune(text[i:])
			i += size
			continue
		}
		i += 2
		if i <= len(text) && text[i-1] == 'u' {
			if isLowHalf(text[i:]) {
				n-- // of a character that its first half counts
			}
			i += 4
		}
	}
	return n
}

// isLowHalf recognises the digits of the second half of a pair.
func isLowHalf(digits []byte) bool {
	return len(digits) >= 2 && (digits[0] == 'd' || digits[0] == 'D') && digits[1]|0x20 >= 'c' && digits[1]|0x20 <= 'f'
}

// duration reads how long the audio was, which Whisper tells in its verbose form.
func duration(answer []byte, u *dataplane.Usage) {
	if u.AudioMS == 0 && u.Input == 0 {
		u.AudioMS = wire.Millis(gjson.GetBytes(answer, "duration"))
	}
}
