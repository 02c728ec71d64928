// Package scan reads and changes JSON without decoding it: a body goes upstream as it came,
// byte for byte, but for the few values that are replaced.
package scan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// maxDepth bounds how deep a document may nest.
const maxDepth = 64

// Span is a range of a document.
type Span struct{ Start, End int }

// Error is why a document is refused, in words for whoever sent it.
type Error struct {
	Param   string // the member to blame; empty: none
	Message string
}

func (e *Error) Error() string { return e.Message }

// Scanner walks JSON without decoding it. It checks structure, not the inside of
// numbers and literals: the provider does that.
type Scanner struct {
	b     []byte
	i     int
	depth int
	key   Span // of the member that is looked at, quotes included
}

// New scans a document.
func New(b []byte) Scanner { return Scanner{b: b} }

// Inside scans an object that is the value of a member of the document's.
func Inside(b []byte, value Span) Scanner { return Scanner{b: b[:value.End], i: value.Start, depth: 1} }

// Open steps into an object; false means that there is none.
func (s *Scanner) Open() bool {
	s.space()
	return s.take('{')
}

// OpenArray steps into an array; false means that there is none.
func (s *Scanner) OpenArray() bool {
	s.space()
	return s.take('[')
}

// Key is where the key of the member is that found was called for, quotes included.
func (s *Scanner) Key() Span { return s.key }

// Offset is where the scanner stands.
func (s *Scanner) Offset() int { return s.i }

// End refuses a document that goes on.
func (s *Scanner) End() error {
	s.space()
	if s.i != len(s.b) {
		return &Error{Message: fmt.Sprintf("the request body goes on after the JSON object, at byte %d", s.i)}
	}
	return nil
}

// Members calls found for each member of the object whose brace was just taken, and
// refuses a second or an escaped spelling of the watched keys.
func (s *Scanner) Members(found func(key []byte, value Span) error, watched ...string) error {
	seen := 0
	s.space()
	if s.take('}') {
		return nil
	}
	for {
		s.space()
		keyAt, err := s.str()
		if err != nil {
			return err
		}
		s.key = keyAt
		key := s.b[keyAt.Start+1 : keyAt.End-1]
		escaped := bytes.IndexByte(key, '\\') >= 0
		if escaped {
			var plain string
			if json.Unmarshal(s.b[keyAt.Start:keyAt.End], &plain) != nil {
				return s.malformed()
			}
			key = []byte(plain)
		}
		for n, w := range watched {
			if !strings.EqualFold(string(key), w) {
				continue
			}
			if escaped || seen&(1<<n) != 0 || string(key) != w {
				return &Error{Param: w, Message: w + " must appear once, in lower case and without escapes"}
			}
			seen |= 1 << n
		}
		s.space()
		if !s.take(':') {
			return s.malformed()
		}
		s.space()
		value, err := s.value()
		if err != nil {
			return err
		}
		if err := found(key, value); err != nil {
			return err
		}
		s.space()
		if s.take('}') {
			return nil
		}
		if !s.take(',') {
			return s.malformed()
		}
	}
}

// Elements calls found for each element of the array whose bracket was just taken.
func (s *Scanner) Elements(found func(value Span) error) error {
	s.space()
	if s.take(']') {
		return nil
	}
	for {
		s.space()
		value, err := s.value()
		if err != nil {
			return err
		}
		if err := found(value); err != nil {
			return err
		}
		s.space()
		if s.take(']') {
			return nil
		}
		if !s.take(',') {
			return s.malformed()
		}
	}
}

// value steps over one value of any type.
func (s *Scanner) value() (Span, error) {
	start := s.i
	if s.i >= len(s.b) {
		return Span{}, s.malformed()
	}
	switch s.b[s.i] {
	case '"':
		return s.str()
	case '{', '[':
		return s.nested()
	}
	for s.i < len(s.b) && !delimiter[s.b[s.i]] {
		s.i++
	}
	if s.i == start {
		return Span{}, s.malformed()
	}
	return Span{start, s.i}, nil
}

// nested steps over an object or array by counting brackets outside strings.
func (s *Scanner) nested() (Span, error) {
	start := s.i
	var open [maxDepth]byte
	n := 0
	for s.i < len(s.b) {
		switch c := s.b[s.i]; c {
		case '"':
			if _, err := s.str(); err != nil {
				return Span{}, err
			}
			continue
		case '{', '[':
			if n+s.depth+1 >= maxDepth {
				return Span{}, &Error{Message: fmt.Sprintf("the request body nests deeper than %d levels", maxDepth)}
			}
			open[n] = c + 2 // the closing bracket of { and of [ is two behind it
			n++
		case '}', ']':
			if n--; open[n] != c {
				return Span{}, s.malformed()
			}
			if n == 0 {
				s.i++
				return Span{start, s.i}, nil
			}
		}
		s.i++
	}
	return Span{}, s.malformed()
}

// str steps over a string; the cursor is at its opening quote.
func (s *Scanner) str() (Span, error) {
	start := s.i
	if !s.take('"') {
		return Span{}, s.malformed()
	}
	for {
		n := bytes.IndexByte(s.b[s.i:], '"')
		if n < 0 {
			s.i = len(s.b)
			return Span{}, s.malformed()
		}
		end := s.i + n
		backslashes := 0
		for end-backslashes > s.i && s.b[end-1-backslashes] == '\\' {
			backslashes++
		}
		s.i = end + 1
		if backslashes%2 == 0 {
			return Span{start, s.i}, nil
		}
	}
}

func (s *Scanner) space() {
	for s.i < len(s.b) && (s.b[s.i] == ' ' || s.b[s.i] == '\n' || s.b[s.i] == '\r' || s.b[s.i] == '\t') {
		s.i++
	}
}

func (s *Scanner) take(c byte) bool {
	if s.i < len(s.b) && s.b[s.i] == c {
		s.i++
		return true
	}
	return false
}

func (s *Scanner) malformed() error {
	if s.i >= len(s.b) {
		return &Error{Message: "the request body is not valid JSON: it ends too early"}
	}
	return &Error{Message: fmt.Sprintf("the request body is not valid JSON near byte %d", s.i)}
}

var delimiter = [256]bool{' ': true, '\n': true, '\r': true, '\t': true, ',': true, '}': true, ']': true, ':': true, '"': true, '{': true, '[': true}
