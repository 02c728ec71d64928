// Package fieldrule says what field rules there are and which make sense. The control plane
// refuses the others, nodes apply them.
package fieldrule

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Action is what a rule does to its field.
type Action string

// The actions.
const (
	Drop    Action = "drop"    // where it is
	Rename  Action = "rename"  // where it is
	Default Action = "default" // set it where it is missing or null
	Force   Action = "force"   // always set it
)

// Sets reports whether an action adds the field where it is missing.
func (a Action) Sets() bool { return a == Default || a == Force }

// Rule is one rule that makes sense.
type Rule struct {
	Parent, Name string // Parent is empty at the top
	Action       Action
	To           string
	Value        []byte   // JSON, compact
	Endpoints    []string // without the slash before it
}

// Field is the field as people write it.
func (r *Rule) Field() string {
	if r.Parent == "" {
		return r.Name
	}
	return r.Parent + "." + r.Name
}

// String says what the rule does, as calls record it.
func (r *Rule) String() string {
	if r.Action == Rename {
		return "rename " + r.Field() + " " + r.To
	}
	return string(r.Action) + " " + r.Field()
}

// Clashes reports whether two rules are about the same field of the same endpoint.
func (r *Rule) Clashes(other *Rule) bool {
	return Same(r.Field(), other.Field()) &&
		slices.ContainsFunc(r.Endpoints, func(e string) bool { return slices.Contains(other.Endpoints, e) })
}

// Given is a rule as somebody wrote it.
type Given struct {
	Field, Action, To, Value string
	Endpoints                []string
}

// Fault is why a rule makes no sense.
type Fault struct {
	Part string // field, action, to, value or endpoints[2]
	Text string
}

func (f *Fault) Error() string { return f.Part + " " + f.Text }

const maxValue = 4096 // bytes, as FieldRule.value says

// generating are the endpoints that rules are for which name none.
var generating = []string{"chat/completions", "completions", "responses", "messages"}

// kept are the fields that no rule may touch: they say who is asked, what is asked and how the
// answer comes, which routing, budgets and records rest on.
var kept = []string{
	"model", "messages", "input", "prompt", "query", "documents", "stream", "stream_options",
	"background", "conversation", "previous_response_id", "contents", "content", "requests", "generateContentRequest",
}

var name = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,63}$`)

const nameWords = "must be a name of up to 64 letters, digits, _ and -"

// Endpoints are those whose requests rules may change, without /v1 and the slash before them.
var Endpoints = []string{
	"chat/completions", "completions", "responses", "responses/compact", "responses/input_tokens", "embeddings", "moderations",
	"images/generations", "images/edits", "images/variations", "audio/speech", "audio/transcriptions", "audio/translations",
	"rerank", "messages", "messages/count_tokens", "models/{model}:generateContent", "models/{model}:countTokens",
	"models/{model}:embedContent", "models/{model}:batchEmbedContents",
}

// New checks a rule.
func New(g Given) (Rule, *Fault) {
	r := Rule{Action: Action(g.Action), Endpoints: g.Endpoints}
	parent, child, nested := strings.Cut(g.Field, ".")
	r.Name = parent
	if nested {
		r.Parent, r.Name = parent, child
	}
	switch {
	case !name.MatchString(r.Name) || nested && !name.MatchString(r.Parent):
		return r, &Fault{"field", "must be a name, or parent.name, of up to 64 letters, digits, _ and - each"}
	case isKept(parent):
		return r, &Fault{"field", "must not be " + parent + ": it decides who is asked for what"}
	}
	if f := r.operands(g); f != nil {
		return r, f
	}
	if len(r.Endpoints) == 0 {
		r.Endpoints = generating
	}
	for i, e := range g.Endpoints {
		if !slices.Contains(Endpoints, e) {
			return r, &Fault{fmt.Sprintf("endpoints[%d]", i), "must be one of " + strings.Join(Endpoints, ", ")}
		}
	}
	return r, nil
}

// operands checks what belongs to the action.
func (r *Rule) operands(g Given) *Fault {
	switch r.Action {
	case Drop, Rename, Default, Force:
	default:
		return &Fault{"action", "must be one of drop, rename, default, force"}
	}
	switch {
	case r.Action != Rename && g.To != "":
		return &Fault{"to", "is only for rename"}
	case !r.Action.Sets() && g.Value != "":
		return &Fault{"value", "is only for default and force"}
	case r.Action == Rename:
		r.To = g.To
		switch {
		case !name.MatchString(g.To):
			return &Fault{"to", nameWords}
		case Same(g.To, r.Name):
			return &Fault{"to", "is the field itself"}
		case r.Parent == "" && isKept(g.To):
			return &Fault{"to", "must not be " + g.To + ": it decides who is asked for what"}
		}
	case r.Action.Sets():
		return r.value(g.Value)
	}
	return nil
}

func (r *Rule) value(text string) *Fault {
	var b bytes.Buffer
	switch {
	case text == "":
		return &Fault{"value", "is required"}
	case len(text) > maxValue:
		return &Fault{"value", "must be at most 4096 bytes"}
	case json.Compact(&b, []byte(text)) != nil:
		return &Fault{"value", `must be JSON; a text is written in quotes, such as "low"`}
	}
	r.Value = b.Bytes()
	return nil
}

// Same reports whether two names are one member's. Some providers do not mind capitals, and Google's API knows each
// member with and without underscores.
func Same(a, b string) bool {
	return strings.EqualFold(strings.ReplaceAll(a, "_", ""), strings.ReplaceAll(b, "_", ""))
}

func isKept(field string) bool {
	return slices.ContainsFunc(kept, func(k string) bool { return Same(k, field) })
}

// Merge gives a model's rules together with those of its provider that no rule of its own
// takes the place of.
func Merge(provider, own []*Rule) []*Rule {
	if len(own) == 0 {
		return provider
	}
	out := slices.Clone(own)
	for _, p := range provider {
		if !slices.ContainsFunc(own, func(o *Rule) bool { return o.Clashes(p) }) {
			out = append(out, p)
		}
	}
	return out
}

// TakeAway reports whether rules keep a field of the client's from the target.
func TakeAway(rules []*Rule, field string) bool {
	return slices.ContainsFunc(rules, func(r *Rule) bool {
		return r.Action != Default && (Same(r.Field(), field) || r.Parent == "" && strings.HasPrefix(field, r.Name+"."))
	})
}
