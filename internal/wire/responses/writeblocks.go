package responses

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/trunkline-ai/trunkline/internal/wire/compose"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// blockBegin begins a block. Blocks rise by one; any other is ignored.
func (w *eventWriter) blockBegin(e *form.Event) {
	if e.Index != len(w.blocks) || e.Block == nil {
		return
	}
	b := &block{kind: e.Block.Kind, sealed: e.Block.Opaque}
	w.blocks = append(w.blocks, b)
	switch b.kind {
	case form.Text, form.Refusal: // its item begins with its first character
	case form.Thought:
		w.close()
		b.item = w.add(typeReasoning, "rs_")
		w.added(b.item, b.reasoning(nil))
	case form.ToolCall:
		w.close()
		if e.Block.Opaque != nil { // what is opaque of a call travels as reasoning before it
			w.sealed(e.Block.Opaque)
		}
		w.call(b, e.Block.Call)
	case form.Image:
		w.close()
		w.image(b, e.Block.Media)
	default:
		b.ended = true
		if w.of.Losses != nil {
			w.of.Losses.Drop("output")
		}
	}
}

func (w *eventWriter) call(b *block, call *form.Call) {
	b.call = *call
	b.call.Input = ""
	if call.ID == "" {
		b.call.ID = "call_" + w.suffix + "_" + strconv.Itoa(len(w.items))
	}
	switch {
	case call.Custom:
		b.item = w.add(typeCustomCall, "ctc_")
	case w.searches(call):
		b.item = w.add(typeSearchCall, "tsc_")
	default:
		b.item = w.add(typeFunctionCall, "fc_")
	}
	w.added(b.item, b.calling(inProgress))
}

// searches reports whether a call is a search for tools that the client runs.
func (w *eventWriter) searches(call *form.Call) bool {
	if call.Name != searchTool || call.Namespace != "" {
		return false
	}
	t := w.of.Request.Find("", searchTool)
	return t != nil && t.Raw != nil
}

func (w *eventWriter) sealed(o *form.Opaque) {
	i := w.add(typeReasoning, "rs_")
	b := block{item: i}
	w.added(i, b.reasoning(nil))
	w.done(i, b.reasoning(o))
}

// image is a picture that the model made.
func (w *eventWriter) image(b *block, m *form.Media) {
	b.ended = true
	if m == nil || m.Data == "" {
		return
	}
	i := w.add("image_generation_call", "ig_")
	write := func(status, data string) []byte {
		var d compose.Doc
		d.Begin("", '{')
		d.Str("id", i.id)
		d.Str("type", i.typ)
		d.Str("status", status)
		orNull(&d, "result", data)
		d.End('}')
		return d
	}
	w.added(i, write(inProgress, ""))
	w.done(i, write(completed, m.Data))
}

// delta adds to a block.
func (w *eventWriter) delta(b *block, text string) {
	typ, index := "", ""
	switch b.kind {
	case form.Text, form.Refusal:
		if b.item == nil {
			w.part(b)
		}
		typ, index = "response.output_text.delta", "content_index"
		if b.kind == form.Refusal {
			typ = "response.refusal.delta"
		}
	case form.Thought:
		if b.text.Len() == 0 {
			w.summary("response.reasoning_summary_part.added", b, "")
		}
		typ, index = "response.reasoning_summary_text.delta", "summary_index"
	default:
		typ = "response.function_call_arguments.delta"
		if b.call.Custom {
			typ = "response.custom_tool_call_input.delta"
		}
	}
	b.text.WriteString(text)
	if w.quiet || b.item.typ == typeSearchCall { // which comes whole
		return
	}
	w.at(typ, b.item)
	if index != "" {
		w.out.Int(index, int64(b.part))
	}
	w.out.Str("delta", text)
	if b.kind == form.Text {
		w.out.Raw("logprobs", json.RawMessage("[]"))
	}
	w.send()
}

// part begins a part of a message, and the message where none is open.
func (w *eventWriter) part(b *block) {
	if w.message == nil {
		w.message = w.add(typeMessage, "msg_")
		w.added(w.message, w.message.said(inProgress))
	}
	i := w.message
	b.item, b.part = i, len(i.parts)
	i.parts = append(i.parts, nil)
	i.open++
	w.refused = w.refused || b.kind == form.Refusal
	w.partEvent("response.content_part.added", b, b.said("", nil))
}

func (w *eventWriter) partEvent(typ string, b *block, part []byte) {
	if w.quiet {
		return
	}
	w.at(typ, b.item)
	w.out.Int("content_index", int64(b.part))
	w.out.Raw("part", part)
	w.send()
}

func (w *eventWriter) summary(typ string, b *block, text string) {
	if w.quiet {
		return
	}
	w.at(typ, b.item)
	w.out.Int("summary_index", 0)
	w.out.Begin("part", '{')
	w.out.Str("type", typeSummary)
	w.out.Str("text", text)
	w.out.End('}')
	w.send()
}

// blockEnd ends a block. last is what is only known now; nil: nothing.
func (w *eventWriter) blockEnd(b *block, last *form.Block) {
	b.ended = true
	switch b.kind {
	case form.Text, form.Refusal:
		if b.item != nil {
			w.partEnd(b, last)
		}
	case form.Thought:
		if b.text.Len() > 0 {
			w.finalText("response.reasoning_summary_text.done", "summary_index", "text", b)
			w.summary("response.reasoning_summary_part.done", b, b.text.String())
		}
		if last != nil && last.Opaque != nil {
			b.sealed = last.Opaque
		}
		w.done(b.item, b.reasoning(b.sealed))
	case form.ToolCall:
		w.callEnd(b, last)
	default:
	}
}

