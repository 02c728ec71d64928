package chat

import (
	"strings"

	"github.com/trunkline-ai/trunkline/internal/wire/compose"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// WriteAnswer writes an answer for a client of this API.
func (Codec) WriteAnswer(a *form.Answer, of form.Exchange) []byte {
	own := a.Dialect == dialect
	d := make(compose.Doc, 0, 1024)
	d.Begin("", '{')
	writeHead(&d, a.ID, a.Model, a.Created, "chat.completion", &of)
	d.Begin("choices", '[')
	writeChoice(&d, 0, a, &of, own)
	for i := range a.More {
		writeChoice(&d, i+1, &a.More[i], &of, own)
	}
	d.End(']')
	if a.Usage.Told && !(own && a.Rest.Has("usage")) {
		writeUsage(&d, "usage", &a.Usage)
	}
	if a.Tier != "" {
		d.Str("service_tier", tierOf(a.Tier))
	}
	if own {
		writeRest(&d, "", a.Rest)
	} else {
		_ = of.Losses.Rest("", a.Rest) // nothing of an answer has to be told
	}
	d.End('}')
	return d
}

func writeHead(d *compose.Doc, id, model string, created int64, object string, of *form.Exchange) {
	if id == "" {
		id = of.ID
	}
	if created == 0 {
		created = of.Created
	}
	if model == "" {
		model = of.Target.Model
	}
	d.Str("id", id)
	d.Str("object", object)
	d.Int("created", created)
	d.Str("model", model)
}

func writeChoice(d *compose.Doc, index int, a *form.Answer, of *form.Exchange, own bool) {
	d.Begin("", '{')
	d.Int("index", int64(index))
	d.Begin("message", '{')
	d.Str("role", "assistant")
	called := writeSaid(d, a, of, own)
	d.End('}')
	if own {
		writeRest(d, ofChoice, a.Rest)
		if a.Stop.Raw == "" {
			d.Null("finish_reason")
		} else {
			d.Str("finish_reason", a.Stop.Raw)
		}
	} else {
		d.Null("logprobs")
		d.Str("finish_reason", finishReason(&a.Stop, called, of.Request.Rest.Has("functions")))
	}
	d.End('}')
}

// writeSaid writes the members of the message, and reports whether tools are called.
func writeSaid(d *compose.Doc, a *form.Answer, of *form.Exchange, own bool) (called bool) {
	content := func(text string, is bool) {
		switch {
		case own && a.Rest.Has(ofMessage+"content"):
		case is:
			d.Str("content", text)
		default:
			d.Null("content")
		}
	}
	if own {
		text, is := "", false
		for i := range a.Blocks {
			if b := &a.Blocks[i]; b.Kind == form.Text {
				text, is = text+b.Text, true
			}
		}
		content(text, is)
		for i := range a.Blocks {
			if a.Blocks[i].Kind == form.Refusal {
				d.Str("refusal", a.Blocks[i].Text)
			}
		}
		writeRest(d, ofMessage, a.Rest)
		if !a.Rest.Has(ofMessage + "function_call") {
			writeCalls(d, a.Blocks, of, true)
		}
		return false
	}
	p := partsOf(a.Blocks, of)
	content(p.text, p.text != "" || p.calls == 0)
	if p.refusal == "" {
		d.Null("refusal")
	} else {
		d.Str("refusal", p.refusal)
	}
	if p.thought != "" {
		d.Str("reasoning_content", p.thought)
	}
	if len(p.opaque) > 0 {
		d.Begin("reasoning_details", '[')
		for i, o := range p.opaque {
			writeDetail(d, i, o)
		}
		d.End(']')
	}
	if len(p.citations) > 0 {
		d.Begin("annotations", '[')
		for i := range p.citations {
			writeCitation(d, &p.citations[i], of)
		}
		d.End(']')
	}
	if p.calls > 0 {
		writeCalls(d, a.Blocks, of, false)
	}
	return p.calls > 0
}

// parts are what an answer is made of, by the members that this API has for them.
type parts struct {
	text, thought, refusal string
	opaque                 []*form.Opaque
	citations              []form.Citation
	calls                  int
}

func partsOf(blocks []form.Block, of *form.Exchange) (p parts) {
	var text, thought, refusal strings.Builder
	for i := range blocks {
		b := &blocks[i]
		switch b.Kind {
		case form.Text:
			p.citations = append(p.citations, b.Citations...)
			text.WriteString(b.Text)
		case form.Refusal:
			refusal.WriteString(b.Text)
		case form.Thought:
			thought.WriteString(b.Text)
			if b.Opaque != nil {
				p.opaque = append(p.opaque, b.Opaque)
			}
		case form.ToolCall:
			p.calls++
			if b.Opaque != nil {
				of.Losses.Drop("tool_calls.signature")
			}
		case form.Audio, form.Image, form.Document, form.ToolResult, form.ForeignBlock:
			text.WriteString(b.Text)
			of.Losses.Drop(unsaid(b))
		}
	}
	p.text, p.thought, p.refusal = text.String(), thought.String(), refusal.String()
	return p
}

// unsaid names a block that a client of this API cannot be told.
func unsaid(b *form.Block) string {
	switch {
	case b.Foreign != nil:
		return b.Foreign.Name
	case b.Kind == form.Image:
		return "image"
	case b.Kind == form.Audio:
		return "audio"
	}
	return "document"
}

// writeDetail writes what the client has to send back of a thought, unread.
func writeDetail(d *compose.Doc, index int, o *form.Opaque) {
	d.Begin("", '{')
	d.Str("type", "reasoning.encrypted")
	d.Str("data", o.Carry())
	d.Str("format", "unknown")
	d.Int("index", int64(index))
	d.End('}')
}

func writeCitation(d *compose.Doc, c *form.Citation, of *form.Exchange) {
	if c.URL == "" {
		of.Losses.Drop("citations")
		return
	}
	d.Begin("", '{')
	d.Str("type", "url_citation")
	d.Begin("url_citation", '{')
	d.Str("url", c.URL)
	d.Str("title", c.Title)
	d.Int("start_index", int64(c.Start))
	d.Int("end_index", int64(c.End))
	d.End('}')
	d.End('}')
}

func writeCalls(d *compose.Doc, blocks []form.Block, of *form.Exchange, own bool) {
	functions := of.Request.Rest.Has("functions") && !own
	open := false
	for i := range blocks {
		b := &blocks[i]
		if b.Kind != form.ToolCall {
			continue
		}
		if functions { // there can be one alone
			d.Begin("function_call", '{')
			d.Str("name", b.Call.Name)
			d.Str("arguments", b.Call.Input)
			d.End('}')
			return
		}
		if !open {
			d.Begin("tool_calls", '[')
			open = true
		}
		d.Begin("", '{')
		id := b.Call.ID
		if !own {
			id = form.Fit(id, longestID)
		}
		d.Str("id", id)
		writeCall(d, b)
		if own {
			writeRest(d, "", b.Rest)
		}
		d.End('}')
	}
	if open {
		d.End(']')
	}
}

// writeCall writes what is called and with what.
func writeCall(d *compose.Doc, b *form.Block) {
	c := b.Call
	if c.Custom {
		d.Str("type", "custom")
		d.Begin("custom", '{')
		d.Str("name", c.Name)
		d.Str("input", c.Input)
		d.End('}')
		return
	}
	d.Str("type", "function")
	d.Begin("function", '{')
	d.Str("name", c.Name)
	switch raw := b.Rest.Get(markArguments); {
	case !b.Rest.Has(markArguments):
		d.Str("arguments", c.Input)
	case raw != nil:
		d.Raw("arguments", raw)
	}
	d.End('}')
}
