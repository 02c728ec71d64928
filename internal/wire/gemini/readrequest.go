package gemini

import (
	"encoding/json"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/expect"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

type reader struct {
	expect.Values
	calls callIDs
}

// ReadRequest reads a client's request.
func (Codec) ReadRequest(body []byte) (*form.Request, error) {
	doc, err := expect.Object(body)
	if err != nil {
		return nil, err
	}
	r := reader{calls: newCallIDs()}
	q := &form.Request{Dialect: name, UsageAsked: true}
	doc.ForEach(func(key, value gjson.Result) bool {
		r.member(q, key.Str, value)
		return true
	})
	if q.Items == nil {
		r.Blame("contents", "you must provide contents")
	}
	if !q.NameTools() {
		r.Blame("tools", form.TooManyTools)
		return nil, r.Err()
	}
	return q, r.Err()
}

// camel is the spelling of a member that the code knows.
func camel(key string) string {
	parts := strings.Split(key, "_")
	for i := 1; i < len(parts); i++ {
		if parts[i] != "" {
			parts[i] = strings.ToUpper(parts[i][:1]) + parts[i][1:]
		}
	}
	return strings.Join(parts, "")
}

func (r *reader) member(q *form.Request, key string, value gjson.Result) {
	switch camel(key) {
	case "contents":
		q.Items = []form.Item{}
		r.Each(key, value, func(content gjson.Result) { q.Items = append(q.Items, r.content(content)) })
	case "systemInstruction":
		r.system(q, value)
	case "tools":
		r.Each(key, value, func(tool gjson.Result) { r.tool(q, tool) })
		q.Rest.Add("tools", raw(value), form.Silent)
	case "toolConfig":
		r.toolConfig(q, value)
		q.Rest.Add("toolConfig", raw(value), form.Silent)
	case "generationConfig":
		r.Members(key, value, func(name string, v gjson.Result) { r.setting(q, camel(name), v) })
		q.Rest.Add("generationConfig", raw(value), form.Silent)
	case "cachedContent":
		q.Rest.Add(key, raw(value), form.Must)
	case "safetySettings", "labels":
		q.Rest.Add(key, raw(value), form.Lossy)
	case "model": // some clients repeat it
		q.Rest.Add(key, raw(value), form.Silent)
	default:
		q.Rest.Add(key, raw(value), form.Lossy)
	}
}

func (r *reader) system(q *form.Request, value gjson.Result) {
	q.Rest.Add("systemInstruction", raw(value), form.Silent)
	if value.Type == gjson.String {
		q.System = []form.Block{{Text: value.Str}}
		return
	}
	r.Each("systemInstruction.parts", value.Get("parts"), func(part gjson.Result) {
		q.System = append(q.System, form.Block{Text: r.Text("systemInstruction.parts.text", part.Get("text"))})
	})
}

// setting reads one member of generationConfig.
func (r *reader) setting(q *form.Request, key string, v gjson.Result) {
	path := "generationConfig." + key
	s := &q.Sampling
	switch key {
	case "temperature":
		s.Temperature = r.Number(path, v)
	case "topP":
		s.TopP = r.Number(path, v)
	case "topK":
		s.TopK = r.Number(path, v)
	case "seed":
		s.Seed = r.Number(path, v)
	case "presencePenalty":
		s.PresencePenalty = r.Number(path, v)
	case "frequencyPenalty":
		s.FrequencyPenalty = r.Number(path, v)
	case "maxOutputTokens":
		q.MaxTokens = r.Count(path, v)
	case "candidateCount":
		q.Choices = r.Count(path, v)
	case "stopSequences":
		r.Each(path, v, func(stop gjson.Result) { q.Stop = append(q.Stop, r.Text(path, stop)) })
	case "responseMimeType":
		if v.Str == "application/json" && q.Output.Format == form.FormatUnsaid {
			q.Output.Format = form.FormatJSON
		}
	case "responseSchema", "responseJsonSchema":
		q.Output.Format, q.Output.Schema = form.FormatSchema, schema(v)
	case "thinkingConfig":
		r.thinking(q, v)
	case "responseLogprobs":
		on := r.Bool(path, v)
		s.Logprobs = on != nil && *on
	case "logprobs":
		s.TopLogprobs = r.Number(path, v)
	case "responseModalities":
		class := form.Silent // text is what all give
		r.Each(path, v, func(kind gjson.Result) {
			if kind.Str != "TEXT" {
				class = form.Must
			}
		})
		q.Rest.Add(path, nil, class)
	default:
		q.Rest.Add(path, nil, form.Lossy)
	}
}

func (r *reader) thinking(q *form.Request, v gjson.Result) {
	t := &q.Thinking
	budget, level, told := Either(v, "thinkingBudget", "thinking_budget"), Either(v, "thinkingLevel", "thinking_level"), Either(v, "includeThoughts", "include_thoughts")
	if told.Exists() {
		t.Summary = "none"
		if told.Bool() {
			t.Summary = "auto"
		}
	}
	switch n := budget.Int(); {
	case level.Str != "":
		t.Mode, t.Effort = form.ThinkingOn, strings.ToLower(level.Str)
	case !budget.Exists():
	case n == 0:
		t.Mode = form.ThinkingOff
	case n < 0:
		t.Mode = form.ThinkingAdaptive
	default:
		t.Mode, t.Budget = form.ThinkingOn, n
	}
}

// tool reads functions, or a tool that only this API knows.
func (r *reader) tool(q *form.Request, v gjson.Result) {
	r.Members("tools", v, func(key string, value gjson.Result) {
		if camel(key) != "functionDeclarations" {
			class := form.Must
			if camel(key) == "googleSearch" || camel(key) == "urlContext" {
				class = form.Lossy // a model can do without
			}
			q.Tools = append(q.Tools, form.Tool{Kind: form.ForeignTool, Name: key, Raw: raw(v), Class: class})
			return
		}
		r.Each("tools.functionDeclarations", value, func(f gjson.Result) {
			t := form.Tool{Name: r.Text("tools.functionDeclarations.name", f.Get("name")), Description: f.Get("description").Str}
			if t.Name == "" {
				r.Blame("tools.functionDeclarations.name", "a function must have a name")
			}
			if s := Either(f, "parametersJsonSchema", "parameters_json_schema"); s.IsObject() {
				t.Schema = raw(s)
			} else if s := f.Get("parameters"); s.IsObject() {
				t.Schema = schema(s)
			}
			q.Tools = append(q.Tools, t)
		})
	})
}

func (r *reader) toolConfig(q *form.Request, v gjson.Result) {
	c := Either(v, "functionCallingConfig", "function_calling_config")
	switch mode := c.Get("mode").Str; mode {
	case "AUTO", "VALIDATED":
		q.ToolChoice.Mode = form.ChooseAuto
	case "ANY":
		q.ToolChoice.Mode = form.ChooseAny
	case "NONE":
		q.ToolChoice.Mode = form.ChooseNone
	case "", "MODE_UNSPECIFIED":
	default:
		r.Blame("toolConfig.functionCallingConfig.mode", "mode must be AUTO, ANY, VALIDATED or NONE")
	}
	r.Each("toolConfig.functionCallingConfig.allowedFunctionNames", Either(c, "allowedFunctionNames", "allowed_function_names"), func(n gjson.Result) {
		q.ToolChoice.Allowed = append(q.ToolChoice.Allowed, form.Fit(n.Str, 64))
	})
}

func raw(v gjson.Result) json.RawMessage { return json.RawMessage(v.Raw) }
