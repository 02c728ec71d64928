package messages

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/compose"
	"github.com/trunkline-ai/trunkline/internal/wire/expect"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// eventReader reads the stream of a message.
type eventReader struct {
	of     form.Exchange
	events []form.Event // of the event that is read
	begun  bool
	ended  bool // its reason was told
	over   bool
	next   int // index of the next block
	blocks map[int64]*incoming
	order  []int64 // of those that go on, as they began
	counts counts
}

// incoming is a block that goes on.
type incoming struct {
	index  int
	block  form.Block
	raw    gjson.Result    // as it began
	text   strings.Builder // of a thought, which goes back whole
	sign   strings.Builder
	notes  []form.Citation
	said   bool // of a call: there is input
	custom bool
	input  form.InputReader
}

var errNoEvent = errors.New("an event of the stream is no JSON object")

// NewEventReader reads the stream of a provider's answer.
func (Codec) NewEventReader(of form.Exchange) form.EventReader {
	return &eventReader{of: of, blocks: map[int64]*incoming{}}
}

// Read reads one event.
func (r *eventReader) Read(data []byte) ([]form.Event, error) {
	r.events = r.events[:0]
	switch {
	case len(data) == 0 || r.over:
		return nil, nil
	case !scan.Valid(data):
		return nil, errNoEvent
	}
	v := gjson.ParseBytes(data)
	if !v.IsObject() {
		return nil, errNoEvent
	}
	switch expect.Get(v, "type").Str {
	case "message_start":
		r.begin(expect.Get(v, "message"))
	case "content_block_start":
		r.begin(gjson.Result{})
		r.blockBegin(expect.Get(v, "index").Int(), expect.Get(v, "content_block"))
	case "content_block_delta":
		at, delta := expect.Get(v, "index").Int(), expect.Get(v, "delta")
		if r.blocks[at] == nil {
			r.begin(gjson.Result{})
			r.blockOf(at, delta)
		}
		if b := r.blocks[at]; b != nil {
			r.delta(b, delta)
		}
	case "content_block_stop":
		r.blockEnd(expect.Get(v, "index").Int())
	case "message_delta":
		r.begin(gjson.Result{})
		r.messageDelta(v)
	case "message_stop":
		r.end()
	}
	if len(r.events) == 0 {
		r.add(form.Event{Kind: form.Idle})
	}
	return r.events, nil
}

// End tells what is missing when the stream is over.
func (r *eventReader) End() []form.Event {
	r.events = r.events[:0]
	if r.begun && !r.over {
		r.end()
	}
	return r.events
}

func (r *eventReader) add(e form.Event) { r.events = append(r.events, e) }

func (r *eventReader) begin(message gjson.Result) {
	if r.begun {
		return
	}
	r.begun = true
	usage := expect.Get(message, "usage")
	r.counts.take(usage)
	e := form.Event{Kind: form.Begin, ID: expect.Get(message, "id").Str, Model: expect.Get(message, "model").Str, Tier: expect.Get(usage, "service_tier").Str, Usage: r.counts.usage()}
	r.add(e)
	if r.counts.told {
		r.add(form.Event{Kind: form.UsageTold, Usage: e.Usage})
	}
}

func (r *eventReader) blockBegin(at int64, v gjson.Result) {
	if r.blocks[at] != nil { // the one before was not ended
		r.blockEnd(at)
	}
	block := said(v, &r.of)
	if block.Foreign != nil { // of the provider's own tools, which are never asked for
		r.of.Losses.Drop(block.Foreign.Name)
		return
	}
	b := &incoming{index: r.next, block: block, raw: v, custom: block.Call != nil && block.Call.Custom}
	r.next++
	r.blocks[at] = b
	r.order = append(r.order, at)
	begin := form.Block{Kind: block.Kind, Rest: block.Rest}
	if block.Call != nil {
		c := *block.Call
		c.Input = ""
		begin.Call = &c
	}
	if expect.Get(v, "type").Str == "redacted_thinking" {
		begin.Opaque = block.Opaque
	}
	r.add(form.Event{Kind: form.BlockBegin, Index: b.index, Block: &begin})
	if block.Text != "" { // some begin with a piece
		r.say(b, block.Text)
	}
}

// blockOf begins the block of a piece whose beginning the provider has left out. A call without one has no name.
func (r *eventReader) blockOf(at int64, delta gjson.Result) {
	switch expect.Get(delta, "type").Str {
	case "text_delta":
		r.blockBegin(at, gjson.Parse(`{"type":"text","text":""}`))
	case "thinking_delta":
		r.blockBegin(at, gjson.Parse(`{"type":"thinking","thinking":"","signature":""}`))
	}
}

