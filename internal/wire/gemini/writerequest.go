package gemini

import (
	"encoding/json"

	"github.com/trunkline-ai/trunkline/internal/wire/compose"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

type requestWriter struct {
	compose.Doc
	q      *form.Request
	to     form.Target
	losses *form.Losses
	names  map[string]string // of the functions that were called, by the ids of the calls
}

// WriteRequest writes a request for a provider. One of this dialect comes back as it was.
func (Codec) WriteRequest(q *form.Request, to form.Target, losses *form.Losses) ([]byte, error) {
	w := requestWriter{Doc: make(compose.Doc, 0, q.Size()), q: q, to: to, losses: losses, names: map[string]string{}}
	w.Begin("", '{')
	if q.Dialect == name {
		w.own()
		w.End('}')
		return w.Doc, nil
	}
	if err := w.foreign(); err != nil {
		return nil, err
	}
	if err := w.conversation(); err != nil {
		return nil, err
	}
	if err := w.tools(); err != nil {
		return nil, err
	}
	w.settings()
	w.End('}')
	return w.Doc, nil
}

// own writes a client's own request back.
func (w *requestWriter) own() {
	for _, m := range w.q.Rest {
		if m.Raw != nil {
			w.Raw(m.Name, m.Raw)
		}
	}
	w.Begin("contents", '[')
	for i := range w.q.Items {
		item := &w.q.Items[i]
		w.Begin("", '{')
		switch role := item.Rest.Get("role"); {
		case role != nil:
			w.Raw("role", role)
		case item.Role == form.Assistant:
			w.Str("role", "model")
		case len(item.Rest) == 0:
			w.Str("role", "user")
		}
		w.Begin("parts", '[')
		for n := range item.Blocks {
			w.Raw("", item.Blocks[n].Rest.Get("part"))
		}
		w.End(']')
		w.End('}')
	}
	w.End(']')
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
	for _, member := range []struct {
		name string
		is   bool
	}{
		{"parallel_tool_calls", q.Parallel != nil && !*q.Parallel}, {"user", q.User != ""}, {"metadata", len(q.Metadata) > 0}, {"prompt_cache_key", q.CacheKey != ""},
		{"service_tier", q.Tier != "" && q.Tier != "auto" && q.Tier != "default"}, {"verbosity", q.Output.Verbosity != ""}, {"logprobs", q.Sampling.Logprobs},
	} {
		if member.is {
			w.losses.Drop(member.name)
		}
	}
	return nil
}

func (w *requestWriter) conversation() error {
	lead, items := w.q.Lead()
	if len(lead) > 0 {
		w.Begin("systemInstruction", '{')
		w.Begin("parts", '[')
		for i := range lead {
			w.text(lead[i].Text)
		}
		w.End(']')
		w.End('}')
	}
	turns := make([]form.Item, len(items))
	for i, item := range items {
		if item.Role == form.System || item.Role == form.Developer {
			w.losses.Approximate("system")
			item.Role = form.User
		}
		if item.Name != "" {
			w.losses.Drop("name")
			item.Name = ""
		}
		turns[i] = item
	}
	w.Begin("contents", '[')
	for _, turn := range form.Merge(turns, form.User, form.Assistant) {
		if err := w.turn(&turn); err != nil {
			return err
		}
	}
	w.End(']')
	return nil
}

func (w *requestWriter) turn(turn *form.Item) error {
	at := len(w.Doc)
	role := "user"
	if turn.Role == form.Assistant {
		role = "model"
	}
	w.Begin("", '{')
	w.Str("role", role)
	w.Begin("parts", '[')
	before := len(w.Doc)
	if err := w.parts(turn.Blocks); err != nil {
		return err
	}
	if len(w.Doc) == before { // nothing of it can be said
		w.Doc = w.Doc[:at]
		return nil
	}
	w.End(']')
	w.End('}')
	return nil
}

// settings writes what is not the conversation nor tools.
func (w *requestWriter) settings() {
	at := len(w.Doc)
	w.Begin("generationConfig", '{')
	empty := len(w.Doc)
	s := &w.q.Sampling
	for _, n := range []struct {
		key   string
		value json.Number
	}{{"temperature", s.Temperature}, {"topP", s.TopP}, {"topK", s.TopK}, {"seed", s.Seed}, {"presencePenalty", s.PresencePenalty}, {"frequencyPenalty", s.FrequencyPenalty}} {
		if n.value != "" {
			w.Raw(n.key, json.RawMessage(n.value))
		}
	}
	if w.q.MaxTokens > 0 {
		w.Int("maxOutputTokens", w.q.MaxTokens)
	}
	w.stop()
	w.output()
	w.thinking()
	if len(w.Doc) == empty {
		w.Doc = w.Doc[:at]
		return
	}
	w.End('}')
}

// stop writes sequences, as many as this API takes.
func (w *requestWriter) stop() {
	const most = 5
	stop := w.q.Stop
	if len(stop) == 0 {
		return
	}
	if len(stop) > most {
		w.losses.Drop("stop")
		stop = stop[:most]
	}
	w.Begin("stopSequences", '[')
	for _, s := range stop {
		w.Str("", s)
	}
	w.End(']')
}

func (w *requestWriter) output() {
	switch o := &w.q.Output; o.Format {
	case form.FormatJSON:
		w.Str("responseMimeType", "application/json")
	case form.FormatSchema:
		w.Str("responseMimeType", "application/json")
		w.Raw("responseJsonSchema", o.Schema)
	case form.FormatText, form.FormatUnsaid:
	}
}

// thinking writes how much is to be thought: a budget, which every model that thinks takes, unless this one
// is known to take a level. Not to think cannot be asked of every model.
func (w *requestWriter) thinking() {
	t := &w.q.Thinking
	budget, level := t.Budget, ""
	switch {
	case t.Mode == form.ThinkingOff:
		w.losses.Drop("thinking")
		return
	case w.to.Adaptive && t.Level() != "":
		level, budget = t.Level(), 0
		if level == "minimal" {
			level = "low"
		} else if level == "xhigh" || level == "max" {
			level = "high"
		}
	case t.Effort != "":
		budget = min(form.BudgetFor(t.Effort), form.BudgetFor("high"))
		w.losses.Approximate("effort")
	}
	told := t.Summary != "none" && (t.Mode == form.ThinkingOn || t.Mode == form.ThinkingAdaptive || t.Summary != "")
	if budget == 0 && level == "" && !told {
		return
	}
	w.Begin("thinkingConfig", '{')
	if told {
		w.Bool("includeThoughts", true)
	}
	if budget > 0 {
		w.Int("thinkingBudget", budget)
	}
	if level != "" {
		w.Str("thinkingLevel", level)
	}
	w.End('}')
}

func (w *requestWriter) tools() error {
	q, begun := w.q, false
	for _, t := range q.Offered() {
		if t.Kind == form.ForeignTool {
			continue
		}
		if !begun {
			begun = true
			w.Begin("tools", '[')
			w.Begin("", '{')
			w.Begin("functionDeclarations", '[')
		}
		if err := w.tool(&t); err != nil {
			return err
		}
	}
	if !begun {
		return nil
	}
	w.End(']')
	w.End('}')
	w.End(']')
	w.choice()
	return nil
}

func (w *requestWriter) tool(t *form.Tool) error {
	description, schema := t.Description, t.Schema
	if t.Kind == form.Custom {
		if err := w.q.MustHold(t); err != nil {
			return err
		}
		w.losses.Approximate("tools.custom")
		description, schema = t.AsFunction()
	}
	if t.Namespace != "" {
		w.losses.Approximate("tools.namespace")
	}
	w.Begin("", '{')
	w.Str("name", t.Flat)
	if description != "" {
		w.Str("description", description)
	}
	if len(schema) > 0 {
		w.Raw("parametersJsonSchema", schema)
	}
	w.End('}')
	return nil
}

func (w *requestWriter) choice() {
	c := &w.q.ToolChoice
	mode, allowed := "", c.Allowed
	switch c.Mode {
	case form.ChooseNone:
		mode, allowed = "NONE", nil
	case form.ChooseAny:
		mode = "ANY"
	case form.ChooseOne:
		mode, allowed = "ANY", []string{w.q.FlatOf(c.Namespace, c.Name)}
	case form.ChooseAuto:
		mode, allowed = "AUTO", nil // others are not offered
	case form.ChooseUnsaid, form.ChooseForeign:
		return
	}
	w.Begin("toolConfig", '{')
	w.Begin("functionCallingConfig", '{')
	w.Str("mode", mode)
	if len(allowed) > 0 {
		w.Begin("allowedFunctionNames", '[')
		for _, flat := range allowed {
			w.Str("", flat)
		}
		w.End(']')
	}
	w.End('}')
	w.End('}')
}

// object is a text as an object: itself, if it is one.
func object(text string) (json.RawMessage, bool) {
	if scan.IsObject(text) {
		return json.RawMessage(text), true
	}
	return nil, false
}
