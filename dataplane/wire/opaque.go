package wire

import (
	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/form"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// Cuts are edits that take opaque items out of a request: what only the provider can read that
// wrote it.
type Cuts struct {
	Edits []scan.Edit
	Items int
	// Carried: only those are cut that a provider of another dialect wrote, which clients carry for it.
	Carried bool
	// Base64: that is written as base64.
	Base64 bool
	// Previous: the response that the request goes on with is cut too. The answer shows it: it goes on with none.
	Previous bool
}

// Takes reports whether an opaque item is one of those that are to be cut.
func (c *Cuts) Takes(item []byte) bool { return !c.Carried || holdsCarried(item, c.Base64) }

// Carries reports whether a request may hold what clients carry for providers of other dialects.
func (e *Endpoint) Carries(body []byte) bool { return e.Opaque != nil && holdsCarried(body, e.Base64) }

func holdsCarried(doc []byte, base64 bool) bool {
	if base64 {
		return form.HoldsCarriedBase64(doc)
	}
	return form.HoldsCarried(doc)
}

// Elements looks at each element of an array; those that visit says so of are cut out. It
// reports whether all of them are.
func (c *Cuts) Elements(body []byte, array scan.Span, visit func(value scan.Span) (cut bool)) (all bool) {
	s := scan.Inside(body, array)
	if !s.OpenArray() {
		return false
	}
	var cutter scan.Cutter
	err := s.Elements(func(value scan.Span) error {
		if visit(value) {
			cutter.Cut(value)
		} else {
			cutter.Keep(value)
		}
		return nil
	})
	return c.take(&cutter, err)
}

// Members does the same with the members of an object.
func (c *Cuts) Members(body []byte, object scan.Span, visit func(key string, value scan.Span) (cut bool)) (all bool) {
	s := scan.Inside(body, object)
	if !s.Open() {
		return false
	}
	var cutter scan.Cutter
	err := s.Members(func(key []byte, value scan.Span) error {
		if whole := (scan.Span{Start: s.Key().Start, End: value.End}); visit(string(key), value) {
			cutter.Cut(whole)
		} else {
			cutter.Keep(whole)
		}
		return nil
	})
	return c.take(&cutter, err)
}

func (c *Cuts) take(cutter *scan.Cutter, err error) (all bool) {
	if err != nil {
		return false
	}
	cutter.End()
	c.Edits = append(c.Edits, cutter.Edits...)
	c.Items += cutter.Cuts()
	return cutter.Cuts() > 0 && cutter.Kept() == 0
}

// Whole is a document as a span.
func Whole(body []byte) scan.Span { return scan.Span{End: len(body)} }

// IsThinking recognises a block of signed or sealed thinking, as Anthropic writes it.
func IsThinking(block gjson.Result) bool {
	t := block.Get("type").Str
	return t == "thinking" || t == "redacted_thinking"
}

// Thinking cuts the blocks of signed thinking out of a message; it reports whether nothing is
// left of it.
func (c *Cuts) Thinking(body []byte, message scan.Span) (all bool) {
	c.Members(body, message, func(key string, value scan.Span) bool {
		if key == "content" {
			all = c.Elements(body, value, func(block scan.Span) bool {
				raw := body[block.Start:block.End]
				return IsThinking(gjson.ParseBytes(raw)) && c.Takes(raw)
			})
		}
		return false
	})
	return all
}
