package chat

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/expect"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
)

// Members of objects inside an answer are kept beside those of the answer, told apart by these.
const (
	ofChoice  = "choice."
	ofMessage = "message."
)

var errNoChoices = errors.New("the completion has no choices")

// ReadAnswer reads a provider's whole answer.
func (Codec) ReadAnswer(body []byte, of form.Exchange) (*form.Answer, error) {
	doc, err := expect.Object(body)
	if err != nil {
		return nil, err
	}
	var all []form.Answer
	expect.Elements(expect.Get(doc, "choices"), func(choice gjson.Result) {
		all = append(all, readChoice(choice, &of))
	})
	if len(all) == 0 {
		return nil, errNoChoices
	}
	a := &all[0]
	if len(all) > 1 {
		a.More = all[1:]
	}
	a.Dialect = dialect
	expect.ForEach(doc, func(key string, v gjson.Result) bool {
		switch key {
		case "choices", "object":
		case "id":
			a.ID = v.Str
		case "model":
			a.Model = v.Str
		case "created":
			a.Created = v.Int()
		case "usage":
			if a.Usage = usageOf(v); v.IsObject() {
				a.Rest.Add("usage", json.RawMessage(v.Raw), form.Silent)
			}
		case "service_tier":
			a.Tier = v.Str
		case "citations", "search_results":
			a.Rest.Add(key, json.RawMessage(v.Raw), form.Lossy)
		default:
			a.Rest.Add(key, json.RawMessage(v.Raw), form.Silent)
		}
		return true
	})
	return a, nil
}

func readChoice(choice gjson.Result, of *form.Exchange) (a form.Answer) {
	expect.ForEach(choice, func(key string, v gjson.Result) bool {
		switch key {
		case "index":
		case "message":
			readMessage(v, of, &a)
		case "finish_reason":
			a.Stop = stopOf(v.Str, expect.Get(choice, "stop_reason"))
		default:
			a.Rest.Add(ofChoice+key, json.RawMessage(v.Raw), form.Silent)
		}
		return true
	})
	return a
}

// readMessage reads what the model said: thoughts first, calls last.
func readMessage(m gjson.Result, of *form.Exchange, a *form.Answer) {
	a.Blocks = told(m, of)
	content := expect.Get(m, "content")
	switch {
	case content.Type == gjson.String:
		a.Blocks = append(a.Blocks, form.Block{Text: content.Str, Citations: citationsOf(expect.Get(m, "annotations"))})
	case content.IsArray():
		a.Blocks = append(a.Blocks, contentParts(content)...)
		a.Rest.Add(ofMessage+"content", json.RawMessage(content.Raw), form.Silent)
	}
	if text := expect.Get(m, "refusal").Str; text != "" {
		a.Blocks = append(a.Blocks, form.Block{Kind: form.Refusal, Text: text})
	}
	expect.ForEach(m, func(key string, v gjson.Result) bool {
		switch key {
		case "role", "content", "tool_calls", "function_call":
		case "refusal":
			if v.Type != gjson.String {
				a.Rest.Add(ofMessage+key, json.RawMessage(v.Raw), form.Silent)
			}
		case "audio":
			if v.IsObject() {
				a.Blocks = append(a.Blocks, form.Block{Kind: form.Audio, Text: expect.Get(v, "transcript").Str, Media: &form.Media{Data: expect.Get(v, "data").Str}})
			}
			a.Rest.Add(ofMessage+key, json.RawMessage(v.Raw), form.Silent)
		case "images":
			expect.Elements(v, func(image gjson.Result) {
				a.Blocks = append(a.Blocks, form.Block{Kind: form.Image, Media: fromURL(expect.Get(image, "image_url", "url").Str)})
			})
			a.Rest.Add(ofMessage+key, json.RawMessage(v.Raw), form.Silent)
		default:
			a.Rest.Add(ofMessage+key, json.RawMessage(v.Raw), form.Silent)
		}
		return true
	})
	expect.Elements(expect.Get(m, "tool_calls"), func(v gjson.Result) {
		a.Blocks = append(a.Blocks, madeCall(v, of, len(a.Blocks)))
	})
	if f := expect.Get(m, "function_call"); f.IsObject() {
		a.Blocks = append(a.Blocks, madeCall(gjson.Parse(`{"function":`+f.Raw+`}`), of, len(a.Blocks)))
		a.Rest.Add(ofMessage+"function_call", json.RawMessage(f.Raw), form.Silent)
	}
}

