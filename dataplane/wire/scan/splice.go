package scan

import "io"

// Edit replaces a range of a document; an empty range inserts.
type Edit struct {
	At   Span
	With []byte
}

// maxEdits is how many edits one document may have.
const maxEdits = 2

// Spliced is a document with some of its ranges replaced. Nothing is copied.
type Spliced struct {
	parts [2*maxEdits + 1][]byte
	n     int
	size  int64
}

// Splice makes at most two edits, which are in the order of their places.
func Splice(body []byte, edits ...Edit) Spliced {
	var s Spliced
	from := 0
	for _, e := range edits {
		s.add(body[from:e.At.Start])
		s.add(e.With)
		from = e.At.End
	}
	s.add(body[from:])
	return s
}

func (s *Spliced) add(b []byte) {
	s.parts[s.n] = b
	s.n++
	s.size += int64(len(b))
}

// Size is its length in bytes.
func (s *Spliced) Size() int64 { return s.size }

// Reader reads it from its start; each attempt has its own.
func (s Spliced) Reader() *Reader { return &Reader{doc: s} }

// Reader reads a spliced document.
type Reader struct {
	doc  Spliced
	part int
}

// Read implements io.Reader.
func (r *Reader) Read(b []byte) (int, error) {
	n := 0
	for n < len(b) && r.part < r.doc.n {
		c := copy(b[n:], r.doc.parts[r.part])
		r.doc.parts[r.part] = r.doc.parts[r.part][c:]
		n += c
		if len(r.doc.parts[r.part]) == 0 {
			r.part++
		}
	}
	if n == 0 && r.part == r.doc.n {
		return 0, io.EOF
	}
	return n, nil
}

// Next gives the next bytes, at most so many, without copying them; none at the end.
func (r *Reader) Next(atMost int) []byte {
	for r.part < r.doc.n && len(r.doc.parts[r.part]) == 0 {
		r.part++
	}
	if r.part == r.doc.n {
		return nil
	}
	b := r.doc.parts[r.part]
	b = b[:min(len(b), atMost)]
	r.doc.parts[r.part] = r.doc.parts[r.part][len(b):]
	return b
}
