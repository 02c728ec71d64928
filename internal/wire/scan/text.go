package scan

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"strings"
)

// str steps over a string; the cursor is at its opening quote.
func (s *Scanner) str() (Span, error) {
	start := s.i
	if !s.take('"') {
		return Span{}, s.malformed()
	}
	for {
		s.i += plainLength(s.b[s.i:])
		if s.i >= len(s.b) {
			return Span{}, s.malformed()
		}
		switch s.b[s.i] {
		case '"':
			s.i++
			return Span{start, s.i}, nil
		case '\\':
			if !s.escape() {
				return Span{}, s.malformed()
			}
		default:
			return Span{}, &Error{Message: fmt.Sprintf("the request body is not valid JSON: a control character in a string, at byte %d, must be escaped", s.i)}
		}
	}
}

// escape steps over an escape sequence.
func (s *Scanner) escape() bool {
	rest := s.b[s.i+1:]
	if len(rest) == 0 {
		s.i = len(s.b)
		return false
	}
	if rest[0] != 'u' {
		s.i += 2
		return strings.IndexByte(`"\/bfnrt`, rest[0]) >= 0
	}
	if len(rest) < 5 {
		s.i = len(s.b)
		return false
	}
	for _, c := range rest[1:5] {
		if !(c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f') {
			return false
		}
	}
	s.i += 6
	return true
}

// Eight bytes are looked at together.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// plainLength is how many bytes stand before the first quote, backslash or control character.
func plainLength(b []byte) int {
	n := 0
	for ; n+16 <= len(b); n += 16 {
		first, second := special(binary.LittleEndian.Uint64(b[n:])), special(binary.LittleEndian.Uint64(b[n+8:]))
		switch {
		case first != 0:
			return n + bits.TrailingZeros64(first)/8
		case second != 0:
			return n + 8 + bits.TrailingZeros64(second)/8
		}
	}
	if n+8 <= len(b) {
		if found := special(binary.LittleEndian.Uint64(b[n:])); found != 0 {
			return n + bits.TrailingZeros64(found)/8
		}
		n += 8
	}
	for n < len(b) && b[n] >= 0x20 && b[n] != '"' && b[n] != '\\' {
		n++
	}
	return n
}

// special marks in eight bytes, the first of them the lowest, those that end plain text. The lowest that is
// marked is one of those; what is marked above it may be none. Without its second bit a quote follows the control
// characters, which stay among themselves: both are what is less than 0x21 then.
func special(w uint64) uint64 {
	low, backslash := w^(ones*2), w^(ones*'\\')
	return ((low-ones*0x21)&^w | (backslash-ones)&^backslash) & highs
}
