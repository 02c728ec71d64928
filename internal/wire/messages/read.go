package messages

import (
	"encoding/json"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/expect"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// reader reads one request.
type reader struct {
	expect.Values
	req *form.Request
}

// ReadRequest reads a client's request.
func (Codec) ReadRequest(body []byte) (*form.Request, error) {
	doc, err := expect.Object(body)
	if err != nil {
		return nil, err
	}
	r := &reader{req: &form.Request{Dialect: dialect}}
	expect.ForEach(doc, func(key string, value gjson.Result) bool {
		r.member(key, value)
		return true
	})
	if len(r.req.Items) == 0 {
		r.Blame("messages", "messages must be an array with at least one message")
	}
	if !r.req.NameTools() {
		r.Blame("tools", form.TooManyTools)
		return nil, r.Err()
	}
	return r.req, r.Err()
}

func (r *reader) member(key string, v gjson.Result) {
	q := r.req
	if v.Type == gjson.Null {
		r.as(key, v)
		return
	}
	switch key {
	case "model":
		q.Model = r.Text(key, v)
	case "messages":
		r.Each(key, v, r.message)
	case "system":
		if v.Type == gjson.String {
			q.System = []form.Block{{Text: v.Str}}
			q.Rest.Add(key, nil, form.Silent)
			return
		}
		r.Each(key, v, func(b gjson.Result) { q.System = append(q.System, r.instruction(b)) })
	case "max_tokens":
		q.MaxTokens = r.Count(key, v)
		r.as(key, v)
	case "stream":
		if is := r.Bool(key, v); is != nil && *is {
			q.Stream = true
		} else {
			r.as(key, v)
		}
	case "temperature":
		q.Sampling.Temperature = r.Number(key, v)
	case "top_p":
		q.Sampling.TopP = r.Number(key, v)
	case "top_k":
		q.Sampling.TopK = r.Number(key, v)
	case "stop_sequences":
		r.Each(key, v, func(s gjson.Result) { q.Stop = append(q.Stop, r.Text(key, s)) })
		if len(q.Stop) == 0 {
			r.as(key, v)
		}
	case "tools":
		if r.Each(key, v, r.tool); len(q.Tools) == 0 {
			r.as(key, v)
		}
	case "tool_choice":
		r.toolChoice(v)
	case "thinking":
		r.thinking(v)
	case "output_config":
		r.outputConfig(v)
	case "output_format":
		r.format(v)
		r.as(key, v)
	case "metadata":
		r.as(key, v)
		r.Members(key, v, func(key string, v gjson.Result) {
			if key == "user_id" {
				q.User = r.Text("metadata.user_id", v)
			}
		})
	case "service_tier":
		q.Tier = r.Text(key, v)
	default:
		q.Rest.Add(key, json.RawMessage(v.Raw), classOf(key, v))
	}
}

// as keeps a member as it was written, beside what was read of it.
func (r *reader) as(key string, v gjson.Result) {
	r.req.Rest.Add(key, json.RawMessage(v.Raw), form.Silent)
}

// classOf says what it means that a member cannot be told.
func classOf(key string, v gjson.Result) form.Class {
	switch key {
	case "container", "inference_geo": // state that the provider keeps; where the law has it served
		return form.Must
	case "mcp_servers": // the provider calls them itself
		if v.IsArray() && v.Get("#").Int() == 0 {
			return form.Silent
		}
		return form.Must
	case "speed":
		if v.Str == "standard" {
			return form.Silent
		}
	}
	return form.Lossy
}

// thinking reads how much is to be thought. It goes back as it was written.
func (r *reader) thinking(v gjson.Result) {
	r.as("thinking", v)
	t := &r.req.Thinking
	switch kind := r.Text("thinking.type", expect.Get(v, "type")); kind {
	case "enabled":
		t.Mode = form.ThinkingOn
		if t.Effort == "" {
			t.Budget = r.Count("thinking.budget_tokens", expect.Get(v, "budget_tokens"))
		}
	case "adaptive":
		t.Mode = form.ThinkingAdaptive
	case "disabled":
		t.Mode = form.ThinkingOff
	default:
		r.Wrong("thinking.type", "enabled, adaptive or disabled")
	}
	switch expect.Get(v, "display").Str {
	case "summarized":
		t.Summary = "auto"
	case "omitted":
		t.Summary = "none"
	}
}

func (r *reader) outputConfig(v gjson.Result) {
	const param = "output_config"
	r.as(param, v)
	r.Members(param, v, func(key string, v gjson.Result) {
		switch key {
		case "effort":
			if effort := r.Text(param+".effort", v); effort != "" {
				r.req.Thinking.Effort, r.req.Thinking.Budget = effort, 0
			}
		case "format":
			r.format(v)
		default:
			r.req.Rest.Add(param+"."+key, nil, form.Lossy)
		}
	})
}

// format reads what the text of the answer has to be.
func (r *reader) format(v gjson.Result) {
	switch {
	case v.Type == gjson.Null:
	case expect.Get(v, "type").Str == "json_schema":
		r.req.Output.Format = form.FormatSchema
		r.req.Output.Schema = json.RawMessage(expect.Get(v, "schema").Raw)
	default:
		r.req.Rest.Add("output_config.format", nil, form.Must)
	}
}

// tool reads one of tools.
func (r *reader) tool(v gjson.Result) {
	if !v.IsObject() {
		r.Wrong("tools", "an array of objects")
		return
	}
	if kind := expect.Get(v, "type").Str; kind != "" && kind != "custom" {
		r.req.Tools = append(r.req.Tools, form.Tool{Kind: form.ForeignTool, Name: kind, Raw: json.RawMessage(v.Raw), Class: form.Must})
		return
	}
	var t form.Tool
	expect.ForEach(v, func(key string, v gjson.Result) bool {
		switch {
		case v.Type == gjson.Null:
			t.Rest.Add(key, json.RawMessage(v.Raw), form.Silent)
		case key == "name":
			t.Name = r.Text("tools.name", v)
		case key == "description":
			t.Description = r.Text("tools.description", v)
		case key == "input_schema":
			if t.Schema = json.RawMessage(v.Raw); !v.IsObject() {
				r.Wrong("tools.input_schema", "an object")
			}
		case key == "strict":
			t.Strict = r.Bool("tools.strict", v)
		case key == "type", key == "eager_input_streaming":
			t.Rest.Add(key, json.RawMessage(v.Raw), form.Silent)
		default:
			t.Rest.Add(key, json.RawMessage(v.Raw), form.Lossy)
		}
		return true
	})
	if t.Name == "" {
		r.Blame("tools.name", "tools.name must be the name of the tool")
	}
	r.req.Tools = append(r.req.Tools, t)
}

func (r *reader) toolChoice(v gjson.Result) {
	c := &r.req.ToolChoice
	switch r.Text("tool_choice.type", expect.Get(v, "type")) {
	case "auto":
		c.Mode = form.ChooseAuto
	case "any":
		c.Mode = form.ChooseAny
	case "none":
		c.Mode = form.ChooseNone
	case "tool":
		c.Mode, c.Name = form.ChooseOne, r.Text("tool_choice.name", expect.Get(v, "name"))
	default:
		c.Mode, c.Raw = form.ChooseForeign, json.RawMessage(v.Raw)
		return
	}
	if is := r.Bool("tool_choice.disable_parallel_tool_use", expect.Get(v, "disable_parallel_tool_use")); is != nil {
		parallel := !*is
		r.req.Parallel = &parallel
	}
}

// message reads one of messages.
func (r *reader) message(v gjson.Result) {
	if !v.IsObject() {
		r.Wrong("messages", "an array of objects")
		return
	}
	var item form.Item
	expect.ForEach(v, func(key string, v gjson.Result) bool {
		switch key {
		case "role":
			switch r.Text("messages.role", v) {
			case "user":
			case "assistant":
				item.Role = form.Assistant
			case "system":
				item.Role = form.System
			default:
				r.Blame("messages.role", "messages.role must be user, assistant or system")
			}
		case "content":
			if v.Type == gjson.String {
				item.Rest.Add(markText, nil, form.Silent)
				item.Blocks = []form.Block{{Text: v.Str}}
				return true
			}
			r.Each("messages.content", v, func(b gjson.Result) { item.Blocks = append(item.Blocks, r.block(b)) })
		default:
			item.Rest.Add(key, json.RawMessage(v.Raw), form.Lossy)
		}
		return true
	})
	r.req.Items = append(r.req.Items, item)
}
