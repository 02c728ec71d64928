package responses

import (
	"encoding/json"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/expect"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// ReadRequest reads a client's request.
func (Codec) ReadRequest(body []byte) (*form.Request, error) {
	doc, err := expect.Object(body)
	if err != nil {
		return nil, err
	}
	r := reader{carried: true}
	q := &form.Request{Dialect: name, UsageAsked: true}
	expect.ForEach(doc, func(key string, value gjson.Result) bool {
		r.member(q, key, value)
		return true
	})
	r.offer(q)
	if !q.NameTools() {
		r.Blame("tools", form.TooManyTools)
		return nil, r.Err()
	}
	r.allow(q) // the names of all tools are known now
	r.tell(q)
	if q.Items == nil && q.Rest.Get("prompt") == nil && q.Rest.Get("previous_response_id") == nil && q.Rest.Get("conversation") == nil {
		r.Blame("input", "you must provide an input parameter")
	}
	return q, r.Err()
}

// members are those of a request that the form has no place for, with what it means to leave them out. Those
// that are not here are left out with a note.
var members = map[string]form.Class{
	"previous_response_id": form.Must,
	"conversation":         form.Must,
	"prompt":               form.Must,
	"moderation":           form.Must,
	"stream_options":       form.Silent, // obfuscation
	"max_tool_calls":       form.Silent, // of tools that are not here
	"background_options":   form.Silent,
	"safety_identifier":    form.Silent, // as User
}

// member reads one member of a request.
func (r *reader) member(q *form.Request, key string, value gjson.Result) {
	if value.Type == gjson.Null {
		q.Rest.Add(key, raw(value), form.Silent)
		return
	}
	switch key {
	case "model":
		q.Model = r.Text(key, value)
	case "stream":
		on := r.Bool(key, value)
		q.Stream = on != nil && *on
		if !q.Stream {
			q.Rest.Add(key, raw(value), form.Silent)
		}
	case "input":
		q.Items = r.input(value, &q.Rest)
	case "instructions":
		q.System = []form.Block{{Text: r.Text(key, value)}}
	case "tools":
		r.Each(key, value, func(tool gjson.Result) { r.tool(q, tool, "") })
		if len(q.Tools) == 0 {
			q.Rest.Add(key, raw(value), form.Silent)
		}
	case "tool_choice":
		q.ToolChoice = r.choice(value)
	case "parallel_tool_calls":
		q.Parallel = r.Bool(key, value)
	case "max_output_tokens":
		q.MaxTokens = r.Count(key, value)
	case "temperature":
		q.Sampling.Temperature = r.Number(key, value)
	case "top_p":
		q.Sampling.TopP = r.Number(key, value)
	case "top_logprobs": // the form has no place for them in answers
		r.Number(key, value)
		r.unless(q, key, value, "0", form.Lossy)
	case "reasoning":
		r.thinking(q, value)
	case "text":
		r.output(q, value)
	case "user":
		q.User = r.Text(key, value)
	case "metadata":
		r.object(key, value)
		q.Metadata = raw(value)
	case "prompt_cache_key":
		q.CacheKey = r.Text(key, value)
	case "service_tier":
		q.Tier = r.Text(key, value)
	case "store":
		q.Store = r.Bool(key, value)
	case "background":
		r.unless(q, key, value, "false", form.Must)
	case "truncation":
		r.unless(q, key, value, `"disabled"`, form.Lossy)
	case "include":
		r.include(q, value)
	default:
		if key == "safety_identifier" && q.User == "" {
			q.User = r.Text(key, value)
			q.Rest.Add("user", nil, form.Silent)
		}
		q.Rest.Add(key, raw(value), members[key])
	}
}

// unless keeps a member whose one value asks for nothing.
func (r *reader) unless(q *form.Request, key string, value gjson.Result, harmless string, class form.Class) {
	if value.Raw == harmless {
		class = form.Silent
	}
	q.Rest.Add(key, raw(value), class)
}

func (r *reader) include(q *form.Request, value gjson.Result) {
	class := form.Silent // encrypted reasoning is always told; others are of tools that are not here
	r.Each("include", value, func(what gjson.Result) {
		if what.Str == "message.output_text.logprobs" {
			class = form.Lossy
		}
	})
	q.Rest.Add("include", raw(value), class)
}

// thinking reads how much is to be reasoned.
func (r *reader) thinking(q *form.Request, value gjson.Result) {
	t, whole := &q.Thinking, true
	r.Members("reasoning", value, func(key string, v gjson.Result) {
		switch {
		case v.Type == gjson.Null:
			whole = false
		case key == "effort":
			t.Effort = r.Text("reasoning.effort", v)
		case key == "summary":
			t.Summary = r.Text("reasoning.summary", v)
		case key == "generate_summary" && t.Summary == "":
			t.Summary = r.Text("reasoning.generate_summary", v)
			whole = false
		default:
			whole = false
			q.Rest.Add("reasoning."+key, nil, form.Lossy)
		}
	})
	switch t.Effort {
	case "":
		whole = whole && t.Summary != ""
	case "none":
		t.Mode = form.ThinkingOff
	default:
		t.Mode = form.ThinkingOn
	}
	if !whole {
		q.Rest.Add("reasoning", raw(value), form.Silent)
	}
}

// output reads what the text of the answer has to be.
func (r *reader) output(q *form.Request, value gjson.Result) {
	o, whole, n := &q.Output, true, 0
	r.Members("text", value, func(key string, v gjson.Result) {
		n++
		switch {
		case v.Type == gjson.Null:
			whole = false
		case key == "verbosity":
			o.Verbosity = r.Text("text.verbosity", v)
		case key == "format":
			whole = r.format(o, v) && whole
		default:
			whole = false
			q.Rest.Add("text."+key, nil, form.Lossy)
		}
	})
	if !whole || n == 0 {
		q.Rest.Add("text", raw(value), form.Silent)
	}
}

// format reads a format; false: it has members that the form has no place for.
func (r *reader) format(o *form.Output, value gjson.Result) (whole bool) {
	whole = true
	switch typ := expect.Get(value, "type").Str; typ {
	case "text":
		o.Format = form.FormatText
	case "json_object":
		o.Format = form.FormatJSON
	case "json_schema":
		o.Format = form.FormatSchema
	default:
		r.Blame("text.format.type", "text.format.type must be text, json_object or json_schema")
	}
	r.Members("text.format", value, func(key string, v gjson.Result) {
		switch {
		case key == "type":
		case v.Type == gjson.Null:
			whole = false
		case key == "name":
			o.Name = r.Text("text.format.name", v)
		case key == "description":
			o.Description = r.Text("text.format.description", v)
		case key == "strict":
			o.Strict = r.Bool("text.format.strict", v)
		case key == "schema":
			r.object("text.format.schema", v)
			o.Schema = raw(v)
		default:
			whole = false
		}
	})
	if o.Format == form.FormatSchema && o.Schema == nil {
		r.Blame("text.format.schema", "text.format.schema must be an object")
	}
	return whole
}

// object blames a value that is no object.
func (r *reader) object(param string, v gjson.Result) {
	if !v.IsObject() {
		r.Wrong(param, "an object")
	}
}

// raw is a value as it was written. It shares the document.
func raw(v gjson.Result) json.RawMessage { return json.RawMessage(v.Raw) }

// dataURL takes a data: URL with base64 apart; false: it is none.
func dataURL(url string) (mime, data string, ok bool) {
	rest, is := strings.CutPrefix(url, "data:")
	head, data, _ := strings.Cut(rest, ",")
	mime, ok = strings.CutSuffix(head, ";base64")
	return mime, data, is && ok
}
