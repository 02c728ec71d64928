package chat

import (
	"encoding/json"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/expect"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// tool reads one of tools.
func (r *reader) tool(v gjson.Result) {
	if !v.IsObject() {
		r.Wrong("tools", "an array of objects")
		return
	}
	t := form.Tool{}
	kind := r.Text("tools.type", expect.Get(v, "type"))
	switch kind {
	case "function":
		r.functionOf(&t, expect.Get(v, "function"))
	case "custom":
		t.Kind = form.Custom
		r.customOf(&t, expect.Get(v, "custom"))
	default:
		if kind == "" {
			r.Blame("tools.type", "tools.type must name the type of the tool, such as function")
		}
		r.req.Tools = append(r.req.Tools, form.Tool{Kind: form.ForeignTool, Name: kind, Raw: json.RawMessage(v.Raw), Class: form.Must})
		return
	}
	expect.ForEach(v, func(key string, value gjson.Result) bool {
		if key != "type" && key != kind {
			t.Rest.Add(key, json.RawMessage(value.Raw), form.Lossy)
		}
		return true
	})
	r.req.Tools = append(r.req.Tools, t)
}

// function reads one of functions, from before tools.
func (r *reader) function(v gjson.Result) {
	t := form.Tool{}
	r.functionOf(&t, v)
	r.req.Tools = append(r.req.Tools, t)
}

// inside marks members of a tool's own object, beside those of the tool.
const inside = "function."

func (r *reader) functionOf(t *form.Tool, v gjson.Result) {
	if !v.IsObject() {
		r.Wrong("tools.function", "an object")
		return
	}
	expect.ForEach(v, func(key string, v gjson.Result) bool {
		switch {
		case v.Type == gjson.Null:
			t.Rest.Add(inside+key, json.RawMessage(v.Raw), form.Silent)
		case key == "name":
			t.Name = r.Text("tools.function.name", v)
		case key == "description":
			t.Description = r.Text("tools.function.description", v)
		case key == "parameters":
			t.Schema = json.RawMessage(v.Raw)
			if !v.IsObject() {
				r.Wrong("tools.function.parameters", "an object")
			}
		case key == "strict":
			t.Strict = r.Bool("tools.function.strict", v)
		default:
			t.Rest.Add(inside+key, json.RawMessage(v.Raw), form.Lossy)
		}
		return true
	})
	if t.Name == "" {
		r.Blame("tools.function.name", "tools.function.name must be the name of the function")
	}
}

func (r *reader) customOf(t *form.Tool, v gjson.Result) {
	if !v.IsObject() {
		r.Wrong("tools.custom", "an object")
		return
	}
	expect.ForEach(v, func(key string, v gjson.Result) bool {
		switch key {
		case "name":
			t.Name = r.Text("tools.custom.name", v)
		case "description":
			t.Description = r.Text("tools.custom.description", v)
		case "format":
			if g := expect.Get(v, "grammar"); expect.Get(v, "type").Str == "grammar" && g.IsObject() {
				t.Grammar = &form.Grammar{Syntax: r.Text("tools.custom.format.grammar.syntax", expect.Get(g, "syntax")), Definition: r.Text("tools.custom.format.grammar.definition", expect.Get(g, "definition"))}
			} else {
				t.Rest.Add(inside+"format", json.RawMessage(v.Raw), form.Silent)
			}
		default:
			t.Rest.Add(inside+key, json.RawMessage(v.Raw), form.Lossy)
		}
		return true
	})
	if t.Name == "" {
		r.Blame("tools.custom.name", "tools.custom.name must be the name of the tool")
	}
}

// toolChoice reads which tools have to be called.
func (r *reader) toolChoice(v gjson.Result) {
	c := &r.req.ToolChoice
	kind := expect.Get(v, "type").Str
	if v.Type == gjson.String {
		kind = v.Str
	}
	switch kind {
	case "auto":
		c.Mode = form.ChooseAuto
	case "none":
		c.Mode = form.ChooseNone
	case "required", "any":
		c.Mode = form.ChooseAny
	case "function", "custom":
		c.Mode, c.Name = form.ChooseOne, r.Text("tool_choice."+kind+".name", v.Get(kind+".name"))
	case "allowed_tools":
		c.Mode, c.Raw = form.ChooseAuto, json.RawMessage(v.Raw)
		if expect.Get(v, "allowed_tools", "mode").Str == "required" {
			c.Mode = form.ChooseAny
		}
		r.Each("tool_choice.allowed_tools.tools", expect.Get(v, "allowed_tools", "tools"), func(t gjson.Result) {
			name := expect.Get(t, "function", "name").Str
			if name == "" {
				name = expect.Get(t, "custom", "name").Str
			}
			r.toolNames = append(r.toolNames, name)
		})
		return
	default:
		if v.Type != gjson.String && !v.IsObject() {
			r.Wrong("tool_choice", "a string or an object")
		}
		c.Mode, c.Raw = form.ChooseForeign, json.RawMessage(v.Raw)
		return
	}
	if v.Type == gjson.String && kind == "any" {
		r.as("tool_choice", v)
	}
}

// functionChoice reads tool_choice's forerunner.
func (r *reader) functionChoice(v gjson.Result) {
	c := &r.req.ToolChoice
	r.as("function_call", v)
	switch {
	case v.Str == "auto":
		c.Mode = form.ChooseAuto
	case v.Str == "none":
		c.Mode = form.ChooseNone
	case v.IsObject():
		c.Mode, c.Name = form.ChooseOne, r.Text("function_call.name", expect.Get(v, "name"))
	default:
		r.Wrong("function_call", "none, auto or an object with a name")
	}
}
