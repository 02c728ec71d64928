package chat

import (
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// opaque cuts out what providers add to messages to know their own thoughts again: OpenRouter's
// details of reasoning, signed thinking, Google's signatures of tool calls.
func opaque(body []byte, c *wire.Cuts) {
	c.Members(body, wire.Whole(body), func(key string, value scan.Span) bool {
		if key == "messages" {
			c.Elements(body, value, func(message scan.Span) bool {
				c.Members(body, message, func(key string, value scan.Span) bool {
					if key == "tool_calls" {
						c.Elements(body, value, func(call scan.Span) bool {
							c.Members(body, call, func(key string, value scan.Span) bool {
								return key == "extra_content" && c.Takes(body[value.Start:value.End])
							})
							return false
						})
					}
					return (key == "reasoning_details" || key == "thinking_blocks") && c.Takes(body[value.Start:value.End])
				})
				return c.Thinking(body, message)
			})
		}
		return false
	})
}
