package responses

import (
	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/expect"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// toolName is how a client knows a tool.
type toolName struct{ namespace, name string }

// tool reads a tool, or all tools of a namespace.
func (r *reader) tool(q *form.Request, v gjson.Result, namespace string) {
	if !v.IsObject() {
		r.Wrong("tools", "an array of objects")
		return
	}
	t := form.Tool{Namespace: namespace, Found: r.searching}
	switch typ := expect.Get(v, "type").Str; typ {
	case "function":
	case "custom":
		t.Kind = form.Custom
	case "namespace":
		if namespace == "" && len(expect.Get(v, "tools").Array()) > 0 {
			r.namespace(q, v)
			return
		}
		t = form.Tool{Kind: form.ForeignTool, Name: typ, Raw: raw(v), Class: form.Silent} // it holds nothing
	case searchTool:
		if expect.Get(v, "execution").Str == "client" {
			t.Name, t.Description, t.Raw = typ, expect.Get(v, "description").Str, raw(v)
			if schema := expect.Get(v, "parameters"); schema.IsObject() {
				t.Schema = raw(schema)
			}
			break
		}
		fallthrough
	default:
		t = form.Tool{Kind: form.ForeignTool, Name: typ, Raw: raw(v), Class: classOf(typ, foreignTools), Found: r.searching}
	}
	if t.Raw == nil {
		r.members(&t, v)
	}
	if t.Kind != form.ForeignTool {
		own := toolName{t.Namespace, t.Name}
		if r.searching && r.known[own] {
			return // found before
		}
		if r.known == nil {
			r.known = map[toolName]bool{}
		}
		r.known[own] = true
	}
	q.Tools = append(q.Tools, t)
}

// members reads those of a tool that can be called.
func (r *reader) members(t *form.Tool, v gjson.Result) {
	expect.ForEach(v, func(key string, value gjson.Result) bool {
		switch {
		case key == "type":
		case value.Type == gjson.Null:
			t.Rest.Add(key, raw(value), form.Silent)
		case key == "name":
			t.Name = r.Text("tools.name", value)
		case key == "description":
			t.Description = r.Text("tools.description", value)
		case key == "strict":
			t.Strict = r.Bool("tools.strict", value)
		case key == "parameters":
			r.object("tools.parameters", value)
			t.Schema = raw(value)
		case key == "format" && t.Kind == form.Custom:
			r.grammar(t, value)
		case key == "defer_loading": // all tools are offered from the start
			t.Rest.Add(key, raw(value), form.Silent)
		default:
			t.Rest.Add(key, raw(value), form.Lossy)
		}
		return true
	})
	if t.Name == "" {
		r.Blame("tools.name", "a tool must have a name")
	}
}

func (r *reader) grammar(t *form.Tool, v gjson.Result) {
	switch typ := expect.Get(v, "type").Str; typ {
	case "text":
		t.Rest.Add("format", raw(v), form.Silent)
	case "grammar":
		t.Grammar = &form.Grammar{Syntax: r.Text("tools.format.syntax", expect.Get(v, "syntax")), Definition: r.Text("tools.format.definition", expect.Get(v, "definition"))}
	default:
		r.Blame("tools.format", "the format of a custom tool must be text or grammar")
	}
}

func (r *reader) namespace(q *form.Request, v gjson.Result) {
	n := form.Namespace{}
	expect.ForEach(v, func(key string, value gjson.Result) bool {
		switch key {
		case "type", "tools":
		case "name":
			n.Name = r.Text("tools.name", value)
		case "description":
			n.Description = r.Text("tools.description", value)
		default:
			n.Rest.Add(key, raw(value), form.Lossy)
		}
		return true
	})
	if n.Name == "" {
		r.Blame("tools.name", "a namespace must have a name")
		return
	}
	q.Namespaces = append(q.Namespaces, n)
	r.Each("tools.tools", expect.Get(v, "tools"), func(tool gjson.Result) { r.tool(q, tool, n.Name) })
}

// choice reads which tools have to be called. Names of allowed tools are read by allow.
func (r *reader) choice(v gjson.Result) (c form.ToolChoice) {
	if v.Type == gjson.String {
		var known bool
		if c.Mode, known = modes[v.Str]; !known {
			r.Blame("tool_choice", "tool_choice must be none, auto, required or an object")
		}
		return c
	}
	if !v.IsObject() {
		r.Wrong("tool_choice", "a string or an object")
		return c
	}
	switch expect.Get(v, "type").Str {
	case "function", "custom":
		c.Mode, c.Name, c.Namespace = form.ChooseOne, expect.Get(v, "name").Str, expect.Get(v, "namespace").Str
		if c.Name == "" {
			r.Blame("tool_choice.name", "tool_choice must name a tool")
		}
	case "allowed_tools":
		c.Mode, c.Raw = modes[expect.Get(v, "mode").Str], raw(v)
		if c.Mode != form.ChooseAuto && c.Mode != form.ChooseAny {
			r.Blame("tool_choice.mode", "tool_choice.mode must be auto or required")
		}
	default:
		c.Mode, c.Raw = form.ChooseForeign, raw(v)
	}
	return c
}

var modes = map[string]form.ChoiceMode{"none": form.ChooseNone, "auto": form.ChooseAuto, "required": form.ChooseAny}

// allow finds the tools that a choice is limited to. Where none of them is one that can be called, the
// choice is this API's own.
func (r *reader) allow(q *form.Request) {
	c := &q.ToolChoice
	if c.Raw == nil || c.Mode == form.ChooseForeign {
		return
	}
	allowed := map[string]bool{}
	add := func(flat string) {
		if !allowed[flat] {
			allowed[flat] = true
			c.Allowed = append(c.Allowed, flat)
		}
	}
	inside := map[string][]string{} // the tools of each namespace
	for i := range q.Tools {
		if t := &q.Tools[i]; t.Namespace != "" {
			inside[t.Namespace] = append(inside[t.Namespace], t.Flat)
		}
	}
	tools := gjson.GetBytes(c.Raw, "tools")
	r.Each("tool_choice.tools", tools, func(t gjson.Result) {
		if found := q.Find(expect.Get(t, "namespace").Str, expect.Get(t, "name").Str); found != nil {
			add(found.Flat)
		} else if typ := expect.Get(t, "type").Str; typ == "namespace" {
			of := expect.Get(t, "name").Str
			for _, flat := range inside[of] {
				add(flat)
			}
			delete(inside, of) // once is enough
		}
	})
	if len(c.Allowed) == 0 {
		c.Mode = form.ChooseForeign
	}
}
