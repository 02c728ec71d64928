package responses

import (
	"path"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/expect"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// reader reads one document.
type reader struct {
	expect.Values
	// carried: what is opaque may be another API's, that a client carries.
	carried bool
	// origin made what is opaque otherwise.
	origin form.Origin
	// tools were offered; nil: names are taken as they are.
	tools *form.Request
	// found are the results of searches for tools.
	found []found
	// searching: the tool that is read was found so.
	searching bool
	// known are the tools that were read.
	known map[toolName]bool
}

// input reads the conversation.
func (r *reader) input(value gjson.Result, rest *form.Rest) (items []form.Item) {
	switch {
	case value.Type == gjson.String:
		rest.Add("input", raw(value), form.Silent)
		return []form.Item{{Role: form.User, Blocks: []form.Block{{Text: value.Str}}}}
	case !value.IsArray():
		r.Wrong("input", "a string or an array")
		return nil
	}
	items = []form.Item{}
	expect.ForEach(value, func(_ string, item gjson.Result) bool {
		items = append(items, r.item(item))
		return true
	})
	return items
}

// item reads an item of a conversation or of an answer.
func (r *reader) item(v gjson.Result) form.Item {
	if !v.IsObject() {
		r.Wrong("input", "a string or an array of objects")
		return form.Item{}
	}
	switch typ := expect.Get(v, "type").Str; typ {
	case typeMessage, "":
		return r.message(v)
	case typeFunctionCall, typeCustomCall:
		return r.call(v, typ == typeCustomCall)
	case typeFunctionOut, typeCustomOut:
		return r.result(v, typ == typeCustomOut)
	case typeReasoning:
		return r.reasoning(v)
	case typeSearchCall, typeSearchOut:
		if expect.Get(v, "execution").Str == "client" {
			return r.search(v, typ)
		}
		fallthrough
	default:
		return form.Item{Role: form.Assistant, Blocks: []form.Block{{Kind: form.ForeignBlock, Foreign: &form.Member{Name: typ, Raw: raw(v), Class: classOf(typ, foreignItems)}}}}
	}
}

var roles = map[string]form.Role{"user": form.User, "assistant": form.Assistant, "system": form.System, "developer": form.Developer}

func (r *reader) message(v gjson.Result) (item form.Item) {
	role, ok := roles[expect.Get(v, "role").Str]
	if !ok {
		r.Blame("input.role", "the role of a message must be user, assistant, system or developer")
	}
	item.Role = role
	typed, content := false, false
	expect.ForEach(v, func(key string, value gjson.Result) bool {
		switch key {
		case "role":
		case "type":
			typed = true
		case "content":
			content = true
			if value.Type == gjson.String {
				item.Rest.Add("content", raw(value), form.Silent)
				item.Blocks = []form.Block{{Text: value.Str}}
				break
			}
			item.Blocks = r.parts("input.content", value, role == form.Assistant)
		default: // id, status, phase
			item.Rest.Add(key, raw(value), form.Silent)
		}
		return true
	})
	if !typed {
		item.Rest.Add("type", nil, form.Silent)
	}
	if !content {
		r.Blame("input.content", "a message must have content")
	}
	return item
}

// parts reads the parts of a message, or of what a tool gave.
func (r *reader) parts(param string, value gjson.Result, said bool) (blocks []form.Block) {
	if !value.IsArray() {
		r.Wrong(param, "a string or an array")
		return nil
	}
	blocks = []form.Block{}
	expect.ForEach(value, func(_ string, part gjson.Result) bool {
		if part.IsObject() {
			blocks = append(blocks, r.part(part, said))
		} else {
			r.Wrong(param, "a string or an array of objects")
		}
		return true
	})
	return blocks
}

// foreignPart begins the names of parts that only this dialect knows.
const foreignPart = "input.content."

// part reads one of them. said: the model said it, so that text is output_text.
func (r *reader) part(v gjson.Result, said bool) (b form.Block) {
	typ := expect.Get(v, "type").Str
	switch typ {
	case typeInputText, typeOutputText, "text", typeSummary, "reasoning_text":
	case typeRefusal:
		b.Kind = form.Refusal
	case "input_image":
		b.Kind, b.Media = form.Image, &form.Media{}
	case "input_file":
		b.Kind, b.Media = form.Document, &form.Media{}
	case "input_audio":
		b.Kind, b.Media = form.Audio, &form.Media{}
	default:
		return form.Block{Kind: form.ForeignBlock, Foreign: &form.Member{Name: foreignPart + typ, Raw: raw(v), Class: form.Must}}
	}
	if b.Kind == form.Text && typ != textType(said) {
		b.Rest.Add("type", raw(expect.Get(v, "type")), form.Silent)
	}
	expect.ForEach(v, func(key string, value gjson.Result) bool {
		switch {
		case value.Type == gjson.Null:
			b.Rest.Add(key, raw(value), form.Silent)
		case b.Media != nil:
			r.media(&b, key, value)
		case key == "type":
		case key == "text" && b.Kind == form.Text, key == "refusal" && b.Kind == form.Refusal:
			b.Text = r.Text("input.content."+key, value)
		case key == "annotations":
			b.Citations = citations(value)
			b.Rest.Add(key, raw(value), form.Silent)
		case key == "logprobs":
			b.Rest.Add(key, raw(value), form.Silent)
		default:
			b.Rest.Add(key, raw(value), form.Lossy)
		}
		return true
	})
	return b
}

// textType is what text is called: what the model said, or what it was told.
func textType(said bool) string {
	if said {
		return typeOutputText
	}
	return typeInputText
}

// media reads a member of an image, a file or audio.
func (r *reader) media(b *form.Block, key string, value gjson.Result) {
	m := b.Media
	switch key {
	case "type":
	case "image_url", "file_url":
		url := r.Text("input.content."+key, value)
		if mime, data, ok := dataURL(url); ok && key == "image_url" {
			m.Type, m.Data = mime, data
			break
		}
		m.URL = url
	case "file_data":
		text := r.Text("input.content.file_data", value)
		mime, data, ok := dataURL(text)
		if !ok { // some clients leave the prefix out
			mime, data = "", text
			b.Rest.Add(key, raw(value), form.Silent)
		}
		m.Type, m.Data = mime, data
	case "file_id":
		m.FileID = r.Text("input.content.file_id", value)
	case "filename":
		m.Name = r.Text("input.content.filename", value)
	case "detail":
		m.Detail = r.Text("input.content.detail", value)
	case "input_audio":
		m.Data = r.Text("input.content.input_audio.data", expect.Get(value, "data"))
		m.Type = "audio/" + r.Text("input.content.input_audio.format", expect.Get(value, "format"))
	default:
		b.Rest.Add(key, raw(value), form.Lossy)
	}
	if b.Kind == form.Document && m.Type == "" && m.Data != "" {
		m.Type = typeOfFile(m.Name)
	}
}

// typeOfFile guesses what a file is; most are PDFs.
func typeOfFile(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case "", ".pdf":
		return "application/pdf"
	case ".txt", ".md", ".csv", ".json", ".xml", ".html":
		return "text/plain"
	}
	return "application/octet-stream"
}

