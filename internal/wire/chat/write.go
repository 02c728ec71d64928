package chat

import (
	"encoding/json"

	"github.com/trunkline-ai/trunkline/internal/wire/compose"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// writer writes one request for one target.
type writer struct {
	compose.Doc
	r      *form.Request
	to     form.Target
	losses *form.Losses
	own    bool // it was read from this dialect
	err    error
}

// WriteRequest writes a request for a target.
func (Codec) WriteRequest(r *form.Request, to form.Target, losses *form.Losses) ([]byte, error) {
	w := &writer{Doc: r.Room(), r: r, to: to, losses: losses, own: r.Dialect == dialect}
	if !w.own {
		if err := losses.Foreign(r); err != nil {
			return nil, err
		}
	}
	w.Begin("", '{')
	w.Str("model", to.Model)
	w.messages()
	w.tools()
	w.options()
	if w.own {
		w.rest("", r.Rest)
	}
	w.End('}')
	if w.err != nil {
		return nil, w.err
	}
	return w.Doc, nil
}

// refuse says that the target cannot be told something.
func (w *writer) refuse(param, why string) {
	if w.err == nil {
		w.err = &form.Refused{Param: param, Why: why}
	}
}

// has reports whether a member is written as it was read.
func (w *writer) has(name string) bool {
	if !w.own {
		return false
	}
	for i := range w.r.Rest {
		if w.r.Rest[i].Name == name {
			return true
		}
	}
	return false
}

// rest writes members that the form has no place for, of those whose names begin so.
func (w *writer) rest(prefix string, rest form.Rest) { writeRest(&w.Doc, prefix, rest) }

func writeRest(d *compose.Doc, prefix string, rest form.Rest) {
	for i := range rest {
		m := &rest[i]
		if m.Raw == nil || m.Name == markContent || len(m.Name) <= len(prefix) || m.Name[:len(prefix)] != prefix || prefix == "" && nested(m.Name) {
			continue
		}
		d.Raw(m.Name[len(prefix):], m.Raw)
	}
}

// nested reports whether a member is of an object inside.
func nested(name string) bool {
	for _, prefix := range []string{inside, ofChoice, ofMessage} {
		if len(name) > len(prefix) && name[:len(prefix)] == prefix {
			return true
		}
	}
	return false
}

// options writes how the answer is to be made.
func (w *writer) options() {
	r := w.r
	if r.Stream {
		w.Bool("stream", true)
		if w.own && r.UsageAsked && !w.has("stream_options") { // of others, who sends the request asks for it
			w.Begin("stream_options", '{')
			w.Bool("include_usage", true)
			w.End('}')
		}
	}
	w.limit()
	if r.Choices > 0 {
		w.Int("n", r.Choices)
	}
	w.sampling()
	if len(r.Stop) > 0 && !w.has("stop") {
		w.Begin("stop", '[')
		for _, s := range r.Stop {
			w.Str("", s)
		}
		w.End(']')
	}
	if !w.own {
		w.thinking()
	}
	w.format()
	w.text("user", w.user())
	w.account()
}

// limit writes how long the answer may be: no longer than the model can make it.
func (w *writer) limit() {
	n := w.r.MaxTokens
	if w.own || n == 0 {
		return // as it was read
	}
	if w.to.MaxOutput > 0 && n > w.to.MaxOutput {
		n = w.to.MaxOutput
		w.losses.Approximate("max_tokens")
	}
	if w.to.CompletionTokens {
		w.Int("max_completion_tokens", n)
	} else {
		w.Int("max_tokens", n)
	}
}

func (w *writer) sampling() {
	s := &w.r.Sampling
	w.number("temperature", s.Temperature)
	w.number("top_p", s.TopP)
	if w.own {
		w.number("top_k", s.TopK)
	} else if s.TopK != "" {
		w.losses.Drop("top_k")
	}
	w.number("seed", s.Seed)
	w.number("presence_penalty", s.PresencePenalty)
	w.number("frequency_penalty", s.FrequencyPenalty)
	if s.Logprobs {
		w.Bool("logprobs", true)
	}
	w.number("top_logprobs", s.TopLogprobs)
}

func (w *writer) number(name string, n json.Number) {
	if n != "" {
		w.Raw(name, json.RawMessage(n))
	}
}

func (w *writer) text(name, text string) {
	if text != "" {
		w.Str(name, text)
	}
}

// thinking writes how much is to be thought, in the one word that most providers know.
func (w *writer) thinking() {
	t := &w.r.Thinking
	level := t.Level()
	switch {
	case level == "":
		return
	case level == "none" || w.to.NoEffort: // that is not known everywhere, and elsewhere the default
		w.losses.Drop("thinking")
		return
	case level == "minimal":
		level = "low"
	case level == "xhigh", level == "max":
		level = "high"
	}
	if level != t.Effort {
		w.losses.Approximate("thinking")
	}
	w.Str("reasoning_effort", level)
}

func (w *writer) format() {
	out := &w.r.Output
	if out.Format != form.FormatUnsaid && !w.has("response_format") {
		w.Begin("response_format", '{')
		switch out.Format {
		case form.FormatJSON:
			w.Str("type", "json_object")
		case form.FormatSchema:
			w.Str("type", "json_schema")
			w.schema(out)
		case form.FormatText, form.FormatUnsaid:
			w.Str("type", "text")
		}
		w.End('}')
	}
	switch {
	case w.own:
		w.text("verbosity", out.Verbosity)
	case out.Verbosity != "":
		w.losses.Drop("verbosity")
	}
}

func (w *writer) schema(out *form.Output) {
	w.Begin("json_schema", '{')
	name := out.Name
	if name == "" && !w.own {
		name = "answer"
	}
	w.text("name", name)
	w.text("description", out.Description)
	if out.Schema != nil {
		w.Raw("schema", out.Schema)
	}
	if out.Strict != nil {
		w.Bool("strict", *out.Strict)
	}
	w.End('}')
}

// longestUser is how long the name of a client's user may be.
const longestUser = 64

func (w *writer) user() string {
	if w.own || w.r.User == "" {
		if w.has("safety_identifier") && string(w.r.Rest.Get("safety_identifier")) == string(compose.String(nil, w.r.User)) {
			return ""
		}
		return w.r.User
	}
	return form.Fit(w.r.User, longestUser)
}

// account writes what is between the client and its provider's account.
func (w *writer) account() {
	r := w.r
	if w.own {
		if r.Metadata != nil {
			w.Raw("metadata", r.Metadata)
		}
		w.text("prompt_cache_key", r.CacheKey)
		w.text("service_tier", r.Tier)
		if r.Store != nil {
			w.Bool("store", *r.Store)
		}
		return
	}
	if r.Metadata != nil {
		w.losses.Drop("metadata")
	}
	if r.CacheKey != "" {
		w.losses.Drop("prompt_cache_key")
	}
	switch r.Tier {
	case "", "auto", "default", "standard_only": // what a provider does unasked
	case "flex", "priority":
		w.Str("service_tier", r.Tier)
	default:
		w.losses.Drop("service_tier")
	}
}
