package messages

import (
	"slices"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// reasons recognises the beginning of a block of thinking.
func reasons(typ string, event []byte) bool {
	return typ == "content_block_start" && wire.IsThinking(gjson.GetBytes(event, "content_block"))
}

// says reports whether an event other than a delta holds output: the beginning of a block that
// is more than an empty text or thought.
func says(typ string, event []byte) bool {
	return typ == "content_block_start" && blockSays(gjson.GetBytes(event, "content_block"))
}

func blockSays(block gjson.Result) bool {
	switch block.Get("type").Str {
	case "text":
		return wire.IsThere(block.Get("text"))
	case "thinking":
		return wire.IsThere(block.Get("thinking"))
	}
	return true
}

// isEmpty recognises a message in which nothing is said.
func isEmpty(answer []byte) bool {
	return wire.EndedByItself(gjson.GetBytes(answer, "stop_reason")) &&
		!slices.ContainsFunc(gjson.GetBytes(answer, "content").Array(), blockSays)
}
