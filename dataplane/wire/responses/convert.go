package responses

import (
	"strconv"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// events turns a whole response into the events of a stream, as if it had come so: every text
// in one delta. Clients of this API always get the usage.
func events(answer []byte, _ bool) ([][]byte, error) {
	doc := gjson.ParseBytes(answer)
	var w writer
	begun := string(wire.With(doc, "status", `"in_progress"`, "output", "[]", "usage", "null", "incomplete_details", "null", "completed_at", "null"))
	w.add("response.created", "response", begun)
	w.add("response.in_progress", "response", begun)
	for i, item := range doc.Get("output").Array() {
		w.item(strconv.Itoa(i), item)
	}
	last := "response.completed"
	if doc.Get("status").Str == "incomplete" {
		last = "response.incomplete"
	}
	w.add(last, "response", doc.Raw)
	return w.events, nil
}

// writer numbers the events.
type writer struct{ events [][]byte }

func (w *writer) add(typ string, members ...string) {
	members = append([]string{"sequence_number", strconv.Itoa(len(w.events))}, members...)
	w.events = append(w.events, wire.Named(typ, members...))
}

// item writes the events of one item of the output.
func (w *writer) item(index string, item gjson.Result) {
	at := []string{"item_id", wire.Raw(item.Get("id"), `""`), "output_index", index}
	in := func(more ...string) []string { return append(at[:len(at):len(at)], more...) }
	begin := func(emptied ...string) {
		w.add("response.output_item.added", "output_index", index, "item", string(wire.With(item, append(emptied, "status", `"in_progress"`)...)))
	}
	switch item.Get("type").Str {
	case "message":
		begin("content", "[]")
		for i, part := range item.Get("content").Array() {
			w.part(part, in("content_index", strconv.Itoa(i)))
		}
	case "function_call":
		begin("arguments", `""`)
		w.add("response.function_call_arguments.delta", in("delta", wire.Raw(item.Get("arguments"), `""`))...)
		w.add("response.function_call_arguments.done", in("name", wire.Raw(item.Get("name"), `""`), "arguments", wire.Raw(item.Get("arguments"), `""`))...)
	case "custom_tool_call":
		begin("input", `""`)
		w.add("response.custom_tool_call_input.delta", in("delta", wire.Raw(item.Get("input"), `""`))...)
		w.add("response.custom_tool_call_input.done", in("input", wire.Raw(item.Get("input"), `""`))...)
	case "reasoning":
		begin("summary", "[]")
		for i, part := range item.Get("summary").Array() {
			here := in("summary_index", strconv.Itoa(i))
			w.add("response.reasoning_summary_part.added", append(here, "part", string(wire.With(part, "text", `""`)))...)
			w.text("response.reasoning_summary_text", "text", part, here)
			w.add("response.reasoning_summary_part.done", append(here, "part", part.Raw)...)
		}
		for i, part := range item.Get("content").Array() {
			w.text("response.reasoning_text", "text", part, in("content_index", strconv.Itoa(i)))
		}
	default:
		begin()
	}
	w.add("response.output_item.done", "output_index", index, "item", item.Raw)
}

// part writes the events of one part of a message.
func (w *writer) part(part gjson.Result, at []string) {
	typ, text, emptied := "response.output_text", "text", []string{"text", `""`, "annotations", "[]"}
	if part.Get("type").Str == "refusal" {
		typ, text, emptied = "response.refusal", "refusal", []string{"refusal", `""`}
	}
	at = at[:len(at):len(at)]
	w.add("response.content_part.added", append(at, "part", string(wire.With(part, emptied...)))...)
	w.text(typ, text, part, at)
	for i, note := range part.Get("annotations").Array() {
		w.add("response.output_text.annotation.added", append(at, "annotation_index", strconv.Itoa(i), "annotation", note.Raw)...)
	}
	w.add("response.content_part.done", append(at, "part", part.Raw)...)
}

// text writes a text as one delta, and that it is done. key is where it is.
func (w *writer) text(typ, key string, part gjson.Result, at []string) {
	at = at[:len(at):len(at)]
	logprobs := []string{}
	if typ == "response.output_text" {
		logprobs = []string{"logprobs", "[]"}
	}
	text := wire.Raw(part.Get(key), `""`)
	w.add(typ+".delta", append(append(at, "delta", text), logprobs...)...)
	w.add(typ+".done", append(append(at, key, text), logprobs...)...)
}
