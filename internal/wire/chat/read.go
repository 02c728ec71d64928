package chat

import (
	"encoding/json"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/expect"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// reader reads one request.
type reader struct {
	expect.Values
	req       *form.Request
	toolNames []string // of those that are allowed, as they are called
	functions int      // calls from before tools, which have no ids
	lastCall  map[string]string
	custom    map[string]bool // ids of calls with text
	slab      form.Slab
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
	for _, name := range r.toolNames {
		r.req.ToolChoice.Allowed = append(r.req.ToolChoice.Allowed, r.req.FlatOf("", name))
	}
	return r.req, r.Err()
}

// bytesOfAMessage is about how long one is, so that memory for all is taken once.
const bytesOfAMessage = 512

// member reads a member of the request that says what is asked; sampling and the rest follow.
func (r *reader) member(key string, v gjson.Result) {
	q := r.req
	if v.Type == gjson.Null {
		q.Rest.Add(key, json.RawMessage(v.Raw), form.Silent)
		return
	}
	switch key {
	case "model":
		q.Model = r.Text(key, v)
	case "messages":
		q.Items = make([]form.Item, 0, 1+len(v.Raw)/bytesOfAMessage)
		r.Each(key, v, r.message)
	case "stream":
		if is := r.Bool(key, v); is != nil && *is {
			q.Stream = true
		} else {
			r.as(key, v)
		}
	case "stream_options":
		r.streamOptions(v)
	case "tools":
		if r.Each(key, v, r.tool); len(q.Tools) == 0 {
			r.as(key, v)
		}
	case "functions":
		r.req.Rest.Add(key, nil, form.Silent)
		r.Each(key, v, r.function)
	case "tool_choice":
		r.toolChoice(v)
	case "function_call":
		r.functionChoice(v)
	case "parallel_tool_calls":
		q.Parallel = r.Bool(key, v)
	case "max_tokens", "max_completion_tokens":
		if n := r.Count(key, v); n > 0 && (q.MaxTokens == 0 || key == "max_completion_tokens") {
			q.MaxTokens = n
		}
		r.as(key, v)
	case "n":
		q.Choices = r.Count(key, v)
	case "stop":
		r.stop(v)
	case "response_format":
		r.format(v)
	default:
		r.option(key, v)
	}
}

// option reads a member that says how the answer is to be made.
func (r *reader) option(key string, v gjson.Result) {
	q, s := r.req, &r.req.Sampling
	switch key {
	case "temperature":
		s.Temperature = r.Number(key, v)
	case "top_p":
		s.TopP = r.Number(key, v)
	case "top_k":
		s.TopK = r.Number(key, v)
	case "seed":
		s.Seed = r.Number(key, v)
	case "presence_penalty":
		s.PresencePenalty = r.Number(key, v)
	case "frequency_penalty":
		s.FrequencyPenalty = r.Number(key, v)
	case "logprobs":
		if is := r.Bool(key, v); is != nil && *is {
			s.Logprobs = true
		} else {
			r.as(key, v)
		}
	case "top_logprobs":
		s.TopLogprobs = r.Number(key, v)
	case "reasoning_effort", "reasoning", "thinking", "enable_thinking", "thinking_budget", "chat_template_kwargs":
		r.thinking(key, v)
	case "verbosity":
		q.Output.Verbosity = r.Text(key, v)
	case "user":
		q.User = r.Text(key, v)
	case "safety_identifier":
		if id := r.Text(key, v); q.User == "" {
			q.User = id
		}
		r.as(key, v)
	case "metadata":
		q.Metadata = json.RawMessage(v.Raw)
	case "prompt_cache_key":
		q.CacheKey = r.Text(key, v)
	case "service_tier":
		q.Tier = r.Text(key, v)
	case "store":
		q.Store = r.Bool(key, v)
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
	case "modalities":
		if v.IsArray() && v.Get("#").Int() == 1 && v.Get("0").Str == "text" {
			return form.Silent
		}
		return form.Must
	case "audio":
		return form.Silent // it says nothing without modalities
	case "web_search_options", "search_parameters", "plugins", // the provider's own tools
		"guided_json", "guided_regex", "guided_choice", "guided_grammar", "structured_outputs": // the format of the answer
		return form.Must
	case "enable_search", "web_search":
		if v.Type == gjson.False {
			return form.Silent
		}
		return form.Must
	}
	return form.Lossy
}

func (r *reader) streamOptions(v gjson.Result) {
	n := 0
	r.Members("stream_options", v, func(key string, v gjson.Result) {
		n++
		if key == "include_usage" {
			is := r.Bool("stream_options.include_usage", v)
			r.req.UsageAsked = is != nil && *is
		}
	})
	if n != 1 || !r.req.UsageAsked {
		r.as("stream_options", v)
	}
}

func (r *reader) stop(v gjson.Result) {
	if v.Type == gjson.String {
		r.as("stop", v)
		r.req.Stop = []string{v.Str}
		return
	}
	r.Each("stop", v, func(s gjson.Result) { r.req.Stop = append(r.req.Stop, r.Text("stop", s)) })
	if len(r.req.Stop) == 0 {
		r.as("stop", v)
	}
}

func (r *reader) format(v gjson.Result) {
	out := &r.req.Output
	const param = "response_format"
	switch r.Text(param+".type", expect.Get(v, "type")) {
	case "text":
		out.Format = form.FormatText
	case "json_object":
		out.Format = form.FormatJSON
	case "json_schema":
		out.Format = form.FormatSchema
	default:
		r.req.Rest.Add(param, json.RawMessage(v.Raw), form.Must)
		return
	}
	r.Members(param, v, func(key string, v gjson.Result) {
		if key != "json_schema" {
			return
		}
		r.Members(param+".json_schema", v, func(key string, v gjson.Result) {
			switch key {
			case "name":
				out.Name = r.Text(param+".json_schema.name", v)
			case "description":
				out.Description = r.Text(param+".json_schema.description", v)
			case "schema":
				out.Schema = json.RawMessage(v.Raw)
			case "strict":
				out.Strict = r.Bool(param+".json_schema.strict", v)
			}
		})
	})
}
