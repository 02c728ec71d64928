package scan

import (
	"bytes"
	"encoding/json"
)

// noted is how many members of an object are kept in mind; those behind them are looked for again.
const noted = 24

// Object is a document that was read once: where the members of the object are that it is.
type Object struct {
	text    []byte
	members [noted]member
	n       int
	rest    int // where the first member stands that is not noted; 0: all are
}

type member struct{ key, value Span }

// Read reads a document; false means that Valid does not take it. One that is no object has no members.
func Read(text []byte) (o Object, ok bool) {
	o.text = text
	s := Scanner{b: text, limit: maxValidDepth}
	if !s.Open() {
		return o, Valid(text)
	}
	s.space()
	for more := !s.take('}'); more; {
		s.space()
		m, err := s.member()
		if err != nil {
			return o, false
		}
		switch {
		case o.n < noted:
			o.members[o.n] = m
			o.n++
		case o.rest == 0:
			o.rest = m.key.Start
		}
		s.space()
		if more = !s.take('}'); more && !s.take(',') {
			return o, false
		}
	}
	s.space()
	return o, s.i == len(s.b)
}

// member steps over a member of the outermost object.
func (s *Scanner) member() (m member, err error) {
	if m.key, err = s.str(); err != nil {
		return m, err
	}
	s.space()
	if !s.take(':') {
		return m, s.malformed()
	}
	s.space()
	m.value.Start = s.i
	err = s.skip(1)
	m.value.End = s.i
	return m, err
}

// Text is the document.
func (o *Object) Text() []byte { return o.text }

// Member is the value of a member, of several of one name the first; nil: there is none.
func (o *Object) Member(key string) []byte {
	for _, m := range o.members[:o.n] {
		if o.is(m.key, key) {
			return o.text[m.value.Start:m.value.End]
		}
	}
	if o.rest == 0 {
		return nil
	}
	s := Scanner{b: o.text, i: o.rest, limit: maxValidDepth}
	for {
		s.space()
		m, err := s.member()
		switch {
		case err != nil:
			return nil
		case o.is(m.key, key):
			return o.text[m.value.Start:m.value.End]
		}
		if s.space(); !s.take(',') {
			return nil
		}
	}
}

// is reports whether a key, quotes included, is this one, be it written with escapes.
func (o *Object) is(at Span, key string) bool {
	written := o.text[at.Start+1 : at.End-1]
	if string(written) == key {
		return true
	}
	if bytes.IndexByte(written, '\\') < 0 {
		return false
	}
	var plain string
	return json.Unmarshal(o.text[at.Start:at.End], &plain) == nil && plain == key
}
