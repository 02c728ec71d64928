package chat

import (
	"github.com/trunkline-ai/trunkline/internal/wire/compose"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
	"github.com/trunkline-ai/trunkline/internal/wire/sse"
)

// eventWriter writes a stream of chunks.
type eventWriter struct {
	of        form.Exchange
	head      []byte // of every chunk, up to the delta
	id        string
	functions bool // the client knows function_call alone
	events    int
	out       compose.Doc

	blocks  map[int]*written
	calls   int
	details int
	stop    form.Stop
	stopped bool // the reason is written
	over    bool
	usage   form.Usage
}

// written is a block that goes on.
type written struct {
	kind  form.Kind
	call  *form.Call
	place int // among the calls

	opaque *form.Opaque // of a thought, where it is known from the beginning
}

// NewEventWriter writes the stream of an answer for the client.
func (Codec) NewEventWriter(of form.Exchange) form.EventWriter {
	return &eventWriter{of: of, functions: of.Request.Rest.Has("functions"), blocks: map[int]*written{}}
}

// Place is where the next event would stand.
func (w *eventWriter) Place() (events int, id string) { return w.events, w.id }

// Write writes what an event tells.
func (w *eventWriter) Write(e *form.Event) []byte {
	w.out = w.out[:0]
	if w.over {
		return nil
	}
	switch e.Kind {
	case form.Begin:
		w.begin(e)
	case form.BlockBegin:
		w.blockBegin(e)
	case form.Delta:
		w.delta(e)
	case form.BlockEnd:
		w.blockEnd(e)
	case form.Stopped:
		w.stop = e.Stop
		w.finish()
	case form.UsageTold:
		w.usage = e.Usage
	case form.End:
		w.end()
	case form.Idle:
	}
	return w.out
}

// begin writes the first chunk, once.
func (w *eventWriter) begin(e *form.Event) {
	if w.head != nil {
		return
	}
	d := compose.Doc("data: ")
	d.Begin("", '{')
	writeHead(&d, e.ID, e.Model, e.Created, "chat.completion.chunk", &w.of)
	if w.id = e.ID; w.id == "" {
		w.id = w.of.ID
	}
	if e.Tier != "" {
		d.Str("service_tier", tierOf(e.Tier))
	}
	w.head = d
	w.open()
	w.out.Str("role", "assistant")
	w.out.Str("content", "")
	w.out.Null("refusal")
	w.close("")
}

// open begins a chunk with a delta.
func (w *eventWriter) open() {
	if w.head == nil {
		w.begin(&form.Event{})
	}
	w.out = append(w.out, w.head...)
	w.out.Begin("choices", '[')
	w.out.Begin("", '{')
	w.out.Int("index", 0)
	w.out.Begin("delta", '{')
}

// close ends it; reason is why the answer ended, empty while it goes on.
func (w *eventWriter) close(reason string) {
	w.out.End('}')
	w.out.Null("logprobs")
	if reason == "" {
		w.out.Null("finish_reason")
	} else {
		w.out.Str("finish_reason", reason)
	}
	w.out.End('}')
	w.out.End(']')
	if w.of.Request.UsageAsked {
		w.out.Null("usage")
	}
	w.out.End('}')
	w.event()
}

func (w *eventWriter) event() {
	w.out = append(w.out, '\n', '\n')
	w.events++
}

func (w *eventWriter) blockBegin(e *form.Event) {
	if w.stopped {
		return
	}
	b := &written{kind: e.Block.Kind, call: e.Block.Call, opaque: e.Block.Opaque}
	w.blocks[e.Index] = b
	switch b.kind {
	case form.ToolCall:
		b.place = w.calls
		w.calls++
		if w.functions && b.place > 0 { // there can be one alone
			w.of.Losses.Drop("tool_calls")
			return
		}
		w.open()
		w.call(b, b.call.Name, "")
		w.close("")
	case form.Image, form.Document, form.Audio, form.ToolResult, form.ForeignBlock:
		w.of.Losses.Drop(unsaid(e.Block))
	case form.Text, form.Refusal, form.Thought:
	}
}

// call writes a piece of a call; name is empty but in the first.
func (w *eventWriter) call(b *written, name, input string) {
	if w.functions {
		w.out.Begin("function_call", '{')
		if name != "" {
			w.out.Str("name", name)
		}
		w.out.Str("arguments", input)
		w.out.End('}')
		return
	}
	w.out.Begin("tool_calls", '[')
	w.out.Begin("", '{')
	w.out.Int("index", int64(b.place))
	kind, member := "function", "arguments"
	if b.call.Custom {
		kind, member = "custom", "input"
	}
	if name != "" {
		w.out.Str("id", form.Fit(b.call.ID, longestID))
		w.out.Str("type", kind)
	}
	w.out.Begin(kind, '{')
	if name != "" {
		w.out.Str("name", name)
	}
	w.out.Str(member, input)
	w.out.End('}')
	w.out.End('}')
	w.out.End(']')
}

func (w *eventWriter) delta(e *form.Event) {
	b := w.blocks[e.Index]
	if b == nil || e.Text == "" || w.stopped {
		return
	}
	member := ""
	switch b.kind {
	case form.Text:
		member = "content"
	case form.Refusal:
		member = "refusal"
	case form.Thought:
		member = "reasoning_content"
	case form.ToolCall:
		if w.functions && b.place > 0 {
			return
		}
		w.open()
		w.call(b, "", e.Text)
		w.close("")
		return
	case form.Image, form.Document, form.Audio, form.ToolResult, form.ForeignBlock:
		return
	}
	w.open()
	w.out.Str(member, e.Text)
	w.close("")
}

func (w *eventWriter) blockEnd(e *form.Event) {
	b := w.blocks[e.Index]
	delete(w.blocks, e.Index)
	if b == nil || w.stopped {
		return
	}
	end := e.Block
	if end == nil {
		end = &form.Block{}
	}
	o := end.Opaque
	if o == nil {
		o = b.opaque
	}
	switch {
	case o != nil && b.kind == form.Thought:
		w.open()
		w.out.Begin("reasoning_details", '[')
		writeDetail(&w.out, w.details, o)
		w.out.End(']')
		w.close("")
		w.details++
	case o != nil:
		w.of.Losses.Drop("tool_calls.signature")
	}
	if len(end.Citations) > 0 {
		w.open()
		w.out.Begin("annotations", '[')
		for i := range end.Citations {
			writeCitation(&w.out, &end.Citations[i], &w.of)
		}
		w.out.End(']')
		w.close("")
	}
}

// finish tells why the answer ended, once.
func (w *eventWriter) finish() {
	if w.stopped {
		return
	}
	w.open()
	w.close(finishReason(&w.stop, w.calls > 0, w.functions))
	w.stopped = true
}

// end writes what ends the stream: the usage, where the client asked for it, and [DONE].
func (w *eventWriter) end() {
	w.finish()
	w.over = true
	if w.of.Request.UsageAsked && w.usage.Told {
		w.out = append(w.out, w.head...)
		w.out.Begin("choices", '[')
		w.out.End(']')
		writeUsage(&w.out, "usage", &w.usage)
		w.out.End('}')
		w.event()
	}
	w.out = append(w.out, sse.DoneEvent...)
	w.events++
}
