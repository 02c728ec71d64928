package messages

import (
	"encoding/json"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/expect"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// billing begins a text that Claude Code puts before its instructions for Anthropic's billing. It differs
// from request to request, so that no prompt cache would be met behind it.
const billing = "x-anthropic-billing-header:"

// instruction reads one block of the instructions.
func (r *reader) instruction(v gjson.Result) form.Block {
	if strings.HasPrefix(expect.Get(v, "text").Str, billing) {
		return form.Block{Kind: form.ForeignBlock, Foreign: &form.Member{Name: "system.billing", Raw: json.RawMessage(v.Raw), Class: form.Silent}}
	}
	return r.block(v)
}

// block reads one block of a request's content.
func (r *reader) block(v gjson.Result) form.Block {
	if !v.IsObject() {
		r.Wrong("messages.content", "a string or an array of objects")
		return form.Block{}
	}
	b := form.Block{}
	switch typ := r.Text("messages.content.type", expect.Get(v, "type")); typ {
	case "text":
		b.Text = r.Text("messages.content.text", expect.Get(v, "text"))
		if notes := expect.Get(v, "citations"); notes.IsArray() && notes.Get("#").Int() == 0 {
			b.Rest.Add("citations", json.RawMessage("[]"), form.Silent)
		}
		b.Citations = citationsOf(expect.Get(v, "citations"))
		keep(&b, v, "text", "citations")
	case "image":
		b.Kind, b.Media = form.Image, r.source(&b, expect.Get(v, "source"))
		keep(&b, v, "source")
	case "document":
		b.Kind, b.Media = form.Document, r.source(&b, expect.Get(v, "source"))
		b.Media.Title = r.Text("messages.content.title", expect.Get(v, "title"))
		keep(&b, v, "source", "title")
	case "search_result":
		b.Kind, b.Media = form.Document, &form.Media{Title: expect.Get(v, "title").Str, Text: strings.TrimSpace(expect.Get(v, "source").Str + "\n" + texts(expect.Get(v, "content")))}
		b.Rest.Add(typ, json.RawMessage(v.Raw), form.Silent)
	case "mid_conv_system": // instructions, that only here can stand inside of what the user says
		b.Text = "<system>\n" + texts(expect.Get(v, "content")) + "\n</system>"
		b.Rest.Add(typ, json.RawMessage(v.Raw), form.Lossy)
	case "thinking", "redacted_thinking":
		b = thought(v)
		if carried, ours := form.Carried(sealOf(v)); ours {
			b.Opaque = carried
		}
	case "tool_use":
		b = use(v)
		keep(&b, v, "id", "name", "input")
	case "tool_result":
		b.Kind, b.Result = form.ToolResult, r.result(&b, v)
		keep(&b, v, "tool_use_id", "content", "is_error")
	default:
		// What a provider's own tool did cannot be told to another, and the answers after it stand on it.
		b.Kind, b.Foreign = form.ForeignBlock, &form.Member{Name: "messages.content." + typ, Raw: json.RawMessage(v.Raw), Class: form.Must}
	}
	return b
}

// keep keeps the members of a block that are not among those that were read.
func keep(b *form.Block, v gjson.Result, read ...string) {
	expect.ForEach(v, func(key string, v gjson.Result) bool {
		for _, name := range read {
			if key == name {
				if v.Type == gjson.Null {
					b.Rest.Add(name, json.RawMessage("null"), form.Silent)
				}
				return true
			}
		}
		if key != "type" {
			b.Rest.Add(key, json.RawMessage(v.Raw), blockClass(key, v))
		}
		return true
	})
}

func blockClass(key string, v gjson.Result) form.Class {
	if v.Type == gjson.Null || key == "caller" || key == "citations" && expect.Get(v, "enabled").Type == gjson.False {
		return form.Silent
	}
	return form.Lossy
}

// source reads where an image or a document is.
func (r *reader) source(b *form.Block, v gjson.Result) *form.Media {
	const param = "messages.content.source"
	m := &form.Media{}
	switch r.Text(param+".type", expect.Get(v, "type")) {
	case "base64":
		m.Type, m.Data = r.Text(param+".media_type", expect.Get(v, "media_type")), r.Text(param+".data", expect.Get(v, "data"))
	case "url":
		m.URL = r.Text(param+".url", expect.Get(v, "url"))
	case "file":
		m.FileID = r.Text(param+".file_id", expect.Get(v, "file_id"))
	case "text":
		m.Type, m.Text = r.Text(param+".media_type", expect.Get(v, "media_type")), r.Text(param+".data", expect.Get(v, "data"))
	case "content":
		m.Text = texts(expect.Get(v, "content"))
		b.Rest.Add("source", json.RawMessage(v.Raw), form.Silent)
		if strings.Contains(v.Raw, `"image"`) {
			b.Rest.Add("source.content.image", nil, form.Must)
		}
	default:
		r.Wrong(param+".type", "base64, url, file, text or content")
	}
	return m
}

// texts are the texts of content as one.
func texts(v gjson.Result) string {
	if v.Type == gjson.String {
		return v.Str
	}
	var all []string
	expect.Elements(v, func(b gjson.Result) {
		if expect.Get(b, "type").Str == "text" {
			all = append(all, expect.Get(b, "text").Str)
		}
	})
	return strings.Join(all, "\n")
}

// thought reads a block of thinking. Its origin takes it back as a whole alone, signature and all.
func thought(v gjson.Result) form.Block {
	b := form.Block{Kind: form.Thought, Text: expect.Get(v, "thinking").Str}
	if expect.Get(v, "type").Str == "redacted_thinking" {
		b.Rest.Add("redacted_thinking", nil, form.Silent)
	}
	if sealOf(v) != "" {
		b.Opaque = &form.Opaque{Kind: dialect, Raw: v.Raw}
	}
	return b
}

// sealOf is what only the origin of a thought can read.
func sealOf(v gjson.Result) string {
	if expect.Get(v, "type").Str == "redacted_thinking" {
		return expect.Get(v, "data").Str
	}
	return expect.Get(v, "signature").Str
}

// use reads the call of a tool.
func use(v gjson.Result) form.Block {
	c := &form.Call{ID: expect.Get(v, "id").Str, Name: expect.Get(v, "name").Str, Input: "{}"}
	if input := expect.Get(v, "input"); input.IsObject() {
		c.Input = input.Raw
	}
	return form.Block{Kind: form.ToolCall, Call: c}
}

// result reads what a tool gave.
func (r *reader) result(b *form.Block, v gjson.Result) *form.Result {
	result := &form.Result{CallID: r.Text("messages.content.tool_use_id", expect.Get(v, "tool_use_id"))}
	if result.CallID == "" {
		r.Blame("messages.content.tool_use_id", "messages.content.tool_use_id must name the call that the tool answers")
	}
	switch content := expect.Get(v, "content"); {
	case content.Type == gjson.String:
		result.Blocks = []form.Block{{Text: content.Str}}
		b.Rest.Add(markText, nil, form.Silent)
	case !content.Exists():
		b.Rest.Add(markText, json.RawMessage("null"), form.Silent)
	default:
		r.Each("messages.content.content", content, func(inner gjson.Result) { result.Blocks = append(result.Blocks, r.block(inner)) })
	}
	if is := r.Bool("messages.content.is_error", expect.Get(v, "is_error")); is != nil {
		if result.Failed = *is; !*is {
			b.Rest.Add("is_error", json.RawMessage("false"), form.Silent)
		}
	}
	return result
}

func citationsOf(v gjson.Result) (all []form.Citation) {
	expect.Elements(v, func(c gjson.Result) {
		title := expect.Get(c, "title").Str
		if title == "" {
			title = expect.Get(c, "document_title").Str
		}
		all = append(all, form.Citation{URL: expect.Get(c, "url").Str, Title: title, Quote: expect.Get(c, "cited_text").Str, Raw: json.RawMessage(c.Raw)})
	})
	return all
}
