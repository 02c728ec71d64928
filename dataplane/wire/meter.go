package wire

import "slices"

// Meter counts the bytes of output text in an answer that is too long to hold, as Output does
// in one that is held. The answer is written to it as it comes.
type Meter struct {
	lists []string // members of the answer that hold output

	depth    int
	counting bool   // inside of one of the lists
	sum      *int64 // what the string that is read, or comes next, counts for; nil: nothing
	mayOpen  bool   // an object that comes next is what a tool is called with
	object   int    // depth of such an object, of which all strings count; 0: none

	inString, escape bool
	digits           int              // of a \u escape that are still to come
	first            byte             // of these
	key              [longestKey]byte // the beginning of the last string
	keyLen           int              // of all of it; more than fits: no key of ours

	output, texts, reasoning, reasoningContent int64
}

// NewMeter counts in the answers of an endpoint.
func NewMeter(e *Endpoint) *Meter { return &Meter{lists: e.Lists} }

// Output is what was counted so far.
func (m *Meter) Output() int64 {
	return m.output + max(m.texts, m.reasoning, m.reasoningContent)
}

// Write goes on with the answer.
func (m *Meter) Write(b []byte) (int, error) {
	for _, c := range b {
		if m.inString {
			m.inside(c)
		} else {
			m.between(c)
		}
	}
	return len(b), nil
}

// inside takes a byte of a string.
func (m *Meter) inside(c byte) {
	switch {
	case m.digits > 0:
		m.digit(c)
		return
	case m.escape && c == 'u':
		m.escape, m.digits = false, 4
		return
	case m.escape:
		m.escape = false
	case c == '\\':
		m.escape = true
		return
	case c == '"':
		m.inString, m.sum = false, nil
		return
	}
	if m.keyLen < len(m.key) {
		m.key[m.keyLen] = c
	}
	m.keyLen++
	if m.sum != nil {
		*m.sum++
	}
}

// digit takes a digit of an escape; two of them tell how long the character is.
func (m *Meter) digit(c byte) {
	if m.digits == 4 {
		m.first = c
	} else if m.digits == 3 {
		m.keyLen = len(m.key) + 1
		if m.sum != nil {
			*m.sum += escaped(m.first, c)
		}
	}
	m.digits--
}

// between takes a byte outside of strings.
func (m *Meter) between(c byte) {
	if isSpace(c) {
		return
	}
	switch c {
	case '"':
		m.inString, m.keyLen, m.mayOpen = true, 0, false
		if m.object > 0 {
			m.sum = &m.output
		}
		return
	case ':':
		m.member()
		return
	case '{', '[':
		m.depth++
		if c == '{' && m.mayOpen {
			m.object = m.depth
		}
	case '}', ']':
		if m.object == m.depth {
			m.object = 0
		}
		m.depth--
	}
	m.sum, m.mayOpen = nil, false
}

// member takes the colon behind a key, which decides for what a string behind it counts.
func (m *Meter) member() {
	key := m.key[:min(m.keyLen, len(m.key))]
	if m.keyLen > len(m.key) {
		key = nil
	}
	if m.depth == 1 {
		m.counting = slices.Contains(m.lists, string(key))
		return
	}
	if !m.counting || m.object > 0 {
		return
	}
	switch string(key) {
	case "content", "refusal", "arguments", "name", "transcript", "thinking", "partial_json", "delta":
		m.sum = &m.output
	case "input", "args": // of a tool: an object at Anthropic and Google
		m.sum, m.mayOpen = &m.output, true
	case "text":
		m.sum = &m.texts
	case "reasoning":
		m.sum = &m.reasoning
	case "reasoning_content", "reasoning_text":
		m.sum = &m.reasoningContent
	}
}
