package responses

import (
	"github.com/trunkline-ai/trunkline/internal/wire/compose"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// WriteAnswer writes a whole response: the one that a stream of the same answer ends with.
func (Codec) WriteAnswer(a *form.Answer, of form.Exchange) []byte {
	w := newWriter(of)
	w.quiet = true
	w.Write(&form.Event{Kind: form.Begin, ID: a.ID, Model: a.Model, Created: a.Created, Tier: a.Tier})
	for i := range a.Blocks {
		b := &a.Blocks[i]
		w.Write(&form.Event{Kind: form.BlockBegin, Index: i, Block: b})
		if text := textOf(b); text != "" {
			w.Write(&form.Event{Kind: form.Delta, Index: i, Text: text})
		}
		w.Write(&form.Event{Kind: form.BlockEnd, Index: i, Block: b})
	}
	w.stop, w.usage = a.Stop, a.Usage
	w.finish()
	return w.response(w.status())
}

// textOf is what deltas of a block would say.
func textOf(b *form.Block) string {
	switch b.Kind {
	case form.ToolCall:
		return b.Call.Input
	case form.Text, form.Refusal, form.Thought:
		return b.Text
	default:
		return ""
	}
}

// States of a response and its items.
const (
	completed  = "completed"
	incomplete = "incomplete"
	inProgress = "in_progress"
)

// status is how a response ended.
func (w *eventWriter) status() string {
	if w.reason() != "" {
		return incomplete
	}
	return completed
}

// reason is why a response is incomplete; empty: it is not.
func (w *eventWriter) reason() string {
	switch w.stop.Reason {
	case form.StopLength, form.StopContext:
		return "max_output_tokens"
	case form.StopRefusal:
		if !w.refused {
			return "content_filter"
		}
	default:
	}
	return ""
}

// response is the whole response as it stands.
func (w *eventWriter) response(status string) []byte {
	d := make(compose.Doc, 0, len(w.echo)+w.size+1024)
	d.Begin("", '{')
	d.Str("id", w.id)
	d.Str("object", "response")
	d.Int("created_at", w.created)
	d.Str("status", status)
	d.Bool("background", false)
	d.Null("error")
	if why := w.reason(); status == incomplete {
		d.Begin("incomplete_details", '{')
		d.Str("reason", why)
		d.End('}')
	} else {
		d.Null("incomplete_details")
	}
	d.Str("model", w.model)
	d.Begin("output", '[')
	if status != inProgress {
		for _, item := range w.items {
			d.Raw("", item.whole)
		}
	}
	d.End(']')
	orNull(&d, "service_tier", w.tier)
	writeUsage(&d, &w.usage)
	d = append(d, ',')
	d = append(d, w.echo...)
	d.End('}')
	return d
}

func writeUsage(d *compose.Doc, u *form.Usage) {
	if !u.Told {
		d.Null("usage")
		return
	}
	d.Begin("usage", '{')
	d.Int("input_tokens", u.Input)
	d.Begin("input_tokens_details", '{')
	d.Int("cached_tokens", u.CacheRead)
	d.Int("cache_write_tokens", u.CacheWrite)
	d.End('}')
	d.Int("output_tokens", u.Output)
	d.Begin("output_tokens_details", '{')
	d.Int("reasoning_tokens", u.Reasoning)
	d.End('}')
	d.Int("total_tokens", u.Input+u.Output)
	d.End('}')
}
