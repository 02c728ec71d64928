package messages

import (
	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// opaque cuts out thinking; a message that is nothing else goes with it. Amid the use of tools
// the API wants the turn's own thinking back or none at all, so thinking is switched off then.
func opaque(body []byte, c *wire.Cuts) {
	var thinking scan.Span
	c.Members(body, wire.Whole(body), func(key string, value scan.Span) bool {
		switch key {
		case "thinking":
			thinking = value
		case "messages":
			c.Elements(body, value, func(message scan.Span) bool { return c.Thinking(body, message) })
		}
		return false
	})
	if c.Items > 0 && thinking.End > 0 && gjson.GetBytes(body, `messages.@reverse.0.content.#(type=="tool_result")`).Exists() {
		c.Edits = append(c.Edits, scan.Edit{At: thinking, With: []byte(`{"type":"disabled"}`)})
	}
}
