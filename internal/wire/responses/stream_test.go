package responses

import (
	"bytes"
	"encoding/json"
	stderrors "errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/buffer"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
	"github.com/trunkline-ai/trunkline/internal/wire/sse"
)

func exchange(t testing.TB) form.Exchange {
	t.Helper()
	q := read(t, `{"model":"group","input":"Hi","instructions":"Be brief.","max_output_tokens":50,"temperature":0.5,"metadata":{"a":"b"},"user":"u","tools":[{"type":"custom","name":"apply_patch"},{"type":"namespace","name":"fs","description":"d","tools":[{"type":"function","name":"read"}]}]}`)
	return form.Exchange{Request: q, Target: form.Target{Model: "m", Origin: "a1"}, Losses: &form.Losses{}, ID: "chatcmpl-7", Created: 1764000000}
}

// eventsOf reads a stream that comes in pieces.
func eventsOf(t *testing.T, src io.Reader) (all []form.Event) {
	t.Helper()
	r := Codec{}.NewEventReader(exchange(t))
	lines := sse.NewReader(src, nil, new(buffer.Pool), nil)
	defer lines.Close()
	for {
		for event := lines.Next(); event != nil; event = lines.Next() {
			data, _ := sse.Data(event)
			events, err := r.Read(data)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, copied(events)...)
		}
		if err := lines.Fill(); stderrors.Is(err, io.EOF) {
			return append(all, copied(r.End())...)
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func copied(events []form.Event) []form.Event {
	var all []form.Event
	for _, e := range events {
		if e.Kind != form.Idle {
			all = append(all, e)
		}
	}
	return all
}

// answerOf puts the events of a stream together. It holds them against what the form promises.
func answerOf(t *testing.T, events []form.Event) *form.Answer {
	t.Helper()
	a := &form.Answer{Dialect: name}
	ended := map[int]bool{}
	for n := range events {
		e := &events[n]
		if (n == 0) != (e.Kind == form.Begin) || (n == len(events)-1) != (e.Kind == form.End) {
			t.Fatalf("event %d is %+v", n, e)
		}
		switch e.Kind {
		case form.Begin:
			a.ID, a.Model, a.Created, a.Tier = e.ID, e.Model, e.Created, e.Tier
		case form.BlockBegin:
			if e.Index != len(a.Blocks) {
				t.Fatalf("event %d begins block %d", n, e.Index)
			}
			b := *e.Block
			if b.Call != nil {
				call := *b.Call
				b.Call = &call
			}
			a.Blocks = append(a.Blocks, b)
		case form.Delta:
			b := &a.Blocks[e.Index]
			if ended[e.Index] || e.Text == "" {
				t.Fatalf("event %d adds %q", n, e.Text)
			}
			if b.Call != nil {
				b.Call.Input += e.Text
			} else {
				b.Text += e.Text
			}
		case form.BlockEnd:
			if ended[e.Index] {
				t.Fatalf("event %d ends block %d again", n, e.Index)
			}
			ended[e.Index] = true
			if e.Block != nil {
				a.Blocks[e.Index].Opaque, a.Blocks[e.Index].Citations = e.Block.Opaque, e.Block.Citations
			}
		case form.Stopped:
			a.Stop = e.Stop
		case form.UsageTold:
			a.Usage = e.Usage
		}
	}
	if len(ended) != len(a.Blocks) {
		t.Fatalf("%d of %d blocks ended", len(ended), len(a.Blocks))
	}
	return a
}

// bare is an answer without what streams and whole answers tell differently.
func bare(a *form.Answer) *form.Answer {
	b := *a
	b.Tier, b.Blocks = "", nil
	for _, block := range a.Blocks {
		block.Rest = nil
		b.Blocks = append(b.Blocks, block)
	}
	return &b
}

func streams(t testing.TB) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.stream")
	if err != nil || len(paths) == 0 {
		t.Fatal(err, paths)
	}
	all := map[string]string{}
	for _, path := range paths {
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(path)] = string(body)
	}
	return all
}

