package chat

import (
	"encoding/json"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/compose"
	"github.com/trunkline-ai/trunkline/internal/wire/expect"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// said is a message, taken apart.
type said struct {
	role, id                                    string
	content, refusal, calls, function, thoughts gjson.Result
	thought                                     gjson.Result // as plain text
	name                                        string
	rest                                        form.Rest
}

// message reads one of messages.
func (r *reader) message(v gjson.Result) {
	if !v.IsObject() {
		r.Wrong("messages", "an array of objects")
		return
	}
	var m said
	expect.ForEach(v, func(key string, v gjson.Result) bool {
		switch key {
		case "role":
			m.role = r.Text("messages.role", v)
		case "content":
			m.content = v
		case "name":
			m.name = r.Text("messages.name", v)
		case "tool_calls":
			m.calls = v
		case "tool_call_id":
			m.id = r.Text("messages.tool_call_id", v)
		case "function_call":
			m.function = v
		case "refusal":
			m.refusal = v
		case "reasoning_details":
			m.thoughts = v
			m.rest.Add(key, json.RawMessage(v.Raw), form.Silent)
		case "reasoning_content", "reasoning":
			if v.Type == gjson.String && m.thought.Str == "" {
				m.thought = v
			}
			m.rest.Add(key, json.RawMessage(v.Raw), form.Silent)
		default:
			m.rest.Add(key, json.RawMessage(v.Raw), messageClass(key, v))
		}
		return true
	})
	item := form.Item{Name: m.name, Rest: m.rest}
	switch m.role {
	case "system":
		item.Role, item.Blocks = form.System, r.content(&item, m.content)
	case "developer":
		item.Role, item.Blocks = form.Developer, r.content(&item, m.content)
	case "user":
		item.Blocks = r.content(&item, m.content)
	case "assistant":
		item.Role = form.Assistant
		r.answer(&item, &m)
	case "tool", "function":
		r.result(&item, &m)
	default:
		r.Blame("messages.role", "messages.role must be system, developer, user, assistant or tool")
	}
	r.req.Items = append(r.req.Items, item)
}

// messageClass says what it means that a member of a message cannot be told.
func messageClass(key string, v gjson.Result) form.Class {
	switch {
	case v.Type == gjson.Null, v.IsArray() && v.Get("#").Int() == 0, v.Type == gjson.False:
		return form.Silent
	case key == "audio", key == "annotations":
		return form.Silent // of an answer from before, whose text stands beside it
	}
	return form.Lossy
}

// answer reads what the model said before.
func (r *reader) answer(item *form.Item, m *said) {
	item.Blocks = thoughts(m.thoughts, m.thought.Str)
	if text := r.content(item, m.content); len(item.Blocks) == 0 {
		item.Blocks = text
	} else {
		item.Blocks = append(item.Blocks, text...)
	}
	if m.refusal.Type == gjson.Null && m.refusal.Raw != "" {
		item.Rest.Add("refusal", json.RawMessage("null"), form.Silent)
	}
	if text := r.Text("messages.refusal", m.refusal); text != "" {
		item.Blocks = append(item.Blocks, form.Block{Kind: form.Refusal, Text: text})
	}
	if m.calls.Raw != "" && (m.calls.Type == gjson.Null || m.calls.IsArray() && m.calls.Get("#").Int() == 0) {
		item.Rest.Add("tool_calls", json.RawMessage(m.calls.Raw), form.Silent)
	}
	r.Each("messages.tool_calls", m.calls, func(v gjson.Result) {
		b := callBlock(v)
		if b.Call.Name == "" {
			r.Blame("messages.tool_calls", "messages.tool_calls must name the function that was called")
		}
		if b.Call.Custom {
			if r.custom == nil {
				r.custom = map[string]bool{}
			}
			r.custom[b.Call.ID] = true
		}
		item.Blocks = append(item.Blocks, b)
	})
	if m.function.IsObject() {
		name := r.Text("messages.function_call.name", expect.Get(m.function, "name"))
		b := form.Block{Kind: form.ToolCall, Call: &form.Call{ID: r.functionID(name), Name: name, Input: arguments(expect.Get(m.function, "arguments").Str)}}
		b.Rest.Add(markFunction, nil, form.Silent)
		item.Blocks = append(item.Blocks, b)
	}
}

// functionID gives an id to a call from before tools.
func (r *reader) functionID(name string) string {
	r.functions++
	if r.lastCall == nil {
		r.lastCall = map[string]string{}
	}
	id := "call_" + strconv.Itoa(r.functions)
	r.lastCall[name] = id
	return id
}

// callBlock reads one of tool_calls.
func callBlock(v gjson.Result) form.Block {
	b := form.Block{Kind: form.ToolCall, Call: &form.Call{ID: expect.Get(v, "id").String()}}
	if custom := expect.Get(v, "custom"); custom.IsObject() {
		b.Call.Custom, b.Call.Name, b.Call.Input = true, expect.Get(custom, "name").Str, expect.Get(custom, "input").Str
	} else {
		f := expect.Get(v, "function")
		b.Call.Name, b.Call.Input = expect.Get(f, "name").Str, argumentsOf(expect.Get(f, "arguments"))
		if expect.Get(f, "arguments").Str != b.Call.Input {
			b.Rest.Add(markArguments, json.RawMessage(expect.Get(f, "arguments").Raw), form.Silent)
		}
	}
	expect.ForEach(v, func(key string, v gjson.Result) bool {
		switch key {
		case "id", "type", "function", "custom":
		case "extra_content":
			b.Opaque = &form.Opaque{Kind: dialect, Raw: v.Raw} // Google's signatures
			b.Rest.Add(key, json.RawMessage(v.Raw), form.Silent)
		default:
			b.Rest.Add(key, json.RawMessage(v.Raw), form.Silent)
		}
		return true
	})
	return b
}

// argumentsOf reads arguments, which some write as an object.
func argumentsOf(v gjson.Result) string {
	if v.IsObject() {
		return v.Raw
	}
	return arguments(v.Str)
}

// arguments are never nothing: other APIs take an object alone.
func arguments(text string) string {
	if text == "" {
		return "{}"
	}
	return text
}

// result reads what a tool gave.
func (r *reader) result(item *form.Item, m *said) {
	b := form.Block{Kind: form.ToolResult, Result: &form.Result{CallID: m.id}}
	if m.role == "function" {
		b.Result.CallID = r.lastCall[m.name]
		item.Rest.Add(markFunction, compose.String(nil, m.name), form.Silent)
		item.Name = ""
	} else if m.id == "" {
		r.Blame("messages.tool_call_id", "messages.tool_call_id must name the call that the tool answers")
	}
	b.Result.Blocks = r.content(item, m.content)
	b.Result.Custom = r.custom[m.id]
	item.Blocks = r.slab.One(b)
}

// content reads a text or a list of parts.
func (r *reader) content(item *form.Item, v gjson.Result) []form.Block {
	switch {
	case v.Type == gjson.String:
		return r.slab.One(form.Block{Text: v.Str})
	case v.Type == gjson.Null:
		if v.Raw == "" {
			item.Rest.Add(markContent, nil, form.Silent)
		}
		return nil
	}
	item.Rest.Add(markContent, json.RawMessage("[]"), form.Silent)
	var blocks []form.Block
	r.Each("messages.content", v, func(part gjson.Result) {
		switch {
		case part.Type == gjson.String:
			blocks = append(blocks, form.Block{Text: part.Str})
		case !part.IsObject():
			r.Wrong("messages.content", "a string or an array of objects")
		default:
			blocks = append(blocks, r.part(part))
		}
	})
	return blocks
}
