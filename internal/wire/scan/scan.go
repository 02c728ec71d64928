// Package scan reads and changes JSON without decoding it: a body goes upstream as it came,
// byte for byte, but for the few values that are replaced.
package scan

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
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

// Scanner walks JSON without decoding it, and refuses what is none.
type Scanner struct {
	b     []byte
	i     int
	depth int
	limit int  // of depth; 0: maxDepth
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

// End refuses a document that goes on, and one that is no UTF-8.
func (s *Scanner) End() error {
	s.space()
	if s.i != len(s.b) {
		return &Error{Message: fmt.Sprintf("the request body goes on after the JSON object, at byte %d", s.i)}
	}
	if !utf8.Valid(s.b) {
		return &Error{Message: "the request body is not valid UTF-8"}
	}
	return nil
}

// maxCompared is how many members of an object are held against the others.
const maxCompared = 64

// Members calls found for each member of the object whose brace was just taken. It refuses a
// second member with the key of one of the first maxCompared, and of the watched keys a second one
// wherever it stands and any but the plain spelling.
func (s *Scanner) Members(found func(key []byte, value Span) error, watched ...string) error {
	var earlier [maxCompared]Span
	n, seen := 0, 0
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
		for i, w := range watched {
			switch {
			case !strings.EqualFold(string(key), w):
			case escaped || string(key) != w:
				return &Error{Param: w, Message: w + " must appear once, in lower case and without escapes"}
			case seen&(1<<i) != 0:
				return twice(key)
			default:
				seen |= 1 << i
			}
		}
		for _, at := range earlier[:n] {
			if bytes.Equal(s.b[at.Start:at.End], s.b[keyAt.Start:keyAt.End]) {
				return twice(key)
			}
		}
		if n < maxCompared {
			earlier[n] = keyAt
			n++
		}
		s.space()
		if !s.take(':') {
			return s.malformed()
		}
		s.space()
		value, err := s.value()
		if err != nil {
			return about(key, err)
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
	err := s.skip(s.depth + 1)
	return Span{start, s.i}, err
}

// skip steps over a value that stands inside so many objects and arrays.
func (s *Scanner) skip(depth int) error {
	if s.i >= len(s.b) {
		return s.malformed()
	}
	switch s.b[s.i] {
	case '"':
		_, err := s.str()
		return err
	case '{':
		return s.nested('}', depth)
	case '[':
		return s.nested(']', depth)
	case 't':
		return s.literal("true")
	case 'f':
		return s.literal("false")
	case 'n':
		return s.literal("null")
	}
	return s.number()
}

// nested steps over an object or an array; the cursor is at its opening bracket.
func (s *Scanner) nested(closing byte, depth int) error {
	if limit := cmp.Or(s.limit, maxDepth); depth >= limit {
		return &Error{Message: fmt.Sprintf("the request body nests deeper than %d levels", limit)}
	}
	s.i++
	s.space()
	if s.take(closing) {
		return nil
	}
	for {
		s.space()
		if closing == '}' {
			if _, err := s.str(); err != nil {
				return err
			}
			s.space()
			if !s.take(':') {
				return s.malformed()
			}
			s.space()
		}
		if err := s.skip(depth + 1); err != nil {
			return err
		}
		s.space()
		if s.take(closing) {
			return nil
		}
		if !s.take(',') {
			return s.malformed()
		}
	}
}

func (s *Scanner) literal(word string) error {
	if !bytes.HasPrefix(s.b[s.i:], []byte(word)) {
		return s.noValue()
	}
	s.i += len(word)
	if s.i < len(s.b) && !delimiter[s.b[s.i]] {
		s.i -= len(word)
		return s.noValue()
	}
	return nil
}

// number steps over a number as JSON writes it: no plus sign, no zeros in front, digits on both
// sides of the point.
func (s *Scanner) number() error {
	start := s.i
	s.take('-')
	if !s.take('0') && !s.digits() || s.take('.') && !s.digits() {
		s.i = start
		return s.noValue()
	}
	if s.take('e') || s.take('E') {
		if !s.take('+') {
			s.take('-')
		}
		if !s.digits() {
			s.i = start
			return s.noValue()
		}
	}
	if s.i < len(s.b) && !delimiter[s.b[s.i]] {
		s.i = start
		return s.noValue()
	}
	return nil
}

func (s *Scanner) digits() bool {
	start := s.i
	for s.i < len(s.b) && s.b[s.i] >= '0' && s.b[s.i] <= '9' {
		s.i++
	}
	return s.i > start
}

// noValue says what stands where a value should; NaN and Infinity are what Python writes.
func (s *Scanner) noValue() error {
	end := s.i
	for end < len(s.b) && !delimiter[s.b[end]] && end-s.i < 24 {
		end++
	}
	word := s.b[s.i:end]
	if len(word) == 0 || bytes.ContainsFunc(word, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return s.malformed()
	}
	return &Error{Message: fmt.Sprintf("the request body is not valid JSON: %s at byte %d is no JSON value", word, s.i)}
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

// shownKey bounds what is shown of a key that somebody made up, in bytes.
const shownKey = 64

func twice(key []byte) error {
	name := strings.ToValidUTF8(string(key[:min(len(key), shownKey)]), "?")
	return &Error{Param: name, Message: name + " must appear once"}
}

// about names the member in which something is wrong.
func about(key []byte, err error) error {
	if e, is := err.(*Error); is && e.Param == "" && len(key) <= shownKey { //nolint:errorlint // it is never wrapped
		e.Param = string(key)
	}
	return err
}

func (s *Scanner) malformed() error {
	if s.i >= len(s.b) {
		return &Error{Message: "the request body is not valid JSON: it ends too early"}
	}
	return &Error{Message: fmt.Sprintf("the request body is not valid JSON near byte %d", s.i)}
}

var delimiter = [256]bool{' ': true, '\n': true, '\r': true, '\t': true, ',': true, '}': true, ']': true, ':': true, '"': true, '{': true, '[': true}
