package scan

import (
	"io"
	"slices"
)

// Edit replaces a range of a document; an empty range inserts.
type Edit struct {
	At   Span
	With []byte
}

// fewEdits is how many edits a document has that nobody made rules for.
const fewEdits = 2

// Spliced is a document with some of its ranges replaced. Nothing is copied.
type Spliced struct {
	parts [2*fewEdits + 1][]byte
	n     int
	more  [][]byte // all of them instead, where they are many
	size  int64
}

// Splice makes edits, which are in the order of their places. One that reaches into what
// another has replaced is left out.
func Splice(body []byte, edits ...Edit) Spliced {
	var s Spliced
	if len(edits) > fewEdits {
		s.more = make([][]byte, 0, 2*len(edits)+1)
	}
	from := 0
	for _, e := range edits {
		if e.At.Start < from {
			continue
		}
		s.add(body[from:e.At.Start])
		s.add(e.With)
		from = e.At.End
	}
	s.add(body[from:])
	return s
}

func (s *Spliced) add(b []byte) {
	s.size += int64(len(b))
	if s.more != nil {
		s.more = append(s.more, b)
		return
	}
	s.parts[s.n] = b
	s.n++
}

// Size is its length in bytes.
func (s *Spliced) Size() int64 { return s.size }

// Length is that of a document once edits are made.
func Length(body []byte, edits []Edit) int {
	n := len(body)
	for _, e := range edits {
		n += len(e.With) - (e.At.End - e.At.Start)
	}
	return n
}

// Reader reads it from its start; each attempt has its own.
func (s Spliced) Reader() *Reader {
	r := &Reader{doc: s}
	if r.left = slices.Clone(s.more); s.more == nil {
		r.left = r.doc.parts[:s.n]
	}
	return r
}

// Reader reads a spliced document.
type Reader struct {
	doc  Spliced
	left [][]byte // what is still to be read
}

// Read implements io.Reader.
func (r *Reader) Read(b []byte) (int, error) {
	n := 0
	for n < len(b) && len(r.left) > 0 {
		c := copy(b[n:], r.left[0])
		n += c
		if r.left[0] = r.left[0][c:]; len(r.left[0]) == 0 {
			r.left = r.left[1:]
		}
	}
	if n == 0 && len(r.left) == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// Next gives the next bytes, at most so many, without copying them; none at the end.
func (r *Reader) Next(atMost int) []byte {
	for len(r.left) > 0 && len(r.left[0]) == 0 {
		r.left = r.left[1:]
	}
	if len(r.left) == 0 {
		return nil
	}
	b := r.left[0][:min(len(r.left[0]), atMost)]
	r.left[0] = r.left[0][len(b):]
	return b
}
