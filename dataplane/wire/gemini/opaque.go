package gemini

import (
	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
	codec "github.com/trunkline-ai/trunkline/internal/wire/gemini"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// opaque cuts out signatures, and thoughts that are nothing else. A call keeps the word that stands for a signature:
// without one, newer models refuse the conversation.
func opaque(body []byte, c *wire.Cuts) {
	c.Base64 = true
	c.Members(body, wire.Whole(body), func(key string, value scan.Span) bool {
		if key == "contents" {
			c.Elements(body, value, func(content scan.Span) bool { return inContent(body, c, content) })
		}
		return false
	})
}

// inContent reports whether nothing is left of what one side said.
func inContent(body []byte, c *wire.Cuts, content scan.Span) (all bool) {
	c.Members(body, content, func(key string, value scan.Span) bool {
		if key == "parts" {
			all = c.Elements(body, value, func(part scan.Span) bool { return inPart(body, c, part) })
		}
		return false
	})
	return all
}

// inPart reports whether a part is to go as a whole.
func inPart(body []byte, c *wire.Cuts, part scan.Span) bool {
	raw := body[part.Start:part.End]
	v := gjson.ParseBytes(raw)
	if codec.Either(v, "thoughtSignature", "thought_signature").Str == "" || !c.Takes(raw) {
		return false
	}
	isCall := codec.Either(v, "functionCall", "function_call").IsObject()
	if !isCall && codec.OnlySigned(v) {
		return true
	}
	c.Members(body, part, func(key string, value scan.Span) bool {
		if key != "thoughtSignature" && key != "thought_signature" {
			return false
		}
		if isCall {
			c.Items++
			c.Edits = append(c.Edits, scan.Edit{At: value, With: []byte(`"` + codec.SkipSignature + `"`)})
		}
		return !isCall
	})
	return false
}
