package proxy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// maxDepth bounds how deep a request body may nest.
const maxDepth = 64

// maxCounted bounds the output tokens that a client's own limit makes us expect.
const maxCounted = 1_000_000_000

// span is a range of the request body.
type span struct{ start, end int }

// envelope is what routing needs to know of a request body. Nothing else is decoded:
// the body goes upstream as it came, but for the value of model.
type envelope struct {
	model  string // decoded
	stream bool

	modelAt      span // the value of model, quotes included
	optionsAt    span // the value of stream_options; empty when absent or null
	usageAt      span // the value of include_usage inside it; empty when absent
	usageAsked   bool // the client asked for the usage chunk
	firstMember  int  // offset behind the opening brace
	firstOption  int  // offset behind the opening brace of stream_options
	optionsEmpty bool // stream_options is {}

	formatSSE bool  // stream_format is "sse"
	maxTokens int64 // output tokens that the client allows; 0 when it does not say
	// What decides whether a response may be asked for again.
	background, conversation, previous, notStored bool
}

// badBody is a request body we refuse, in words for the caller.
type badBody struct{ param, message string }

func (e *badBody) Error() string { return e.message }

// scan reads the top level of a JSON object. A second model, stream or stream_options
// key, or one spelt with escapes or capitals, is refused: we and the provider could
// disagree about which one counts, and the model decides what the caller may use.
func scan(body []byte) (envelope, error) {
	var e envelope
	s := scanner{b: body}
	s.space()
	if !s.take('{') {
		return e, &badBody{message: "the request body is not a JSON object"}
	}
	e.firstMember = s.i
	err := s.members(func(key []byte, value span) error {
		switch string(key) {
		case "model":
			return e.setModel(body, value)
		case "stream":
			return e.setStream(body[value.start:value.end])
		case "stream_options":
			return e.setOptions(body, value)
		default:
			e.note(key, body[value.start:value.end])
		}
		return nil
	}, "model", "stream", "stream_options")
	if err != nil {
		return e, err
	}
	s.space()
	if s.i != len(body) {
		return e, &badBody{message: fmt.Sprintf("the request body goes on after the JSON object, at byte %d", s.i)}
	}
	if e.modelAt.end == 0 {
		return e, &badBody{param: "model", message: "you must provide a model parameter"}
	}
	return e, nil
}

// note keeps what only some endpoints look at. Here it does not matter which of two equal
// keys counts: only whoever sends both is harmed.
func (e *envelope) note(key, value []byte) {
	there := len(value) > 2 && string(value) != "null" && string(value) != "false"
	switch string(key) {
	case "stream_format":
		e.formatSSE = string(value) == `"sse"`
	case "background":
		e.background = there
	case "conversation":
		e.conversation = there
	case "previous_response_id":
		e.previous = there
	case "store":
		e.notStored = string(value) == "false"
	case "max_tokens", "max_completion_tokens", "max_output_tokens":
		n, err := strconv.ParseInt(string(value), 10, 64)
		if err == nil && n > e.maxTokens {
			e.maxTokens = min(n, maxCounted)
		}
	}
}

func (e *envelope) setModel(body []byte, value span) error {
	raw := body[value.start:value.end]
	if raw[0] != '"' {
		return &badBody{param: "model", message: "model must be a string"}
	}
	e.modelAt = value
	if bytes.IndexByte(raw, '\\') < 0 {
		e.model = string(raw[1 : len(raw)-1])
	} else if err := json.Unmarshal(raw, &e.model); err != nil {
		return &badBody{param: "model", message: "model is not a valid JSON string"}
	}
	if e.model == "" {
		return &badBody{param: "model", message: "you must provide a model parameter"}
	}
	return nil
}

func (e *envelope) setStream(raw []byte) error {
	switch string(raw) {
	case "true":
		e.stream = true
	case "false", "null":
	default:
		return &badBody{param: "stream", message: "stream must be true or false"}
	}
	return nil
}

