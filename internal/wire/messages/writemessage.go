package messages

import (
	"slices"
	"strings"

	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// conversation makes the messages of another dialect's items: those of the user and of the model take
// turns, the first is the user's, and none is empty.
func (w *writer) conversation(items []form.Item) []form.Item {
	turns := make([]form.Item, 0, len(items)+1)
	for i := range items {
		item := form.Item{Role: items[i].Role}
		switch item.Role {
		case form.System, form.Developer: // instructions amid the conversation
			w.losses.Approximate("messages.role")
			item.Role = form.User
			if text := textOf(items[i].Blocks); text != "" {
				item.Blocks = []form.Block{{Text: "<system>\n" + text + "\n</system>"}}
			}
		case form.User:
			item.Blocks = w.asked(items[i].Blocks)
		case form.Assistant:
			item.Blocks = w.answered(items[i].Blocks)
		}
		if items[i].Name != "" {
			w.losses.Drop("messages.name")
		}
		if len(item.Blocks) > 0 {
			turns = append(turns, item)
		}
	}
	turns = form.Merge(turns, form.User, form.Assistant)
	if len(turns) > 0 && turns[0].Role == form.Assistant {
		w.losses.Approximate("messages.role")
		turns = slices.Insert(turns, 0, form.Item{Blocks: []form.Block{{Text: "(The conversation begins with the answer.)"}}})
	}
	for i := range turns { // results have to stand first
		order := func(a, b form.Block) int { return rank(turns[i].Role, &a) - rank(turns[i].Role, &b) }
		if !slices.IsSortedFunc(turns[i].Blocks, order) {
			turns[i].Blocks = slices.Clone(turns[i].Blocks)
			slices.SortStableFunc(turns[i].Blocks, order)
		}
	}
	if n := len(turns); n > 0 && turns[n-1].Role == form.Assistant {
		w.prefill(&turns[n-1])
	}
	return turns
}

func rank(role form.Role, b *form.Block) int {
	if role == form.User && b.Kind != form.ToolResult {
		return 1
	}
	return 0
}

// prefill is the beginning of the answer: it must not end in white space.
func (w *writer) prefill(item *form.Item) {
	n := len(item.Blocks) - 1
	last := &item.Blocks[n]
	if trimmed := strings.TrimRight(last.Text, " \t\r\n"); last.Kind == form.Text && trimmed != last.Text {
		w.losses.Approximate("messages.prefill")
		item.Blocks = slices.Clone(item.Blocks)
		item.Blocks[n].Text = trimmed
	}
}

func textOf(blocks []form.Block) string {
	var texts []string
	for i := range blocks {
		if blocks[i].Text != "" {
			texts = append(texts, blocks[i].Text)
		}
	}
	return strings.Join(texts, "\n\n")
}

// asked are the blocks of a user that the API takes: texts that are not blank, and what is no text.
func (w *writer) asked(blocks []form.Block) []form.Block { return form.Choose(blocks, w.askedOne) }

func (w *writer) askedOne(b *form.Block) *form.Block {
	switch b.Kind {
	case form.Text, form.Refusal:
		return spoken(b)
	case form.Audio:
		w.refuse("messages.content.audio", "")
	case form.Image, form.Document:
		if d := b.Media.Detail; d != "" && d != "auto" {
			w.losses.Drop("messages.content.image_url.detail")
		}
	case form.ToolResult:
		result, taken := *b.Result, *b
		result.Blocks, taken.Result = w.asked(result.Blocks), &result
		return &taken
	case form.Thought, form.ToolCall, form.ForeignBlock:
		return nil
	}
	return b
}

// spoken is a text that is not blank; nil: it is.
func spoken(b *form.Block) *form.Block {
	switch {
	case strings.TrimSpace(b.Text) == "":
		return nil
	case b.Kind == form.Text:
		return b
	}
	text := *b
	text.Kind = form.Text
	return &text
}

// answered are the blocks of the model that the API takes. Of thoughts those alone that this target made.
func (w *writer) answered(blocks []form.Block) []form.Block {
	return form.Choose(blocks, w.answeredOne)
}

func (w *writer) answeredOne(b *form.Block) *form.Block {
	switch b.Kind {
	case form.Text, form.Refusal:
		if b.Citations != nil && strings.TrimSpace(b.Text) != "" {
			w.losses.Drop("citations")
			text := *b
			text.Citations = nil
			return spoken(&text)
		}
		return spoken(b)
	case form.Thought:
		if b.Opaque == nil && b.Text != "" {
			w.losses.Drop("messages.thinking")
		}
		switch own := b.Opaque.For(w.to.Origin, dialect, "messages.thinking", w.losses); {
		case own == nil:
			return nil
		case !isThought(own.Raw): // the client made it up
			w.losses.Drop("messages.thinking")
			return nil
		}
	case form.ToolCall:
		b.Opaque.For(w.to.Origin, dialect, "tool_calls.signature", w.losses)
	case form.Image, form.Document, form.Audio:
		w.losses.Drop("messages.content.media")
		return nil
	case form.ToolResult, form.ForeignBlock:
		return nil
	}
	return b
}

// item writes one message.
func (w *writer) item(item *form.Item) {
	w.Begin("", '{')
	role := "user"
	switch item.Role {
	case form.Assistant:
		role = "assistant"
	case form.System, form.Developer:
		role = "system"
	case form.User:
	}
	w.Str("role", role)
	if b := item.Blocks; item.Rest.Has(markText) && w.own || !w.own && len(b) == 1 && b[0].Kind == form.Text && !b[0].Rest.Has(shared) {
		w.Str("content", b[0].Text)
	} else {
		w.list("content", b)
	}
	if w.own {
		w.rest(item.Rest)
	}
	w.End('}')
}

func (w *writer) list(key string, blocks []form.Block) {
	w.Begin(key, '[')
	for i := range blocks {
		w.block(&blocks[i])
	}
	w.End(']')
}
