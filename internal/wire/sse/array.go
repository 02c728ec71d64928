package sse

import "bytes"

// Array makes a JSON array of a stream of events: the data of each is an element. What holds none becomes white space, so
// that it still keeps a connection alive.
type Array struct {
	begun bool
	held  []byte // of an event that is not whole
	out   []byte
}

// Write takes the next bytes of the stream, which may end anywhere, and gives those of the array. They are valid
// until the next call.
func (a *Array) Write(b []byte) []byte {
	a.out = a.out[:0]
	a.held = append(a.held, b...)
	from, line := 0, 0 // where the event and the line begin
	for {
		n := bytes.IndexByte(a.held[line:], '\n')
		if n < 0 {
			break
		}
		text := bytes.TrimSuffix(a.held[line:line+n], []byte("\r"))
		isComment := line == from && len(text) > 0 && text[0] == ':'
		line += n + 1
		switch {
		case isComment:
			a.out = append(a.out, '\n')
			from = line
		case len(text) == 0:
			a.element(a.held[from:line])
			from = line
		}
	}
	a.held = append(a.held[:0], a.held[from:]...)
	return a.out
}

func (a *Array) element(event []byte) {
	data, ok := Data(event)
	if data = bytes.TrimSpace(data); !ok || len(data) == 0 || bytes.Equal(data, Done) {
		a.out = append(a.out, '\n')
		return
	}
	if a.begun {
		a.out = append(a.out, ",\r\n"...)
	} else {
		a.begun = true
		a.out = append(a.out, '[')
	}
	a.out = append(a.out, data...)
}

// End gives the last bytes of the array.
func (a *Array) End() []byte {
	if !a.begun {
		return []byte("[]\n")
	}
	return []byte("\n]\n")
}
