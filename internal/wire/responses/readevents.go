package responses

import (
	"slices"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/expect"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// NewEventReader reads the stream of a provider's response.
func (Codec) NewEventReader(of form.Exchange) form.EventReader {
	return &eventReader{of: of}
}

// eventReader reads the events of a stream. Providers leave some out: what a later event repeats
// is taken from there.
type eventReader struct {
	of     form.Exchange
	events []form.Event
	open   []*reading // blocks that have begun and not ended
	over   []place    // parts of messages under way that have ended
	n      int        // blocks that have begun
	begun  bool
	ended  bool
	called bool
	denied bool // a refusal was read
}

// place is where a block is in the response: part is its number in a message, or whole.
type place struct{ item, part int }

const whole = -1

// reading is a block that is being read.
type reading struct {
	at        place
	index     int
	kind      form.Kind
	sent      int   // bytes of its text
	part      int64 // of a summary, that is being read
	raw       bool  // its text is reasoning itself, not a summary
	citations []form.Citation
}

// Read gives what an event says.
func (r *eventReader) Read(data []byte) ([]form.Event, error) {
	r.events = r.events[:0]
	if r.ended {
		return nil, nil
	}
	e := gjson.ParseBytes(data)
	typ := expect.Get(e, "type").Str
	switch typ {
	case "response.created", "response.queued", "response.in_progress":
		r.begin(expect.Get(e, "response"))
	case "response.completed", "response.incomplete":
		r.begin(expect.Get(e, "response"))
		r.finish(expect.Get(e, "response"))
	case "response.output_item.added":
		r.added(e)
	case "response.output_item.done":
		r.done(int(expect.Get(e, "output_index").Int()), expect.Get(e, "item"))
	case "response.content_part.added":
		if kind, ok := partKinds[expect.Get(e, "part", "type").Str]; ok {
			r.block(partOf(e), kind)
		}
	case "response.content_part.done":
		r.partDone(partOf(e), expect.Get(e, "part"))
	case "response.output_text.delta":
		r.delta(r.block(partOf(e), form.Text), expect.Get(e, "delta").Str)
	case "response.refusal.delta":
		r.delta(r.block(partOf(e), form.Refusal), expect.Get(e, "delta").Str)
	case "response.output_text.done":
		r.rest(r.block(partOf(e), form.Text), expect.Get(e, "text").Str)
	case "response.refusal.done":
		r.rest(r.block(partOf(e), form.Refusal), expect.Get(e, "refusal").Str)
	case "response.output_text.annotation.added":
		if b := r.find(partOf(e)); b != nil {
			b.citations = append(b.citations, citations(gjson.Parse("["+expect.Get(e, "annotation").Raw+"]"))...)
		}
	case "response.reasoning_summary_part.added", "response.reasoning_summary_text.delta", "response.reasoning_text.delta":
		r.thought(typ, e)
	case "response.function_call_arguments.delta", "response.custom_tool_call_input.delta":
		r.delta(r.find(itemOf(e)), expect.Get(e, "delta").Str)
	case "response.function_call_arguments.done":
		r.rest(r.find(itemOf(e)), expect.Get(e, "arguments").Str)
	case "response.custom_tool_call_input.done":
		r.rest(r.find(itemOf(e)), expect.Get(e, "input").Str)
	}
	if len(r.events) == 0 {
		r.emit(form.Event{Kind: form.Idle})
	}
	return r.events, nil
}

// End gives what is missing where the last event never came.
func (r *eventReader) End() []form.Event {
	r.events = r.events[:0]
	if r.ended {
		return nil
	}
	r.begin(gjson.Result{})
	r.finish(gjson.Result{})
	return r.events
}

var partKinds = map[string]form.Kind{typeOutputText: form.Text, typeRefusal: form.Refusal}

func partOf(e gjson.Result) place {
	return place{int(expect.Get(e, "output_index").Int()), int(expect.Get(e, "content_index").Int())}
}

func itemOf(e gjson.Result) place { return place{int(expect.Get(e, "output_index").Int()), whole} }

func (r *eventReader) emit(e form.Event) { r.events = append(r.events, e) }

func (r *eventReader) begin(response gjson.Result) {
	if r.begun {
		return
	}
	r.begun = true
	r.emit(form.Event{
		Kind: form.Begin, ID: expect.Get(response, "id").Str, Model: expect.Get(response, "model").Str,
		Created: expect.Get(response, "created_at").Int(), Tier: expect.Get(response, "service_tier").Str,
	})
}

// start begins a block.
func (r *eventReader) start(at place, block *form.Block) *reading {
	r.begin(gjson.Result{})
	b := &reading{at: at, index: r.n, kind: block.Kind}
	r.n++
	r.open = append(r.open, b)
	r.called = r.called || block.Kind == form.ToolCall
	r.denied = r.denied || block.Kind == form.Refusal
	r.emit(form.Event{Kind: form.BlockBegin, Index: b.index, Block: block})
	return b
}

// find finds a block that is open; nil: there is none.
func (r *eventReader) find(at place) *reading {
	for _, b := range r.open {
		if b.at == at {
			return b
		}
	}
	return nil
}

// block finds a block, or begins it.
func (r *eventReader) block(at place, kind form.Kind) *reading {
	if b := r.find(at); b != nil {
		return b
	}
	return r.start(at, &form.Block{Kind: kind})
}

func (r *eventReader) delta(b *reading, text string) {
	if b == nil || text == "" {
		return
	}
	b.sent += len(text)
	r.emit(form.Event{Kind: form.Delta, Index: b.index, Text: text})
}

// rest gives a text that is repeated whole, where it did not come in pieces.
func (r *eventReader) rest(b *reading, text string) {
	if b != nil && b.sent == 0 {
		r.delta(b, text)
	}
}

// end ends a block. last is what is only known now; nil: nothing.
func (r *eventReader) end(b *reading, last *form.Block) {
	r.open = slices.DeleteFunc(r.open, func(other *reading) bool { return other == b })
	if b.at.part != whole {
		r.over = append(r.over, b.at)
	}
	if last == nil && len(b.citations) > 0 {
		last = &form.Block{Kind: b.kind, Citations: b.citations}
	}
	r.emit(form.Event{Kind: form.BlockEnd, Index: b.index, Block: last})
}

// endItem ends what is open of an item.
func (r *eventReader) endItem(index int) {
	for _, b := range slices.Clone(r.open) {
		if b.at.item == index {
			r.end(b, nil)
		}
	}
	r.over = slices.DeleteFunc(r.over, func(at place) bool { return at.item == index })
}

// thought reads a piece of reasoning: of its summary, or of itself where there is none.
func (r *eventReader) thought(typ string, e gjson.Result) {
	b := r.block(itemOf(e), form.Thought)
	if typ == "response.reasoning_summary_part.added" {
		return
	}
	raw, part := typ == "response.reasoning_text.delta", expect.Get(e, "summary_index").Int()+expect.Get(e, "content_index").Int()
	switch {
	case b.sent == 0:
		b.raw = raw
	case b.raw != raw:
		return
	case b.part != part:
		r.delta(b, between)
	}
	b.part = part
	r.delta(b, expect.Get(e, "delta").Str)
}

// added begins an item that is a block by itself.
func (r *eventReader) added(e gjson.Result) {
	at, item := itemOf(e), expect.Get(e, "item")
	switch expect.Get(item, "type").Str {
	case typeReasoning:
		r.block(at, form.Thought)
	case typeFunctionCall, typeCustomCall:
		if block := r.read(item); block != nil && r.find(at) == nil {
			block.Call.Input = ""
			r.start(at, block)
		}
	}
}

// read reads an item that is a block by itself; nil: it makes no sense.
func (r *eventReader) read(item gjson.Result) *form.Block {
	read := reader{origin: r.of.Target.Origin, tools: r.of.Request}
	blocks := read.item(item).Blocks
	if len(blocks) == 0 || read.Err() != nil {
		return nil
	}
	return &blocks[0]
}

// done ends an item: what did not come before is in it.
func (r *eventReader) done(index int, item gjson.Result) {
	at := place{index, whole}
	typ := expect.Get(item, "type").Str
	if typ == typeMessage {
		n := 0
		expect.ForEach(expect.Get(item, "content"), func(_ string, part gjson.Result) bool {
			if at := (place{index, n}); !slices.Contains(r.over, at) {
				r.partDone(at, part)
			}
			n++
			return true
		})
		r.endItem(index)
		return
	}
	block := r.read(item)
	if block == nil {
		r.endItem(index)
		return
	}
	b := r.find(at)
	if b == nil {
		begun := *block
		begun.Text = ""
		if block.Call != nil {
			call := *block.Call
			call.Input = ""
			begun.Call = &call
		}
		b = r.start(at, &begun)
	}
	r.rest(b, textOf(block))
	r.end(b, block)
	r.endItem(index)
}

// partDone ends a part of a message.
func (r *eventReader) partDone(at place, part gjson.Result) {
	kind, ok := partKinds[expect.Get(part, "type").Str]
	if !ok {
		return
	}
	b := r.block(at, kind)
	r.rest(b, expect.Get(part, "text").Str+expect.Get(part, "refusal").Str)
	if all := citations(expect.Get(part, "annotations")); len(all) > 0 {
		b.citations = all
	}
	r.end(b, nil)
}

// finish ends the answer.
func (r *eventReader) finish(response gjson.Result) {
	if r.n == 0 {
		index := 0
		expect.ForEach(expect.Get(response, "output"), func(_ string, item gjson.Result) bool {
			r.done(index, item)
			index++
			return true
		})
	}
	for len(r.open) > 0 {
		r.end(r.open[0], nil)
	}
	var blocks []form.Block
	if r.called {
		blocks = append(blocks, form.Block{Kind: form.ToolCall})
	}
	if r.denied {
		blocks = append(blocks, form.Block{Kind: form.Refusal})
	}
	stop := form.Stop{}
	if response.Exists() {
		stop = stopOf(response, blocks)
	}
	r.emit(form.Event{Kind: form.Stopped, Stop: stop})
	if u := readUsage(expect.Get(response, "usage")); u.Told {
		r.emit(form.Event{Kind: form.UsageTold, Usage: u})
	}
	r.emit(form.Event{Kind: form.End})
	r.ended = true
}
