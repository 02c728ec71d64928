package chat

import (
	"bytes"
	"errors"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/expect"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
	"github.com/trunkline-ai/trunkline/internal/wire/sse"
)

// eventReader reads a stream of chunks. This API does not say where a block ends: a text or a thought
// ends where something else begins, calls end with the answer, for their pieces may alternate.
type eventReader struct {
	of     form.Exchange
	events []form.Event // of the chunk that is read
	begun  bool
	ended  bool // the answer: its reason was told
	over   bool

	next   int // index of the next block
	open   int // the text or thought that goes on; -1: none
	kind   form.Kind
	member string // that thoughts come in
	detail []string
	notes  []form.Citation
	calls  []*partial
}

// partial is a call while it comes.
type partial struct {
	at     int    // the provider's own index
	id     string // as the provider has it
	index  int    // of the block; -1: it has not begun, for want of a name
	held   string // arguments that came before the name
	said   bool   // there are arguments
	custom bool
	input  form.InputReader
	opaque *form.Opaque
}

var errNoChunk = errors.New("an event of the stream is no JSON object")

// NewEventReader reads the stream of a provider's answer.
func (Codec) NewEventReader(of form.Exchange) form.EventReader {
	return &eventReader{of: of, open: -1}
}

// Read reads one event.
func (r *eventReader) Read(data []byte) ([]form.Event, error) {
	r.events = r.events[:0]
	data = bytes.TrimSpace(data)
	switch {
	case len(data) == 0 || r.over:
		return nil, nil
	case bytes.Equal(data, sse.Done):
		r.end()
		return r.events, nil
	case data[0] != '{' || !scan.Valid(data):
		return nil, errNoChunk
	}
	chunk := gjson.ParseBytes(data)
	choices := expect.Get(chunk, "choices")
	first := firstOf(choices)
	usage := usageIn(chunk, first)
	if !r.begun && (first.Exists() || usage.Told) {
		r.begin(chunk, usage)
	}
	expect.Elements(choices, func(choice gjson.Result) {
		if expect.Get(choice, "index").Int() == 0 { // several are never asked for
			r.choice(choice)
		}
	})
	if usage.Told {
		r.add(form.Event{Kind: form.UsageTold, Usage: usage})
	}
	if len(r.events) == 0 {
		r.add(form.Event{Kind: form.Idle})
	}
	return r.events, nil
}

// End tells what is missing when the stream is over.
func (r *eventReader) End() []form.Event {
	r.events = r.events[:0]
	if !r.over && r.begun {
		r.end()
	}
	return r.events
}

// usageIn finds the usage of a chunk, which Groq and Moonshot have elsewhere.
func usageIn(chunk, first gjson.Result) form.Usage {
	for _, v := range [...]gjson.Result{expect.Get(chunk, "usage"), expect.Get(first, "usage"), expect.Get(chunk, "x_groq", "usage")} {
		if u := usageOf(v); u.Told {
			return u
		}
	}
	return form.Usage{}
}

func firstOf(choices gjson.Result) (first gjson.Result) {
	if choices.IsArray() {
		expect.ForEach(choices, func(_ string, v gjson.Result) bool {
			first = v
			return false
		})
	}
	return first
}

func (r *eventReader) add(e form.Event) { r.events = append(r.events, e) }

func (r *eventReader) begin(chunk gjson.Result, usage form.Usage) {
	r.begun = true
	r.add(form.Event{
		Kind: form.Begin, ID: expect.Get(chunk, "id").Str, Model: expect.Get(chunk, "model").Str, Created: expect.Get(chunk, "created").Int(),
		Tier: expect.Get(chunk, "service_tier").Str, Usage: usage,
	})
}

func (r *eventReader) end() {
	r.over = true
	if !r.begun {
		return
	}
	if !r.ended {
		r.close()
		r.add(form.Event{Kind: form.Stopped})
	}
	r.add(form.Event{Kind: form.End})
}