func citations(value gjson.Result) (all []form.Citation) {
	expect.ForEach(value, func(_ string, a gjson.Result) bool {
		all = append(all, form.Citation{
			URL: expect.Get(a, "url").Str, Title: expect.Get(a, "title").Str,
			Start: int(expect.Get(a, "start_index").Int()), End: int(expect.Get(a, "end_index").Int()), Raw: raw(a),
		})
		return true
	})
	return all
}

func (r *reader) call(v gjson.Result, custom bool) (item form.Item) {
	call := &form.Call{Custom: custom}
	item.Role = form.Assistant
	expect.ForEach(v, func(key string, value gjson.Result) bool {
		switch key {
		case "type":
		case "call_id":
			call.ID = r.Text("input.call_id", value)
		case "name":
			call.Name = r.Text("input.name", value)
		case "namespace":
			if call.Namespace = r.Text("input.namespace", value); call.Namespace == "" {
				item.Rest.Add(key, raw(value), form.Silent)
			}
		case "arguments", "input":
			if custom != (key == "input") {
				item.Rest.Add(key, raw(value), form.Silent)
				break
			}
			if call.Input = r.Text("input."+key, value); !custom {
				call.Input = arguments(call.Input, value, &item.Rest)
			}
		default: // id, status
			item.Rest.Add(key, raw(value), form.Silent)
		}
		return true
	})
	if call.Name == "" {
		r.Blame("input.name", "a call of a tool must have a name")
	}
	if call.ID == "" {
		r.Blame("input.call_id", "a call of a tool must have a call_id")
	}
	if call.Namespace == "" && r.tools != nil {
		if t := r.tools.ByFlat(call.Name); t != nil {
			call.Namespace, call.Name = t.Namespace, t.Name
		}
	}
	if !custom && call.Input == "" {
		call.Input = "{}"
	}
	item.Blocks = []form.Block{{Kind: form.ToolCall, Call: call}}
	return item
}

