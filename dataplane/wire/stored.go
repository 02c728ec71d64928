package wire

import (
	"bytes"
	"errors"

	"github.com/trunkline-ai/trunkline/internal/wire/scan"
	"github.com/trunkline-ai/trunkline/internal/wire/sse"
)

// ResponseIDs are where a document names a response and the one that it goes on with: what is
// between the quotes. Empty: it does not.
type ResponseIDs struct{ ID, Previous scan.Span }

const previousKey = "previous_response_id"

// FindResponseIDs looks at the top of a response, which may be cut behind what is found.
func FindResponseIDs(doc []byte, previous bool) (ids ResponseIDs) {
	s := scan.New(doc)
	if s.Open() {
		ids.find(doc, s, previous)
	}
	return ids
}

// FindResponseIDsIn looks into the response that the data of an event holds, if it holds one.
func FindResponseIDsIn(data []byte, previous bool) (ids ResponseIDs) {
	s := scan.New(data)
	if !s.Open() {
		return ids
	}
	_ = s.Members(func(key []byte, value scan.Span) error { // what is no JSON names nothing
		if string(key) != "response" {
			return nil
		}
		if inside := scan.Inside(data, value); inside.Open() {
			ids.find(data, inside, previous)
		}
		return errFound
	})
	return ids
}

// errFound ends the look through a document.
var errFound = errors.New("found")

func (ids *ResponseIDs) find(doc []byte, s scan.Scanner, previous bool) {
	_ = s.Members(func(key []byte, value scan.Span) error {
		switch string(key) {
		case "id":
			ids.ID = between(doc, value)
		case previousKey:
			ids.Previous = between(doc, value)
		}
		if ids.ID.End > 0 && (!previous || ids.Previous.End > 0) {
			return errFound
		}
		return nil
	})
}

// between is what stands between the quotes of a string.
func between(doc []byte, value scan.Span) scan.Span {
	if doc[value.Start] != '"' {
		return scan.Span{}
	}
	return scan.Span{Start: value.Start + 1, End: value.End - 1}
}

var keyResponse = []byte(`"response"`)

// ResponseEvent gives the data of an event that may hold a response, and where in the event it
// begins. An event whose data has several lines is rewritten with one.
func ResponseEvent(event []byte) (whole, data []byte, at int) {
	if !bytes.Contains(event, keyResponse) {
		return event, nil, 0
	}
	whole = sse.OneLine(event)
	data, ok := sse.Data(whole)
	if !ok {
		return event, nil, 0
	}
	return whole, data, bytes.Index(whole, data)
}

// Previous is the response that a request goes on with, as the client names it; empty: none.
func (e *Envelope) Previous(body []byte) string { return text(body, e.said.previous.span()) }

// SetPrevious names that response as its provider does, which is no longer than the client's name
// for it: what is left over becomes white space, so that nothing else moves.
func (e *Envelope) SetPrevious(body []byte, id string) {
	at := e.said.previous.span()
	value := body[at.Start:at.End]
	n := copy(value, `"`+id+`"`)
	for i := range value[n:] {
		value[n+i] = ' '
	}
}
