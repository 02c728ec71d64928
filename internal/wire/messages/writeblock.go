package messages

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/compose"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// block writes one block of a request's content.
func (w *writer) block(b *form.Block) {
	switch {
	case w.own && b.Kind == form.ForeignBlock:
		w.Raw("", b.Foreign.Raw)
		return
	case w.own && b.Rest.Has("search_result"):
		w.Raw("", b.Rest.Get("search_result"))
		return
	case w.own && b.Rest.Has("mid_conv_system"):
		w.Raw("", b.Rest.Get("mid_conv_system"))
		return
	case b.Kind == form.Thought:
		writeThought(&w.Doc, b)
		return
	}
	w.Begin("", '{')
	switch b.Kind {
	case form.Image:
		w.Str("type", "image")
		w.image(b)
	case form.Document:
		w.Str("type", "document")
		w.document(b)
	case form.ToolCall:
		w.Str("type", "tool_use")
		w.use(b.Call)
	case form.ToolResult:
		w.Str("type", "tool_result")
		w.result(b)
	case form.Text, form.Refusal, form.Audio, form.Thought, form.ForeignBlock:
		w.Str("type", "text")
		w.Str("text", b.Text)
		writeCitations(&w.Doc, b.Citations)
	}
	switch cache := b.Rest.Get(shared); {
	case w.own:
		w.rest(b.Rest)
	case cache != nil:
		w.Raw(shared, cache)
	}
	w.End('}')
}

// isThought reports whether what a client carried is a block of thinking and no other.
func isThought(block string) bool {
	typ := gjson.Get(block, "type").Str
	return (typ == "thinking" || typ == "redacted_thinking") && scan.IsObject(block)
}

// writeThought writes a block of thinking: as its origin made it, or with what another carries in it.
func writeThought(d *compose.Doc, b *form.Block) {
	o := b.Opaque
	if o != nil && o.Kind == dialect && isThought(o.Raw) {
		d.Raw("", json.RawMessage(o.Raw))
		return
	}
	sealed := ""
	if o != nil {
		sealed = o.Carry()
	}
	d.Begin("", '{')
	if b.Rest.Has("redacted_thinking") {
		d.Str("type", "redacted_thinking")
		d.Str("data", sealed)
	} else {
		d.Str("type", "thinking")
		d.Str("thinking", b.Text)
		d.Str("signature", sealed)
	}
	d.End('}')
}

func writeCitations(d *compose.Doc, citations []form.Citation) {
	if len(citations) == 0 {
		return
	}
	d.Begin("citations", '[')
	for i := range citations {
		d.Raw("", citations[i].Raw)
	}
	d.End(']')
}

func (w *writer) image(b *form.Block) {
	m := b.Media
	if !w.own && m.FileID != "" {
		w.refuse("messages.content.image", "the image is a file that another provider keeps")
	}
	typ := m.Type
	if !w.own {
		switch {
		case typ == "image/jpg":
			typ = "image/jpeg"
		case typ == "" || typ == "application/octet-stream":
			typ = sniff(m.Data)
		}
	}
	w.source(m, typ)
}

// sniff tells the type of an image by how it begins.
func sniff(data string) string {
	for begins, typ := range map[string]string{"/9j/": "image/jpeg", "R0lGOD": "image/gif", "UklGR": "image/webp"} {
		if strings.HasPrefix(data, begins) {
			return typ
		}
	}
	return "image/png"
}

func (w *writer) source(m *form.Media, typ string) {
	w.Begin("source", '{')
	switch {
	case m.FileID != "":
		w.Str("type", "file")
		w.Str("file_id", m.FileID)
	case m.URL != "":
		w.Str("type", "url")
		w.Str("url", m.URL)
	case m.Text != "":
		w.Str("type", "text")
		w.Str("media_type", "text/plain")
		w.Str("data", m.Text)
	default:
		w.Str("type", "base64")
		w.Str("media_type", typ)
		w.Str("data", m.Data)
	}
	w.End('}')
}

// beginsPDF is how a PDF begins in base64.
const beginsPDF = "JVBERi"

func (w *writer) document(b *form.Block) {
	m := *b.Media
	if w.own {
		if !b.Rest.Has("source") {
			w.source(&m, m.Type)
		}
		if m.Title != "" {
			w.Str("title", m.Title)
		}
		return
	}
	switch {
	case m.FileID != "":
		w.refuse("messages.content.document", "the document is a file that another provider keeps")
	case m.Text != "" || m.URL != "":
	case m.Type == "application/pdf" || strings.HasPrefix(m.Data, beginsPDF):
		m.Type = "application/pdf"
	default:
		text, err := base64.StdEncoding.DecodeString(m.Data)
		if err != nil || !strings.HasPrefix(m.Type, "text/") && m.Type != "application/json" {
			w.refuse("messages.content.document", "the provider's API takes PDF and text alone")
		}
		m.Text = string(text)
	}
	w.source(&m, m.Type)
	if m.Title == "" {
		m.Title = m.Name
	}
	if m.Title != "" {
		w.Str("title", m.Title)
	}
}

func (w *writer) use(c *form.Call) {
	if w.own {
		w.Str("id", c.ID)
		w.Str("name", c.Name)
		w.Raw("input", json.RawMessage(c.Input))
		return
	}
	input := c.Input
	switch {
	case c.Custom:
		input = form.WrapInput(input)
	case !scan.IsObject(input): // a model's mistake, told back to it
		w.losses.Approximate("tool_calls.arguments")
		input = form.WrapInput(input)
	}
	w.Str("id", form.Fit(c.ID, longestID))
	w.Str("name", w.r.FlatOf(c.Namespace, c.Name))
	w.Raw("input", json.RawMessage(input))
}

func (w *writer) result(b *form.Block) {
	r := b.Result
	id := r.CallID
	if !w.own {
		id = form.Fit(id, longestID)
	}
	w.Str("tool_use_id", id)
	switch {
	case w.own && b.Rest.Has(markText):
		if b.Rest.Get(markText) == nil {
			w.Str("content", r.Blocks[0].Text)
		}
	case w.own:
		w.list("content", r.Blocks)
	case len(r.Blocks) == 1 && r.Blocks[0].Kind == form.Text && len(r.Blocks[0].Rest) == 0:
		w.Str("content", r.Blocks[0].Text)
	case len(r.Blocks) > 0:
		w.list("content", r.Blocks)
	}
	if r.Failed {
		w.Bool("is_error", true)
	}
}