// arguments makes a JSON object of what a model wrote, which need not be one: it stays readable.
func arguments(text string, value gjson.Result, rest *form.Rest) string {
	if strings.TrimSpace(text) == "" {
		rest.Add("arguments", raw(value), form.Silent)
		return "{}"
	}
	if scan.IsObject(text) {
		return text
	}
	rest.Add("arguments", raw(value), form.Silent)
	return form.WrapInput(text)
}

func (r *reader) result(v gjson.Result, custom bool) (item form.Item) {
	result := &form.Result{Custom: custom}
	expect.ForEach(v, func(key string, value gjson.Result) bool {
		switch key {
		case "type":
		case "call_id":
			result.CallID = r.Text("input.call_id", value)
		case "output":
			if value.IsArray() {
				result.Blocks = r.parts("input.output", value, false)
				break
			}
			item.Rest.Add(key, raw(value), form.Silent)
			result.Blocks = []form.Block{{Text: value.String()}}
		default: // id, status
			item.Rest.Add(key, raw(value), form.Silent)
		}
		return true
	})
	if result.CallID == "" {
		r.Blame("input.call_id", "the output of a tool must have the call_id of its call")
	}
	item.Blocks = []form.Block{{Kind: form.ToolResult, Result: result}}
	return item
}

func (r *reader) reasoning(v gjson.Result) (item form.Item) {
	item.Role = form.Assistant
	b := form.Block{Kind: form.Thought, Text: textsOf(expect.Get(v, "summary"))}
	if b.Text == "" {
		b.Text = textsOf(expect.Get(v, "content"))
	}
	if sealed := expect.Get(v, "encrypted_content"); sealed.Str != "" {
		b.Opaque = r.opaque(sealed.Str)
	}
	expect.ForEach(v, func(key string, value gjson.Result) bool {
		if key != "type" {
			item.Rest.Add(key, raw(value), form.Silent)
		}
		return true
	})
	item.Blocks = []form.Block{b}
	return item
}

// opaque reads encrypted reasoning.
func (r *reader) opaque(sealed string) *form.Opaque {
	if r.carried {
		if o, ours := form.Carried(sealed); ours {
			return o
		}
	}
	return &form.Opaque{Origin: r.origin, Kind: name, Raw: sealed}
}

// between parts of a summary that become one text.
const between = "\n\n"

func textsOf(parts gjson.Result) string {
	var texts []string
	expect.ForEach(parts, func(_ string, part gjson.Result) bool {
		if text := expect.Get(part, "text").Str; text != "" {
			texts = append(texts, text)
		}
		return true
	})
	return strings.Join(texts, between)
}
