package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/form"
	"github.com/trunkline-ai/trunkline/internal/wire/sse"
)

// checks say what is wrong with a stream of a dialect's; empty: nothing. The codec of responses has its own.
var checks = map[string]func(events []gjson.Result, done bool) string{"chat": checkChat, "messages": checkMessages}

// checkStream cuts a stream into events and checks them.
func checkStream(dialect, stream string) string {
	var events []gjson.Result
	done := false
	for event := range strings.SplitSeq(strings.TrimSuffix(stream, "\n\n"), "\n\n") {
		data, is := sse.Data([]byte(event))
		switch {
		case !is:
			return "an event without data: " + event
		case done:
			return "an event behind [DONE]: " + event
		case bytes.Equal(data, sse.Done):
			done = true
			continue
		case !json.Valid(data):
			return "no JSON: " + event
		}
		v := gjson.ParseBytes(data)
		if dialect == "messages" && !sse.Named([]byte(event), v.Get("type").Str) {
			return "the event has another name than its type: " + event
		}
		events = append(events, v)
	}
	return checks[dialect](events, done)
}

// checkChat: every chunk has the same id; the first has the role; one tells why the answer ended, behind it
// comes at most the usage; calls are numbered as they begin, and begin with an id and a name.
func checkChat(events []gjson.Result, done bool) string {
	if !done {
		return "there is no [DONE]"
	}
	calls, finished, usage := 0, false, false
	for i, v := range events {
		choice := v.Get("choices.0")
		delta := choice.Get("delta")
		switch {
		case v.Get("id").Str == "" || v.Get("id").Str != events[0].Get("id").Str || v.Get("object").Str != "chat.completion.chunk":
			return "another id or object: " + v.Raw
		case usage:
			return "a chunk behind the usage: " + v.Raw
		case !choice.Exists():
			usage = true
			if !finished || !v.Get("usage.total_tokens").Exists() {
				return "no choice, and no usage at the end: " + v.Raw
			}
			continue
		case finished:
			return "a chunk behind the end: " + v.Raw
		case (i == 0) != (delta.Get("role").Str == "assistant"):
			return "the role is not in the first chunk alone: " + v.Raw
		}
		finished = choice.Get("finish_reason").Str != ""
		for _, call := range delta.Get("tool_calls").Array() {
			at := int(call.Get("index").Int())
			begins := call.Get("id").Str != ""
			named := call.Get("function.name").Str+call.Get("custom.name").Str != ""
			if at > calls || begins != (at == calls) || begins != named {
				return "a call out of its order: " + v.Raw
			}
			if begins {
				calls++
			}
		}
	}
	if !finished {
		return "nobody says why it ended"
	}
	return ""
}

// checkMessages: one message_start, first; blocks one after another, each begun, told in deltas of its own
// kind, and ended, numbered from 0; one message_delta; message_stop, last.
func checkMessages(events []gjson.Result, done bool) string {
	if done {
		return "there is a [DONE]"
	}
	deltas := map[string][]string{"text": {"text_delta"}, "thinking": {"thinking_delta", "signature_delta"}, "tool_use": {"input_json_delta"}}
	kind, next, ended := "", int64(0), false
	for i, v := range events {
		typ := v.Get("type").Str
		if (i == 0) != (typ == "message_start") || (i == len(events)-1) != (typ == "message_stop") {
			return "message_start is not the first or message_stop not the last: " + v.Raw
		}
		switch typ {
		case "message_start":
			if m := v.Get("message"); m.Get("id").Str == "" || m.Get("role").Str != "assistant" || m.Get("usage.input_tokens").Type != gjson.Number {
				return "a message without id, role or usage: " + v.Raw
			}
		case "content_block_start":
			if kind != "" || ended || v.Get("index").Int() != next {
				return "a block begins inside another, or out of order: " + v.Raw
			}
			if kind = v.Get("content_block.type").Str; deltas[kind] == nil {
				return "an unknown block: " + v.Raw
			}
		case "content_block_delta":
			if v.Get("index").Int() != next || !slices.Contains(deltas[kind], v.Get("delta.type").Str) {
				return "a delta of another block: " + v.Raw
			}
		case "content_block_stop":
			if kind == "" || v.Get("index").Int() != next {
				return "the end of another block: " + v.Raw
			}
			kind = ""
			next++
		case "message_delta":
			if kind != "" || ended || v.Get("delta.stop_reason").Str == "" || v.Get("usage.output_tokens").Type != gjson.Number {
				return "a message_delta too many, too early, or without reason or usage: " + v.Raw
			}
			ended = true
		case "message_stop":
			if !ended {
				return "message_stop without message_delta"
			}
		case "ping":
		default:
			return "an unknown event: " + v.Raw
		}
	}
	return ""
}

