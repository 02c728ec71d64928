package gemini

import (
	"encoding/json"
	"strings"

	"github.com/trunkline-ai/trunkline/internal/wire/compose"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// parts writes what one side said at once.
func (w *requestWriter) parts(blocks []form.Block) error {
	signed := "" // by reasoning before a call, where a client's dialect has no signatures of calls
	called := false
	for i := range blocks {
		b := &blocks[i]
		switch b.Kind {
		case form.Text, form.Refusal:
			w.text(b.Text)
		case form.Thought:
			if s := w.thought(b); s != "" {
				signed = s
			}
		case form.ToolCall:
			w.call(b, signed, called)
			called, signed = true, ""
		case form.ToolResult:
			if err := w.result(b.Result); err != nil {
				return err
			}
		case form.Image, form.Document, form.Audio:
			if err := w.media(b.Media); err != nil {
				return err
			}
		case form.ForeignBlock: // it was noted
		}
	}
	return nil
}

func (w *requestWriter) text(text string) {
	if text == "" {
		return // this API refuses parts that say nothing
	}
	w.Begin("", '{')
	w.Str("text", text)
	w.End('}')
}

// thought writes what was thought, if this very account thought it; or gives the signature that belongs to the
// next call.
func (w *requestWriter) thought(b *form.Block) (signed string) {
	if b.Opaque == nil {
		if b.Text != "" {
			w.losses.Drop("thinking")
		}
		return ""
	}
	own := b.Opaque.For(w.to.Origin, name, "thinking", w.losses)
	switch {
	case own == nil:
		return ""
	case b.Text == "":
		return own.Raw
	}
	w.Begin("", '{')
	w.Str("text", b.Text)
	w.Bool("thought", true)
	w.Str("thoughtSignature", own.Raw)
	w.End('}')
	return ""
}

// call writes a call. The first of a turn must be signed; others need not be.
func (w *requestWriter) call(b *form.Block, signed string, others bool) {
	c := b.Call
	flat, input := w.q.FlatOf(c.Namespace, c.Name), c.Input
	w.names[c.ID] = flat
	if c.Custom {
		input = form.WrapInput(c.Input)
	}
	args, ok := object(input)
	if !ok {
		args = json.RawMessage(form.WrapInput(input))
	}
	if own := b.Opaque.For(w.to.Origin, name, "signature", w.losses); own != nil {
		signed = own.Raw
	}
	if signed == "" && !others {
		signed = SkipSignature
	}
	w.Begin("", '{')
	w.Begin("functionCall", '{')
	w.Str("name", flat)
	w.Raw("args", args)
	w.End('}')
	if signed != "" {
		w.Str("thoughtSignature", signed)
	}
	w.End('}')
}

// result writes what a call gave: texts as the response, images and files as parts behind it.
func (w *requestWriter) result(r *form.Result) error {
	var texts []string
	for i := range r.Blocks {
		if r.Blocks[i].Media == nil {
			texts = append(texts, r.Blocks[i].Text)
		}
	}
	text := strings.Join(texts, "\n")
	flat, known := w.names[r.CallID]
	if !known {
		flat = form.Fit(r.CallID, 64) // a result without its call
	}
	w.Begin("", '{')
	w.Begin("functionResponse", '{')
	w.Str("name", flat)
	response, ok := object(text)
	if !ok || r.Failed {
		var d compose.Doc
		d.Begin("", '{')
		key := "output"
		if r.Failed {
			key = "error"
		}
		d.Str(key, text)
		d.End('}')
		response = json.RawMessage(d)
	}
	w.Raw("response", response)
	w.End('}')
	w.End('}')
	for i := range r.Blocks {
		if m := r.Blocks[i].Media; m != nil {
			if err := w.media(m); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *requestWriter) media(m *form.Media) error {
	switch {
	case m.FileID != "":
		return &form.Refused{Param: "file_id", Why: "the file is kept by another provider"}
	case m.Text != "":
		w.losses.Approximate("content.document")
		if m.Title != "" {
			w.text(m.Title)
		}
		w.text(m.Text)
		return nil
	}
	w.Begin("", '{')
	writeMedia(&w.Doc, m)
	w.End('}')
	return nil
}

// writeMedia writes an image, a file or audio.
func writeMedia(d *compose.Doc, m *form.Media) {
	mime := m.Type
	if mime == "" {
		mime = guess(m)
	}
	uri := m.URL + m.FileID
	if uri != "" {
		d.Begin("fileData", '{')
		d.Str("mimeType", mime)
		d.Str("fileUri", uri)
	} else {
		d.Begin("inlineData", '{')
		d.Str("mimeType", mime)
		d.Str("data", m.Data)
	}
	d.End('}')
}

// guess is the type of a file by its name: this API must be told one.
func guess(m *form.Media) string {
	url, _, _ := strings.Cut(m.URL, "?")
	for ending, mime := range map[string]string{".png": "image/png", ".webp": "image/webp", ".gif": "image/gif", ".pdf": "application/pdf", ".mp3": "audio/mpeg", ".wav": "audio/wav"} {
		if strings.HasSuffix(strings.ToLower(url+m.Name), ending) {
			return mime
		}
	}
	return "image/jpeg"
}
