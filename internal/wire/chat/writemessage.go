package chat

import (
	"cmp"
	"encoding/json"
	"strings"

	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// messages writes the conversation.
func (w *writer) messages() {
	w.Begin("messages", '[')
	if w.own {
		for i := range w.r.Items {
			w.ownItem(&w.r.Items[i])
		}
		w.End(']')
		return
	}
	lead, items := w.r.Lead()
	if text := joined(lead); text != "" {
		w.message("system", "", lead)
	}
	items = form.Merge(items, form.Assistant)
	if len(lead) == 0 && len(items) == 0 {
		w.refuse("messages", "there is nothing in them that the provider's API takes")
	}
	for i := range items {
		item := &items[i]
		switch item.Role {
		case form.System, form.Developer:
			w.message("system", item.Name, item.Blocks)
		case form.Assistant:
			w.answered(item, false)
		case form.User:
			w.asked(item)
		}
	}
	if n := len(items); n > 0 && items[n-1].Role == form.Assistant {
		w.losses.Approximate("messages.prefill") // this API starts a new answer
	}
	w.End(']')
}

// ownItem writes an item as it was read.
func (w *writer) ownItem(item *form.Item) {
	switch {
	case item.Role == form.System:
		w.message("system", item.Name, item.Blocks, item.Rest...)
	case item.Role == form.Developer:
		w.message("developer", item.Name, item.Blocks, item.Rest...)
	case item.Role == form.Assistant:
		w.answered(item, true)
	case len(item.Blocks) == 1 && item.Blocks[0].Kind == form.ToolResult:
		w.result(item.Blocks[0].Result, item)
	default:
		w.message("user", item.Name, item.Blocks, item.Rest...)
	}
}

// message writes what is made of texts and media.
func (w *writer) message(role, name string, blocks []form.Block, rest ...form.Member) {
	if !w.own {
		blocks = w.readable(blocks)
	}
	w.Begin("", '{')
	w.Str("role", role)
	w.text("name", name)
	w.content(blocks, rest)
	if w.own {
		w.rest("", rest)
	}
	w.End('}')
}

// asked writes an item of the client's: results of tools first, which have to stand behind their calls.
func (w *writer) asked(item *form.Item) {
	var others []form.Block
	for i := range item.Blocks {
		b := &item.Blocks[i]
		if b.Kind != form.ToolResult {
			others = append(others, *b)
			continue
		}
		w.result(b.Result, nil)
	}
	var seen []form.Block // what no result can hold
	for i := range item.Blocks {
		if r := item.Blocks[i].Result; r != nil {
			for _, inner := range w.readable(r.Blocks) {
				if inner.Media != nil {
					seen = append(seen, form.Block{Text: "Of the result of " + w.id(r.CallID) + ":"}, inner)
				}
			}
		}
	}
	if len(seen) > 0 {
		w.losses.Approximate("tool_result.content")
		others = append(seen, others...)
	}
	if len(others) > 0 {
		w.message("user", item.Name, others)
	}
}

// result writes what a tool gave.
func (w *writer) result(r *form.Result, item *form.Item) {
	w.Begin("", '{')
	if item != nil {
		if name := item.Rest.Get(markFunction); name != nil {
			w.Str("role", "function")
			w.Raw("name", name)
		} else {
			w.Str("role", "tool")
			w.Str("tool_call_id", r.CallID)
		}
		w.text("name", item.Name)
		w.content(r.Blocks, item.Rest)
		w.rest("", item.Rest)
		w.End('}')
		return
	}
	w.Str("role", "tool")
	w.Str("tool_call_id", w.id(r.CallID))
	blocks := w.readable(r.Blocks)
	text := joined(blocks)
	switch {
	case r.Failed:
		w.losses.Approximate("tool_result.is_error")
		text = strings.TrimSpace("Error: " + text)
	case text == "" && hasMedia(blocks):
		text = "The result follows in the next message."
	}
	w.Str("content", text)
	w.End('}')
}

func hasMedia(blocks []form.Block) bool {
	for i := range blocks {
		if blocks[i].Media != nil {
			return true
		}
	}
	return false
}

// joined are the texts of blocks as one. Pieces of one text, which citations part, are not parted.
func joined(blocks []form.Block) string {
	first, cited := "", false
	var all strings.Builder // where there are several
	for i := range blocks {
		b := &blocks[i]
		if b.Kind != form.Text && b.Kind != form.Refusal || b.Text == "" {
			cited = false
			continue
		}
		if first == "" {
			first = b.Text
		} else {
			if all.Len() == 0 {
				all.WriteString(first)
			}
			if !cited && len(b.Citations) == 0 {
				all.WriteString("\n\n")
			}
			all.WriteString(b.Text)
		}
		cited = len(b.Citations) > 0
	}
	if all.Len() == 0 {
		return first
	}
	return all.String()
}

// answered writes what the model said before.
func (w *writer) answered(item *form.Item, own bool) {
	w.Begin("", '{')
	w.Str("role", "assistant")
	w.text("name", item.Name)
	var said []form.Block
	calls, refuses := 0, !own || item.Rest.Has(markContent)
	for i := range item.Blocks {
		switch b := &item.Blocks[i]; b.Kind {
		case form.ToolCall:
			if !b.Rest.Has(markFunction) {
				calls++
			}
		case form.Thought:
		case form.Refusal:
			if refuses {
				said = append(said, *b)
			}
		case form.Text, form.Image, form.Document, form.Audio, form.ToolResult, form.ForeignBlock:
			said = append(said, *b)
		}
	}
	if own {
		w.content(said, item.Rest)
		w.refusal(item)
	} else {
		w.thoughts(item.Blocks)
		said = w.readable(said)
		if text := joined(said); text != "" || calls == 0 {
			w.Str("content", text)
		} else {
			w.Null("content")
		}
	}
	w.calls(item, calls, own)
	if own {
		w.rest("", item.Rest)
	}
	w.End('}')
}

func (w *writer) refusal(item *form.Item) {
	if item.Rest.Has(markContent) && string(item.Rest.Get(markContent)) == "[]" {
		return
	}
	for i := range item.Blocks {
		if item.Blocks[i].Kind == form.Refusal {
			w.Str("refusal", item.Blocks[i].Text)
		}
	}
}

// calls writes tool_calls, or the call from before there were tools.
func (w *writer) calls(item *form.Item, n int, own bool) {
	var carried *form.Opaque // the signature of the next one
	if n > 0 {
		w.Begin("tool_calls", '[')
	}
	for i := range item.Blocks {
		b := &item.Blocks[i]
		switch {
		case b.Kind == form.Thought && !own && isSignature(b.Opaque):
			carried = b.Opaque
		case b.Kind != form.ToolCall:
		case own && b.Rest.Has(markFunction):
			defer func() {
				w.Begin("function_call", '{')
				w.Str("name", b.Call.Name)
				w.Str("arguments", b.Call.Input)
				w.End('}')
			}()
		default:
			w.call(b, cmp.Or(b.Opaque, carried), own)
			carried = nil
		}
	}
	if carried != nil {
		w.losses.Drop("tool_calls.signature")
	}
	if n > 0 {
		w.End(']')
	}
}

// isSignature reports whether what was carried as a thought is what came beside a call: clients of the Responses
// API carry it before the call.
func isSignature(o *form.Opaque) bool {
	return o != nil && o.Kind == dialect && strings.HasPrefix(o.Raw, "{")
}

func (w *writer) call(b *form.Block, signature *form.Opaque, own bool) {
	c := b.Call
	w.Begin("", '{')
	if own {
		w.Str("id", c.ID)
		writeCall(&w.Doc, b)
		w.rest("", b.Rest)
		w.End('}')
		return
	}
	input := c.Input
	if c.Custom {
		input = form.WrapInput(input)
	}
	w.Str("id", w.id(c.ID))
	w.Str("type", "function")
	w.Begin("function", '{')
	w.Str("name", w.r.FlatOf(c.Namespace, c.Name))
	w.Str("arguments", input)
	w.End('}')
	if o := signature.For(w.to.Origin, dialect, "tool_calls.signature", w.losses); o != nil {
		if extra := o.Object("tool_calls.signature", w.losses); extra != nil {
			w.Raw("extra_content", extra)
		}
	}
	w.End('}')
}

// thoughts gives what the model thought back to who made it, in the members that it came in.
func (w *writer) thoughts(blocks []form.Block) {
	var text strings.Builder
	member := ""
	var details json.RawMessage
	for i := range blocks {
		b := &blocks[i]
		if b.Kind != form.Thought || isSignature(b.Opaque) {
			continue
		}
		o := b.Opaque.For(w.to.Origin, dialect, "messages.thinking", w.losses)
		switch {
		case o == nil:
			if b.Text != "" {
				w.losses.Drop("messages.thinking")
			}
		case o.Raw == "reasoning" || o.Raw == "reasoning_content":
			member = o.Raw
			text.WriteString(b.Text)
		default:
			if array := o.Array("messages.thinking", w.losses); array != nil {
				details = array
			}
		}
	}
	if member != "" {
		w.Str(member, text.String())
	}
	if details != nil {
		w.Raw("reasoning_details", details)
	}
}

// id is the id of a call as the target takes it.
func (w *writer) id(id string) string {
	if w.to.ShortIDs {
		return form.ShortID(id)
	}
	return form.Fit(id, longestID)
}
