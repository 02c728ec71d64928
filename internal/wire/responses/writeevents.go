package responses

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/trunkline-ai/trunkline/internal/wire/compose"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// NewEventWriter writes the stream of a response.
func (Codec) NewEventWriter(of form.Exchange) form.EventWriter { return newWriter(of) }

func newWriter(of form.Exchange) *eventWriter {
	return &eventWriter{of: of, id: of.ID, created: of.Created, model: of.Target.Model, echo: echo(of.Request)}
}

// eventWriter writes a response in pieces, and keeps what its last event repeats.
type eventWriter struct {
	of    form.Exchange
	quiet bool // only the whole response is wanted
	out   compose.Doc
	n     int // events that were written
	begun bool
	ended bool

	id, suffix, model, tier string
	created                 int64
	echo                    []byte

	blocks  []*block
	items   []*item
	message *item // that further text goes to; nil: none
	size    int   // of the items
	refused bool  // a refusal was written
	stop    form.Stop
	usage   form.Usage
}

// block is a block of the answer: an item, or a part of a message.
type block struct {
	kind   form.Kind
	item   *item // nil: there is none yet, or will never be
	part   int   // its number in a message
	text   strings.Builder
	call   form.Call
	sealed *form.Opaque
	ended  bool
}

// item is an item of the response.
type item struct {
	id, typ string
	index   int
	parts   []json.RawMessage // of a message, those that ended
	open    int               // parts that have not
	full    bool              // a message that gets no more parts
	whole   json.RawMessage   // nil: it has not ended
}

// Place is where the next event would stand.
func (w *eventWriter) Place() (events int, id string) { return w.n, w.id }

// Write writes the events that tell of an event.
func (w *eventWriter) Write(e *form.Event) []byte {
	w.out = w.out[:0]
	if w.ended {
		return nil
	}
	if !w.begun && e.Kind != form.Idle {
		w.begin(e)
	}
	switch e.Kind {
	case form.BlockBegin:
		w.blockBegin(e)
	case form.Delta:
		if b := w.block(e.Index); b != nil && e.Text != "" {
			w.delta(b, e.Text)
		}
	case form.BlockEnd:
		if b := w.block(e.Index); b != nil {
			w.blockEnd(b, e.Block)
		}
	case form.Stopped:
		w.stop = e.Stop
	case form.UsageTold:
		w.usage = e.Usage
	case form.End:
		w.finish()
		status := w.status()
		w.whole("response."+status, w.response(status))
		w.ended = true
	case form.Begin, form.Idle:
	}
	return w.out
}

func (w *eventWriter) begin(e *form.Event) {
	w.begun = true
	if e.Kind == form.Begin {
		w.id, w.model, w.tier = cmp.Or(e.ID, w.id), cmp.Or(e.Model, w.model), e.Tier
		if e.Created != 0 {
			w.created = e.Created
		}
	}
	w.id, w.suffix = responseID(w.id)
	if w.quiet {
		return
	}
	begun := w.response(inProgress)
	w.whole("response.created", begun)
	w.whole("response.in_progress", begun)
}

// responseID makes the id of a response of another dialect's, and what the ids of its items have in
// common.
func responseID(id string) (own, suffix string) {
	suffix = id
	for _, prefix := range []string{"resp_", "chatcmpl-", "msg_"} {
		if rest, found := strings.CutPrefix(id, prefix); found {
			suffix = rest
			break
		}
	}
	suffix = form.Fit(suffix, 48)
	return "resp_" + suffix, suffix
}

// block finds a block that has not ended.
func (w *eventWriter) block(index int) *block {
	if index < 0 || index >= len(w.blocks) || w.blocks[index].ended {
		return nil
	}
	return w.blocks[index]
}

// finish ends what is open.
func (w *eventWriter) finish() {
	for _, b := range w.blocks {
		if !b.ended {
			w.blockEnd(b, nil)
		}
	}
	w.close()
}

// event begins an event of a type, with its number; send ends it.
func (w *eventWriter) event(typ string) {
	w.out = append(append(append(w.out, "event: "...), typ...), "\ndata: "...)
	w.out.Begin("", '{')
	w.out.Str("type", typ)
	w.out.Int("sequence_number", int64(w.n))
	w.n++
}

func (w *eventWriter) send() {
	w.out.End('}')
	w.out = append(w.out, "\n\n"...)
}

// whole writes an event that holds the response.
func (w *eventWriter) whole(typ string, response []byte) {
	if w.quiet {
		return
	}
	w.event(typ)
	w.out.Raw("response", response)
	w.send()
}

// at begins an event about an item.
func (w *eventWriter) at(typ string, i *item) {
	w.event(typ)
	w.out.Str("item_id", i.id)
	w.out.Int("output_index", int64(i.index))
}

// add begins an item.
func (w *eventWriter) add(typ, prefix string) *item {
	i := &item{typ: typ, index: len(w.items), id: prefix + w.suffix + "_" + strconv.Itoa(len(w.items))}
	w.items = append(w.items, i)
	return i
}

// added tells of an item that begins, done of one that is whole.
func (w *eventWriter) added(i *item, begun []byte) {
	w.itemEvent("response.output_item.added", i, begun)
}

func (w *eventWriter) done(i *item, whole []byte) {
	i.whole = whole
	w.size += len(whole) + 1
	w.itemEvent("response.output_item.done", i, whole)
}

func (w *eventWriter) itemEvent(typ string, i *item, doc []byte) {
	if w.quiet {
		return
	}
	w.event(typ)
	w.out.Int("output_index", int64(i.index))
	w.out.Raw("item", doc)
	w.send()
}