func (e *envelope) setOptions(body []byte, value span) error {
	raw := body[value.start:value.end]
	if string(raw) == "null" {
		e.optionsAt = value
		return nil
	}
	s := scanner{b: body[:value.end], i: value.start, depth: 1}
	if !s.take('{') {
		return &badBody{param: "stream_options", message: "stream_options must be an object"}
	}
	e.optionsAt, e.firstOption, e.optionsEmpty = value, s.i, true
	return s.members(func(key []byte, v span) error {
		e.optionsEmpty = false
		if string(key) == "include_usage" {
			e.usageAt = v
			e.usageAsked = string(body[v.start:v.end]) == "true"
		}
		return nil
	}, "include_usage")
}

// scanner walks JSON without decoding it. It checks structure, not the inside of
// numbers and literals: the provider does that.
type scanner struct {
	b     []byte
	i     int
	depth int
}

// members calls found for each member of the object whose brace was just taken, and
// refuses a second or an escaped spelling of the watched keys.
func (s *scanner) members(found func(key []byte, value span) error, watched ...string) error {
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
		key := s.b[keyAt.start+1 : keyAt.end-1]
		escaped := bytes.IndexByte(key, '\\') >= 0
		if escaped {
			var plain string
			if json.Unmarshal(s.b[keyAt.start:keyAt.end], &plain) != nil {
				return s.malformed()
			}
			key = []byte(plain)
		}
		for n, w := range watched {
			if !strings.EqualFold(string(key), w) {
				continue
			}
			if escaped || seen&(1<<n) != 0 || string(key) != w {
				return &badBody{param: w, message: w + " must appear once, in lower case and without escapes"}
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

// value steps over one value of any type.
func (s *scanner) value() (span, error) {
	start := s.i
	if s.i >= len(s.b) {
		return span{}, s.malformed()
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
		return span{}, s.malformed()
	}
	return span{start, s.i}, nil
}

// nested steps over an object or array by counting brackets outside strings.
func (s *scanner) nested() (span, error) {
	start := s.i
	var open [maxDepth]byte
	n := 0
	for s.i < len(s.b) {
		switch c := s.b[s.i]; c {
		case '"':
			if _, err := s.str(); err != nil {
				return span{}, err
			}
			continue
		case '{', '[':
			if n+s.depth+1 >= maxDepth {
				return span{}, &badBody{message: fmt.Sprintf("the request body nests deeper than %d levels", maxDepth)}
			}
			open[n] = c + 2 // the closing bracket of { and of [ is two behind it
			n++
		case '}', ']':
			if n--; open[n] != c {
				return span{}, s.malformed()
			}
			if n == 0 {
				s.i++
				return span{start, s.i}, nil
			}
		}
		s.i++
	}
	return span{}, s.malformed()
}

// str steps over a string; the cursor is at its opening quote.
func (s *scanner) str() (span, error) {
	start := s.i
	if !s.take('"') {
		return span{}, s.malformed()
	}
	for {
		n := bytes.IndexByte(s.b[s.i:], '"')
		if n < 0 {
			s.i = len(s.b)
			return span{}, s.malformed()
		}
		end := s.i + n
		backslashes := 0
		for end-backslashes > s.i && s.b[end-1-backslashes] == '\\' {
			backslashes++
		}
		s.i = end + 1
		if backslashes%2 == 0 {
			return span{start, s.i}, nil
		}
	}
}

func (s *scanner) space() {
	for s.i < len(s.b) && (s.b[s.i] == ' ' || s.b[s.i] == '\n' || s.b[s.i] == '\r' || s.b[s.i] == '\t') {
		s.i++
	}
}

func (s *scanner) take(c byte) bool {
	if s.i < len(s.b) && s.b[s.i] == c {
		s.i++
		return true
	}
	return false
}

func (s *scanner) malformed() error {
	if s.i >= len(s.b) {
		return &badBody{message: "the request body is not valid JSON: it ends too early"}
	}
	return &badBody{message: fmt.Sprintf("the request body is not valid JSON near byte %d", s.i)}
}

var delimiter = [256]bool{' ': true, '\n': true, '\r': true, '\t': true, ',': true, '}': true, ']': true, ':': true, '"': true, '{': true, '[': true}
