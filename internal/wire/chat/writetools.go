package chat

import (
	"encoding/json"

	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// noInput is the schema of a function that takes nothing.
const noInput = `{"type":"object","properties":{}}`

// tools writes what the model may call, and has to.
func (w *writer) tools() {
	tools := w.r.Tools
	if !w.own {
		tools = w.r.Offered()
		if len(tools) < len(w.r.Tools) {
			w.losses.Approximate("tool_choice.allowed_tools")
		}
	}
	list := "tools"
	if w.has("functions") {
		list = "functions"
	}
	if len(tools) > 0 || list == "functions" {
		w.Begin(list, '[')
		for i := range tools {
			w.tool(&tools[i], list == "functions")
		}
		w.End(']')
	}
	if len(tools) == 0 && !w.own {
		return
	}
	w.choice()
	if p := w.r.Parallel; p != nil && (w.own || !*p) {
		w.Bool("parallel_tool_calls", *p)
	}
}

func (w *writer) tool(t *form.Tool, bare bool) {
	if t.Kind == form.ForeignTool {
		if w.own {
			w.Raw("", t.Raw)
		}
		return
	}
	w.Begin("", '{')
	switch {
	case bare:
		w.function(t)
	case t.Kind == form.Custom && w.own:
		w.Str("type", "custom")
		w.Begin("custom", '{')
		w.Str("name", t.Name)
		w.text("description", t.Description)
		if g := t.Grammar; g != nil {
			w.Begin("format", '{')
			w.Str("type", "grammar")
			w.Begin("grammar", '{')
			w.Str("syntax", g.Syntax)
			w.Str("definition", g.Definition)
			w.End('}')
			w.End('}')
		}
		w.rest(inside, t.Rest)
		w.End('}')
	default:
		w.Str("type", "function")
		w.Begin("function", '{')
		w.function(t)
		w.End('}')
	}
	if w.own {
		w.rest("", t.Rest)
	}
	w.End('}')
}

func (w *writer) function(t *form.Tool) {
	if w.own {
		w.Str("name", t.Name)
		w.text("description", t.Description)
		if t.Schema != nil {
			w.Raw("parameters", t.Schema)
		}
		if t.Strict != nil {
			w.Bool("strict", *t.Strict)
		}
		w.rest(inside, t.Rest)
		return
	}
	description, schema := t.Description, t.Schema
	if t.Kind == form.Custom {
		if err := w.r.MustHold(t); err != nil && w.err == nil {
			w.err = err
		}
		description, schema = t.AsFunction()
		w.losses.Approximate("tools.custom")
	}
	if t.Namespace != "" {
		w.losses.Approximate("tools.namespace")
	}
	if len(schema) == 0 {
		schema = json.RawMessage(noInput)
	}
	w.Str("name", t.Flat)
	w.text("description", description)
	w.Raw("parameters", schema)
	if t.Strict != nil && *t.Strict {
		w.Bool("strict", true)
	}
}

// choice writes which tools have to be called.
func (w *writer) choice() {
	c := &w.r.ToolChoice
	if w.has("tool_choice") || w.has("function_call") {
		return
	}
	if w.own && c.Raw != nil {
		w.Raw("tool_choice", c.Raw)
		return
	}
	switch c.Mode {
	case form.ChooseAuto:
		w.Str("tool_choice", "auto")
	case form.ChooseNone:
		w.Str("tool_choice", "none")
	case form.ChooseAny:
		w.Str("tool_choice", "required")
	case form.ChooseOne:
		kind, name := "function", c.Name
		if t := w.r.Find(c.Namespace, c.Name); w.own && t != nil && t.Kind == form.Custom {
			kind = "custom"
		}
		if !w.own {
			name = w.r.FlatOf(c.Namespace, c.Name)
		}
		w.Begin("tool_choice", '{')
		w.Str("type", kind)
		w.Begin(kind, '{')
		w.Str("name", name)
		w.End('}')
		w.End('}')
	case form.ChooseUnsaid, form.ChooseForeign:
	}
}
