package messages

import (
	"encoding/json"
	"strings"

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
	items  []form.Item
	think  plan
	err    error
}

// WriteRequest writes a request for a target.
func (Codec) WriteRequest(r *form.Request, to form.Target, losses *form.Losses) ([]byte, error) {
	w := &writer{Doc: r.Room(), r: r, to: to, losses: losses, own: r.Dialect == dialect}
	w.Begin("", '{')
	w.Str("model", to.Model)
	if w.own {
		w.whole()
	} else {
		if err := losses.Foreign(r, shared); err != nil {
			return nil, err
		}
		w.translated()
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

// whole writes a request of this dialect as it was read.
func (w *writer) whole() {
	r := w.r
	if len(r.System) > 0 {
		if r.Rest.Has("system") {
			w.Str("system", r.System[0].Text)
		} else {
			w.list("system", r.System)
		}
	}
	w.Begin("messages", '[')
	for i := range r.Items {
		w.item(&r.Items[i])
	}
	w.End(']')
	w.tools(r.Tools)
	w.choice()
	w.number("temperature", r.Sampling.Temperature)
	w.number("top_p", r.Sampling.TopP)
	w.number("top_k", r.Sampling.TopK)
	w.stop(r.Stop)
	if r.Stream {
		w.Bool("stream", true)
	}
	if r.Tier != "" {
		w.Str("service_tier", r.Tier)
	}
	w.rest(r.Rest)
}

// rest writes members that the form has no place for.
func (w *writer) rest(rest form.Rest) { writeRest(&w.Doc, rest) }

func writeRest(d *compose.Doc, rest form.Rest) {
	for i := range rest {
		if m := &rest[i]; m.Raw != nil && m.Name != markText {
			d.Raw(m.Name, m.Raw)
		}
	}
}

func (w *writer) number(name string, n json.Number) {
	if n != "" {
		w.Raw(name, json.RawMessage(n))
	}
}

func (w *writer) stop(sequences []string) {
	if len(sequences) == 0 {
		return
	}
	w.Begin("stop_sequences", '[')
	for _, s := range sequences {
		w.Str("", s)
	}
	w.End(']')
}

// translated writes a request of another dialect.
func (w *writer) translated() {
	r := w.r
	if r.Choices > 1 {
		w.refuse("n", "the provider's API gives one answer alone")
	}
	if r.Sampling.Logprobs || r.Sampling.TopLogprobs != "" {
		w.refuse("logprobs", "")
	}
	limit := w.limit()
	lead, items := r.Lead()
	w.items = w.conversation(items)
	w.think = w.plan(limit)
	w.Int("max_tokens", limit)
	w.system(lead)
	w.Begin("messages", '[')
	for i := range w.items {
		w.item(&w.items[i])
	}
	w.End(']')
	if tools := r.Offered(); len(tools) > 0 {
		if len(tools) < len(r.Tools) {
			w.losses.Approximate("tool_choice.allowed_tools")
		}
		w.tools(tools)
		w.choice()
	} else {
		w.toolsOfOld()
	}
	w.think.write(w)
	w.outputConfig()
	w.sampling()
	if r.Stream {
		w.Bool("stream", true)
	}
	w.account()
}

// What an answer may take where neither the client nor the catalogue says it, in tokens: every model that
// speaks this API can answer with so much, and every one that thinks with so much more.
const (
	usualLimit    = 4096
	thinkingLimit = 32_000
)

// limit is how long the answer may be, which this API has to be told: what the client says, else what the
// model can do, else what every model can.
func (w *writer) limit() int64 {
	n, most := w.r.MaxTokens, w.to.MaxOutput
	switch {
	case n == 0 && most == 0:
		w.losses.Approximate("max_tokens")
		if level := w.r.Thinking.Level(); w.r.Thinking.Mode == form.ThinkingUnsaid && level == "" || level == "none" {
			return usualLimit
		}
		return thinkingLimit
	case n == 0:
		return most
	case most > 0 && n > most:
		w.losses.Approximate("max_tokens")
		return most
	}
	return n
}

// jsonAsked asks for JSON where the API has no word for it.
const jsonAsked = "Answer with one valid JSON object and with nothing else: no explanation, no code fence."

// system writes the instructions before the conversation.
func (w *writer) system(lead []form.Block) {
	var texts []form.Block
	for i := range lead {
		if strings.TrimSpace(lead[i].Text) != "" {
			texts = append(texts, lead[i])
		}
	}
	if w.r.Output.Format == form.FormatJSON {
		w.losses.Approximate("response_format")
		texts = append(texts, form.Block{Text: jsonAsked})
	}
	switch {
	case len(texts) == 0:
	case len(w.items) == 0: // instructions alone: they are what is asked
		w.losses.Approximate("messages.role")
		w.items = []form.Item{{Blocks: texts}}
	case len(texts) == 1 && !texts[0].Rest.Has(shared):
		w.Str("system", texts[0].Text)
	default:
		w.list("system", texts)
	}
	if len(w.items) == 0 {
		w.refuse("messages", "there is nothing in them that the provider's API takes")
	}
}

func (w *writer) sampling() {
	s := &w.r.Sampling
	if w.think.on {
		w.drop("temperature", s.Temperature)
		w.drop("top_p", s.TopP)
		w.drop("top_k", s.TopK)
	} else {
		w.temperature(s)
		w.number("top_k", s.TopK)
	}
	w.drop("seed", s.Seed)
	w.drop("presence_penalty", s.PresencePenalty)
	w.drop("frequency_penalty", s.FrequencyPenalty)
	var stop []string
	for _, sequence := range w.r.Stop {
		if strings.TrimSpace(sequence) == "" { // the API refuses those
			w.losses.Drop("stop")
			continue
		}
		stop = append(stop, sequence)
	}
	w.stop(stop)
}

// temperature writes a temperature of at most 1, or top_p: many models take only one of them.
func (w *writer) temperature(s *form.Sampling) {
	if s.Temperature == "" {
		if s.TopP != "" {
			w.number("top_p", s.TopP)
		}
		return
	}
	if t, err := s.Temperature.Float64(); err == nil && t > 1 {
		w.losses.Approximate("temperature")
		w.Int("temperature", 1)
	} else {
		w.number("temperature", s.Temperature)
	}
	w.drop("top_p", s.TopP)
}

// drop notes a number that is not told, unless it is what holds anyway.
func (w *writer) drop(name string, n json.Number) {
	if n == "" {
		return
	}
	f, err := n.Float64()
	if err == nil && (f == 0 && strings.HasSuffix(name, "penalty") || f == 1 && (name == "top_p" || name == "temperature")) {
		return
	}
	w.losses.Drop(name)
}

// longestUser is how long the name of a client's user may be.
const longestUser = 256

// account writes what is between the client and its provider's account.
func (w *writer) account() {
	r := w.r
	if user := r.User; user != "" {
		if len(user) > longestUser {
			user = form.Fit(user, longestUser)
		}
		w.Begin("metadata", '{')
		w.Str("user_id", user)
		w.End('}')
	}
	if r.Metadata != nil {
		w.losses.Drop("metadata")
	}
	if r.CacheKey != "" {
		w.losses.Drop("prompt_cache_key")
	}
	if r.Output.Verbosity != "" {
		w.losses.Drop("verbosity")
	}
	switch r.Tier {
	case "":
	case "auto":
		w.Str("service_tier", "auto")
	case "default":
		w.Str("service_tier", "standard_only")
	default:
		w.losses.Drop("service_tier")
	}
}