// madeCall reads a call that the model made. at tells calls apart that have no id.
func madeCall(v gjson.Result, of *form.Exchange, at int) form.Block {
	b := callBlock(v)
	if b.Opaque != nil {
		b.Opaque.Origin = of.Target.Origin
	}
	c := b.Call
	if c.ID == "" {
		c.ID = callID(of, at)
	}
	if c.Custom {
		return b
	}
	made := of.Called(c.ID, c.Name)
	if made.Input = c.Input; made.Custom {
		made.Input = form.UnwrapInput(c.Input)
	}
	b.Call = made
	return b
}

// callID is the id of a call that came without.
func callID(of *form.Exchange, at int) string {
	return form.Fit("call_"+of.ID+"_"+strconv.Itoa(at), longestID)
}

// told reads what a model thought, with what its provider has to get back.
func told(m gjson.Result, of *form.Exchange) []form.Block {
	member, text := thoughtOf(m)
	details := expect.Get(m, "reasoning_details")
	blocks := thoughts(details, text)
	if len(blocks) == 0 {
		return nil
	}
	for i := range blocks {
		blocks[i].Opaque = nil
	}
	raw := member
	if details.IsArray() {
		raw = details.Raw
	}
	if raw != "" {
		// Details go back as a whole: one thought carries them for all.
		last := &blocks[len(blocks)-1]
		last.Opaque = &form.Opaque{Origin: of.Target.Origin, Kind: dialect, Raw: raw}
	}
	return blocks
}

// thoughtOf finds what was thought as plain text, under whichever name: member is the name if it goes
// back under it.
func thoughtOf(m gjson.Result) (member, text string) {
	for _, name := range [...]string{"reasoning_content", "reasoning"} {
		if v := m.Get(name); v.Type == gjson.String && v.Str != "" {
			return name, v.Str
		}
	}
	for _, name := range [...]string{"thinking", "reasoning_text"} {
		if v := m.Get(name); v.Type == gjson.String && v.Str != "" {
			return "", v.Str
		}
	}
	return "", ""
}

// contentParts reads content that is a list, as Mistral's models that think have it.
func contentParts(v gjson.Result) (blocks []form.Block) {
	expect.Elements(v, func(part gjson.Result) {
		switch expect.Get(part, "type").Str {
		case "text":
			blocks = append(blocks, form.Block{Text: expect.Get(part, "text").Str})
		case "refusal":
			blocks = append(blocks, form.Block{Kind: form.Refusal, Text: expect.Get(part, "refusal").Str})
		case "thinking":
			blocks = append(blocks, form.Block{Kind: form.Thought, Text: thinkingText(expect.Get(part, "thinking"))})
		case "image_url":
			blocks = append(blocks, form.Block{Kind: form.Image, Media: fromURL(expect.Get(part, "image_url", "url").Str)})
		}
	})
	return blocks
}

// thinkingText is a text, or the texts of a list.
func thinkingText(v gjson.Result) string {
	if v.Type == gjson.String {
		return v.Str
	}
	var b strings.Builder
	expect.Elements(v, func(part gjson.Result) {
		b.WriteString(expect.Get(part, "text").Str)
	})
	return b.String()
}

func citationsOf(v gjson.Result) (all []form.Citation) {
	expect.Elements(v, func(note gjson.Result) {
		if c := expect.Get(note, "url_citation"); c.IsObject() {
			all = append(all, form.Citation{URL: expect.Get(c, "url").Str, Title: expect.Get(c, "title").Str, Start: int(count(expect.Get(c, "start_index"))), End: int(count(expect.Get(c, "end_index")))})
		}
	})
	return all
}
