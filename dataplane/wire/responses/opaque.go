package responses

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// opaque cuts out reasoning. What previous_response_id, other references and compactions stand
// for is the conversation itself, which stays.
func opaque(body []byte, c *wire.Cuts) {
	c.Members(body, wire.Whole(body), func(key string, value scan.Span) bool {
		if key == "input" {
			c.Elements(body, value, func(item scan.Span) bool {
				raw := body[item.Start:item.End]
				return isReasoning(raw) && c.Takes(raw)
			})
		}
		return false
	})
}

func isReasoning(item []byte) bool {
	switch gjson.GetBytes(item, "type").Str {
	case "reasoning":
		return true
	case "item_reference":
		return strings.HasPrefix(gjson.GetBytes(item, "id").Str, "rs_")
	}
	return false
}
