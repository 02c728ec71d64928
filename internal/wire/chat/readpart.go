package chat

import (
	"encoding/json"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/expect"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// part reads one part of a message's content.
func (r *reader) part(v gjson.Result) form.Block {
	typ := r.Text("messages.content.type", expect.Get(v, "type"))
	inner := expect.Get(v, typ)
	var b form.Block
	switch typ {
	case "text":
		b.Text = r.Text("messages.content.text", inner)
	case "refusal":
		b.Kind, b.Text = form.Refusal, r.Text("messages.content.refusal", inner)
	case "image_url":
		b.Kind, b.Media = form.Image, r.image(inner)
	case "input_audio":
		b.Kind, b.Media = form.Audio, &form.Media{Type: "audio/" + expect.Get(inner, "format").Str, Data: expect.Get(inner, "data").Str}
	case "file":
		b = r.file(inner)
	default:
		return form.Block{Kind: form.ForeignBlock, Foreign: &form.Member{Name: "messages.content." + typ, Raw: json.RawMessage(v.Raw), Class: form.Must}}
	}
	expect.ForEach(v, func(key string, v gjson.Result) bool {
		switch {
		case key == "type" || key == typ && (typ != "image_url" || v.IsObject()):
		case key == typ: // an image whose URL is not in an object
			b.Rest.Add(key, json.RawMessage(v.Raw), form.Silent)
		case v.Type == gjson.Null:
			b.Rest.Add(key, json.RawMessage(v.Raw), form.Silent)
		default:
			b.Rest.Add(key, json.RawMessage(v.Raw), form.Lossy)
		}
		return true
	})
	return b
}

func (r *reader) image(v gjson.Result) *form.Media {
	if v.Type == gjson.String {
		return fromURL(v.Str)
	}
	m := fromURL(r.Text("messages.content.image_url.url", expect.Get(v, "url")))
	m.Detail = r.Text("messages.content.image_url.detail", expect.Get(v, "detail"))
	return m
}

func (r *reader) file(v gjson.Result) form.Block {
	m := &form.Media{FileID: r.Text("messages.content.file.file_id", expect.Get(v, "file_id"))}
	if data := r.Text("messages.content.file.file_data", expect.Get(v, "file_data")); strings.HasPrefix(data, "data:") {
		m = fromURL(data)
	} else if data != "" {
		m = &form.Media{Data: data}
	}
	m.Name = r.Text("messages.content.file.filename", expect.Get(v, "filename"))
	b := form.Block{Kind: form.Document, Media: m}
	if strings.HasPrefix(m.Type, "image/") {
		b.Kind = form.Image
		b.Rest.Add("file", json.RawMessage(v.Raw), form.Silent)
	}
	return b
}

// fromURL takes the data out of an URL that holds it.
func fromURL(url string) *form.Media {
	if rest, is := strings.CutPrefix(url, "data:"); is {
		if typ, data, is := strings.Cut(rest, ";base64,"); is {
			return &form.Media{Type: typ, Data: data}
		}
	}
	return &form.Media{URL: url}
}

// thoughts reads what a model thought: OpenRouter's details, in which we carry what is opaque, or plain
// text.
func thoughts(details gjson.Result, plain string) (blocks []form.Block) {
	whole := false // the last one is: a further text is another thought
	spoken := false
	var few [4]string
	pieces := few[:0] // of the last one
	join := func() {
		if n := len(blocks); n > 0 {
			blocks[n-1].Text = strings.Join(pieces, "")
		}
		pieces = pieces[:0]
	}
	add := func(text, opaque string) {
		spoken = spoken || text != ""
		if n := len(blocks); n == 0 || whole {
			join()
			blocks = append(blocks, form.Block{Kind: form.Thought})
		}
		b := &blocks[len(blocks)-1]
		pieces = append(pieces, text)
		whole = opaque != ""
		if !whole {
			return
		}
		if carried, ours := form.Carried(opaque); ours {
			b.Opaque = carried
		} else {
			b.Opaque = &form.Opaque{Kind: dialect, Raw: opaque}
		}
	}
	if details.IsArray() {
		expect.Elements(details, func(d gjson.Result) {
			switch expect.Get(d, "type").Str {
			case "reasoning.text":
				add(expect.Get(d, "text").Str, expect.Get(d, "signature").Str)
			case "reasoning.summary":
				add(expect.Get(d, "summary").Str, "")
			case "reasoning.encrypted":
				whole = true
				add("", expect.Get(d, "data").Str)
			}
		})
	}
	join()
	switch {
	case plain == "" || spoken:
	case len(blocks) == 0:
		blocks = []form.Block{{Kind: form.Thought, Text: plain}}
	default:
		blocks[0].Text = plain
	}
	return blocks
}
