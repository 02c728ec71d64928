package wire

import (
	"cmp"
	"slices"
	"strings"

	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// Requests of some APIs name their model in the path. What their bodies say of it must be the same, since we
// decide by the path, and nobody knows by which of both a provider does.

// resource is what stands before a model where it is named as a resource, as in Google's bodies.
const resource = "models/"

// SetModel takes over the model of the path. A body that names another one is refused; the error is a *scan.Error.
func (e *Envelope) SetModel(body []byte, endpoint *Endpoint, model string) error {
	check := func(value scan.Span) error {
		if strings.TrimPrefix(text(body, value), resource) != model {
			return &scan.Error{Param: "model", Message: "the model of the request body is not the one in its path"}
		}
		return nil
	}
	if e.NamesModel() {
		if err := check(e.modelAt); err != nil {
			return err
		}
	}
	e.Model = model
	if endpoint.Repeats == nil {
		return nil
	}
	return endpoint.Repeats(body, func(value scan.Span) error {
		e.repeated = append(e.repeated, value)
		return check(value)
	})
}

// renamed gives all edits of a body whose model is in the path: more, and model, a JSON string, wherever the
// body repeats it, as a resource where it is one.
func (e *Envelope) renamed(body, model []byte, more []scan.Edit) []scan.Edit {
	if !e.NamesModel() && len(e.repeated)+len(more) == 0 {
		return nil
	}
	all := slices.Clone(more)
	add := func(at scan.Span) {
		with := model
		if strings.HasPrefix(text(body, at), resource) { // escaped, perhaps
			with = append([]byte(`"`+resource), model[1:]...)
		}
		all = append(all, scan.Edit{At: at, With: with})
	}
	if e.NamesModel() {
		add(e.modelAt)
	}
	for _, at := range e.repeated {
		add(at)
	}
	slices.SortStableFunc(all, func(a, b scan.Edit) int {
		return cmp.Or(cmp.Compare(a.At.Start, b.At.Start), cmp.Compare(a.At.End, b.At.End))
	})
	return all
}

// Expect notes how many tokens each answer may have and how many answers there are to be, where a request
// says so in words of its own API.
func (e *Envelope) Expect(tokens, choices int64) {
	e.MaxTokens = max(e.MaxTokens, min(tokens, maxCounted))
	e.Choices = max(e.Choices, min(choices, maxChoices))
}
