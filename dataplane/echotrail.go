package dataplane

import "bytes"

// Trail follows secrets through a text that comes in pieces, such as the deltas of a stream. Its zero
// value follows none.
type Trail struct {
	echoes Echoes
	few    [4]uint16 // of each, how many of its bytes the text ends with
	more   []uint16  // the same, where there are more
}

// Follow begins a trail.
func (e Echoes) Follow() (t Trail) {
	t.echoes = e
	if len(e.texts) > len(t.few) {
		t.more = make([]uint16, len(e.texts))
	}
	return t
}

// None reports whether there is nothing to look for.
func (e Echoes) None() bool { return len(e.texts) == 0 }

func (t *Trail) begun() []uint16 {
	if t.more != nil {
		return t.more
	}
	return t.few[:len(t.echoes.texts)]
}

// Next looks at the next piece. It overwrites what of it belongs to a secret that ends in it, and tells
// how many bytes before the piece do so too.
func (t *Trail) Next(piece []byte) (before int) {
	for i := range t.echoes.texts {
		before = max(before, t.next(i, piece))
	}
	return before
}

func (t *Trail) next(i int, piece []byte) (before int) {
	e, n := &t.echoes.texts[i], int(t.begun()[i])
	for at := 0; at < len(piece); at++ {
		if n == 0 {
			skip := bytes.IndexByte(piece[at:], e.text[0])
			if skip < 0 {
				break
			}
			at += skip
		}
		for n > 0 && piece[at] != e.text[n] {
			n = int(e.border[n-1])
		}
		if piece[at] == e.text[n] {
			n++
		}
		if n == len(e.text) {
			start := at + 1 - n
			before = max(before, -start)
			for j := max(start, 0); j <= at; j++ {
				piece[j] = '*'
			}
			n = 0
		}
	}
	t.begun()[i] = uint16(n)
	return before
}

// Begun is how many bytes at the end of the text may be the beginning of a secret.
func (t *Trail) Begun() (most int) {
	for _, n := range t.begun() {
		most = max(most, int(n))
	}
	return most
}
