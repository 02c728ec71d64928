package messages

import (
	"strings"

	"github.com/trunkline-ai/trunkline/internal/wire/compose"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// eventWriter writes the stream of a message. Its blocks come one after another: what other dialects tell
// of several at a time is held until the one before is whole.
type eventWriter struct {
	of     form.Exchange
	id     string
	events int
	out    compose.Doc

	begun   bool
	over    bool
	blocks  []*outgoing // that are not written yet, in their order; the first is the one that is
	next    int         // index of the next block that is written
	called  bool
	refused bool
	stop    form.Stop
	usage   form.Usage
	tier    string
}

// outgoing is a block that goes on.
type outgoing struct {
	index  int // in the form
	place  int // in the stream; -1: nothing of it is written
	block  form.Block
	held   []string // pieces that are not written
	wrap   bool     // a custom tool's text, for a client that knows functions alone
	opaque *form.Opaque
	ended  bool
}

// NewEventWriter writes the stream of an answer for the client.
func (Codec) NewEventWriter(of form.Exchange) form.EventWriter { return &eventWriter{of: of} }

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
		if b := w.find(e.Index); b != nil && e.Text != "" {
			b.held = append(b.held, e.Text)
			w.advance()
		}
	case form.BlockEnd:
		w.blockEnd(e)
	case form.Stopped:
		w.stop = e.Stop
	case form.UsageTold:
		w.usage = e.Usage
	case form.End:
		w.end()
	case form.Idle:
		if w.begun {
			w.open("ping")
			w.close()
		}
	}
	return w.out
}

// open begins an event, close ends it.
func (w *eventWriter) open(typ string) {
	w.out = append(w.out, "event: "...)
	w.out = append(w.out, typ...)
	w.out = append(w.out, "\ndata: "...)
	w.out.Begin("", '{')
	w.out.Str("type", typ)
}

func (w *eventWriter) close() {
	w.out = append(w.out, "}\n\n"...)
	w.events++
}

// begin writes message_start, once.
func (w *eventWriter) begin(e *form.Event) {
	if w.begun {
		return
	}
	w.begun = true
	if w.id = e.ID; w.id == "" {
		w.id = w.of.ID
	}
	if e.Usage.Told {
		w.usage = e.Usage
	}
	w.tier = e.Tier
	w.open("message_start")
	w.out.Begin("message", '{')
	writeHead(&w.out, e.ID, e.Model, &w.of)
	w.out.Begin("content", '[')
	w.out.End(']')
	w.out.Null("stop_reason")
	w.out.Null("stop_sequence")
	writeUsage(&w.out, &w.usage, w.tier)
	w.out.End('}')
	w.close()
}

func (w *eventWriter) find(index int) *outgoing {
	for _, b := range w.blocks {
		if b.index == index {
			return b
		}
	}
	return nil
}

func (w *eventWriter) blockBegin(e *form.Event) {
	w.begin(&form.Event{})
	b := &outgoing{index: e.Index, place: -1, block: *e.Block, opaque: e.Block.Opaque}
	switch b.block.Kind {
	case form.ToolCall:
		w.called = true
		b.wrap = b.block.Call.Custom
		if b.opaque != nil {
			w.of.Losses.Drop("tool_calls.signature")
		}
	case form.Refusal:
		w.refused = true
	case form.Image, form.Document, form.Audio, form.ToolResult:
		w.of.Losses.Drop(unsaidName(b.block.Kind))
		if b.block.Text == "" {
			return
		}
		b.held = []string{b.block.Text}
	case form.ForeignBlock:
		w.of.Losses.Drop(b.block.Foreign.Name)
		return
	case form.Text, form.Thought:
	}
	w.blocks = append(w.blocks, b)
	w.advance()
}

func (w *eventWriter) blockEnd(e *form.Event) {
	b := w.find(e.Index)
	if b == nil {
		return
	}
	b.ended = true
	if e.Block != nil {
		if e.Block.Opaque != nil {
			b.opaque = e.Block.Opaque
		}
		if e.Block.Citations != nil {
			w.of.Losses.Drop("citations")
		}
	}
	w.advance()
}

// advance writes what can be told: of the first block all that is known, of the next ones when it is whole.
func (w *eventWriter) advance() {
	for len(w.blocks) > 0 {
		b := w.blocks[0]
		w.tell(b)
		if !b.ended {
			return
		}
		w.finish(b)
		w.blocks = w.blocks[1:]
	}
}

// tell writes what is known of a block.
func (w *eventWriter) tell(b *outgoing) {
	if b.place < 0 && (b.block.Kind == form.ToolCall || len(b.held) > 0 || b.opaque != nil && b.block.Kind == form.Thought) {
		w.start(b)
	}
	if b.wrap { // it is wrapped when it is whole
		return
	}
	for _, piece := range b.held {
		w.piece(b, piece)
	}
	b.held = b.held[:0]
}

func (w *eventWriter) start(b *outgoing) {
	b.place = w.next
	w.next++
	w.open("content_block_start")
	w.out.Int("index", int64(b.place))
	w.out.Begin("content_block", '{')
	switch b.block.Kind {
	case form.ToolCall:
		w.out.Str("type", "tool_use")
		w.out.Str("id", form.Fit(b.block.Call.ID, longestID))
		w.out.Str("name", b.block.Call.Name)
		w.out.Begin("input", '{')
		w.out.End('}')
	case form.Thought:
		w.out.Str("type", "thinking")
		w.out.Str("thinking", "")
		w.out.Str("signature", "")
	case form.Text, form.Refusal, form.Image, form.Document, form.Audio, form.ToolResult, form.ForeignBlock:
		w.out.Str("type", "text")
		w.out.Str("text", "")
	}
	w.out.End('}')
	w.close()
}

func (w *eventWriter) piece(b *outgoing, piece string) {
	switch b.block.Kind {
	case form.ToolCall:
		w.delta(b, "input_json_delta", "partial_json", piece)
	case form.Thought:
		w.delta(b, "thinking_delta", "thinking", piece)
	case form.Text, form.Refusal, form.Image, form.Document, form.Audio, form.ToolResult, form.ForeignBlock:
		w.delta(b, "text_delta", "text", piece)
	}
}

func (w *eventWriter) delta(b *outgoing, typ, member, text string) {
	w.open("content_block_delta")
	w.out.Int("index", int64(b.place))
	w.out.Begin("delta", '{')
	w.out.Str("type", typ)
	w.out.Str(member, text)
	w.out.End('}')
	w.close()
}

// finish writes the end of a block.
func (w *eventWriter) finish(b *outgoing) {
	if b.place < 0 {
		return // nothing was said
	}
	if b.wrap {
		w.of.Losses.Approximate("tool_calls.arguments")
		w.piece(b, form.WrapInput(strings.Join(b.held, "")))
	}
	if b.opaque != nil && b.block.Kind == form.Thought {
		w.delta(b, "signature_delta", "signature", b.opaque.Carry())
	}
	w.open("content_block_stop")
	w.out.Int("index", int64(b.place))
	w.close()
}

// end writes what ends the message: why, what it took, and that it is over.
func (w *eventWriter) end() {
	w.begin(&form.Event{})
	for _, b := range w.blocks {
		b.ended = true
	}
	w.advance()
	w.over = true
	w.open("message_delta")
	w.out.Begin("delta", '{')
	writeStop(&w.out, &w.stop, stopReason(&w.stop, w.called, w.refused))
	w.out.End('}')
	writeUsage(&w.out, &w.usage, "")
	w.close()
	w.out = append(w.out, Stop...)
	w.events++
}