// choice reads what a chunk adds, which may be of several kinds.
func (r *eventReader) choice(choice gjson.Result) {
	delta := expect.Get(choice, "delta")
	if !delta.Exists() {
		delta = expect.Get(choice, "message") // some send a whole answer as a chunk
	}
	if !r.ended {
		r.delta(delta)
	}
	if reason := expect.Get(choice, "finish_reason").Str; reason != "" && !r.ended {
		r.close()
		r.ended = true
		r.add(form.Event{Kind: form.Stopped, Stop: stopOf(reason, expect.Get(choice, "stop_reason"))})
	}
}

func (r *eventReader) delta(delta gjson.Result) {
	if details := expect.Get(delta, "reasoning_details"); details.IsArray() {
		expect.Elements(details, func(d gjson.Result) {
			r.detail = append(r.detail, d.Raw)
		})
	}
	if member, text := thoughtOf(delta); text != "" {
		r.member = member
		r.text(form.Thought, text)
	} else if len(r.detail) > 0 {
		for _, b := range thoughts(expect.Get(delta, "reasoning_details"), "") {
			r.text(form.Thought, b.Text)
		}
	}
	switch content := expect.Get(delta, "content"); {
	case content.Type == gjson.String:
		r.text(form.Text, content.Str)
	case content.IsArray():
		for _, b := range contentParts(content) {
			if b.Media != nil {
				r.whole(b)
			} else {
				r.text(b.Kind, b.Text)
			}
		}
	}
	r.text(form.Refusal, expect.Get(delta, "refusal").Str)
	r.notes = append(r.notes, citationsOf(expect.Get(delta, "annotations"))...)
	if audio := expect.Get(delta, "audio"); audio.IsObject() {
		r.of.Losses.Drop("audio")
		r.text(form.Text, expect.Get(audio, "transcript").Str)
	}
	expect.Elements(expect.Get(delta, "images"), func(image gjson.Result) {
		r.whole(form.Block{Kind: form.Image, Media: fromURL(expect.Get(image, "image_url", "url").Str)})
	})
	expect.Elements(expect.Get(delta, "tool_calls"), func(v gjson.Result) {
		r.call(v)
	})
	if f := expect.Get(delta, "function_call"); f.IsObject() {
		r.call(gjson.Parse(`{"index":0,"function":` + f.Raw + `}`))
	}
}

// text adds to the text or thought that goes on, or begins one.
func (r *eventReader) text(kind form.Kind, text string) {
	if text == "" {
		return
	}
	if r.open < 0 || r.kind != kind {
		r.closeText()
		r.open, r.kind = r.next, kind
		r.next++
		r.add(form.Event{Kind: form.BlockBegin, Index: r.open, Block: &form.Block{Kind: kind}})
	}
	r.add(form.Event{Kind: form.Delta, Index: r.open, Text: text})
}

// whole tells a block that comes in one piece.
func (r *eventReader) whole(b form.Block) {
	r.closeText()
	r.add(form.Event{Kind: form.BlockBegin, Index: r.next, Block: &b})
	r.add(form.Event{Kind: form.BlockEnd, Index: r.next})
	r.next++
}

// closeText ends the text or thought that goes on.
func (r *eventReader) closeText() {
	if r.open < 0 {
		return
	}
	e := form.Event{Kind: form.BlockEnd, Index: r.open}
	switch {
	case r.kind == form.Thought:
		raw := r.member
		if len(r.detail) > 0 {
			raw = "[" + strings.Join(r.detail, ",") + "]"
		}
		if raw != "" {
			e.Block = &form.Block{Kind: form.Thought, Opaque: &form.Opaque{Origin: r.of.Target.Origin, Kind: dialect, Raw: raw}}
		}
		r.detail = nil
	case r.kind == form.Text && len(r.notes) > 0:
		e.Block = &form.Block{Citations: r.notes}
		r.notes = nil
	}
	r.add(e)
	r.open = -1
}

