package responses

import (
	"strings"

	"github.com/trunkline-ai/trunkline/internal/wire/compose"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// longestID bounds the ids of calls.
const longestID = 64

// item writes an item. One of another dialect may be several here: a message, and beside it calls, their results
// and reasoning.
func (w *requestWriter) item(item *form.Item) error {
	if item.Name != "" {
		w.losses.Drop("name")
	}
	if len(item.Blocks) == 0 && w.own {
		return w.message(item, nil)
	}
	for from := 0; from < len(item.Blocks); {
		b := &item.Blocks[from]
		n := 1
		if w.own && b.Foreign != nil && b.Kind != form.ForeignBlock {
			w.Raw("", b.Foreign.Raw)
			from++
			continue
		}
		switch b.Kind {
		case form.ToolCall:
			w.call(b, item.Rest)
		case form.ToolResult:
			if err := w.result(b, item.Rest); err != nil {
				return err
			}
		case form.Thought:
			w.thought(b, item.Rest)
		case form.ForeignBlock:
			if isPart(b) && w.own {
				n = parts(item.Blocks[from:], w.own)
				if err := w.message(item, item.Blocks[from:from+n]); err != nil {
					return err
				}
			} else if w.own {
				w.Raw("", b.Foreign.Raw)
			}
		default:
			n = parts(item.Blocks[from:], w.own)
			if err := w.message(item, item.Blocks[from:from+n]); err != nil {
				return err
			}
		}
		from += n
	}
	return nil
}

// isPart tells a part of a message that only this dialect knows from such an item.
func isPart(b *form.Block) bool { return strings.HasPrefix(b.Foreign.Name, foreignPart) }

// parts is how many of the blocks are of one message.
func parts(blocks []form.Block, own bool) int {
	for i := range blocks {
		switch blocks[i].Kind {
		case form.ToolCall, form.ToolResult, form.Thought:
			return i
		case form.ForeignBlock:
			if !own {
				return i
			}
		default:
		}
	}
	return len(blocks)
}

var roleNames = [...]string{form.User: "user", form.Assistant: "assistant", form.System: "system", form.Developer: "developer"}

func (w *requestWriter) message(item *form.Item, blocks []form.Block) error {
	said := item.Role == form.Assistant
	w.Begin("", '{')
	if !w.keeps(item.Rest, "type") {
		w.Str("type", typeMessage)
	}
	w.Str("role", roleNames[item.Role])
	switch {
	case w.keeps(item.Rest, "content"):
	case !w.own && said && len(blocks) == 1 && blocks[0].Kind == form.Text: // a message of the model's own has an id otherwise
		w.Str("content", blocks[0].Text)
	default:
		w.Begin("content", '[')
		if err := w.parts(blocks, said); err != nil {
			return err
		}
		w.End(']')
	}
	w.rest(item.Rest)
	w.End('}')
	return nil
}

func (w *requestWriter) parts(blocks []form.Block, said bool) error {
	for i := range blocks {
		b := &blocks[i]
		if b.Kind == form.ForeignBlock {
			if w.own {
				w.Raw("", b.Foreign.Raw)
			}
			continue
		}
		if said && b.Media != nil && !w.own {
			w.losses.Drop("content." + mediaNames[b.Kind])
			continue
		}
		if b.Media != nil && b.Media.FileID != "" && !w.own {
			return &form.Refused{Param: "file_id", Why: "the file is kept by another provider"}
		}
		w.Begin("", '{')
		w.part(b, said)
		w.rest(b.Rest)
		w.End('}')
	}
	return nil
}

var mediaNames = map[form.Kind]string{form.Image: "image", form.Document: "document", form.Audio: "audio"}

func (w *requestWriter) part(b *form.Block, said bool) {
	typ := "input_file"
	switch b.Kind {
	case form.Refusal:
		w.Str("type", typeRefusal)
		w.Str("refusal", b.Text)
		return
	case form.Image:
		typ = "input_image"
	case form.Audio:
		w.Str("type", "input_audio")
		writeAudio(&w.Doc, b.Media)
		return
	case form.Document:
		if b.Media.Text == "" {
			break
		}
		w.losses.Approximate("content.document")
		w.Str("type", textType(said))
		w.Str("text", titled(b.Media))
		return
	default:
		if !w.keeps(b.Rest, "type") {
			w.Str("type", textType(said))
		}
		w.Str("text", b.Text)
		if said && !w.own {
			w.Begin("annotations", '[')
			w.End(']')
		}
		return
	}
	w.Str("type", typ)
	w.media(b)
}

// titled is a text document as a text.
func titled(m *form.Media) string {
	title := m.Title
	if title == "" {
		title = m.Name
	}
	if title == "" {
		return m.Text
	}
	return title + between + m.Text
}

func writeAudio(d *compose.Doc, m *form.Media) {
	format := m.Type[min(len(m.Type), len("audio/")):]
	if format == "mpeg" {
		format = "mp3"
	}
	d.Begin("input_audio", '{')
	d.Str("data", m.Data)
	d.Str("format", format)
	d.End('}')
}

// media writes an image or a file.
func (w *requestWriter) media(b *form.Block) {
	m := b.Media
	url, data, file := "file_url", "file_data", m.Name
	mime := m.Type
	if b.Kind == form.Image {
		url, data = "image_url", "image_url"
		if mime == "" {
			mime = "image/png"
		}
	}
	switch {
	case m.FileID != "":
		w.Str("file_id", m.FileID)
	case m.URL != "":
		w.Str(url, m.URL)
	case w.keeps(b.Rest, data):
	case m.Data != "":
		w.Str(data, "data:"+mime+";base64,"+m.Data)
		if b.Kind == form.Document && file == "" && !w.own {
			if file = m.Title; file == "" {
				file = "document.pdf" // a file of which the data is given must have a name
			}
		}
	}
	if file != "" {
		w.Str("filename", file)
	}
	if m.Detail != "" {
		w.Str("detail", m.Detail)
	}
}

func (w *requestWriter) call(b *form.Block, rest form.Rest) {
	c := b.Call
	if b.Opaque != nil && !w.own {
		w.losses.Drop("signature")
	}
	typ, input := typeFunctionCall, "arguments"
	if c.Custom {
		typ, input = typeCustomCall, "input"
	}
	w.Begin("", '{')
	w.Str("type", typ)
	w.Str("call_id", w.id(c.ID))
	if w.own {
		if c.Namespace != "" {
			w.Str("namespace", c.Namespace)
		}
		w.Str("name", c.Name)
	} else {
		w.Str("name", w.q.FlatOf(c.Namespace, c.Name))
	}
	if !w.keeps(rest, input) {
		w.Str(input, c.Input)
	}
	w.rest(rest)
	w.End('}')
}

// id is the id of a call, as this API takes it.
func (w *requestWriter) id(id string) string {
	if w.own {
		return id
	}
	return form.Fit(id, longestID)
}

func (w *requestWriter) result(b *form.Block, rest form.Rest) error {
	r := b.Result
	typ := typeFunctionOut
	if r.Custom {
		typ = typeCustomOut
	}
	if r.Failed {
		w.losses.Drop("is_error")
	}
	w.Begin("", '{')
	w.Str("type", typ)
	w.Str("call_id", w.id(r.CallID))
	switch {
	case w.keeps(rest, "output"):
	case !w.own && len(r.Blocks) == 0:
		w.Str("output", "")
	case !w.own && len(r.Blocks) == 1 && r.Blocks[0].Kind == form.Text:
		w.Str("output", r.Blocks[0].Text)
	default:
		w.Begin("output", '[')
		if err := w.parts(r.Blocks, false); err != nil {
			return err
		}
		w.End(']')
	}
	w.rest(rest)
	w.End('}')
	return nil
}

// thought writes what was reasoned. Of another dialect only what this provider itself sealed is written.
func (w *requestWriter) thought(b *form.Block, rest form.Rest) {
	if !w.own {
		if b.Opaque == nil {
			w.losses.Drop("thinking")
			return
		}
		if b.Opaque.For(w.to.Origin, name, "thinking", w.losses) == nil {
			return
		}
	}
	w.Begin("", '{')
	w.Str("type", typeReasoning)
	if !w.own {
		w.Begin("summary", '[')
		if b.Text != "" {
			writeText(&w.Doc, typeSummary, b.Text)
		}
		w.End(']')
		w.Str("encrypted_content", b.Opaque.Raw)
	}
	w.rest(rest)
	w.End('}')
}

func writeText(d *compose.Doc, typ, text string) {
	d.Begin("", '{')
	d.Str("type", typ)
	d.Str("text", text)
	d.End('}')
}
