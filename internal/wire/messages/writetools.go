package messages

import (
	"encoding/json"

	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// noInput is the schema of a tool that takes nothing.
const noInput = `{"type":"object","properties":{}}`

// tools writes what the model may call.
func (w *writer) tools(tools []form.Tool) {
	if len(tools) == 0 {
		return
	}
	w.Begin("tools", '[')
	for i := range tools {
		t := &tools[i]
		switch {
		case t.Kind != form.ForeignTool:
			w.tool(t)
		case w.own:
			w.Raw("", t.Raw)
		}
	}
	w.End(']')
}

// toolsOfOld defines tools that were called before and are not offered any more: the API refuses calls of
// tools that it does not know.
func (w *writer) toolsOfOld() {
	var names []string
	var known map[string]bool
	for i := range w.items {
		for k := range w.items[i].Blocks {
			if b := &w.items[i].Blocks[k]; b.Kind == form.ToolCall {
				if name := w.r.FlatOf(b.Call.Namespace, b.Call.Name); !known[name] {
					if known == nil {
						known = map[string]bool{}
					}
					known[name] = true
					names = append(names, name)
				}
			}
		}
	}
	if len(names) == 0 {
		return
	}
	w.losses.Approximate("tools")
	w.Begin("tools", '[')
	for _, name := range names {
		w.Begin("", '{')
		w.Str("name", name)
		w.Raw("input_schema", json.RawMessage(noInput))
		w.End('}')
	}
	w.End(']')
	w.Begin("tool_choice", '{')
	w.Str("type", "none")
	w.End('}')
}

func (w *writer) tool(t *form.Tool) {
	name, description, schema := t.Flat, t.Description, t.Schema
	switch {
	case w.own:
		name = t.Name
	case t.Kind == form.Custom:
		if err := w.r.MustHold(t); err != nil && w.err == nil {
			w.err = err
		}
		description, schema = t.AsFunction()
		w.losses.Approximate("tools.custom")
	case len(schema) == 0:
		schema = json.RawMessage(noInput)
	case t.Strict != nil && *t.Strict:
		schema = closed(schema)
	}
	if t.Namespace != "" {
		w.losses.Approximate("tools.namespace")
	}
	w.Begin("", '{')
	w.Str("name", name)
	if description != "" {
		w.Str("description", description)
	}
	if len(schema) > 0 {
		w.Raw("input_schema", schema)
	}
	if t.Strict != nil && (w.own || *t.Strict) {
		w.Bool("strict", *t.Strict)
	}
	if w.own {
		w.rest(t.Rest)
	}
	w.End('}')
}

// choice writes which tools have to be called, and whether several may be at once.
func (w *writer) choice() {
	c := &w.r.ToolChoice
	kind := ""
	switch c.Mode {
	case form.ChooseAuto:
		kind = "auto"
	case form.ChooseNone:
		kind = "none"
	case form.ChooseAny:
		kind = "any"
	case form.ChooseOne:
		kind = "tool"
	case form.ChooseForeign:
		if w.own {
			w.Raw("tool_choice", c.Raw)
		}
		return
	case form.ChooseUnsaid:
		if w.own || w.r.Parallel == nil || *w.r.Parallel {
			return
		}
		kind = "auto"
	}
	w.Begin("tool_choice", '{')
	w.Str("type", kind)
	if c.Mode == form.ChooseOne {
		name := c.Name
		if !w.own {
			name = w.r.FlatOf(c.Namespace, c.Name)
		}
		w.Str("name", name)
	}
	if p := w.r.Parallel; p != nil && (w.own || !*p && c.Mode != form.ChooseNone) {
		w.Bool("disable_parallel_tool_use", !*p)
	}
	w.End('}')
}