// A stream says what the whole response says, however it is cut, and whichever events a provider leaves out.
func TestStreamsSayWhatTheirResponseSays(t *testing.T) {
	t.Parallel()
	for file, stream := range streams(t) {
		_, last, _ := strings.Cut(stream, "event: response.completed\ndata: ")
		if last == "" {
			_, last, _ = strings.Cut(stream, "event: response.incomplete\ndata: ")
		}
		whole, err := Codec{}.ReadAnswer([]byte(gjson.Get(last, "response").Raw), exchange(t))
		if err != nil {
			t.Fatal(err)
		}
		want := bare(whole)
		if diff := cmp.Diff(want, bare(answerOf(t, eventsOf(t, iotest.OneByteReader(strings.NewReader(stream)))))); diff != "" {
			t.Errorf("%s: %s", file, diff)
		}
		step := 1 + len(stream)/2000
		for at := 0; at < len(stream); at += step {
			cut := io.MultiReader(strings.NewReader(stream[:at]), strings.NewReader(stream[at:]))
			if diff := cmp.Diff(want, bare(answerOf(t, eventsOf(t, cut)))); diff != "" {
				t.Fatalf("%s cut at %d: %s", file, at, diff)
			}
		}
		for _, left := range [][]string{{".delta"}, {".added"}, {"_text.done", "_part.done", "arguments.done", "input.done", "refusal.done"}, {".created", ".in_progress"}, {".added", ".delta"}} {
			want := *want
			if left[0] == ".created" { // nothing else tells these before the end
				want.ID, want.Model, want.Created = "", "", 0
			}
			if diff := cmp.Diff(&want, bare(answerOf(t, eventsOf(t, strings.NewReader(without(stream, left)))))); diff != "" {
				t.Errorf("%s without %q: %s", file, left, diff)
			}
		}
	}
}

// without leaves out events whose type ends so.
func without(stream string, types []string) string {
	var kept strings.Builder
	for _, event := range strings.SplitAfter(stream, "\n\n") {
		typ, _, _ := strings.Cut(event, "\n")
		out := false
		for _, left := range types {
			out = out || strings.HasSuffix(typ, left)
		}
		if !out {
			kept.WriteString(event)
		}
	}
	return kept.String()
}

