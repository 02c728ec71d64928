package chat

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// content writes the content of a message: a text where all of it is text, for there are providers
// that take nothing else, or a list of parts.
func (w *writer) content(blocks []form.Block, rest form.Rest) {
	asList := w.own && rest.Has(markContent)
	switch {
	case asList && string(rest.Get(markContent)) != "[]":
		return // there was none
	case w.own && len(blocks) == 0 && !asList:
		w.Null("content")
		return
	case w.own && !asList && len(blocks) == 1:
		w.Str("content", blocks[0].Text)
		return
	case !w.own && !hasMedia(blocks):
		w.Str("content", joined(blocks))
		return
	}
	w.Begin("content", '[')
	for i := range blocks {
		w.part(&blocks[i])
	}
	w.End(']')
}

// readable turns documents that are text into texts, which every model reads, and notes what texts
// have beside them.
func (w *writer) readable(blocks []form.Block) []form.Block {
	changed := false
	for i := range blocks {
		b := &blocks[i]
		if b.Citations != nil {
			w.losses.Drop("citations")
		}
		if b.Kind != form.Document || textOf(b.Media) == "" {
			continue
		}
		if !changed {
			blocks, changed = slices.Clone(blocks), true
			w.losses.Approximate("messages.content.document")
		}
		m := b.Media
		title := m.Title
		if title == "" {
			title = m.Name
		}
		blocks[i] = form.Block{Text: strings.TrimSpace(title + "\n\n" + textOf(m))}
	}
	return blocks
}

// textOf is the text of a document; empty: it is none.
func textOf(m *form.Media) string {
	if m.Text != "" || !strings.HasPrefix(m.Type, "text/") || m.Data == "" {
		return m.Text
	}
	decoded, err := base64.StdEncoding.DecodeString(m.Data)
	if err != nil {
		return ""
	}
	return string(decoded)
}

// part writes one part.
func (w *writer) part(b *form.Block) {
	if b.Kind == form.ForeignBlock {
		if w.own {
			w.Raw("", b.Foreign.Raw)
		}
		return
	}
	if !w.own && (b.Kind == form.Text || b.Kind == form.Refusal) && b.Text == "" {
		return
	}
	w.Begin("", '{')
	switch b.Kind {
	case form.Refusal:
		if w.own {
			w.Str("type", "refusal")
			w.Str("refusal", b.Text)
			break
		}
		fallthrough
	case form.Text:
		w.Str("type", "text")
		w.Str("text", b.Text)
	case form.Image:
		w.image(b)
	case form.Audio:
		w.audio(b.Media)
	case form.Document:
		w.document(b.Media)
	case form.Thought, form.ToolCall, form.ToolResult, form.ForeignBlock:
	}
	if w.own {
		w.rest("", b.Rest)
	}
	w.End('}')
}

func (w *writer) image(b *form.Block) {
	m := b.Media
	switch {
	case w.own && b.Rest.Has("image_url"):
		w.Str("type", "image_url")
		return
	case w.own && b.Rest.Has("file"):
		w.Str("type", "file")
		return
	case m.FileID != "":
		w.refuse("messages.content.image", "the image is a file that another provider keeps")
	}
	w.Str("type", "image_url")
	w.Begin("image_url", '{')
	w.Str("url", url(m, "image/png"))
	w.text("detail", m.Detail)
	w.End('}')
}

// url is where media are, or an URL that holds them.
func url(m *form.Media, otherwise string) string {
	if m.Data == "" {
		return m.URL
	}
	typ := m.Type
	if typ == "" {
		typ = otherwise
	}
	return "data:" + typ + ";base64," + m.Data
}

func (w *writer) audio(m *form.Media) {
	if m.Data == "" {
		w.refuse("messages.content.audio", "the provider's API takes audio as data alone")
	}
	typ := strings.TrimPrefix(m.Type, "audio/")
	switch typ {
	case "mpeg":
		typ = "mp3"
	case "x-wav", "wave":
		typ = "wav"
	}
	w.Str("type", "input_audio")
	w.Begin("input_audio", '{')
	w.Str("data", m.Data)
	w.Str("format", typ)
	w.End('}')
}

// document writes a file.
func (w *writer) document(m *form.Media) {
	if !w.own {
		switch {
		case m.URL != "":
			w.refuse("messages.content.document", "the provider's API takes documents as data alone, not by URL")
		case m.FileID != "":
			w.refuse("messages.content.document", "the document is a file that another provider keeps")
		}
	}
	w.Str("type", "file")
	w.Begin("file", '{')
	w.text("file_id", m.FileID)
	switch {
	case m.Data != "" && m.Type == "" && w.own:
		w.Str("file_data", m.Data)
	case m.Data != "" || m.URL != "":
		w.Str("file_data", url(m, "application/pdf"))
	}
	name := m.Name
	if name == "" && !w.own {
		if name = m.Title; name == "" {
			name = "document.pdf"
		}
	}
	w.text("filename", name)
	w.End('}')
}
