package form

import (
	"encoding/json"
	"strings"

	"github.com/trunkline-ai/trunkline/internal/wire/compose"
)

// A custom tool takes text, perhaps by a grammar. Where a target can call functions alone, a function
// with one string, input, stands for it.

// inputSchema is what such a function takes.
const inputSchema = `{"type":"object","properties":{"input":{"type":"string","description":"The whole text for the tool."}},"required":["input"],"additionalProperties":false}`

// AsFunction is what is said of the function that stands for a custom tool. Its grammar becomes part of
// the description: models follow it nearly always, and who runs the tool checks it.
func (t *Tool) AsFunction() (description string, schema json.RawMessage) {
	var b strings.Builder
	if t.Description != "" {
		b.WriteString(t.Description + "\n\n")
	}
	b.WriteString("The tool takes plain text: give all of it as the string `input`. Do not wrap the text itself in JSON or in quotes.")
	if g := t.Grammar; g != nil {
		b.WriteString(" It must follow this " + g.Syntax + " grammar:\n" + g.Definition)
	}
	return b.String(), json.RawMessage(inputSchema)
}

// MustHold says that the grammar of a custom tool cannot be described but must hold: where that tool is
// the only thing that the model may answer with, so that the grammar is the format of the answer.
// It is nil where a description will do.
func (r *Request) MustHold(t *Tool) error {
	if t.Kind != Custom || t.Grammar == nil {
		return nil
	}
	c := &r.ToolChoice
	only := c.Mode == ChooseOne && c.Name == t.Name && c.Namespace == t.Namespace ||
		c.Mode == ChooseAny && (len(c.Allowed) == 1 && c.Allowed[0] == t.Flat || len(c.Allowed) == 0 && len(r.Tools) == 1)
	if !only {
		return nil
	}
	return &Refused{Param: "tools.format", Why: "the answer has to follow a grammar, which the provider's API cannot be told"}
}

// WrapInput is the arguments of that function for a text.
func WrapInput(text string) string {
	return string(append(compose.String([]byte(`{"input":`), text), '}'))
}

// UnwrapInput is the text in the arguments of that function. Of what is something else, as models
// sometimes write, it makes the best: a text without JSON around it is taken as it is.
func UnwrapInput(arguments string) string {
	var r InputReader
	return r.Add(arguments) + r.End()
}
