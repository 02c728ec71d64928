package gemini

import (
	"cmp"
	"errors"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/compose"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// none is no open block.
const none = -1

// NewEventReader reads the stream of a provider's answer.
func (Codec) NewEventReader(of form.Exchange) form.EventReader {
	return &eventReader{of: of, open: none}
}

// eventReader reads chunks. This API does not say where a block ends: a text ends where something else
// begins. Nothing says that a stream is over.
type eventReader struct {
	of     form.Exchange
	events []form.Event
	begun  bool
	over   bool
	next   int // index of the next block
	open   int // the text or thought that goes on; none
	kind   form.Kind
	opaque *form.Opaque // of the open one
	called bool
	stop   *form.Stop
	usage  form.Usage
}

var errNoChunk = errors.New("an event of the stream is no JSON object")

// Read reads one chunk.
func (r *eventReader) Read(data []byte) ([]form.Event, error) {
	r.events = r.events[:0]
	if r.over {
		return nil, nil
	}
	if !scan.Valid(data) {
		return nil, errNoChunk
	}
	chunk := gjson.ParseBytes(data)
	if !chunk.IsObject() {
		return nil, errNoChunk
	}
	if !r.begun {
		r.begun = true
		r.add(form.Event{Kind: form.Begin, ID: chunk.Get("responseId").Str, Model: chunk.Get("modelVersion").Str, Created: createdAt(chunk.Get("createTime")), Usage: readUsage(chunk.Get("usageMetadata"))})
	}
	candidate := chunk.Get("candidates.0")
	candidate.Get("content.parts").ForEach(func(_, part gjson.Result) bool {
		r.part(part)
		return true
	})
	if candidate.Get("citationMetadata").IsObject() || candidate.Get("groundingMetadata").IsObject() {
		r.of.Losses.Drop("citations") // they stand for the whole answer, at places counted in bytes
	}
	if reason := candidate.Get("finishReason").Str; reason != "" {
		stop := stopOf(reason, r.called)
		r.stop = &stop
	} else if blocked := chunk.Get("promptFeedback.blockReason").Str; blocked != "" && r.stop == nil {
		r.stop = &form.Stop{Reason: form.StopRefusal, Raw: blocked}
	}
	if u := readUsage(chunk.Get("usageMetadata")); u.Told {
		r.usage = u
		r.add(form.Event{Kind: form.UsageTold, Usage: u})
	}
	if len(r.events) == 0 {
		r.add(form.Event{Kind: form.Idle})
	}
	return r.events, nil
}

// End tells that the stream is over.
func (r *eventReader) End() []form.Event {
	r.events = r.events[:0]
	if r.over || !r.begun {
		return nil
	}
	return r.finish()
}

func (r *eventReader) finish() []form.Event {
	r.events = nil
	r.over = true
	r.close()
	stop := form.Stop{}
	if r.stop != nil {
		stop = *r.stop
	}
	r.add(form.Event{Kind: form.Stopped, Stop: stop})
	if r.usage.Told {
		r.add(form.Event{Kind: form.UsageTold, Usage: r.usage})
	}
	r.add(form.Event{Kind: form.End})
	return r.events
}

func (r *eventReader) add(e form.Event) { r.events = append(r.events, e) }

// close ends the text or thought that goes on.
func (r *eventReader) close() {
	if r.open == none {
		return
	}
	var last *form.Block
	if r.opaque != nil {
		last = &form.Block{Kind: r.kind, Opaque: r.opaque}
	}
	r.add(form.Event{Kind: form.BlockEnd, Index: r.open, Block: last})
	r.open, r.opaque = none, nil
}

func (r *eventReader) begin(b *form.Block) int {
	r.add(form.Event{Kind: form.BlockBegin, Index: r.next, Block: b})
	r.next++
	return r.next - 1
}

func (r *eventReader) part(v gjson.Result) {
	if call := v.Get("functionCall"); call.IsObject() {
		r.close()
		r.call(call, signature(v.Get("thoughtSignature").Str, r.of.Target.Origin, false))
		return
	}
	b, ok := readPart(v, r.of.Target.Origin, false)
	switch {
	case !ok:
		return // such as what code gave that the provider ran: nobody asked for that
	case b.Media != nil:
		r.close()
		index := r.begin(&b)
		r.add(form.Event{Kind: form.BlockEnd, Index: index})
		return
	}
	if r.open == none || r.kind != b.Kind {
		if b.Text == "" && b.Opaque == nil {
			return
		}
		r.close()
		r.open, r.kind = r.begin(&form.Block{Kind: b.Kind}), b.Kind
	}
	if b.Text != "" {
		r.add(form.Event{Kind: form.Delta, Index: r.open, Text: b.Text})
	}
	r.opaque = cmp.Or(b.Opaque, r.opaque)
}

func (r *eventReader) call(v gjson.Result, sealed *form.Opaque) {
	r.called = true
	call := r.callFor(v)
	input := cmp.Or(v.Get("args").Raw, "{}")
	if call.Custom {
		input = form.UnwrapInput(input)
	}
	index := r.begin(&form.Block{Kind: form.ToolCall, Call: call, Opaque: sealed})
	if input != "" {
		r.add(form.Event{Kind: form.Delta, Index: index, Text: input})
	}
	r.add(form.Event{Kind: form.BlockEnd, Index: index, Block: &form.Block{Kind: form.ToolCall, Opaque: sealed}})
}

// NewEventWriter writes the stream of an answer.
func (Codec) NewEventWriter(of form.Exchange) form.EventWriter { return &eventWriter{of: of} }

// eventWriter writes chunks. Calls are whole in this API, so they are held until they are.
type eventWriter struct {
	of        form.Exchange
	out       compose.Doc
	n         int
	id, model string
	blocks    []*written // that have begun
	stop      form.Stop
	usage     form.Usage
	over      bool
}

// written is a block that is being written.
type written struct {
	form.Block
	input strings.Builder // of a call
}

// Place is where the next chunk stands.
func (w *eventWriter) Place() (events int, id string) { return w.n, cmp.Or(w.id, w.of.ID) }

// Write writes the chunks that tell of an event.
func (w *eventWriter) Write(e *form.Event) []byte {
	w.out = w.out[:0]
	if w.over {
		return nil
	}
	switch e.Kind {
	case form.Begin:
		w.id, w.model = e.ID, e.Model
	case form.BlockBegin:
		w.begin(e)
	case form.Delta:
		w.delta(e)
	case form.BlockEnd:
		if e.Block != nil {
			w.cited(e.Block)
		}
		w.end(e)
	case form.Stopped:
		w.stop = e.Stop
	case form.UsageTold:
		w.usage = e.Usage
	case form.End:
		w.over = true
		w.chunk(nil, "", reasonOf(w.stop))
	case form.Idle:
	}
	return w.out
}

func (w *eventWriter) begin(e *form.Event) {
	if e.Index != len(w.blocks) || e.Block == nil {
		return
	}
	b := *e.Block
	if b.Call != nil {
		call := *b.Call
		call.Input = ""
		b.Call = &call
	}
	w.blocks = append(w.blocks, &written{Block: b})
	if b.Media != nil {
		w.chunk(&b, "", "")
	}
}

func (w *eventWriter) delta(e *form.Event) {
	if e.Index < 0 || e.Index >= len(w.blocks) {
		return
	}
	switch b := w.blocks[e.Index]; b.Kind {
	case form.ToolCall:
		b.input.WriteString(e.Text)
	case form.Text, form.Refusal, form.Thought:
		w.chunk(&form.Block{Kind: b.Kind}, e.Text, "")
	default:
	}
}

func (w *eventWriter) end(e *form.Event) {
	if e.Index < 0 || e.Index >= len(w.blocks) {
		return
	}
	b := w.blocks[e.Index]
	if e.Block != nil && e.Block.Opaque != nil {
		b.Opaque = e.Block.Opaque
	}
	switch {
	case b.Kind == form.ToolCall:
		b.Call.Input = b.input.String()
		w.chunk(&b.Block, "", "")
	case b.Opaque != nil && b.Media == nil:
		w.chunk(&form.Block{Kind: b.Kind, Opaque: b.Opaque}, "", "")
	}
}

// chunk writes one chunk: a part, or the end.
func (w *eventWriter) chunk(b *form.Block, text, reason string) {
	from := len(w.out)
	w.out = append(w.out, "data: "...)
	w.out.Begin("", '{')
	w.out.Begin("candidates", '[')
	w.out.Begin("", '{')
	w.out.Begin("content", '{')
	w.out.Begin("parts", '[')
	before := len(w.out)
	if b != nil {
		w.part(&w.out, b, text)
	}
	if len(w.out) == before && reason == "" { // nothing to say
		w.out = w.out[:from]
		return
	}
	w.out.End(']')
	w.out.Str("role", "model")
	w.out.End('}')
	if reason != "" {
		w.out.Str("finishReason", reason)
	}
	w.out.Int("index", 0)
	w.out.End('}')
	w.out.End(']')
	usage := form.Usage{}
	if reason != "" {
		usage = w.usage
	}
	w.tail(&w.out, &usage)
	w.out.End('}')
	w.out = append(w.out, "\n\n"...)
	w.n++
}
