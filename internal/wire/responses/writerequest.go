package responses

import (
	"encoding/json"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/compose"
	"github.com/trunkline-ai/trunkline/internal/wire/expect"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// WriteRequest writes a request for a provider. One of this dialect comes back as it was.
func (Codec) WriteRequest(q *form.Request, to form.Target, losses *form.Losses) ([]byte, error) {
	w := requestWriter{q: q, to: to, losses: losses, own: q.Dialect == name}
	if !w.own {
		if err := w.foreign(); err != nil {
			return nil, err
		}
	}
	w.Begin("", '{')
	w.Str("model", to.Model)
	if err := w.conversation(); err != nil {
		return nil, err
	}
	w.tools()
	w.choice()
	w.settings()
	if w.own {
		w.rest(q.Rest)
	}
	w.End('}')
	return w.Doc, nil
}

type requestWriter struct {
	compose.Doc
	q      *form.Request
	to     form.Target
	losses *form.Losses
	own    bool // the request is of this dialect: what the form has no place for is written back
}

// foreign notes what this API cannot be told of another's request.
func (w *requestWriter) foreign() error {
	q := w.q
	if err := w.losses.Foreign(q); err != nil {
		return err
	}
	if q.Choices > 1 {
		return &form.Refused{Param: "n"}
	}
	s := &q.Sampling
	for _, one := range [...]struct {
		name string
		said bool
	}{
		{"stop", len(q.Stop) > 0},
		{"top_k", s.TopK != ""},
		{"seed", s.Seed != ""},
		{"presence_penalty", s.PresencePenalty != "" && s.PresencePenalty != "0"},
		{"frequency_penalty", s.FrequencyPenalty != "" && s.FrequencyPenalty != "0"},
		{"logprobs", s.Logprobs}, // an answer in another dialect would not have them
	} {
		if one.said {
			w.losses.Drop(one.name)
		}
	}
	return nil
}

// keeps reports whether a member comes back from what the form had no place for, or stays away.
func (w *requestWriter) keeps(rest form.Rest, member string) bool {
	if w.own {
		for i := range rest {
			if rest[i].Name == member {
				return true
			}
		}
	}
	return false
}

// rest writes members of this dialect back.
func (w *requestWriter) rest(rest form.Rest) {
	for i := range rest {
		if w.own && rest[i].Raw != nil {
			w.Raw(rest[i].Name, rest[i].Raw)
		}
	}
}

func (w *requestWriter) conversation() error {
	q := w.q
	if len(q.System) > 0 {
		var texts []string
		for i := range q.System {
			texts = append(texts, q.System[i].Text)
		}
		w.Str("instructions", strings.Join(texts, between))
	}
	if q.Items == nil || w.keeps(q.Rest, "input") {
		return nil
	}
	w.Begin("input", '[')
	for i := range q.Items {
		if err := w.item(&q.Items[i]); err != nil {
			return err
		}
	}
	w.End(']')
	return nil
}

// settings writes what is not the conversation nor tools.
func (w *requestWriter) settings() {
	q := w.q
	if q.Stream {
		w.Bool("stream", true)
	}
	w.limit()
	w.number("temperature", q.Sampling.Temperature)
	w.number("top_p", q.Sampling.TopP)
	w.thinking()
	w.output()
	if q.User != "" && !w.keeps(q.Rest, "user") {
		w.Str("user", q.User)
	}
	if q.CacheKey != "" {
		w.Str("prompt_cache_key", q.CacheKey)
	}
	w.metadata()
	w.tier()
	switch {
	case q.Store != nil:
		w.Bool("store", *q.Store)
	case !w.own: // other APIs keep nothing unless they are asked to
		w.Bool("store", false)
	}
}

func (w *requestWriter) limit() {
	const least = 16 // that is taken
	n := w.q.MaxTokens
	if n == 0 {
		return
	}
	if n < least && !w.own {
		w.losses.Approximate("max_tokens")
		n = least
	}
	w.Int("max_output_tokens", n)
}

func (w *requestWriter) number(key string, n json.Number) {
	if n != "" {
		w.Raw(key, json.RawMessage(n))
	}
}

func (w *requestWriter) thinking() {
	t := &w.q.Thinking
	if w.keeps(w.q.Rest, "reasoning") {
		return
	}
	effort, summary := t.Level(), t.Summary
	if t.Budget > 0 && !w.own {
		w.losses.Approximate("thinking.budget_tokens")
	}
	if summary == "none" {
		summary = ""
	}
	if effort == "" && summary == "" {
		return
	}
	w.Begin("reasoning", '{')
	if effort != "" {
		w.Str("effort", effort)
	}
	if summary != "" {
		w.Str("summary", summary)
	}
	w.End('}')
	if !w.own && effort != "none" { // the client carries what was thought to the next turn
		w.Raw("include", json.RawMessage(`["reasoning.encrypted_content"]`))
	}
}

func (w *requestWriter) output() {
	o := &w.q.Output
	if w.keeps(w.q.Rest, "text") || o.Format == form.FormatUnsaid && o.Verbosity == "" {
		return
	}
	w.Begin("text", '{')
	writeOutput(&w.Doc, o)
	w.End('}')
}

// writeOutput writes the members of text.
func writeOutput(d *compose.Doc, o *form.Output) {
	if o.Format != form.FormatUnsaid {
		d.Begin("format", '{')
		switch o.Format {
		case form.FormatJSON:
			d.Str("type", "json_object")
		case form.FormatSchema:
			d.Str("type", "json_schema")
			writeSchema(d, o)
		case form.FormatText, form.FormatUnsaid:
			d.Str("type", "text")
		}
		d.End('}')
	}
	if o.Verbosity != "" {
		d.Str("verbosity", o.Verbosity)
	}
}

func writeSchema(d *compose.Doc, o *form.Output) {
	title := o.Name
	if title == "" {
		title = "answer" // a name must be given
	}
	d.Str("name", title)
	if o.Description != "" {
		d.Str("description", o.Description)
	}
	d.Raw("schema", o.Schema)
	if o.Strict != nil {
		d.Bool("strict", *o.Strict)
	}
}

// metadata of other dialects is written where it is what this API takes: an object of strings.
func (w *requestWriter) metadata() {
	m := w.q.Metadata
	if len(m) == 0 {
		return
	}
	fits := true
	if !w.own {
		expect.ForEach(gjson.ParseBytes(m), func(_ string, value gjson.Result) bool {
			fits = value.Type == gjson.String
			return fits
		})
	}
	if fits {
		w.Raw("metadata", m)
	} else {
		w.losses.Drop("metadata")
	}
}

func (w *requestWriter) tier() {
	switch tier := w.q.Tier; {
	case tier == "":
	case w.own, tier == "auto", tier == "default", tier == "flex", tier == "priority":
		w.Str("service_tier", tier)
	default:
		w.losses.Drop("service_tier")
	}
}