// say adds to a text or a thought.
func (r *eventReader) say(b *incoming, text string) {
	if text == "" {
		return
	}
	if b.block.Kind == form.Thought {
		b.text.WriteString(text)
	}
	r.add(form.Event{Kind: form.Delta, Index: b.index, Text: text})
}

func (r *eventReader) delta(b *incoming, d gjson.Result) {
	switch expect.Get(d, "type").Str {
	case "text_delta":
		r.say(b, expect.Get(d, "text").Str)
	case "thinking_delta":
		r.say(b, expect.Get(d, "thinking").Str)
	case "signature_delta":
		b.sign.WriteString(expect.Get(d, "signature").Str)
	case "citations_delta":
		b.notes = append(b.notes, citationsOf(gjson.Parse("["+expect.Get(d, "citation").Raw+"]"))...)
	case "input_json_delta":
		r.input(b, expect.Get(d, "partial_json").Str)
	}
}

func (r *eventReader) input(b *incoming, piece string) {
	if piece == "" || b.block.Call == nil {
		return
	}
	b.said = true
	if b.custom {
		piece = b.input.Add(piece)
	}
	if piece != "" {
		r.add(form.Event{Kind: form.Delta, Index: b.index, Text: piece})
	}
}

func (r *eventReader) blockEnd(at int64) {
	b := r.blocks[at]
	if b == nil {
		return
	}
	delete(r.blocks, at)
	for i, open := range r.order {
		if open == at {
			r.order = append(r.order[:i], r.order[i+1:]...)
			break
		}
	}
	e := form.Event{Kind: form.BlockEnd, Index: b.index}
	switch b.block.Kind {
	case form.ToolCall:
		if !b.said { // none came in pieces: it stands where the block began, or is empty
			if text := b.block.Call.Input; text != "" {
				r.add(form.Event{Kind: form.Delta, Index: b.index, Text: text})
			}
		} else if b.custom {
			if text := b.input.End(); text != "" {
				r.add(form.Event{Kind: form.Delta, Index: b.index, Text: text})
			}
		}
	case form.Thought:
		if o := r.sealed(b); o != nil {
			e.Block = &form.Block{Kind: form.Thought, Opaque: o}
		}
	case form.Text, form.Refusal, form.Image, form.Document, form.Audio, form.ToolResult, form.ForeignBlock:
		if notes := append(b.block.Citations, b.notes...); len(notes) > 0 {
			e.Block = &form.Block{Kind: b.block.Kind, Citations: notes}
		}
	}
	r.add(e)
}

// sealed is a whole thought with its signature, as its origin takes it back.
func (r *eventReader) sealed(b *incoming) *form.Opaque {
	if expect.Get(b.raw, "type").Str == "redacted_thinking" {
		return nil // told when it began
	}
	signature := expect.Get(b.raw, "signature").Str + b.sign.String()
	if signature == "" {
		return nil
	}
	var d compose.Doc
	d.Begin("", '{')
	expect.ForEach(b.raw, func(key string, v gjson.Result) bool {
		switch key {
		case "thinking":
			d.Str(key, b.text.String())
		case "signature":
		default:
			d.Raw(key, json.RawMessage(v.Raw))
		}
		return true
	})
	d.Str("signature", signature)
	d.End('}')
	return &form.Opaque{Origin: r.of.Target.Origin, Kind: dialect, Raw: string(d)}
}

func (r *eventReader) messageDelta(v gjson.Result) {
	if u := expect.Get(v, "usage"); u.IsObject() {
		r.counts.take(u)
		r.add(form.Event{Kind: form.UsageTold, Usage: r.counts.usage()})
	}
	delta := expect.Get(v, "delta")
	if reason := expect.Get(delta, "stop_reason").Str; reason != "" && !r.ended {
		r.close()
		r.ended = true
		r.add(form.Event{Kind: form.Stopped, Stop: stopOf(reason, expect.Get(delta, "stop_sequence"))})
	}
}

// close ends every block.
func (r *eventReader) close() {
	for len(r.order) > 0 {
		r.blockEnd(r.order[0])
	}
}

func (r *eventReader) end() {
	if r.over = true; !r.begun {
		return
	}
	r.close()
	if !r.ended {
		r.add(form.Event{Kind: form.Stopped})
	}
	r.add(form.Event{Kind: form.End})
}
