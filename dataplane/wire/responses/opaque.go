package responses

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// opaque cuts out reasoning, and previous_response_id where it may. What other references and compactions stand
// for is the conversation itself, which stays.
func opaque(body []byte, c *wire.Cuts) {
	c.Members(body, wire.Whole(body), func(key string, value scan.Span) bool {
		switch key {
		case "input":
			c.Elements(body, value, func(item scan.Span) bool {
				raw := body[item.Start:item.End]
				return isReasoning(raw) && c.Takes(raw)
			})
		case "previous_response_id":
			return c.Previous && body[value.Start] == '"' && !answersEarlier(body)
		}
		return false
	})
}

// answersEarlier reports whether the input holds the output of a tool that was called in an earlier response: without
// that, it makes no sense.
func answersEarlier(body []byte) (does bool) {
	calls := map[string]bool{}
	gjson.GetBytes(body, "input").ForEach(func(_, item gjson.Result) bool {
		typ, id := item.Get("type").Str, item.Get("call_id").Str
		calls[id] = calls[id] || strings.HasSuffix(typ, "_call")
		does = strings.HasSuffix(typ, "_output") && !calls[id]
		return !does
	})
	return does
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
