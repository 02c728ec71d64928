package gemini

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/compose"
	"github.com/trunkline-ai/trunkline/internal/wire/expect"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

var errNoCandidate = errors.New("the provider's answer has no candidates and does not say why")

// ReadAnswer reads a provider's whole answer.
func (c Codec) ReadAnswer(body []byte, of form.Exchange) (*form.Answer, error) {
	if _, err := expect.Object(body); err != nil {
		return nil, err
	}
	r := eventReader{of: of, open: none}
	events, err := r.Read(body)
	if err != nil {
		return nil, err
	}
	if r.stop == nil {
		return nil, errNoCandidate
	}
	events = append(events, r.finish()...)
	return answerOf(events), nil
}

// answerOf puts the events of an answer together.
func answerOf(events []form.Event) *form.Answer {
	a := &form.Answer{Dialect: name}
	for i := range events {
		e := &events[i]
		switch e.Kind {
		case form.Begin:
			a.ID, a.Model, a.Created = e.ID, e.Model, e.Created
		case form.BlockBegin:
			a.Blocks = append(a.Blocks, *e.Block)
		case form.Delta:
			if b := &a.Blocks[e.Index]; b.Call != nil {
				b.Call.Input += e.Text
			} else {
				b.Text += e.Text
			}
		case form.BlockEnd:
			if e.Block != nil {
				a.Blocks[e.Index].Opaque, a.Blocks[e.Index].Citations = e.Block.Opaque, e.Block.Citations
			}
		case form.Stopped:
			a.Stop = e.Stop
		case form.UsageTold:
			a.Usage = e.Usage
		case form.End, form.Idle:
		}
	}
	return a
}

// createdAt is a time of this API in Unix seconds; 0: there is none.
func createdAt(v gjson.Result) int64 {
	t, err := time.Parse(time.RFC3339Nano, v.Str)
	if err != nil {
		return 0
	}
	return t.Unix()
}

// WriteAnswer writes an answer for a client.
func (Codec) WriteAnswer(a *form.Answer, of form.Exchange) []byte {
	w := eventWriter{of: of, id: a.ID, model: a.Model}
	d := make(compose.Doc, 0, 1024)
	d.Begin("", '{')
	if a.Stop.Reason == form.StopRefusal && len(a.Blocks) == 0 {
		d.Begin("promptFeedback", '{')
		d.Str("blockReason", cmp.Or(map[string]string{name: a.Stop.Raw}[a.Dialect], "SAFETY"))
		d.End('}')
		w.tail(&d, &a.Usage)
		d.End('}')
		return d
	}
	d.Begin("candidates", '[')
	d.Begin("", '{')
	d.Begin("content", '{')
	d.Begin("parts", '[')
	for i := range a.Blocks {
		w.part(&d, &a.Blocks[i], a.Blocks[i].Text)
	}
	d.End(']')
	d.Str("role", "model")
	d.End('}')
	d.Str("finishReason", reasonOf(a.Stop))
	d.Int("index", 0)
	d.End('}')
	d.End(']')
	w.tail(&d, &a.Usage)
	d.End('}')
	return d
}

// reasonOf is why an answer ended, in this API's words.
func reasonOf(stop form.Stop) string {
	switch stop.Reason {
	case form.StopLength, form.StopContext:
		return "MAX_TOKENS"
	case form.StopRefusal:
		return "SAFETY"
	default:
		return "STOP"
	}
}

// part writes a block. text is what of its text is to be said.
func (w *eventWriter) part(d *compose.Doc, b *form.Block, text string) {
	switch b.Kind {
	case form.Text, form.Refusal, form.Thought:
		w.cited(b)
		if text == "" && b.Opaque == nil {
			return
		}
		d.Begin("", '{')
		d.Str("text", text)
		if b.Kind == form.Thought {
			d.Bool("thought", true)
		}
	case form.ToolCall:
		d.Begin("", '{')
		w.call(d, b.Call)
	case form.Image, form.Document, form.Audio:
		d.Begin("", '{')
		writeMedia(d, b.Media)
	default:
		w.of.Losses.Drop("candidates")
		return
	}
	if b.Opaque != nil {
		d.Str("thoughtSignature", carry(b.Opaque))
	}
	d.End('}')
}

// cited notes that a text's sources are not told: this API names them for the whole answer, and by search alone.
func (w *eventWriter) cited(b *form.Block) {
	if len(b.Citations) > 0 {
		w.of.Losses.Drop("citations")
	}
}

func (w *eventWriter) call(d *compose.Doc, c *form.Call) {
	input := c.Input
	if c.Custom {
		input = form.WrapInput(input)
	}
	args, ok := object(input)
	if !ok {
		args, _ = object("{}")
	}
	d.Begin("functionCall", '{')
	if c.ID != "" {
		d.Str("id", c.ID)
	}
	d.Str("name", c.Name)
	d.Raw("args", args)
	d.End('}')
}

// tail writes what stands behind the candidates.
func (w *eventWriter) tail(d *compose.Doc, u *form.Usage) {
	if u.Told {
		d.Begin("usageMetadata", '{')
		d.Int("promptTokenCount", u.Input)
		if u.Output > 0 {
			d.Int("candidatesTokenCount", u.Output-u.Reasoning)
		}
		d.Int("totalTokenCount", u.Input+u.Output)
		if u.Reasoning > 0 {
			d.Int("thoughtsTokenCount", u.Reasoning)
		}
		if u.CacheRead > 0 {
			d.Int("cachedContentTokenCount", u.CacheRead)
		}
		d.End('}')
	}
	model, id := w.model, w.id
	if model == "" {
		model = w.of.Target.Model
	}
	if id == "" {
		id = w.of.ID
	}
	d.Str("modelVersion", model)
	d.Str("responseId", id)
}

// callFor is the call of a part, with an id where the provider gives none.
func (r *eventReader) callFor(v gjson.Result) *form.Call {
	id := v.Get("id").Str
	if id == "" && r.of.Request.Dialect != name {
		id = fmt.Sprintf("call_%s_%d", form.Fit(r.of.ID, 40), r.next)
	}
	return r.of.Called(id, v.Get("name").Str)
}
