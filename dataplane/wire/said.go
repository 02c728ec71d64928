package wire

import (
	"encoding/json"
	"math"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// said is where a request says for whom it is and what it belongs to.
type said struct {
	user, safety, metadata place  // values; empty: absent
	previous               place  // likewise
	form                   string // user of a form
}

// place is a span of a body as requests keep many of them; empty where the body is 4 GiB long.
type place struct{ start, end uint32 }

func placeOf(at scan.Span) place {
	if at.End > math.MaxUint32 {
		return place{}
	}
	return place{uint32(at.Start), uint32(at.End)}
}

func (p place) span() scan.Span { return scan.Span{Start: int(p.start), End: int(p.end)} }

func (s *said) note(key []byte, value scan.Span) {
	switch string(key) {
	case "user":
		s.user = placeOf(value)
	case "safety_identifier":
		s.safety = placeOf(value)
	case "metadata":
		s.metadata = placeOf(value)
	case previousKey:
		s.previous = placeOf(value)
	}
}

// SayUser notes the user that a form names.
func (e *Envelope) SayUser(user string) { e.said.form = user }

// maxMetadata is how many members of metadata are read, as many as OpenAI takes.
const maxMetadata = 16

// Said reads for whom a request is, by user, safety_identifier or Anthropic's metadata.user_id, and
// the texts of its metadata. What is not as it should be is left for the provider to refuse.
func (e *Envelope) Said(body []byte) (user string, metadata map[string]string) {
	s := &e.said
	if user = text(body, s.user.span()); user == "" {
		user = text(body, s.safety.span())
	}
	if user == "" {
		user = s.form
	}
	at := s.metadata.span()
	if at.End == 0 || body[at.Start] != '{' {
		return user, nil
	}
	gjson.ParseBytes(body[at.Start:at.End]).ForEach(func(key, value gjson.Result) bool {
		if value.Type != gjson.String && value.Type != gjson.Number && value.Type != gjson.True && value.Type != gjson.False {
			return true
		}
		if metadata == nil {
			metadata = map[string]string{}
		}
		metadata[key.String()] = value.String()
		return len(metadata) < maxMetadata
	})
	if user == "" {
		user = metadata["user_id"]
	}
	return user, metadata
}

// Head keeps the first bytes of what is written to it.
type Head struct {
	Max int
	b   []byte
}

// Write takes everything.
func (h *Head) Write(b []byte) (int, error) {
	h.b = append(h.b, b[:min(len(b), h.Max-len(h.b))]...)
	return len(b), nil
}

// Bytes are those that were kept.
func (h *Head) Bytes() []byte { return h.b }

// text is a string of the body; empty: it is none.
func text(body []byte, at scan.Span) string {
	if at.End == 0 || body[at.Start] != '"' {
		return ""
	}
	return unquoted(body[at.Start:at.End])
}

// unquoted reads a string; apart, since it costs memory.
func unquoted(raw []byte) (s string) {
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return s
}
