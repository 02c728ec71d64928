package responses

import (
	"encoding/json"

	"github.com/trunkline-ai/trunkline/internal/wire/compose"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// noParameters is the schema of a function that has none.
const noParameters = `{"type":"object","properties":{}}`

func (w *requestWriter) tools() {
	if w.own && len(w.q.Tools) > 0 {
		writeTools(&w.Doc, w.q)
		return
	}
	begun := false
	for i := range w.q.Tools {
		t := &w.q.Tools[i]
		if t.Kind == form.ForeignTool {
			continue
		}
		if !begun {
			begun = true
			w.Begin("tools", '[')
		}
		w.tool(t)
	}
	if begun {
		w.End(']')
	}
}

// tool writes another dialect's.
func (w *requestWriter) tool(t *form.Tool) {
	if t.Namespace != "" {
		w.losses.Approximate("tools.namespace")
	}
	w.Begin("", '{')
	if t.Kind == form.Custom {
		w.Str("type", "custom")
	} else {
		w.Str("type", "function")
	}
	w.Str("name", t.Flat)
	if t.Description != "" {
		w.Str("description", t.Description)
	}
	if t.Kind == form.Custom {
		writeGrammar(&w.Doc, t)
	} else {
		schema := t.Schema
		if len(schema) == 0 {
			schema = json.RawMessage(noParameters)
		}
		w.Raw("parameters", schema)
		w.Bool("strict", t.Strict != nil && *t.Strict) // left out it would be true here
	}
	w.End('}')
}

// writeTools writes the tools of a request of this dialect as the client wrote them.
func writeTools(d *compose.Doc, q *form.Request) {
	d.Begin("tools", '[')
	namespace := ""
	for i := range q.Tools {
		t := &q.Tools[i]
		if t.Found {
			continue
		}
		if t.Namespace != namespace {
			if namespace != "" {
				d.End(']')
				d.End('}')
			}
			if namespace = t.Namespace; namespace != "" {
				beginNamespace(d, q, namespace)
			}
		}
		if t.Raw != nil {
			d.Raw("", t.Raw)
			continue
		}
		d.Begin("", '{')
		writeTool(d, t)
		d.End('}')
	}
	if namespace != "" {
		d.End(']')
		d.End('}')
	}
	d.End(']')
}

func beginNamespace(d *compose.Doc, q *form.Request, title string) {
	d.Begin("", '{')
	d.Str("type", "namespace")
	d.Str("name", title)
	for i := range q.Namespaces {
		if n := &q.Namespaces[i]; n.Name == title {
			if n.Description != "" {
				d.Str("description", n.Description)
			}
			for _, m := range n.Rest {
				d.Raw(m.Name, m.Raw)
			}
			break
		}
	}
	d.Begin("tools", '[')
}

func writeTool(d *compose.Doc, t *form.Tool) {
	if t.Kind == form.Custom {
		d.Str("type", "custom")
	} else {
		d.Str("type", "function")
	}
	d.Str("name", t.Name)
	if t.Description != "" {
		d.Str("description", t.Description)
	}
	if len(t.Schema) > 0 {
		d.Raw("parameters", t.Schema)
	}
	if t.Strict != nil {
		d.Bool("strict", *t.Strict)
	}
	writeGrammar(d, t)
	for _, m := range t.Rest {
		d.Raw(m.Name, m.Raw)
	}
}

func writeGrammar(d *compose.Doc, t *form.Tool) {
	if t.Grammar == nil {
		return
	}
	d.Begin("format", '{')
	d.Str("type", "grammar")
	d.Str("syntax", t.Grammar.Syntax)
	d.Str("definition", t.Grammar.Definition)
	d.End('}')
}

var modeNames = map[form.ChoiceMode]string{form.ChooseNone: "none", form.ChooseAuto: "auto", form.ChooseAny: "required"}

func (w *requestWriter) choice() {
	q := w.q
	if w.own {
		if q.ToolChoice.Mode != form.ChooseUnsaid {
			writeChoice(&w.Doc, q)
		}
	} else {
		w.translatedChoice()
	}
	if q.Parallel != nil {
		w.Bool("parallel_tool_calls", *q.Parallel)
	}
}

// translatedChoice writes another dialect's choice, in which tools have other names.
func (w *requestWriter) translatedChoice() {
	c := &w.q.ToolChoice
	switch {
	case c.Mode == form.ChooseOne:
		w.Begin("tool_choice", '{')
		w.Str("type", w.kindOf(w.q.Find(c.Namespace, c.Name)))
		w.Str("name", w.q.FlatOf(c.Namespace, c.Name))
		w.End('}')
	case modeNames[c.Mode] == "":
	case len(c.Allowed) == 0 || c.Mode == form.ChooseNone:
		w.Str("tool_choice", modeNames[c.Mode])
	default:
		w.Begin("tool_choice", '{')
		w.Str("type", "allowed_tools")
		w.Str("mode", modeNames[c.Mode])
		w.Begin("tools", '[')
		for _, flat := range c.Allowed {
			w.Begin("", '{')
			w.Str("type", w.kindOf(w.q.ByFlat(flat)))
			w.Str("name", flat)
			w.End('}')
		}
		w.End(']')
		w.End('}')
	}
}

func (w *requestWriter) kindOf(t *form.Tool) string {
	if t != nil && t.Kind == form.Custom {
		return "custom"
	}
	return "function"
}

// writeChoice writes the choice of a request of this dialect as the client wrote it.
func writeChoice(d *compose.Doc, q *form.Request) {
	c := &q.ToolChoice
	switch {
	case c.Raw != nil:
		d.Raw("tool_choice", c.Raw)
	case c.Mode == form.ChooseOne:
		d.Begin("tool_choice", '{')
		if t := q.Find(c.Namespace, c.Name); t != nil && t.Kind == form.Custom {
			d.Str("type", "custom")
		} else {
			d.Str("type", "function")
		}
		if c.Namespace != "" {
			d.Str("namespace", c.Namespace)
		}
		d.Str("name", c.Name)
		d.End('}')
	case c.Mode == form.ChooseUnsaid:
		d.Str("tool_choice", "auto")
	default:
		d.Str("tool_choice", modeNames[c.Mode])
	}
}
