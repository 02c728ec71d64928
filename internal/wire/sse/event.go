package sse

import "bytes"

// Done is the data of the event that ends a stream of chunks.
var Done = []byte("[DONE]")

// DoneEvent is that event.
var DoneEvent = []byte("data: [DONE]\n\n")

// Data returns an event's data: the text behind "data:" of its lines, joined by newlines.
// ok is false when the event has none, as with comments. The result may share the event's bytes.
func Data(event []byte) (text []byte, ok bool) {
	for len(event) > 0 {
		line := event
		if n := bytes.IndexByte(event, '\n'); n >= 0 {
			line, event = event[:n], event[n+1:]
		} else {
			event = nil
		}
		line = bytes.TrimSuffix(line, []byte("\r"))
		value, found := bytes.CutPrefix(line, []byte("data:"))
		if !found {
			if string(line) == "data" {
				value = nil
			} else {
				continue
			}
		}
		value = bytes.TrimPrefix(value, []byte(" "))
		if !ok {
			text, ok = value, true
			continue
		}
		joined := make([]byte, 0, len(text)+1+len(value))
		text = append(append(append(joined, text...), '\n'), value...)
	}
	return text, ok
}

// Named reports whether an event has this name.
func Named(event []byte, name string) bool { return string(Name(event)) == name }

// Name is an event's name; empty: it has none.
func Name(event []byte) []byte {
	for line := range bytes.Lines(event) {
		if value, found := bytes.CutPrefix(line, []byte("event:")); found {
			return bytes.TrimSpace(value)
		}
	}
	return nil
}

// Event makes an event of a JSON body.
func Event(body []byte) []byte {
	body = bytes.Map(func(r rune) rune {
		if r == '\n' || r == '\r' { // white space of JSON
			return ' '
		}
		return r
	}, body)
	event := make([]byte, 0, len(body)+8)
	event = append(event, "data: "...)
	event = append(event, body...)
	return append(event, "\n\n"...)
}

// OneLine is an event whose data is in one line: the same one if it is, else a new one. Where
// a line of JSON ends there may be white space.
func OneLine(event []byte) []byte {
	lines := 0
	for line := range bytes.Lines(event) {
		if isData(line) {
			lines++
		}
	}
	if lines < 2 {
		return event
	}
	text, _ := Data(event)
	var head []byte
	for line := range bytes.Lines(event) {
		if !isData(line) && len(bytes.TrimSpace(line)) > 0 {
			head = append(head, line...)
		}
	}
	return append(head, Event(text)...)
}

// isData tells whether a line is one of those that Data joins.
func isData(line []byte) bool {
	rest, found := bytes.CutPrefix(line, []byte("data"))
	return found && (len(bytes.TrimRight(rest, "\r\n")) == 0 || rest[0] == ':')
}
