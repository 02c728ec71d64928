package chat

import (
	"encoding/json"
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/sse"
)

// Chunks gives a way to turn a plain completion into the events of a stream: one with the
// whole answer, if it is wanted one with the usage, and [DONE]. Parts keep the upstream's own bytes;
// only message becomes delta, and tool calls get the index that deltas have. object is what
// such chunks call themselves.
func Chunks(object string) func(answer []byte, withUsage bool) ([][]byte, error) {
	return func(answer []byte, withUsage bool) ([][]byte, error) {
		chunks, err := asChunks(answer, object, withUsage)
		for i := range chunks {
			chunks[i] = sse.Event(chunks[i])
		}
		return append(chunks, sse.DoneEvent), err
	}
}

func asChunks(answer []byte, object string, withUsage bool) ([][]byte, error) {
	completion := gjson.ParseBytes(answer)
	head := map[string]json.RawMessage{"object": json.RawMessage(strconv.Quote(object))}
	for _, key := range []string{"id", "created", "model", "system_fingerprint", "service_tier"} {
		if v := completion.Get(key); v.Exists() {
			head[key] = json.RawMessage(v.Raw)
		}
	}
	var choices []map[string]json.RawMessage
	completion.Get("choices").ForEach(func(_, choice gjson.Result) bool {
		c := map[string]json.RawMessage{"finish_reason": json.RawMessage("null"), "index": json.RawMessage("0")}
		choice.ForEach(func(key, value gjson.Result) bool {
			if key.Str == "message" {
				c["delta"] = delta(value)
			} else {
				c[key.Str] = json.RawMessage(value.Raw)
			}
			return true
		})
		choices = append(choices, c)
		return true
	})
	first, err := chunk(head, choices, nil)
	if err != nil || !withUsage || !completion.Get("usage").IsObject() {
		return [][]byte{first}, err
	}
	last, err := chunk(head, []map[string]json.RawMessage{}, json.RawMessage(completion.Get("usage").Raw))
	return [][]byte{first, last}, err
}

func chunk(head map[string]json.RawMessage, choices []map[string]json.RawMessage, usage json.RawMessage) ([]byte, error) {
	all := make(map[string]any, len(head)+2)
	for k, v := range head {
		all[k] = v
	}
	all["choices"] = choices
	if usage != nil {
		all["usage"] = usage
	}
	return json.Marshal(all)
}

func delta(message gjson.Result) json.RawMessage {
	calls := message.Get("tool_calls")
	if !calls.IsArray() {
		return json.RawMessage(message.Raw)
	}
	out := map[string]json.RawMessage{}
	message.ForEach(func(key, value gjson.Result) bool {
		out[key.Str] = json.RawMessage(value.Raw)
		return true
	})
	var indexed []map[string]json.RawMessage
	calls.ForEach(func(_, call gjson.Result) bool {
		c := map[string]json.RawMessage{"index": json.RawMessage(strconv.Itoa(len(indexed)))}
		call.ForEach(func(key, value gjson.Result) bool {
			c[key.Str] = json.RawMessage(value.Raw)
			return true
		})
		indexed = append(indexed, c)
		return true
	})
	raw, err := json.Marshal(indexed)
	if err != nil { // parts of a valid document always marshal
		return json.RawMessage(message.Raw)
	}
	out["tool_calls"] = raw
	whole, err := json.Marshal(out)
	if err != nil {
		return json.RawMessage(message.Raw)
	}
	return whole
}
