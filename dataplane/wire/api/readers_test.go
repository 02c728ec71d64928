package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/internal/wire/form"
	"github.com/trunkline-ai/trunkline/internal/wire/scan"
)

// Whatever a client sends, it is refused with words for the client or becomes documents for every target.
func FuzzReadRequest(f *testing.F) {
	for _, c := range everyCodec() {
		for _, path := range files(f, c, "request") {
			f.Add(content(f, path))
		}
	}
	for _, body := range []string{"", "{}", `{"messages":null}`, `{"messages":[{"role":"user","content":[{"type":"text"}]}],"tools":[{"type":"function","function":{}}]}`, `{"messages":[{"role":"tool"}],"tool_choice":7}`, `{"messages":[1],"input":[1],"max_tokens":-1}`} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		valid := scan.Valid(body) // the engine reads no other, but nothing may break it
		for _, from := range everyCodec() {
			r, err := from.ReadRequest(body)
			var refusal *scan.Error
			if err != nil {
				if !errors.As(err, &refusal) || refusal.Message == "" {
					t.Fatalf("%s: error %v", from.Name(), err)
				}
				continue
			}
			for _, to := range everyCodec() {
				var losses form.Losses
				got, err := to.WriteRequest(r, target(to), &losses)
				var refused *form.Refused
				if err != nil && !errors.As(err, &refused) {
					t.Fatalf("%s to %s: error %v", from.Name(), to.Name(), err)
				}
				if err == nil && valid && !json.Valid(got) {
					t.Fatalf("%s to %s: no JSON: %s", from.Name(), to.Name(), got)
				}
			}
		}
	})
}

// Whatever a provider answers, it is refused or becomes documents for every client.
func FuzzReadAnswer(f *testing.F) {
	for _, c := range everyCodec() {
		for _, path := range files(f, c, "answer") {
			f.Add(content(f, path))
		}
	}
	for _, body := range []string{"", "{}", `{"choices":[null]}`, `{"choices":[{"message":{"content":7,"tool_calls":null,"images":null}}],"usage":7}`, `{"content":[7,{"type":"tool_use"},{"type":"thinking","signature":"s"}],"stop_reason":7}`} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		valid := scan.Valid(body)
		for _, from := range everyCodec() {
			for _, to := range everyCodec() {
				of, _ := exchange(t, to, from)
				a, err := from.ReadAnswer(body, of)
				if err != nil {
					continue
				}
				if got := to.WriteAnswer(a, of); valid && !json.Valid(got) {
					t.Fatalf("%s to %s: no JSON: %s", from.Name(), to.Name(), got)
				}
			}
		}
	})
}

// Whatever a provider streams, and however it is cut, the client gets a valid stream.
func FuzzReadStream(f *testing.F) {
	for _, c := range everyCodec() {
		for _, path := range files(f, c, "stream") {
			f.Add(string(content(f, path)))
		}
	}
	f.Add("data: {\"choices\":[{\"delta\":{\"tool_calls\":[{},{\"index\":-1},null]}}]}\n\ndata: {\"type\":\"content_block_delta\",\"index\":3}\n\n")
	f.Fuzz(func(t *testing.T, stream string) {
		for _, from := range everyCodec() {
			for _, to := range everyCodec() {
				if checks[to.Name()] == nil {
					continue
				}
				of, _ := exchange(t, to, from)
				got, err := translated(from, to, of, strings.NewReader(stream))
				if err != nil || got == "" {
					continue
				}
				if wrong := checkStream(to.Name(), got); wrong != "" {
					t.Fatalf("%s to %s: %s\nin\n%s", from.Name(), to.Name(), wrong, got)
				}
			}
		}
	})
}

