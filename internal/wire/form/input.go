package form

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// InputReader finds the text for a custom tool in the arguments of the function that stands for it,
// while they come in pieces: each gives the text that can be known by then.
type InputReader struct {
	state inputState
	held  string          // what cannot be read yet
	whole strings.Builder // of inputWhole
}

type inputState uint8

const (
	inputUndecided inputState = iota
	inputPlain                // no JSON: the text itself
	inputString               // inside the string
	inputWhole                // JSON of another shape: read when all of it is there
	inputOver
)

// Add reads a piece.
func (r *InputReader) Add(piece string) string {
	if r.held != "" {
		piece = r.held + piece
		r.held = ""
	}
	if r.state == inputUndecided {
		r.state, piece = beginInput(piece)
	}
	switch r.state {
	case inputPlain:
		return piece
	case inputString:
		return r.unescape(piece)
	case inputUndecided:
		r.held = piece
	case inputWhole:
		r.whole.WriteString(piece)
	case inputOver:
	}
	return ""
}

// End gives what is left when no more comes.
func (r *InputReader) End() string {
	state, held := r.state, r.held
	r.state, r.held = inputOver, ""
	switch {
	case state == inputUndecided && strings.TrimSpace(held) != "{":
		return held
	case state == inputWhole:
		return onlyText(r.whole.String())
	}
	return "" // half an escape
}

// onlyText reads the arguments of a model that did not keep to the schema: their only text is meant.
func onlyText(arguments string) string {
	if !scan.Valid([]byte(arguments)) {
		return arguments
	}
	var texts []string
	doc := gjson.Parse(arguments)
	if v := doc.Get("input"); v.Exists() {
		return v.String()
	}
	doc.ForEach(func(_, value gjson.Result) bool {
		if value.Type == gjson.String {
			texts = append(texts, value.Str)
		}
		return true
	})
	switch {
	case len(texts) == 1:
		return texts[0]
	case strings.TrimSpace(strings.Trim(strings.TrimSpace(arguments), "{}")) == "":
		return ""
	}
	return arguments
}

// beginInput looks how the arguments begin, and gives what is behind the opening quote where it is known.
func beginInput(text string) (inputState, string) {
	rest := strings.TrimLeft(text, " \n\r\t")
	if rest == "" {
		return inputUndecided, text
	}
	switch rest[0] {
	case '"':
		return inputString, rest[1:]
	case '{':
	default:
		return inputPlain, text
	}
	for _, token := range []string{"{", `"input"`, ":", `"`} {
		rest = strings.TrimLeft(rest, " \n\r\t")
		n := min(len(rest), len(token))
		if rest[:n] != token[:n] {
			return inputWhole, text
		}
		if n < len(token) {
			return inputUndecided, text
		}
		rest = rest[n:]
	}
	return inputString, rest
}

// unescape reads on inside the string.
func (r *InputReader) unescape(text string) string {
	n := strings.IndexAny(text, `"\`)
	if n < 0 {
		return text
	}
	var b strings.Builder
	for {
		b.WriteString(text[:n])
		text = text[n:]
		if text == "" {
			return b.String()
		}
		if text[0] == '"' {
			r.state = inputOver
			return b.String()
		}
		c, size := scan.Unescape(text)
		if size == 0 {
			r.held = text
			return b.String()
		}
		b.WriteRune(c)
		text = text[size:]
		if n = strings.IndexAny(text, `"\`); n < 0 {
			n = len(text)
		}
	}
}
