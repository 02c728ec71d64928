package chat

import (
	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// UsageOnly recognises the last chunk of include_usage: no choices.
func UsageOnly(chunk []byte) bool {
	choices := gjson.GetBytes(chunk, "choices")
	return !choices.Exists() || choices.IsArray() && choices.Get("#").Int() == 0
}

// Output reports whether a chunk, or a whole answer, carries output of any kind, and gives its
// text to the inspection.
func Output(chunk []byte, i *wire.Inspection) bool {
	found := false
	gjson.GetBytes(chunk, "choices").ForEach(func(_, choice gjson.Result) bool {
		delta := choice.Get("delta")
		if !delta.Exists() {
			delta = choice.Get("message")
		}
		for _, s := range [...]gjson.Result{
			delta.Get("content"), delta.Get("refusal"), delta.Get("reasoning_content"), delta.Get("reasoning"),
			delta.Get("reasoning_text"), delta.Get("thinking"), choice.Get("text"),
		} {
			if s.Type == gjson.String && s.Str != "" {
				found = true
				i.Keep(s.Str)
			} else if s.IsArray() && s.Get("#").Int() > 0 {
				found = true
			}
		}
		for _, part := range [...]gjson.Result{
			delta.Get("tool_calls"), delta.Get("function_call"), delta.Get("audio.data"), delta.Get("audio.transcript"),
			delta.Get("reasoning_details"), delta.Get("thinking_blocks"), delta.Get("images"),
		} {
			found = found || wire.IsThere(part)
		}
		return true
	})
	return found
}

// Empty recognises a completion in which nothing is said.
func Empty(answer []byte) bool {
	return wire.EndedByItself(gjson.GetBytes(answer, "choices.#.finish_reason")) && !Output(answer, new(wire.Inspection))
}