func TestAStreamThatNeverEnds(t *testing.T) {
	t.Parallel()
	stream := streams(t)["tools.stream"]
	stream = stream[:strings.Index(stream, "event: response.custom_tool_call_input.done")]
	a := answerOf(t, eventsOf(t, strings.NewReader(stream)))
	if len(a.Blocks) != 4 || a.Blocks[3].Call.Input != "*** Begin Patch\n*** End Patch\n" || a.Stop.Reason != form.StopUnsaid || a.Usage.Told {
		t.Errorf("%+v", a)
	}
	r := Codec{}.NewEventReader(exchange(t))
	for _, odd := range []string{``, `{}`, `7`, `{"type":"response.odd"}`, `{"type":"response.output_item.added","item":7}`, `{"type":"response.output_item.done","item":{"type":"function_call"}}`} {
		events, err := r.Read([]byte(odd))
		if err != nil || len(events) != 1 || events[0].Kind != form.Idle {
			t.Errorf("%s: %+v, %v", odd, events, err)
		}
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	body, err := os.ReadFile("testdata/tools.answer.json")
	if err != nil {
		t.Fatal(err)
	}
	of := exchange(t)
	a, err := Codec{}.ReadAnswer(body, of)
	if err != nil {
		t.Fatal(err)
	}
	want := &form.Answer{
		Dialect: name, ID: "resp_0a1", Model: "gpt-5.5-2026-04-01", Created: 1764000000, Stop: form.Stop{Reason: form.StopTool},
		Usage: form.Usage{Told: true, Input: 120, CacheRead: 64, CacheWrite: 10, Output: 80, Reasoning: 40},
		Blocks: []form.Block{
			{Kind: form.Thought, Text: "**Looking** at \n\n**Then** é on ", Opaque: &form.Opaque{Origin: "a1", Kind: name, Raw: "gAAAAAB=="}},
			{Text: "I will \"look\"\n🙂", Citations: []form.Citation{{URL: "https://example.com/?a=1&b=2", Title: "Ex", End: 3}}},
			{Kind: form.ToolCall, Call: &form.Call{ID: "call_a", Namespace: "fs", Name: "read", Input: `{"path":"a"}`}},
			{Kind: form.ToolCall, Call: &form.Call{ID: "call_b", Name: "apply_patch", Custom: true, Input: "*** Begin Patch\n*** End Patch\n"}},
		},
	}
	got := bare(a)
	for i := range got.Blocks {
		for n := range got.Blocks[i].Citations {
			got.Blocks[i].Citations[n].Raw = nil
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// It comes back, but for the ids of items and for what only this gateway knows.
	back := gjson.ParseBytes(Codec{}.WriteAnswer(a, of))
	for path, want := range map[string]string{
		"id": `"resp_0a1"`, "object": `"response"`, "status": `"completed"`, "created_at": "1764000000", "model": `"gpt-5.5-2026-04-01"`, "error": "null", "incomplete_details": "null",
		"output.#.type": `["reasoning","message","function_call","custom_tool_call"]`, "output.#.id": `["rs_0a1_0","msg_0a1_1","fc_0a1_2","ctc_0a1_3"]`,
		"output.1.content.0.text": `"I will \"look\"\n🙂"`, "output.1.content.0.annotations.0.url": `"https://example.com/?a=1&b=2"`, "output.1.status": `"completed"`,
		"output.2.namespace": `"fs"`, "output.2.name": `"read"`, "output.2.arguments": `"{\"path\":\"a\"}"`, "output.3.input": `"*** Begin Patch\n*** End Patch\n"`, "output.3.call_id": `"call_b"`,
		"usage":        `{"input_tokens":120,"input_tokens_details":{"cached_tokens":64,"cache_write_tokens":10},"output_tokens":80,"output_tokens_details":{"reasoning_tokens":40},"total_tokens":200}`,
		"instructions": `"Be brief."`, "max_output_tokens": "50", "temperature": "0.5", "top_p": "1.0", "metadata": `{"a":"b"}`, "user": `"u"`, "tool_choice": `"auto"`, "store": "false", "parallel_tool_calls": "true", "truncation": `"disabled"`,
		"text": `{"format":{"type":"text"}}`, "reasoning": `{"effort":null,"summary":null}`, "tools.#.type": `["custom","namespace"]`, "tools.1.tools.0.name": `"read"`,
	} {
		if got := back.Get(path).Raw; got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	sealed, ours := form.Carried(back.Get("output.0.encrypted_content").Str)
	if !ours || *sealed != *want.Blocks[0].Opaque {
		t.Errorf("sealed %+v", sealed)
	}
	for _, bad := range []string{`{`, `{"status":"failed","output":[]}`, `{"status":"completed"}`, `{"output":[7]}`} {
		if _, err := (Codec{}).ReadAnswer([]byte(bad), of); err == nil {
			t.Errorf("%s is an answer", bad)
		}
	}
}

func write(t *testing.T, of form.Exchange, events []form.Event) string {
	t.Helper()
	w := Codec{}.NewEventWriter(of)
	var all bytes.Buffer
	for i := range events {
		all.Write(w.Write(&events[i]))
		if n, id := w.Place(); n != strings.Count(all.String(), "\n\n") || id == "" {
			t.Fatalf("%d events of %q after %s", n, id, all.String())
		}
	}
	return all.String()
}

// What is written from what was read says the same again, and ends with the same response as a whole answer.
func TestStreamsComeBack(t *testing.T) {
	t.Parallel()
	for file, stream := range streams(t) {
		events := eventsOf(t, strings.NewReader(stream))
		want := answerOf(t, events)
		written := write(t, exchange(t), events)
		response := checkStream(t, written)
		whole := Codec{}.WriteAnswer(want, exchange(t))
		if diff := cmp.Diff(decoded(t, whole), decoded(t, []byte(response.Raw))); diff != "" {
			t.Errorf("%s: %s", file, diff)
		}
		again := bare(answerOf(t, eventsOf(t, strings.NewReader(written))))
		for i := range again.Blocks { // the client would carry it
			if o := again.Blocks[i].Opaque; o != nil {
				again.Blocks[i].Opaque, _ = form.Carried(o.Raw)
			}
		}
		want = bare(want)
		for _, a := range []*form.Answer{want, again} {
			for i := range a.Blocks {
				for n := range a.Blocks[i].Citations {
					a.Blocks[i].Citations[n].Raw = nil
				}
			}
		}
		if diff := cmp.Diff(want, again); diff != "" {
			t.Errorf("%s: %s", file, diff)
		}
	}
}

// A stream of chat, with a custom tool and two calls at a time, as Codex reads it.
func TestAStreamOfAnotherDialect(t *testing.T) {
	t.Parallel()
	events := []form.Event{
		{Kind: form.Begin, ID: "chatcmpl-9", Model: "m1", Created: 5}, {Kind: form.Idle},
		{Kind: form.BlockBegin, Index: 0, Block: &form.Block{Kind: form.Thought}}, {Kind: form.Delta, Index: 0, Text: "hm"}, {Kind: form.BlockEnd, Index: 0},
		{Kind: form.BlockBegin, Index: 1, Block: &form.Block{}}, {Kind: form.BlockEnd, Index: 1},
		{Kind: form.BlockBegin, Index: 2, Block: &form.Block{}}, {Kind: form.Delta, Index: 2, Text: "a"}, {Kind: form.BlockEnd, Index: 2},
		{Kind: form.BlockBegin, Index: 3, Block: &form.Block{}}, {Kind: form.Delta, Index: 3, Text: "b"}, {Kind: form.BlockEnd, Index: 3},
		{Kind: form.BlockBegin, Index: 4, Block: &form.Block{Kind: form.ToolCall, Opaque: &form.Opaque{Origin: "g", Kind: "gemini", Raw: "s"}, Call: &form.Call{ID: "c1", Namespace: "fs", Name: "read"}}},
		{Kind: form.BlockBegin, Index: 5, Block: &form.Block{Kind: form.ToolCall, Call: &form.Call{Name: "apply_patch", Custom: true}}},
		{Kind: form.Delta, Index: 5, Text: "*** Begin"}, {Kind: form.Delta, Index: 9, Text: "nowhere"}, {Kind: form.BlockEnd, Index: 5},
		{Kind: form.Stopped, Stop: form.Stop{Reason: form.StopTool}}, {Kind: form.UsageTold, Usage: form.Usage{Told: true, Input: 3, Output: 2}}, {Kind: form.End}, {Kind: form.End},
	}
	response := checkStream(t, write(t, exchange(t), events))
	for path, want := range map[string]string{
		"id": `"resp_9"`, "model": `"m1"`, "created_at": "5", "output.#.type": `["reasoning","message","reasoning","function_call","custom_tool_call"]`,
		"output.1.content.#.text": `["a","b"]`, "output.3.arguments": `"{}"`, "output.3.namespace": `"fs"`, "output.4.input": `"*** Begin"`, "output.4.call_id": `"call_9_4"`, "usage.total_tokens": "5",
	} {
		if got := response.Get(path).Raw; got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	if o, ours := form.Carried(response.Get("output.2.encrypted_content").Str); !ours || o.Kind != "gemini" {
		t.Errorf("sealed %+v", o)
	}
}

func TestReasonsToEnd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		stop        form.Stop
		kind        form.Kind
		status, why string
	}{
		{form.Stop{Reason: form.StopEnd}, form.Text, "completed", ""}, {form.Stop{Reason: form.StopSequence}, form.Text, "completed", ""},
		{form.Stop{Reason: form.StopLength}, form.Text, "incomplete", "max_output_tokens"}, {form.Stop{Reason: form.StopContext}, form.Text, "incomplete", "max_output_tokens"},
		{form.Stop{Reason: form.StopRefusal}, form.Text, "incomplete", "content_filter"}, {form.Stop{Reason: form.StopRefusal}, form.Refusal, "completed", ""}, {form.Stop{}, form.Text, "completed", ""},
	} {
		events := []form.Event{{Kind: form.BlockBegin, Block: &form.Block{Kind: c.kind}}, {Kind: form.Delta, Text: "x"}, {Kind: form.Stopped, Stop: c.stop}, {Kind: form.End}}
		r := checkStream(t, write(t, exchange(t), events))
		if r.Get("status").Str != c.status || r.Get("incomplete_details.reason").Str != c.why || r.Get("output.0.status").Str != c.status || r.Get("usage").Raw != "null" || r.Get("id").Str != "resp_7" {
			t.Errorf("%+v: %s", c, r.Raw)
		}
	}
}

// Whatever an answer is made of, its stream keeps what the API promises.
func TestAnyStreamKeepsItsPromises(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		events := randomEvents(rand.New(rand.NewPCG(seed, 1)))
		response := checkStream(t, write(t, exchange(t), events))
		if !json.Valid([]byte(response.Raw)) {
			t.Errorf("seed %d", seed)
		}
	}
}

// randomEvents are those of an answer whose blocks come one after another or several at a time.
func randomEvents(r *rand.Rand) []form.Event {
	events := []form.Event{{Kind: form.Begin, ID: "msg_1"}}
	var open []int
	kinds := []form.Kind{form.Text, form.Text, form.Text, form.Refusal, form.Thought, form.ToolCall, form.Image, form.Audio, form.ForeignBlock}
	for n := 0; n < 12; {
		switch {
		case len(open) == 0 || r.IntN(4) == 0:
			b := &form.Block{Kind: kinds[r.IntN(len(kinds))]}
			switch b.Kind {
			case form.ToolCall:
				b.Call = &form.Call{ID: "c", Name: "f", Custom: r.IntN(2) == 0}
			case form.Image:
				b.Media = &form.Media{Data: "iVBO"}
			default:
			}
			if r.IntN(3) == 0 {
				b.Opaque = &form.Opaque{Origin: "o", Kind: "k", Raw: "r"}
			}
			events = append(events, form.Event{Kind: form.BlockBegin, Index: n, Block: b})
			open = append(open, n)
			n++
		case r.IntN(3) == 0:
			i := r.IntN(len(open))
			events = append(events, form.Event{Kind: form.BlockEnd, Index: open[i], Block: &form.Block{Citations: []form.Citation{{URL: "u"}, {}}}})
			open = append(open[:i], open[i+1:]...)
		default:
			events = append(events, form.Event{Kind: form.Delta, Index: open[r.IntN(len(open))], Text: string(rune('a' + r.IntN(26)))})
		}
	}
	return append(events, form.Event{Kind: form.Stopped, Stop: form.Stop{Reason: form.Reason(r.IntN(8))}}, form.Event{Kind: form.End})
}

// Whatever a provider streams, the events keep what the form promises, and can be written.
func FuzzReadEvents(f *testing.F) {
	for _, stream := range streams(f) {
		f.Add(stream)
	}
	f.Fuzz(func(t *testing.T, stream string) {
		if len(stream) > 1<<16 {
			return
		}
		r := Codec{}.NewEventReader(exchange(t))
		var all []form.Event
		for event := range strings.SplitSeq(stream, "\n\n") {
			data, _ := sse.Data([]byte(event))
			if !json.Valid(data) {
				continue
			}
			events, err := r.Read(data)
			if err != nil {
				return
			}
			all = append(all, copied(events)...)
		}
		all = append(all, copied(r.End())...)
		answerOf(t, all)
		checkStream(t, write(t, exchange(t), all))
	})
}