// What is wrong is said in words for whoever wrote it.
func TestWrongRequests(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ dialect, body, param, message string }{
		{"chat", `[]`, "", "the request body must be a JSON object"},
		{"chat", `{"messages":[]}`, "messages", "messages must be an array with at least one message"},
		{"chat", `{"messages":"Hi"}`, "messages", "messages must be an array"},
		{"chat", `{"messages":[{"role":"bot","content":"Hi"}]}`, "messages.role", "messages.role must be system, developer, user, assistant or tool"},
		{"chat", `{"messages":[{"role":"user","content":7}]}`, "messages.content", "messages.content must be an array"},
		{"chat", `{"messages":[{"role":"user","content":"Hi"}],"temperature":"hot"}`, "temperature", "temperature must be a number"},
		{"chat", `{"messages":[{"role":"user","content":"Hi"}],"max_tokens":1.5}`, "max_tokens", "max_tokens must be a whole number that is not negative"},
		{"chat", `{"messages":[{"role":"tool","content":"Hi"}]}`, "messages.tool_call_id", "messages.tool_call_id must name the call that the tool answers"},
		{"chat", `{"messages":[{"role":"user","content":"Hi"}],"tools":[{"type":"function","function":{"description":"x"}}]}`, "tools.function.name", "tools.function.name must be the name of the function"},
		{"chat", `{"messages":[{"role":"user","content":"Hi"}],"stop":[1]}`, "stop", "stop must be a string"},
		{"messages", `{"messages":[]}`, "messages", "messages must be an array with at least one message"},
		{"messages", `{"messages":[{"role":"tool","content":"Hi"}]}`, "messages.role", "messages.role must be user, assistant or system"},
		{"messages", `{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"ftp"}}]}]}`, "messages.content.source.type", "messages.content.source.type must be base64, url, file, text or content"},
		{"messages", `{"messages":[{"role":"user","content":[{"type":"tool_result"}]}]}`, "messages.content.tool_use_id", "messages.content.tool_use_id must name the call that the tool answers"},
		{"messages", `{"messages":[{"role":"user","content":"Hi"}],"thinking":{"type":"deep"}}`, "thinking.type", "thinking.type must be enabled, adaptive or disabled"},
		{"messages", `{"messages":[{"role":"user","content":"Hi"}],"tools":[{"input_schema":{}}]}`, "tools.name", "tools.name must be the name of the tool"},
	} {
		_, err := codecOf(c.dialect).ReadRequest([]byte(c.body))
		var refusal *scan.Error
		if !errors.As(err, &refusal) || refusal.Param != c.param || refusal.Message != c.message {
			t.Errorf("%s %s: %+v", c.dialect, c.body, err)
		}
	}
}

// What a target cannot be told is refused, by name.
func TestRefusedRequests(t *testing.T) {
	t.Parallel()
	const hi = `{"role":"user","content":"Hi"}`
	for _, c := range []struct{ from, to, body, param string }{
		{"chat", "messages", `{"max_tokens":5,"messages":[` + hi + `],"n":2}`, "n"},
		{"chat", "messages", `{"max_tokens":5,"messages":[` + hi + `],"logprobs":true}`, "logprobs"},
		{"chat", "messages", `{"max_tokens":5,"messages":[` + hi + `],"response_format":{"type":"regex"}}`, "response_format"},
		{"chat", "messages", `{"max_tokens":5,"messages":[` + hi + `],"tools":[{"type":"web_search"}]}`, "tools.web_search"},
		{"chat", "messages", `{"max_tokens":5,"messages":[{"role":"user","content":[{"type":"input_audio","input_audio":{"data":"a","format":"wav"}}]}]}`, "messages.content.audio"},
		{"chat", "messages", `{"max_tokens":5,"messages":[{"role":"user","content":[{"type":"video_url","video_url":{"url":"x"}}]}]}`, "messages.content.video_url"},
		{"chat", "messages", `{"max_tokens":5,"messages":[{"role":"user","content":[{"type":"file","file":{"file_id":"f"}}]}]}`, "messages.content.document"},
		{"chat", "messages", `{"max_tokens":5,"messages":[{"role":"user","content":" "}]}`, "messages"},
		{"chat", "messages", `{"max_tokens":5,"messages":[` + hi + `],"tools":[{"type":"custom","custom":{"name":"c","format":{"type":"grammar","grammar":{"syntax":"lark","definition":"start: 1"}}}}],"tool_choice":{"type":"custom","custom":{"name":"c"}}}`, "tools.format"},
		{"messages", "chat", `{"messages":[` + hi + `],"container":"c"}`, "container"},
		{"messages", "chat", `{"messages":[` + hi + `],"inference_geo":"us"}`, "inference_geo"},
		{"messages", "chat", `{"messages":[` + hi + `],"mcp_servers":[{}]}`, "mcp_servers"},
		{"messages", "chat", `{"messages":[` + hi + `],"tool_choice":{"type":"most"}}`, "tool_choice"},
		{"messages", "chat", `{"messages":[{"role":"user","content":[{"type":"document","source":{"type":"url","url":"https://example.com/a.pdf"}}]}]}`, "messages.content.document"},
		{"messages", "chat", `{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"file","file_id":"f"}}]}]}`, "messages.content.image"},
		{"messages", "chat", `{"messages":[{"role":"assistant","content":[{"type":"server_tool_use","id":"s"}]}]}`, "messages.content.server_tool_use"},
	} {
		r, err := codecOf(c.from).ReadRequest([]byte(c.body))
		if err != nil {
			t.Errorf("%s: %v", c.body, err)
			continue
		}
		_, err = codecOf(c.to).WriteRequest(r, target(codecOf(c.to)), &form.Losses{})
		var refused *form.Refused
		if !errors.As(err, &refused) || refused.Param != c.param {
			t.Errorf("%s to %s %s: %v", c.from, c.to, c.body, err)
		}
	}
}

