package messages

import (
	"encoding/json"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane/wire/expect"
	"github.com/trunkline-ai/trunkline/dataplane/wire/form"
)

// billing begins a text that Claude Code puts before its instructions for Anthropic's billing. It differs
// from request to request, so that no prompt cache would be met behind it.
const billing = "x-anthropic-billing-header:"

// instruction reads one block of the instructions.
func (r *reader) instruction(v gjson.Result) form.Block {
	if strings.HasPrefix(v.Get("text").Str, billing) {
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
	switch typ := r.Text("messages.content.type", v.Get("type")); typ {
	case "text":
		b.Text = r.Text("messages.content.text", v.Get("text"))
		if notes := v.Get("citations"); notes.IsArray() && notes.Get("#").Int() == 0 {
			b.Rest.Add("citations", json.RawMessage("[]"), form.Silent)
		}
		b.Citations = citationsOf(v.Get("citations"))
		keep(&b, v, "text", "citations")
	case "image":
		b.Kind, b.Media = form.Image, r.source(&b, v.Get("source"))
		keep(&b, v, "source")
	case "document":
		b.Kind, b.Media = form.Document, r.source(&b, v.Get("source"))
		b.Media.Title = r.Text("messages.content.title", v.Get("title"))
		keep(&b, v, "source", "title")
	case "search_result":
		b.Kind, b.Media = form.Document, &form.Media{Title: v.Get("title").Str, Text: strings.TrimSpace(v.Get("source").Str + "\n" + texts(v.Get("content")))}
		b.Rest.Add(typ, json.RawMessage(v.Raw), form.Silent)
	case "mid_conv_system": // instructions, that only here can stand inside of what the user says
		b.Text = "<system>\n" + texts(v.Get("content")) + "\n</system>"
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
	v.ForEach(func(key, v gjson.Result) bool {
		for _, name := range read {
			if key.Str == name {
				if v.Type == gjson.Null {
					b.Rest.Add(name, json.RawMessage("null"), form.Silent)
				}
				return true
			}
		}
		if key.Str != "type" {
			b.Rest.Add(key.Str, json.RawMessage(v.Raw), blockClass(key.Str, v))
		}
		return true
	})
}

func blockClass(key string, v gjson.Result) form.Class {
	if v.Type == gjson.Null || key == "caller" || key == "citations" && v.Get("enabled").Type == gjson.False {
		return form.Silent
	}
	return form.Lossy
}

// source reads where an image or a document is.
func (r *reader) source(b *form.Block, v gjson.Result) *form.Media {
	const param = "messages.content.source"
	m := &form.Media{}
	switch r.Text(param+".type", v.Get("type")) {
	case "base64":
		m.Type, m.Data = r.Text(param+".media_type", v.Get("media_type")), r.Text(param+".data", v.Get("data"))
	case "url":
		m.URL = r.Text(param+".url", v.Get("url"))
	case "file":
		m.FileID = r.Text(param+".file_id", v.Get("file_id"))
	case "text":
		m.Type, m.Text = r.Text(param+".media_type", v.Get("media_type")), r.Text(param+".data", v.Get("data"))
	case "content":
		m.Text = texts(v.Get("content"))
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
		if b.Get("type").Str == "text" {
			all = append(all, b.Get("text").Str)
		}
	})
	return strings.Join(all, "\n")
}

// thought reads a block of thinking. Its origin takes it back as a whole alone, signature and all.
func thought(v gjson.Result) form.Block {
	b := form.Block{Kind: form.Thought, Text: v.Get("thinking").Str}
	if v.Get("type").Str == "redacted_thinking" {
		b.Rest.Add("redacted_thinking", nil, form.Silent)
	}
	if sealOf(v) != "" {
		b.Opaque = &form.Opaque{Kind: dialect, Raw: v.Raw}
	}
	return b
}

// sealOf is what only the origin of a thought can read.
func sealOf(v gjson.Result) string {
	if v.Get("type").Str == "redacted_thinking" {
		return v.Get("data").Str
	}
	return v.Get("signature").Str
}

// use reads the call of a tool.
func use(v gjson.Result) form.Block {
	c := &form.Call{ID: v.Get("id").Str, Name: v.Get("name").Str, Input: "{}"}
	if input := v.Get("input"); input.IsObject() {
		c.Input = input.Raw
	}
	return form.Block{Kind: form.ToolCall, Call: c}
}

// result reads what a tool gave.
func (r *reader) result(b *form.Block, v gjson.Result) *form.Result {
	result := &form.Result{CallID: r.Text("messages.content.tool_use_id", v.Get("tool_use_id"))}
	if result.CallID == "" {
		r.Blame("messages.content.tool_use_id", "messages.content.tool_use_id must name the call that the tool answers")
	}
	switch content := v.Get("content"); {
	case content.Type == gjson.String:
		result.Blocks = []form.Block{{Text: content.Str}}
		b.Rest.Add(markText, nil, form.Silent)
	case !content.Exists():
		b.Rest.Add(markText, json.RawMessage("null"), form.Silent)
	default:
		r.Each("messages.content.content", content, func(inner gjson.Result) { result.Blocks = append(result.Blocks, r.block(inner)) })
	}
	if is := r.Bool("messages.content.is_error", v.Get("is_error")); is != nil {
		if result.Failed = *is; !*is {
			b.Rest.Add("is_error", json.RawMessage("false"), form.Silent)
		}
	}
	return result
}

func citationsOf(v gjson.Result) (all []form.Citation) {
	expect.Elements(v, func(c gjson.Result) {
		title := c.Get("title").Str
		if title == "" {
			title = c.Get("document_title").Str
		}
		all = append(all, form.Citation{URL: c.Get("url").Str, Title: title, Quote: c.Get("cited_text").Str, Raw: json.RawMessage(c.Raw)})
	})
	return all
}