// close ends every block.
func (r *eventReader) close() {
	if len(r.detail) > 0 && (r.open < 0 || r.kind != form.Thought) { // details alone, encrypted
		r.closeText()
		r.open, r.kind = r.next, form.Thought
		r.next++
		r.add(form.Event{Kind: form.BlockBegin, Index: r.open, Block: &form.Block{Kind: form.Thought}})
	}
	r.closeText()
	for _, p := range r.calls {
		r.closeCall(p)
	}
}

// Place of a call: providers number calls, or give each an id, or send each whole.
func (r *eventReader) find(v gjson.Result) *partial {
	id, named := expect.Get(v, "id").Str, expect.Get(v, "function", "name").Str != "" || expect.Get(v, "custom", "name").Str != ""
	at := expect.Get(v, "index")
	for i := len(r.calls) - 1; i >= 0; i-- {
		p := r.calls[i]
		switch {
		case id != "" && id == p.id:
			return p
		case id != "" && p.id != "" && named: // another one, even under the same number
		case at.Type == gjson.Number && int(at.Int()) == p.at:
			return p
		case at.Type != gjson.Number && id == "" && !named: // the last one goes on
			return p
		}
	}
	p := &partial{at: len(r.calls), id: id, index: -1}
	if at.Type == gjson.Number {
		p.at = int(at.Int())
	}
	r.calls = append(r.calls, p)
	return p
}

// call reads what a chunk adds to a call.
func (r *eventReader) call(v gjson.Result) {
	r.closeText()
	p := r.find(v)
	if extra := expect.Get(v, "extra_content"); extra.IsObject() {
		p.opaque = &form.Opaque{Origin: r.of.Target.Origin, Kind: dialect, Raw: strings.Clone(extra.Raw)}
	}
	if id := expect.Get(v, "id").Str; p.id == "" {
		p.id = strings.Clone(id)
	}
	custom := expect.Get(v, "custom")
	name, text := expect.Get(v, "function", "name").Str, expect.Get(v, "function", "arguments")
	piece := text.Str
	if text.IsObject() {
		piece = text.Raw
	}
	if custom.IsObject() {
		name, piece = expect.Get(custom, "name").Str, expect.Get(custom, "input").Str
	}
	if p.index < 0 {
		p.held += piece
		if name == "" {
			return
		}
		r.beginCall(p, name, custom.IsObject())
		piece, p.held = p.held, ""
	}
	r.input(p, piece)
}

func (r *eventReader) beginCall(p *partial, name string, custom bool) {
	p.index = r.next
	r.next++
	id := p.id
	if id == "" {
		id = callID(&r.of, p.index)
	}
	c := r.of.Called(id, name)
	if p.custom = c.Custom; custom { // the provider knows such tools itself
		c.Custom, p.custom = true, false
	}
	r.add(form.Event{Kind: form.BlockBegin, Index: p.index, Block: &form.Block{Kind: form.ToolCall, Call: c, Opaque: p.opaque}})
	p.said = custom
}

func (r *eventReader) input(p *partial, piece string) {
	if piece == "" {
		return
	}
	p.said = true
	if p.custom {
		piece = p.input.Add(piece)
	}
	if piece != "" {
		r.add(form.Event{Kind: form.Delta, Index: p.index, Text: piece})
	}
}

func (r *eventReader) closeCall(p *partial) {
	if p.index < 0 { // it never got a name
		r.of.Losses.Drop("tool_calls")
		return
	}
	switch {
	case p.custom:
		if text := p.input.End(); text != "" {
			r.add(form.Event{Kind: form.Delta, Index: p.index, Text: text})
		}
	case !p.said:
		r.add(form.Event{Kind: form.Delta, Index: p.index, Text: "{}"})
	}
	e := form.Event{Kind: form.BlockEnd, Index: p.index}
	if p.opaque != nil {
		e.Block = &form.Block{Kind: form.ToolCall, Opaque: p.opaque}
	}
	r.add(e)
}