func TestTranslatedStreamsAreValid(t *testing.T) {
	t.Parallel()
	for _, to := range everyCodec() {
		if checks[to.Name()] == nil {
			continue
		}
		for _, from := range everyCodec() {
			for _, path := range files(t, from, "stream") {
				of, _ := exchange(t, to, from)
				if wrong := checkStream(to.Name(), translate(t, from, to, of, bytes.NewReader(content(t, path)))); wrong != "" {
					t.Errorf("%s for %s: %s", path, to.Name(), wrong)
				}
			}
		}
	}
}

// eventsFrom makes events of bytes: any kind of blocks in any order, several at a time, pieces for blocks that
// are not there, an end too early or several times.
func eventsFrom(script []byte) (all []form.Event) {
	opened := 0
	for len(script) >= 2 {
		op, arg := script[0]%16, int(script[1])
		script = script[2:]
		text := strings.Repeat("\"x\n", arg%3)
		at := arg % max(opened+1, 1)
		switch op {
		case 0:
			all = append(all, form.Event{Kind: form.Begin, ID: "a", Model: "m", Usage: form.Usage{Told: arg%2 == 0, Input: 5}})
		case 1, 2, 3, 4:
			b := &form.Block{Kind: form.Kind(arg % 9)}
			switch b.Kind {
			case form.ToolCall:
				b.Call = &form.Call{ID: fmt.Sprint("id.", opened), Name: "now", Custom: arg%2 == 0}
			case form.ForeignBlock:
				b.Foreign = &form.Member{Name: "content.x"}
			case form.Thought:
				if arg%2 == 0 {
					b.Opaque = &form.Opaque{Origin: "o", Kind: "k", Raw: "r"}
				}
			case form.Text, form.Refusal, form.Image, form.Document, form.Audio, form.ToolResult:
			}
			all = append(all, form.Event{Kind: form.BlockBegin, Index: opened, Block: b})
			opened++
		case 5, 6, 7, 8, 9, 10:
			all = append(all, form.Event{Kind: form.Delta, Index: at, Text: text})
		case 11, 12:
			e := form.Event{Kind: form.BlockEnd, Index: at}
			if arg%4 == 0 {
				e.Block = &form.Block{Opaque: &form.Opaque{Origin: "o", Kind: "k", Raw: "r"}, Citations: []form.Citation{{URL: "https://example.com"}}}
			}
			all = append(all, e)
		case 13:
			all = append(all, form.Event{Kind: form.Stopped, Stop: form.Stop{Reason: form.Reason(arg % 8), Sequence: text}})
		case 14:
			all = append(all, form.Event{Kind: form.UsageTold, Usage: form.Usage{Told: true, Input: int64(arg), CacheRead: 300}})
		case 15:
			all = append(all, form.Event{Kind: []form.EventKind{form.Idle, form.Idle, form.End}[arg%3]})
		}
	}
	return append(all, form.Event{Kind: form.End})
}

// Whatever is told in whatever order, the client gets a valid stream.
func FuzzWriters(f *testing.F) {
	f.Add([]byte{0, 0, 1, 0, 5, 1, 1, 2, 6, 2, 1, 6, 7, 1, 8, 2, 11, 0, 12, 4, 13, 2, 14, 9})
	f.Add([]byte{1, 6, 1, 7, 5, 2, 5, 1, 5, 4, 11, 1, 13, 4, 5, 1, 15, 2, 5, 2})
	f.Add([]byte{15, 0, 1, 2, 11, 0, 1, 5, 1, 8, 1, 3, 13, 5})
	f.Fuzz(func(t *testing.T, script []byte) {
		events := eventsFrom(script)
		for _, to := range everyCodec() {
			if checks[to.Name()] == nil {
				continue
			}
			for _, functions := range []bool{false, to.Name() == "chat"} {
				of, _ := exchange(t, to, to)
				if functions {
					of.Request.Rest.Add("functions", nil, form.Silent)
				}
				w := to.NewEventWriter(of)
				var stream strings.Builder
				count := 0
				for i := range events {
					stream.Write(w.Write(&events[i]))
				}
				if wrong := checkStream(to.Name(), stream.String()); wrong != "" {
					t.Fatalf("%s: %s\nin\n%s\nof %+v", to.Name(), wrong, stream.String(), events)
				}
				count = strings.Count(stream.String(), "\n\n")
				if n, id := w.Place(); n != count || id == "" {
					t.Errorf("%s: %d events of %d, id %q", to.Name(), n, count, id)
				}
			}
		}
	})
}