// Messages needs a limit of the answer: the client's, the model's, or one that every model takes.
func TestALimitThatNobodyNames(t *testing.T) {
	t.Parallel()
	const hi = `{"role":"user","content":"Hi"}`
	for _, c := range []struct {
		body string
		most int64
		want int64
		said bool // that it is approximated
	}{
		{`{"messages":[` + hi + `]}`, 0, 4096, true},
		{`{"messages":[` + hi + `],"reasoning_effort":"none"}`, 0, 4096, true},
		{`{"messages":[` + hi + `],"reasoning_effort":"high"}`, 0, 32000, true},
		{`{"messages":[` + hi + `]}`, 8000, 8000, false},
		{`{"messages":[` + hi + `],"max_tokens":7}`, 0, 7, false},
		{`{"messages":[` + hi + `],"max_tokens":9000}`, 8000, 8000, true},
	} {
		r, err := codecOf("chat").ReadRequest([]byte(c.body))
		if err != nil {
			t.Fatal(err)
		}
		var losses form.Losses
		got, err := codecOf("messages").WriteRequest(r, form.Target{Model: "m", MaxOutput: c.most}, &losses)
		if err != nil || gjson.GetBytes(got, "max_tokens").Int() != c.want || slices.Contains(losses.Approximated, "max_tokens") != c.said {
			t.Errorf("%s of at most %d: %v, %s, %+v", c.body, c.most, err, got, losses)
		}
	}
}

// Tools that were called before stay defined, although nobody may call them now.
func TestToolsThatAreNotOfferedAnyMore(t *testing.T) {
	t.Parallel()
	r, err := codecOf("chat").ReadRequest([]byte(`{"messages":[{"role":"user","content":"a"},{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"b"}],"max_tokens":5}`))
	if err != nil {
		t.Fatal(err)
	}
	got, err := codecOf("messages").WriteRequest(r, target(codecOf("messages")), &form.Losses{})
	if err != nil || !strings.Contains(string(got), `"tools":[{"name":"f","input_schema":{"type":"object","properties":{}}}],"tool_choice":{"type":"none"}`) {
		t.Errorf("%v: %s", err, got)
	}
}

