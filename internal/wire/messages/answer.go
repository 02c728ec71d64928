package messages

import (
	"encoding/json"
	"errors"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/compose"
	"github.com/trunkline-ai/trunkline/internal/wire/expect"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

var errNoContent = errors.New("the message has no content")

// ReadAnswer reads a provider's whole answer.
func (Codec) ReadAnswer(body []byte, of form.Exchange) (*form.Answer, error) {
	doc, err := expect.Object(body)
	if err != nil {
		return nil, err
	}
	if !expect.Get(doc, "content").IsArray() {
		return nil, errNoContent
	}
	a := &form.Answer{Dialect: dialect}
	expect.ForEach(doc, func(key string, v gjson.Result) bool {
		switch key {
		case "type", "role", "stop_sequence":
		case "id":
			a.ID = v.Str
		case "model":
			a.Model = v.Str
		case "content":
			expect.Elements(v, func(b gjson.Result) {
				a.Blocks = append(a.Blocks, said(b, &of))
			})
		case "stop_reason":
			a.Stop = stopOf(v.Str, expect.Get(doc, "stop_sequence"))
		case "usage":
			var c counts
			c.take(v)
			a.Usage, a.Tier = c.usage(), expect.Get(v, "service_tier").Str
			a.Rest.Add("usage", json.RawMessage(v.Raw), form.Silent)
		case "container", "context_management":
			a.Rest.Add(key, json.RawMessage(v.Raw), answerClass(v))
		default:
			a.Rest.Add(key, json.RawMessage(v.Raw), form.Silent)
		}
		return true
	})
	return a, nil
}

func answerClass(v gjson.Result) form.Class {
	if v.Type == gjson.Null {
		return form.Silent
	}
	return form.Lossy
}

// said reads one block of an answer.
func said(v gjson.Result, of *form.Exchange) (b form.Block) {
	switch typ := expect.Get(v, "type").Str; typ {
	case "text":
		b.Text, b.Citations = expect.Get(v, "text").Str, citationsOf(expect.Get(v, "citations"))
		if notes := expect.Get(v, "citations"); notes.IsArray() && b.Citations == nil {
			b.Rest.Add("citations", json.RawMessage("[]"), form.Silent)
		}
		keep(&b, v, "text", "citations")
	case "thinking", "redacted_thinking":
		if b = thought(v); b.Opaque != nil {
			b.Opaque.Origin = of.Target.Origin
		}
	case "tool_use":
		b = use(v)
		c := of.Called(b.Call.ID, b.Call.Name)
		if c.Input = b.Call.Input; c.Custom {
			c.Input = form.UnwrapInput(c.Input)
		}
		b.Call = c
		keep(&b, v, "id", "name", "input")
	default:
		b.Kind, b.Foreign = form.ForeignBlock, &form.Member{Name: "content." + typ, Raw: json.RawMessage(v.Raw)}
	}
	return b
}

// WriteAnswer writes an answer for a client of this API.
func (Codec) WriteAnswer(a *form.Answer, of form.Exchange) []byte {
	own := a.Dialect == dialect
	d := make(compose.Doc, 0, 1024)
	d.Begin("", '{')
	writeHead(&d, a.ID, a.Model, &of)
	d.Begin("content", '[')
	called, refused := false, false
	for i := range a.Blocks {
		b := &a.Blocks[i]
		called = called || b.Kind == form.ToolCall
		refused = refused || b.Kind == form.Refusal
		writeSaid(&d, b, &of, own)
	}
	d.End(']')
	switch {
	case !own:
		writeStop(&d, &a.Stop, stopReason(&a.Stop, called, refused))
		writeUsage(&d, &a.Usage, a.Tier)
		_ = of.Losses.Rest("", a.Rest) // nothing of an answer has to be told
		if len(a.More) > 0 {
			of.Losses.Drop("choices")
		}
	case a.Stop.Raw == "":
		d.Null("stop_reason")
		d.Null("stop_sequence")
		writeRest(&d, a.Rest)
	default:
		writeStop(&d, &a.Stop, a.Stop.Raw)
		writeRest(&d, a.Rest)
	}
	d.End('}')
	return d
}

func writeHead(d *compose.Doc, id, model string, of *form.Exchange) {
	if id == "" {
		id = of.ID
	}
	if model == "" {
		model = of.Target.Model
	}
	d.Str("id", id)
	d.Str("type", "message")
	d.Str("role", "assistant")
	d.Str("model", model)
}

// writeSaid writes one block of an answer.
func writeSaid(d *compose.Doc, b *form.Block, of *form.Exchange, own bool) {
	switch b.Kind {
	case form.Text, form.Refusal:
		if b.Text == "" && !own {
			return
		}
		d.Begin("", '{')
		d.Str("type", "text")
		d.Str("text", b.Text)
		if own {
			writeCitations(d, b.Citations)
			writeRest(d, b.Rest)
		} else if b.Citations != nil {
			of.Losses.Drop("citations")
		}
		d.End('}')
	case form.Thought:
		if !own && b.Text == "" && b.Opaque == nil {
			return
		}
		writeThought(d, b)
	case form.ToolCall:
		c := b.Call
		d.Begin("", '{')
		d.Str("type", "tool_use")
		if own {
			d.Str("id", c.ID)
			d.Str("name", c.Name)
			d.Raw("input", json.RawMessage(c.Input))
			writeRest(d, b.Rest)
		} else {
			writeMade(d, b, of)
		}
		d.End('}')
	case form.ForeignBlock:
		if own {
			d.Raw("", b.Foreign.Raw)
		} else {
			of.Losses.Drop(b.Foreign.Name)
		}
	case form.Image, form.Document, form.Audio, form.ToolResult:
		unsaid(d, b, of)
	}
}

// writeMade writes a call that another API's model made.
func writeMade(d *compose.Doc, b *form.Block, of *form.Exchange) {
	c := b.Call
	if b.Opaque != nil {
		of.Losses.Drop("tool_calls.signature")
	}
	input := c.Input
	if c.Custom || !scan.IsObject(input) {
		of.Losses.Approximate("tool_calls.arguments")
		input = form.WrapInput(input)
	}
	d.Str("id", form.Fit(c.ID, longestID))
	d.Str("name", c.Name)
	d.Raw("input", json.RawMessage(input))
}

// unsaid notes a block that answers of this API cannot hold; of audio its words are told.
func unsaid(d *compose.Doc, b *form.Block, of *form.Exchange) {
	of.Losses.Drop(unsaidName(b.Kind))
	if b.Text == "" {
		return
	}
	d.Begin("", '{')
	d.Str("type", "text")
	d.Str("text", b.Text)
	d.End('}')
}

func unsaidName(k form.Kind) string {
	switch k {
	case form.Image:
		return "image"
	case form.Audio:
		return "audio"
	case form.Text, form.Refusal, form.Thought, form.Document, form.ToolCall, form.ToolResult, form.ForeignBlock:
	}
	return "document"
}