func (w *eventWriter) callEnd(b *block, last *form.Block) {
	if last != nil && last.Opaque != nil && b.sealed == nil && w.of.Losses != nil { // too late to stand before it
		w.of.Losses.Drop("tool_calls.signature")
	}
	if b.item.typ == typeSearchCall {
		w.done(b.item, b.calling(completed))
		return
	}
	typ, member := "response.custom_tool_call_input.done", "input"
	if !b.call.Custom {
		typ, member = "response.function_call_arguments.done", "arguments"
		if b.text.Len() == 0 {
			w.delta(b, "{}")
		}
	}
	w.finalText(typ, "", member, b)
	w.done(b.item, b.calling(completed))
}

// finalText repeats the text of a block.
func (w *eventWriter) finalText(typ, index, member string, b *block) {
	if w.quiet {
		return
	}
	w.at(typ, b.item)
	if index != "" {
		w.out.Int(index, int64(b.part))
	}
	w.out.Str(member, b.text.String())
	if member == "text" && b.kind == form.Text {
		w.out.Raw("logprobs", json.RawMessage("[]"))
	}
	w.send()
}

func (w *eventWriter) partEnd(b *block, last *form.Block) {
	var cited []form.Citation
	if last != nil {
		cited = w.citable(last.Citations)
	}
	if b.kind == form.Refusal {
		w.finalText("response.refusal.done", "content_index", "refusal", b)
	} else {
		w.finalText("response.output_text.done", "content_index", "text", b)
	}
	for n := range cited {
		w.annotation(b, n, &cited[n])
	}
	whole := b.said(b.text.String(), cited)
	w.partEvent("response.content_part.done", b, whole)
	i := b.item
	i.parts[b.part] = whole
	if i.open--; i.open == 0 && i.full {
		w.messageEnd(i)
	}
}

// citable are the citations that can be told: those of pages.
func (w *eventWriter) citable(all []form.Citation) []form.Citation {
	pages := slices.DeleteFunc(slices.Clone(all), func(c form.Citation) bool { return c.URL == "" })
	if len(pages) < len(all) && w.of.Losses != nil {
		w.of.Losses.Drop("citations")
	}
	return pages
}

func (w *eventWriter) annotation(b *block, n int, c *form.Citation) {
	if w.quiet {
		return
	}
	w.at("response.output_text.annotation.added", b.item)
	w.out.Int("content_index", int64(b.part))
	w.out.Int("annotation_index", int64(n))
	cite(&w.out, "annotation", c)
	w.send()
}

// close ends the message that text goes to: what follows is another item.
func (w *eventWriter) close() {
	i := w.message
	if i == nil {
		return
	}
	w.message, i.full = nil, true
	if i.open == 0 {
		w.messageEnd(i)
	}
}

func (w *eventWriter) messageEnd(i *item) {
	status := completed
	if i.index == len(w.items)-1 && w.reason() != "" {
		status = incomplete
	}
	w.done(i, i.said(status))
}

// said is a message.
func (i *item) said(status string) []byte {
	var d compose.Doc
	d.Begin("", '{')
	d.Str("id", i.id)
	d.Str("type", typeMessage)
	d.Str("status", status)
	d.Str("role", "assistant")
	d.Begin("content", '[')
	for _, part := range i.parts {
		d.Raw("", part)
	}
	d.End(']')
	d.End('}')
	return d
}

// said is a part of a message.
func (b *block) said(text string, cited []form.Citation) []byte {
	var d compose.Doc
	d.Begin("", '{')
	if b.kind == form.Refusal {
		d.Str("type", typeRefusal)
		d.Str("refusal", text)
		d.End('}')
		return d
	}
	d.Str("type", typeOutputText)
	d.Str("text", text)
	d.Begin("annotations", '[')
	for n := range cited {
		cite(&d, "", &cited[n])
	}
	d.End(']')
	d.Raw("logprobs", json.RawMessage("[]"))
	d.End('}')
	return d
}

// cite writes where a text has something from.
func cite(d *compose.Doc, key string, c *form.Citation) {
	d.Begin(key, '{')
	d.Str("type", "url_citation")
	d.Int("start_index", int64(c.Start))
	d.Int("end_index", int64(c.End))
	d.Str("url", c.URL)
	d.Str("title", c.Title)
	d.End('}')
}

// reasoning is an item of reasoning. Whoever sealed it gets it back.
func (b *block) reasoning(sealed *form.Opaque) []byte {
	var d compose.Doc
	d.Begin("", '{')
	d.Str("id", b.item.id)
	d.Str("type", typeReasoning)
	d.Begin("summary", '[')
	if b.text.Len() > 0 {
		writeText(&d, typeSummary, b.text.String())
	}
	d.End(']')
	if sealed != nil {
		d.Str("encrypted_content", sealed.Carry())
	}
	d.End('}')
	return d
}

// calling is a call of a tool.
func (b *block) calling(status string) []byte {
	var d compose.Doc
	d.Begin("", '{')
	d.Str("id", b.item.id)
	d.Str("type", b.item.typ)
	d.Str("status", status)
	d.Str("call_id", b.call.ID)
	if b.item.typ == typeSearchCall {
		d.Str("execution", "client")
		d.Raw("arguments", json.RawMessage(objectOf(b.text.String())))
		d.End('}')
		return d
	}
	if b.call.Namespace != "" {
		d.Str("namespace", b.call.Namespace)
	}
	d.Str("name", b.call.Name)
	if b.call.Custom {
		d.Str("input", b.text.String())
	} else {
		d.Str("arguments", b.text.String())
	}
	d.End('}')
	return d
}

// objectOf is the arguments of a call as an object.
func objectOf(arguments string) string {
	if !scan.IsObject(arguments) {
		return "{}"
	}
	return arguments
}
