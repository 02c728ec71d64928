package responses

import (
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// reasons recognises events that tell that the model reasons: an item of reasoning begins, or
// a response is under way that says how much is to be reasoned for it.
func reasons(typ string, event []byte) bool {
	switch typ {
	case "response.reasoning_summary_part.added":
		return true
	case "response.output_item.added":
		return gjson.GetBytes(event, "item.type").Str == "reasoning"
	case "response.in_progress":
		effort := gjson.GetBytes(event, "response.reasoning.effort").Str
		return effort != "" && effort != "none"
	}
	return false
}

// says reports whether an event other than a delta holds output. The end of a response that is
// incomplete says what it has to say.
func says(typ string, event []byte) bool {
	doc := gjson.ParseBytes(event)
	switch typ {
	case "response.created", "response.queued", "response.in_progress", "response.cancelled", "keepalive":
		return false
	case "response.output_item.added", "response.output_item.done":
		return itemSays(doc.Get("item"))
	case "response.content_part.added", "response.content_part.done",
		"response.reasoning_summary_part.added", "response.reasoning_summary_part.done":
		return partSays(doc.Get("part"))
	case "response.completed":
		return slices.ContainsFunc(doc.Get("response.output").Array(), itemSays)
	}
	if strings.HasSuffix(typ, "_text.done") || typ == "response.refusal.done" {
		return wire.IsThere(doc.Get("text")) || wire.IsThere(doc.Get("refusal"))
	}
	return true
}

// itemSays reports whether an item holds output: all do but messages and reasoning without any.
func itemSays(item gjson.Result) bool {
	switch item.Get("type").Str {
	case "message":
		return slices.ContainsFunc(item.Get("content").Array(), partSays)
	case "reasoning":
		return wire.IsThere(item.Get("encrypted_content")) ||
			slices.ContainsFunc(append(item.Get("summary").Array(), item.Get("content").Array()...), partSays)
	}
	return true
}

func partSays(part gjson.Result) bool {
	switch part.Get("type").Str {
	case "output_text", "text", "summary_text", "reasoning_text":
		return wire.IsThere(part.Get("text"))
	case "refusal":
		return wire.IsThere(part.Get("refusal"))
	}
	return true
}

// isEmpty recognises a response in which nothing is said.
func isEmpty(answer []byte) bool {
	doc := gjson.ParseBytes(answer)
	status := doc.Get("status").Str
	return (status == "completed" || status == "") && !slices.ContainsFunc(doc.Get("output").Array(), itemSays)
}
