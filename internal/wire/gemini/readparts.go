package gemini

import (
	"cmp"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// content reads what one side said.
func (r *reader) content(v gjson.Result) (item form.Item) {
	switch role := v.Get("role").Str; role {
	case "model":
		item.Role = form.Assistant
	case "user":
	case "":
		item.Rest.Add("role", nil, form.Silent)
	case "function":
		item.Rest.Add("role", raw(v.Get("role")), form.Silent)
	default:
		r.Blame("contents.role", "the role of contents must be user or model")
	}
	item.Blocks = []form.Block{}
	r.Each("contents.parts", v.Get("parts"), func(part gjson.Result) {
		b := r.part(part)
		// What the form has no place for comes back with the part.
		b.Rest.Add("part", raw(part), form.Silent)
		item.Blocks = append(item.Blocks, b)
	})
	return item
}

// part reads a part of a client's request.
func (r *reader) part(v gjson.Result) form.Block {
	if call := Either(v, "functionCall", "function_call"); call.IsObject() {
		tool := r.Text("contents.parts.functionCall.name", call.Get("name"))
		id := r.calls.call(tool, call.Get("id").Str)
		return form.Block{Kind: form.ToolCall, Call: &form.Call{ID: id, Name: tool, Input: cmp.Or(call.Get("args").Raw, "{}")}, Opaque: signature(Either(v, "thoughtSignature", "thought_signature").Str, "", true)}
	}
	if result := Either(v, "functionResponse", "function_response"); result.IsObject() {
		tool := r.Text("contents.parts.functionResponse.name", result.Get("name"))
		b := form.Block{Kind: form.ToolResult, Result: outcome(r.calls.result(tool, result.Get("id").Str), result.Get("response"))}
		r.Each("contents.parts.functionResponse.parts", result.Get("parts"), func(part gjson.Result) {
			if file, ok := readPart(part, "", true); ok && file.Media != nil {
				b.Result.Blocks = append(b.Result.Blocks, file)
			}
		})
		return b
	}
	b, ok := readPart(v, "", true)
	if !ok {
		kind := "empty"
		v.ForEach(func(key, _ gjson.Result) bool {
			kind = key.Str
			return false
		})
		return form.Block{Kind: form.ForeignBlock, Foreign: &form.Member{Name: "contents.parts." + kind, Raw: raw(v), Class: form.Must}}
	}
	return b
}

// outcome is what a function gave.
func outcome(id string, v gjson.Result) *form.Result {
	r := &form.Result{CallID: id}
	text := v.Raw
	for _, key := range []string{"output", "result", "error"} {
		if only := v.Get(key); only.Exists() && len(v.Map()) == 1 {
			r.Failed = key == "error"
			text = only.Raw
			if only.Type == gjson.String {
				text = only.Str
			}
			break
		}
	}
	r.Blocks = []form.Block{{Text: text}}
	return r
}

// OnlySigned reports whether a part that is no call holds nothing beside its signature.
func OnlySigned(part gjson.Result) bool {
	b, ok := readPart(part, "", false)
	return !ok || b.Media == nil && b.Text == ""
}

// readPart reads a part that is no call; false: it is one that the form has no place for.
func readPart(v gjson.Result, origin form.Origin, carried bool) (b form.Block, ok bool) {
	b.Opaque = signature(Either(v, "thoughtSignature", "thought_signature").Str, origin, carried)
	switch text, data, file := v.Get("text"), Either(v, "inlineData", "inline_data"), Either(v, "fileData", "file_data"); {
	case text.Type == gjson.String:
		b.Text = text.Str
		if v.Get("thought").Bool() {
			b.Kind = form.Thought
		}
	case data.IsObject():
		mime := Either(data, "mimeType", "mime_type").Str
		if strings.HasPrefix(mime, "video/") {
			return b, false
		}
		b.Kind, b.Media = kindOf(mime), &form.Media{Type: mime, Data: data.Get("data").Str, Name: Either(data, "displayName", "display_name").Str}
	case file.IsObject():
		mime := Either(file, "mimeType", "mime_type").Str
		if strings.HasPrefix(mime, "video/") {
			return b, false
		}
		b.Kind, b.Media = kindOf(mime), &form.Media{Type: mime}
		if uri := Either(file, "fileUri", "file_uri").Str; strings.Contains(uri, "generativelanguage.googleapis.com") || strings.HasPrefix(uri, "gs://") {
			b.Media.FileID = uri // that only Google can read
		} else {
			b.Media.URL = uri
		}
	case b.Opaque != nil:
		b.Kind = form.Thought
	default:
		return b, false
	}
	return b, true
}

func kindOf(mime string) form.Kind {
	switch {
	case strings.HasPrefix(mime, "image/"):
		return form.Image
	case strings.HasPrefix(mime, "audio/"):
		return form.Audio
	}
	return form.Document
}
