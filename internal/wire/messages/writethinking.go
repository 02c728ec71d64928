package messages

import (
	"encoding/json"
	"slices"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/compose"
	"github.com/trunkline-ai/trunkline/internal/wire/expect"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// plan is what the target is told about thinking.
type plan struct {
	on, off bool
	budget  int64  // of a model that takes one
	effort  string // of a model that takes that
}

// leastBudget is the least that may be thought where anything is, in tokens.
const leastBudget = 1024

// plan decides how much is to be thought by a target whose answer has at most limit tokens.
func (w *writer) plan(limit int64) plan {
	t := &w.r.Thinking
	level := t.Level()
	switch {
	case t.Mode == form.ThinkingUnsaid && level == "":
		return plan{}
	case level == "none":
		return plan{off: true}
	case w.mayNotThink():
		w.losses.Drop("thinking")
		return plan{}
	}
	if w.to.Adaptive {
		p := plan{on: true}
		switch level {
		case "":
		case "minimal":
			p.effort = "low"
		case "xhigh":
			p.effort = "max"
		default:
			p.effort = level
		}
		if p.effort != t.Effort {
			w.losses.Approximate("thinking")
		}
		return p
	}
	budget := t.Budget
	if budget == 0 {
		w.losses.Approximate("thinking")
		if budget = form.BudgetFor(level); budget == 0 {
			budget = form.BudgetFor("medium")
		}
	}
	// Half of the answer is left for what is said.
	if budget = max(budget, leastBudget); budget > limit/2 {
		w.losses.Approximate("thinking")
		budget = limit / 2
	}
	if budget < leastBudget {
		w.losses.Drop("thinking")
		return plan{}
	}
	return plan{on: true, budget: budget}
}

// mayNotThink says that the API would refuse a request that asks for thoughts: where a tool has to be called,
// and amid a turn with tools whose own thoughts cannot be given back.
func (w *writer) mayNotThink() bool {
	if mode := w.r.ToolChoice.Mode; (mode == form.ChooseAny || mode == form.ChooseOne) && len(w.r.Tools) > 0 {
		return true
	}
	n := len(w.items)
	if n < 2 || !slices.ContainsFunc(w.items[n-1].Blocks, func(b form.Block) bool { return b.Kind == form.ToolResult }) {
		return false
	}
	turn := w.items[n-2].Blocks
	return len(turn) == 0 || turn[0].Kind != form.Thought
}

func (p *plan) write(w *writer) {
	switch {
	case p.off:
		w.Begin("thinking", '{')
		w.Str("type", "disabled")
	case p.on && p.budget > 0:
		w.Begin("thinking", '{')
		w.Str("type", "enabled")
		w.Int("budget_tokens", p.budget)
	case p.on:
		w.Begin("thinking", '{')
		w.Str("type", "adaptive")
	default:
		return
	}
	if w.r.Thinking.Summary == "none" && p.on {
		w.Str("display", "omitted")
	}
	w.End('}')
}

// outputConfig writes the effort, and what the text of the answer has to be.
func (w *writer) outputConfig() {
	schema := w.r.Output.Format == form.FormatSchema
	if w.think.effort == "" && !schema {
		return
	}
	w.Begin("output_config", '{')
	if w.think.effort != "" {
		w.Str("effort", w.think.effort)
	}
	if schema {
		w.Begin("format", '{')
		w.Str("type", "json_schema")
		w.Raw("schema", closed(w.r.Output.Schema))
		w.End('}')
	}
	w.End('}')
}

// closed makes a schema of which objects have no other properties than it names, as the API demands, where it
// does not say anything about others.
func closed(schema json.RawMessage) json.RawMessage {
	if len(schema) == 0 {
		return json.RawMessage(`{"type":"object","properties":{},"additionalProperties":false}`)
	}
	var d compose.Doc
	closeValue(&d, "", gjson.ParseBytes(schema))
	return json.RawMessage(d)
}

func closeValue(d *compose.Doc, key string, v gjson.Result) {
	switch {
	case v.IsArray():
		d.Begin(key, '[')
		expect.Elements(v, func(v gjson.Result) {
			closeValue(d, "", v)
		})
		d.End(']')
	case v.IsObject():
		d.Begin(key, '{')
		object, said := false, false
		expect.ForEach(v, func(key string, v gjson.Result) bool {
			object = object || key == "type" && (v.Str == "object" || v.IsArray() && v.Get(`#(=="object")`).Exists())
			said = said || key == "additionalProperties"
			closeValue(d, key, v)
			return true
		})
		if object && !said {
			d.Bool("additionalProperties", false)
		}
		d.End('}')
	default:
		d.Raw(key, json.RawMessage(v.Raw))
	}
}
