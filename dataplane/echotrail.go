package dataplane

import (
	"bytes"
	"regexp"
)

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

// Restart forgets what the text ended with: another one begins.
func (t *Trail) Restart() { clear(t.begun()) }

func (t *Trail) begun() []uint16 {
	if t.more != nil {
		return t.more
	}
	return t.few[:len(t.echoes.texts)]
}

// Mask overwrites what of the next piece belongs to a secret that ends in it, or of which the text ends
// with so much that it tells: nothing has to wait for the piece after it.
func (t *Trail) Mask(piece []byte) {
	if len(piece) == 0 {
		return
	}
	read := piece
	for i := range t.echoes.texts {
		read = t.next(i, piece, read)
	}
}

// next looks for one secret in what is read of the piece, which is a copy once the piece was overwritten:
// secrets may begin alike.
func (t *Trail) next(i int, piece, read []byte) []byte {
	e, n := &t.echoes.texts[i], int(t.begun()[i])
	mask := func(end, n int) {
		if &read[0] == &piece[0] {
			read = bytes.Clone(piece)
		}
		for j := max(end-n, 0); j < end; j++ {
			piece[j] = '*'
		}
	}
	for at := 0; at < len(read); at++ {
		if n == 0 {
			skip := bytes.IndexByte(read[at:], e.text[0])
			if skip < 0 {
				break
			}
			at += skip
		}
		for n > 0 && read[at] != e.text[n] {
			n = int(e.border[n-1])
		}
		if read[at] == e.text[n] {
			n++
		}
		if n == len(e.text) {
			mask(at+1, n)
			n = 0
		}
	}
	if n >= e.told {
		mask(len(read), n)
	}
	t.begun()[i] = uint16(n)
	return read
}

// beyond is how many bytes of a secret, behind what many begin with, tell it from other words: fewer are
// found in answers by chance.
const beyond = 4

// publicOpening is what keys of a provider have in common, such as sk-proj-, sk-ant-api03-, gsk_ or AIzaSy.
var publicOpening = regexp.MustCompile(`^(?:AIzaSy|ya29\.|(?:[a-z]{1,6}[0-9]{0,2}[-_]){1,4})`)

// tells is how many bytes of its beginning are no longer what many secrets begin with.
func (e *echo) tells() int {
	opening := len(publicOpening.Find(e.text))
	// A JSON Web Token, whose beginning says which algorithm signed it, or words with hyphens that are the secret.
	if bytes.HasPrefix(e.text, []byte("eyJ")) || opening > len(e.text)/2 {
		return max(12, len(e.text)/3)
	}
	return max(6, opening+beyond)
}
