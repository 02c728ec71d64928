package engine

import (
	"bytes"
	"io"
)

// sniffed is how much of an answer is looked at for what it is.
const sniffed = 512

// streamStarts are how a line of a stream of events begins.
var streamStarts = [][]byte{[]byte("data:"), []byte("event:"), []byte("id:"), []byte("retry:"), []byte(":")}

// sniffStream reports whether a body with a wrong label, or none, is a stream of events. It
// reads no more than it needs and gives the whole body back.
func sniffStream(body io.Reader) (io.Reader, bool) {
	head := make([]byte, 0, 64)
	for {
		switch is, sure := startsStream(head); {
		case sure || len(head) == cap(head):
			return io.MultiReader(bytes.NewReader(head), body), is
		}
		n, err := body.Read(head[len(head):cap(head)])
		head = head[:len(head)+n]
		if err != nil {
			is, _ := startsStream(head)
			return io.MultiReader(bytes.NewReader(head), failing{err}), is
		}
	}
}

// startsStream judges the beginning of a body; sure is false when more must be seen.
func startsStream(head []byte) (is, sure bool) {
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \r\n")
	for _, start := range streamStarts {
		switch {
		case bytes.HasPrefix(text, start):
			return true, true
		case bytes.HasPrefix(start, text):
			return false, false
		}
	}
	return false, true
}

// failing is what is left of a body whose end was seen.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// isDocument reports whether bytes without a label begin a JSON document or a web page, and
// not audio, which holds bytes that no text does.
func isDocument(b []byte) bool {
	b = b[:min(len(b), sniffed)]
	text := bytes.TrimLeft(b, " \t\r\n")
	if len(text) == 0 || text[0] != '{' && text[0] != '[' && text[0] != '<' {
		return false
	}
	return !bytes.ContainsFunc(b, func(r rune) bool { return r < ' ' && r != '\t' && r != '\r' && r != '\n' })
}
