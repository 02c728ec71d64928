package messages

import (
	"encoding/json"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
	codec "github.com/trunkline-ai/trunkline/internal/wire/messages"
)

// events turns a whole message into the events of a stream, as if it had come so: every text
// in one delta. Clients of this API always get the usage.
func events(answer []byte, _ bool) ([][]byte, error) {
	doc := gjson.ParseBytes(answer)
	usage := doc.Get("usage")
	if !usage.IsObject() {
		usage = gjson.Parse(`{"input_tokens":0,"output_tokens":0}`)
	}
	begun := wire.With(doc, "content", "[]", "stop_reason", "null", "stop_sequence", "null", "usage", string(wire.With(usage, "output_tokens", "0")))
	all := [][]byte{wire.Named("message_start", "message", string(begun))}
	for i, block := range doc.Get("content").Array() {
		all = append(all, blockEvents(strconv.Itoa(i), block)...)
	}
	end := wire.With(gjson.Parse("{}"), "stop_reason", wire.Raw(doc.Get("stop_reason"), "null"), "stop_sequence", wire.Raw(doc.Get("stop_sequence"), "null"))
	return append(all, wire.Named("message_delta", "delta", string(end), "usage", usage.Raw), codec.Stop), nil
}

// blockEvents are the events of one block of a message's content.
func blockEvents(index string, block gjson.Result) [][]byte {
	begun := block.Raw
	var deltas [][]byte
	add := func(typ, key, value string) {
		delta := `{"type":"` + typ + `","` + key + `":` + value + `}`
		deltas = append(deltas, wire.Named("content_block_delta", "index", index, "delta", delta))
	}
	switch block.Get("type").Str {
	case "text":
		begun = string(wire.With(block, "text", `""`))
		add("text_delta", "text", wire.Raw(block.Get("text"), `""`))
		if notes := block.Get("citations"); notes.IsArray() {
			begun = string(wire.With(gjson.Parse(begun), "citations", "[]"))
			for _, note := range notes.Array() {
				add("citations_delta", "citation", note.Raw)
			}
		}
	case "thinking":
		begun = string(wire.With(block, "thinking", `""`, "signature", `""`))
		add("thinking_delta", "thinking", wire.Raw(block.Get("thinking"), `""`))
		if signature := block.Get("signature"); wire.IsThere(signature) {
			add("signature_delta", "signature", signature.Raw)
		}
	case "tool_use", "server_tool_use", "mcp_tool_use":
		begun = string(wire.With(block, "input", "{}"))
		input, err := json.Marshal(wire.Raw(block.Get("input"), "{}"))
		if err == nil { // text always marshals
			add("input_json_delta", "partial_json", string(input))
		}
	}
	all := append([][]byte{wire.Named("content_block_start", "index", index, "content_block", begun)}, deltas...)
	return append(all, wire.Named("content_block_stop", "index", index))
}
