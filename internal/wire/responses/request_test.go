package responses

import (
	"encoding/json"
	stderrors "errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/form"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

func requests(t testing.TB) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.request.json")
	if err != nil || len(paths) == 0 {
		t.Fatal(err, paths)
	}
	all := map[string][]byte{}
	for _, path := range paths {
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(path)] = body
	}
	return all
}

// Whatever a client writes comes back member for member.
func TestRequestsComeBack(t *testing.T) {
	t.Parallel()
	for file, body := range requests(t) {
		q, err := Codec{}.ReadRequest(body)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		var losses form.Losses
		got, err := Codec{}.WriteRequest(q, form.Target{Model: q.Model}, &losses)
		if err != nil || losses.Dropped != nil || losses.Approximated != nil {
			t.Errorf("%s: %v, %+v", file, err, losses)
		}
		if diff := cmp.Diff(decoded(t, body), decoded(t, got)); diff != "" {
			t.Errorf("%s: %s", file, diff)
		}
	}
}

func decoded(t testing.TB, doc []byte) (v any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(doc)))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, doc)
	}
	return v
}

func TestWhatARequestSays(t *testing.T) {
	t.Parallel()
	q := read(t, string(requests(t)["full.request.json"]))
	b := func(item, block int) *form.Block { return &q.Items[item].Blocks[block] }
	for _, c := range []struct{ got, want any }{
		{q.System[0].Text, "Be brief."},
		{q.Items[0].Role, form.User}, {q.Items[1].Role, form.System}, {b(0, 0).Text, "plain"},
		{*b(2, 1).Media, form.Media{URL: "https://example.com/a.png", Detail: "high"}},
		{*b(2, 2).Media, form.Media{Type: "image/jpeg", Data: "/9j/", Detail: "auto"}},
		{*b(2, 3).Media, form.Media{FileID: "file-1"}},
		{*b(2, 4).Media, form.Media{Type: "application/pdf", Data: "JVBE", Name: "a.pdf"}},
		{*b(2, 5).Media, form.Media{Type: "application/pdf", Data: "JVBE", Name: "b.pdf"}},
		{*b(2, 6).Media, form.Media{URL: "https://example.com/c.pdf"}},
		{*b(2, 7).Media, form.Media{Type: "audio/wav", Data: "UklG"}},
		{b(3, 0).Text, "one\n\ntwo"}, {*b(3, 0).Opaque, form.Opaque{Kind: "responses", Raw: "gAAA=="}},
		{b(4, 0).Text, "raw"}, {b(4, 0).Opaque == nil, true},
		{b(5, 0).Citations[0].URL, "https://example.com"}, {b(5, 1).Kind, form.Refusal}, {b(5, 1).Text, "Not that."},
		{*b(7, 0).Call, form.Call{ID: "call_1", Namespace: "fs", Name: "read", Input: `{"path": "a"}`}},
		{b(8, 0).Call.Input, "{}"}, {b(9, 0).Call.Input, `{"input":"{broken"}`},
		{*b(10, 0).Call, form.Call{ID: "call_4", Name: "patch", Custom: true, Input: "*** Begin\n"}},
		{b(11, 0).Result.Blocks[1].Media.Type, "image/png"}, {b(12, 0).Result.Blocks[0].Text, "12:00"}, {b(14, 0).Result.Custom, true},
		{b(15, 0).Kind, form.ForeignBlock}, {b(15, 0).Foreign.Class, form.Lossy},
		{q.Tools[2].Flat, "fs__read"}, {q.Tools[3].Kind, form.Custom}, {q.Tools[4].Grammar.Syntax, "regex"},
		{q.Tools[5].Class, form.Must}, {q.Tools[6].Class, form.Lossy},
		{q.ToolChoice.Mode, form.ChooseAny}, {strings.Join(q.ToolChoice.Allowed, " "), "now patch"},
		{*q.Parallel, false}, {q.MaxTokens, int64(5)}, {q.Sampling.Temperature.String(), "0.5"}, {q.Sampling.Logprobs, false},
		{q.Thinking, form.Thinking{Mode: form.ThinkingOn, Effort: "xhigh", Summary: "detailed"}},
		{q.Output.Name, "n"}, {q.Output.Verbosity, "high"}, {*q.Output.Strict, true},
		{q.User, "u"}, {q.CacheKey, "k"}, {q.Tier, "flex"}, {*q.Store, true}, {q.Stream, false},
	} {
		if diff := cmp.Diff(c.want, c.got); diff != "" {
			t.Error(diff)
		}
	}
	if q := read(t, string(requests(t)["string.request.json"])); !q.Stream || q.Thinking.Mode != form.ThinkingOff || q.ToolChoice.Mode != form.ChooseForeign || q.User != "u" {
		t.Errorf("%+v", q)
	}
}