// A model that takes an effort is told one, others a budget, and none where the API would refuse it.
func TestThinking(t *testing.T) {
	t.Parallel()
	const turn = `{"role":"user","content":"a"},{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"b"}`
	for _, c := range []struct {
		body, want string
		adaptive   bool
	}{
		{`{"messages":[{"role":"user","content":"a"}],"reasoning_effort":"low"}`, `{"type":"enabled","budget_tokens":4096}`, false},
		{`{"messages":[{"role":"user","content":"a"}],"reasoning_effort":"low"}`, `{"type":"adaptive"} low`, true},
		{`{"messages":[{"role":"user","content":"a"}],"reasoning_effort":"xhigh"}`, `{"type":"adaptive"} max`, true},
		{`{"messages":[{"role":"user","content":"a"}],"reasoning":{"max_tokens":2000}}`, `{"type":"enabled","budget_tokens":2000}`, false},
		{`{"messages":[{"role":"user","content":"a"}],"reasoning":{"effort":"high"},"max_tokens":1500}`, ``, false},
		{`{"messages":[{"role":"user","content":"a"}],"reasoning":{"exclude":true,"effort":"high"},"max_tokens":3000}`, `{"type":"enabled","budget_tokens":1500,"display":"omitted"}`, false},
		{`{"messages":[{"role":"user","content":"a"}],"enable_thinking":false}`, `{"type":"disabled"}`, false},
		{`{"messages":[{"role":"user","content":"a"}],"reasoning_effort":"none"}`, `{"type":"disabled"}`, true},
		{`{"messages":[` + turn + `],"reasoning_effort":"high"}`, ``, false},
		{`{"messages":[{"role":"user","content":"a"}],"reasoning_effort":"high","tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"required"}`, ``, false},
	} {
		r, err := codecOf("chat").ReadRequest([]byte(c.body))
		if err != nil {
			t.Fatal(err)
		}
		to := target(codecOf("messages"))
		to.Adaptive = c.adaptive
		got, err := codecOf("messages").WriteRequest(r, to, &form.Losses{})
		if err != nil {
			t.Fatal(err)
		}
		var doc struct {
			Thinking json.RawMessage
			Output   struct{ Effort string } `json:"output_config"`
		}
		if err := json.Unmarshal(got, &doc); err != nil {
			t.Fatal(err)
		}
		if is := strings.TrimSpace(string(doc.Thinking) + " " + doc.Output.Effort); is != c.want {
			t.Errorf("%s (adaptive: %v) gives %s, want %s", c.body, c.adaptive, is, c.want)
		}
	}
}

func codecOf(name string) form.Codec {
	for _, c := range everyCodec() {
		if c.Name() == name {
			return c
		}
	}
	return nil
}

// Requests of an agent, which are large.
func BenchmarkRequest(b *testing.B) {
	body := agentRequest()
	for _, pair := range [][2]string{{"chat", "messages"}, {"messages", "chat"}} {
		from, to := codecOf(pair[0]), codecOf(pair[1])
		doc := body
		if pair[0] == "messages" {
			r, err := to.ReadRequest(body)
			if err != nil {
				b.Fatal(err)
			}
			if doc, err = from.WriteRequest(r, target(from), &form.Losses{}); err != nil {
				b.Fatal(err)
			}
		}
		b.Run(pair[0]+" to "+pair[1], func(b *testing.B) {
			b.SetBytes(int64(len(doc)))
			b.ReportAllocs()
			for b.Loop() {
				r, err := from.ReadRequest(doc)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := to.WriteRequest(r, target(to), &form.Losses{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func agentRequest() []byte {
	var b bytes.Buffer
	b.WriteString(`{"model":"m","max_tokens":8000,"stream":true,"tools":[`)
	for i := range 20 {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`{"type":"function","function":{"name":"tool_` + string(rune('a'+i)) + `","description":"` + strings.Repeat("Does something useful. ", 60) + `","parameters":{"type":"object","properties":{"path":{"type":"string","description":"Where."}},"required":["path"]}}}`)
	}
	b.WriteString(`],"messages":[{"role":"system","content":"` + strings.Repeat("You are an agent.\\n", 300) + `"},{"role":"user","content":"Go."}`)
	for range 40 {
		b.WriteString(`,{"role":"assistant","content":"I look.","tool_calls":[{"id":"call_1","type":"function","function":{"name":"tool_a","arguments":"{\"path\":\"a\"}"}}]},{"role":"tool","tool_call_id":"call_1","content":"` + strings.Repeat("line of a file with \\\"quotes\\\"\\n", 60) + `"}`)
	}
	b.WriteString(`]}`)
	return b.Bytes()
}