func read(t testing.TB, body string) *form.Request {
	t.Helper()
	q, err := Codec{}.ReadRequest([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func TestBadRequestsAreBlamed(t *testing.T) {
	t.Parallel()
	const end = `,"model":"m"}`
	for body, param := range map[string]string{
		`[]`: "", `{"model":"m"}`: "input", `{"input":7` + end: "input", `{"input":["x"]` + end: "input", `{"input":{}` + end: "input",
		`{"input":[{"role":"robot","content":"x"}]` + end:                                           "input.role",
		`{"input":[{"role":"user"}]` + end:                                                          "input.content",
		`{"input":[{"role":"user","content":7}]` + end:                                              "input.content",
		`{"input":[{"role":"user","content":["x"]}]` + end:                                          "input.content",
		`{"input":[{"role":"user","content":[{"type":"input_text","text":1}]}]` + end:               "input.content.text",
		`{"input":[{"type":"function_call","name":"f","arguments":"{}"}]` + end:                     "input.call_id",
		`{"input":[{"type":"function_call","call_id":"c","arguments":"{}"}]` + end:                  "input.name",
		`{"input":[{"type":"function_call","call_id":"c","name":"f","arguments":{}}]` + end:         "input.arguments",
		`{"input":[{"type":"function_call_output","output":""}]` + end:                              "input.call_id",
		`{"input":"","tools":{}` + end:                                                              "tools",
		`{"input":"","tools":["x"]` + end:                                                           "tools",
		`{"input":"","tools":[{"type":"function"}]` + end:                                           "tools.name",
		`{"input":"","tools":[{"type":"function","name":"f","parameters":"x"}]` + end:               "tools.parameters",
		`{"input":"","tools":[{"type":"custom","name":"f","format":{"type":"x"}}]` + end:            "tools.format",
		`{"input":"","tools":[{"type":"namespace","tools":[{"type":"function","name":"f"}]}]` + end: "tools.name",
		`{"input":"","tool_choice":"maybe"` + end:                                                   "tool_choice",
		`{"input":"","tool_choice":7` + end:                                                         "tool_choice",
		`{"input":"","tool_choice":{"type":"function"}` + end:                                       "tool_choice.name",
		`{"input":"","tool_choice":{"type":"allowed_tools","mode":"none","tools":[]}` + end:         "tool_choice.mode",
		`{"input":"","max_output_tokens":"5"` + end:                                                 "max_output_tokens",
		`{"input":"","reasoning":"high"` + end:                                                      "reasoning",
		`{"input":"","text":{"format":{"type":"yaml"}}` + end:                                       "text.format.type",
		`{"input":"","text":{"format":{"type":"json_schema","name":"n"}}` + end:                     "text.format.schema",
		`{"input":"","stream":1` + end:                                                              "stream",
		`{"input":"","metadata":[]` + end:                                                           "metadata",
	} {
		_, err := Codec{}.ReadRequest([]byte(body))
		var blamed *scan.Error
		if !stderrors.As(err, &blamed) || blamed.Param != param || blamed.Message == "" {
			t.Errorf("%s: %#v, want %q", body, err, param)
		}
	}
}

func TestWhatAnotherAPICannotBeTold(t *testing.T) {
	t.Parallel()
	for member, want := range map[string]string{
		`"previous_response_id":"resp_1"`: "refused previous_response_id", `"conversation":"c"`: "refused conversation", `"prompt":{"id":"p"}`: "refused prompt",
		`"background":true`: "refused background", `"background":false`: "", `"moderation":{"model":"m"}`: "refused moderation",
		`"truncation":"auto"`: "dropped truncation", `"truncation":"disabled"`: "", `"include":["reasoning.encrypted_content"]`: "", `"client_metadata":{}`: "dropped client_metadata",
		`"top_logprobs":2`: "dropped top_logprobs", `"top_logprobs":0`: "", `"include":["message.output_text.logprobs"]`: "dropped include",
		`"reasoning":{"effort":"low","mode":"pro"}`: "dropped reasoning.mode", `"stream_options":{}`: "", `"store":null`: "", `"safety_identifier":"u"`: "",
		`"tools":[{"type":"web_search"}]`: "dropped tools.web_search", `"tools":[{"type":"file_search"}]`: "refused tools.file_search", `"tools":[{"type":"local_shell"}]`: "refused tools.local_shell",
		`"tool_choice":{"type":"web_search_preview"}`:                                                                 "refused tool_choice",
		`"tool_choice":{"type":"allowed_tools","mode":"auto","tools":[{"type":"mcp","server_label":"x"}]}`:            "refused tool_choice",
		`"input":[{"type":"item_reference","id":"msg_1"}]`:                                                            "refused item_reference",
		`"input":[{"type":"compaction","encrypted_content":"x"}]`:                                                     "refused compaction",
		`"input":[{"type":"local_shell_call","call_id":"c"}]`:                                                         "refused local_shell_call",
		`"input":[{"type":"web_search_call","id":"w"}]`:                                                               "dropped web_search_call",
		`"input":[{"role":"user","content":[{"type":"input_video"}]}]`:                                                "refused input.content.input_video",
		`"input":[{"role":"user","content":[{"type":"input_text","text":"","prompt_cache_breakpoint":{}}],"id":"m"}]`: "dropped prompt_cache_breakpoint",
	} {
		if !strings.HasPrefix(member, `"input"`) {
			member += `,"input":"Hi"`
		}
		q := read(t, `{"model":"m",`+member+`}`)
		var l form.Losses
		got := ""
		if err := l.Foreign(q); err != nil {
			got = "refused " + err.(*form.Refused).Param //nolint:errorlint,forcetypeassert // it is never wrapped
		} else if l.Dropped != nil {
			got = "dropped " + strings.Join(l.Dropped, ",")
		}
		if got != want {
			t.Errorf("%s: %q, want %q", member, got, want)
		}
	}
}

// Another dialect's request is written as this API takes it.
func TestWritingForAnotherDialect(t *testing.T) {
	t.Parallel()
	yes := true
	q := &form.Request{
		Dialect: "messages", Stream: true, MaxTokens: 4, System: []form.Block{{Text: "one"}, {Text: "two"}},
		Items: []form.Item{
			{Blocks: []form.Block{{Text: "Hi"}, {Kind: form.Image, Media: &form.Media{Type: "image/png", Data: "iVBO"}}, {Kind: form.Document, Media: &form.Media{Text: "t", Title: "T"}}, {Kind: form.Document, Media: &form.Media{Type: "application/pdf", Data: "JVBE"}}}},
			{Role: form.Assistant, Blocks: []form.Block{
				{Kind: form.Thought, Text: "hm", Opaque: &form.Opaque{Origin: "a", Kind: "responses", Raw: "sealed"}},
				{Kind: form.Thought, Opaque: &form.Opaque{Origin: "b", Kind: "messages", Raw: "sig"}},
				{Text: "I look."}, {Kind: form.ToolCall, Call: &form.Call{ID: "toolu_1", Namespace: "fs", Name: "read", Input: `{"a":1}`}}}},
			{Blocks: []form.Block{{Kind: form.ToolResult, Result: &form.Result{CallID: "toolu_1", Failed: true, Blocks: []form.Block{{Text: "r"}, {Kind: form.Image, Media: &form.Media{URL: "http://x/y"}}}}}, {Text: "And?"}}},
		},
		Tools:    []form.Tool{{Namespace: "fs", Name: "read"}, {Name: "f", Strict: &yes, Schema: json.RawMessage(`{"type":"object"}`)}, {Kind: form.Custom, Name: "c", Grammar: &form.Grammar{Syntax: "lark", Definition: "d"}}},
		Parallel: &yes, Thinking: form.Thinking{Mode: form.ThinkingOn, Budget: 10000, Summary: "auto"},
		Output: form.Output{Format: form.FormatSchema, Schema: json.RawMessage("{\n}")}, Stop: []string{"x"}, User: "u", CacheKey: "k", Tier: "standard_only",
		Metadata:   json.RawMessage(`{"a":1}`),
		ToolChoice: form.ToolChoice{Mode: form.ChooseAny, Allowed: []string{"fs__read", "c"}},
	}
	q.NameTools()
	var losses form.Losses
	got, err := Codec{}.WriteRequest(q, form.Target{Model: "gpt", Origin: "a"}, &losses)
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/translated.json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(decoded(t, want), decoded(t, got)); diff != "" {
		t.Errorf("%s\n%s", diff, got)
	}
	if diff := cmp.Diff("content.document is_error max_tokens metadata service_tier stop thinking thinking.budget_tokens tools.namespace", sorted(losses)); diff != "" {
		t.Error(diff)
	}
	for _, c := range []struct {
		choice form.ToolChoice
		want   string
	}{
		{form.ToolChoice{Mode: form.ChooseOne, Name: "c"}, `{"type":"custom","name":"c"}`},
		{form.ToolChoice{Mode: form.ChooseOne, Namespace: "fs", Name: "read"}, `{"type":"function","name":"fs__read"}`},
		{form.ToolChoice{Mode: form.ChooseNone}, `"none"`}, {form.ToolChoice{Mode: form.ChooseAny}, `"required"`}, {form.ToolChoice{}, ``},
	} {
		q.ToolChoice = c.choice
		got, err := Codec{}.WriteRequest(q, form.Target{}, &losses)
		if raw := gjson.GetBytes(got, "tool_choice").Raw; err != nil || raw != c.want {
			t.Errorf("%+v: %s, %v", c.choice, raw, err)
		}
	}
	q.Choices = 2
	if _, err := (Codec{}).WriteRequest(q, form.Target{}, &losses); err == nil {
		t.Error("two answers are promised")
	}
}

func sorted(l form.Losses) string {
	all := slices.Concat(l.Dropped, l.Approximated)
	slices.Sort(all)
	return strings.Join(all, " ")
}

// What is read comes back, whatever it is, and what is written is JSON.
func FuzzReadRequest(f *testing.F) {
	for _, body := range requests(f) {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		q, err := Codec{}.ReadRequest(body)
		if err != nil {
			var blamed *scan.Error
			if !stderrors.As(err, &blamed) {
				t.Fatalf("%v", err)
			}
			return
		}
		if !json.Valid(body) { // the engine reads no such, and nothing broke
			return
		}
		var losses form.Losses
		got, err := Codec{}.WriteRequest(q, form.Target{Model: q.Model}, &losses)
		if err != nil || !json.Valid(got) {
			t.Fatalf("%v: %s", err, got)
		}
		again, err := Codec{}.ReadRequest(got)
		if err != nil {
			t.Fatalf("%v: %s", err, got)
		}
		second, err := Codec{}.WriteRequest(again, form.Target{Model: q.Model}, &losses)
		if err != nil || string(second) != string(got) {
			t.Fatalf("%v: %s\nthen %s", err, got, second)
		}
		q.Dialect = "another"
		if got, err := (Codec{}).WriteRequest(q, form.Target{}, &losses); err == nil && !json.Valid(got) {
			t.Fatalf("%s", got)
		}
	})
}

// A client's own search for tools is a function to others, and what it found can be called.
func TestToolsThatAreFound(t *testing.T) {
	t.Parallel()
	q := read(t, string(requests(t)["search.request.json"]))
	var flat []string
	for i := range q.Tools {
		flat = append(flat, q.Tools[i].Flat)
	}
	if got := strings.Join(flat, " "); got != "tool_search mcp__files__known mcp__files__read now" || q.Tools[0].Kind != form.Function || q.Tools[0].Description != "Finds." {
		t.Errorf("tools %s, %+v", got, q.Tools[0])
	}
	if call := q.Items[1].Blocks[0].Call; call.Name != "tool_search" || gjson.Get(call.Input, "query").Str != "files" {
		t.Errorf("call %+v", call)
	}
	if got := q.Items[2].Blocks[0].Result.Blocks[0].Text; got != "These tools can be called now:\nmcp__files__read\nmcp__files__known\nnow" {
		t.Errorf("result %q", got)
	}
	var losses form.Losses
	if err := losses.Foreign(q); err != nil || sorted(losses) != "tools.tool_search" {
		t.Errorf("%v, %+v", err, losses)
	}
	events := []form.Event{{Kind: form.BlockBegin, Block: &form.Block{Kind: form.ToolCall, Call: &form.Call{ID: "c", Name: "tool_search"}}}, {Kind: form.Delta, Text: `{"query":`}, {Kind: form.Delta, Text: `"x"}`}, {Kind: form.BlockEnd}, {Kind: form.End}}
	got := checkStream(t, write(t, form.Exchange{Request: q, ID: "1", Losses: &losses}, events)).Get("output.0").Raw
	if got != `{"id":"tsc_1_0","type":"tool_search_call","status":"completed","call_id":"c","execution":"client","arguments":{"query":"x"}}` {
		t.Errorf("item %s", got)
	}
}
