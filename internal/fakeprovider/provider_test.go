package fakeprovider

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// upstream is a Provider that is being served, over TCP or in memory.
type upstream struct {
	*Provider
	client *http.Client
	url    string
}

func overTCP(t *testing.T) upstream {
	t.Helper()
	p := New(Config{})
	server := httptest.NewServer(p)
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	return upstream{p, &http.Client{Transport: transport, CheckRedirect: noRedirect}, server.URL}
}

func inMemory(t *testing.T) upstream {
	t.Helper()
	p := New(Config{})
	l := Listen()
	server := &http.Server{Handler: p}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	transport := &http.Transport{DialContext: l.DialContext, DisableCompression: true}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("serve: %v", err)
		}
	})
	return upstream{p, &http.Client{Transport: transport, CheckRedirect: noRedirect}, "http://fake"}
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// post asks for a completion; extra is more of the body, such as `"stream":true`.
func (u upstream) post(t *testing.T, model string, extra ...string) (*http.Response, error) {
	t.Helper()
	quoted, err := json.Marshal(model)
	if err != nil {
		t.Fatal(err)
	}
	body := strings.Join(append([]string{`{"model":` + string(quoted)}, extra...), ",") + "}"
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, u.url+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer sk-very-secret")
	return u.client.Do(r)
}

// ask is post and the whole body, which may end in an error.
func (u upstream) ask(t *testing.T, model string, extra ...string) (*http.Response, []byte, error) {
	t.Helper()
	resp, err := u.post(t, model, extra...)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp, body, err
}

// datas gives the data of each event.
func datas(stream []byte) []string {
	var out []string
	for line := range strings.Lines(string(stream)) {
		if text, ok := strings.CutPrefix(strings.TrimRight(line, "\r\n"), "data:"); ok {
			out = append(out, strings.TrimPrefix(text, " "))
		}
	}
	return out
}

// content joins the text of the first choice.
func content(stream []byte) string {
	var out strings.Builder
	for _, d := range datas(stream) {
		out.WriteString(gjson.Get(d, "choices.#(index==0).delta.content").String())
	}
	return out.String()
}

const streaming = `"stream":true`

func TestPlainCompletion(t *testing.T) {
	t.Parallel()
	u := overTCP(t)
	resp, body, err := u.ask(t, "ok", `"n":2`)
	if err != nil || resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("%v, %+v", err, resp)
	}
	doc := gjson.ParseBytes(body)
	for path, want := range map[string]string{
		"object": "chat.completion", "model": "ok", "choices.#": "2", "choices.1.index": "1",
		"choices.0.message.role": "assistant", "choices.0.message.content": defaultText, "choices.0.finish_reason": "stop",
		"usage.prompt_tokens": "24", "usage.completion_tokens": "16", "usage.total_tokens": "40", "usage.prompt_tokens_details.cached_tokens": "8",
	} {
		if got := doc.Get(path).String(); got != want {
			t.Errorf("%s = %q, want %q", path, got, want)
		}
	}
	if id := doc.Get("id").String(); !strings.HasPrefix(id, "chatcmpl-") || len(id) < 30 {
		t.Errorf("id %q", id)
	}
	for _, h := range []string{"X-Request-Id", "Set-Cookie", "Openai-Organization", "Openai-Processing-Ms"} {
		if resp.Header.Get(h) == "" {
			t.Errorf("no %s header", h)
		}
	}
}

func TestStreamedCompletion(t *testing.T) {
	t.Parallel()
	u := overTCP(t)
	resp, body, err := u.ask(t, "ok", streaming, `"stream_options":{"include_usage":true}`)
	if err != nil || resp.Header.Get("Content-Type") != mimeSSE || resp.ContentLength != -1 {
		t.Fatalf("%v, %+v", err, resp)
	}
	events := datas(body)
	first, last := events[0], events[len(events)-3]
	if gjson.Get(first, "choices.0.delta.role").String() != "assistant" || gjson.Get(first, "choices.0.delta.content").String() != "" {
		t.Errorf("first event %s, want only the role", first)
	}
	if reason := gjson.Get(last, "choices.0.finish_reason"); reason.String() != "stop" || gjson.Get(last, "choices.0.delta").Raw != "{}" {
		t.Errorf("last content event %s, want an empty delta with a finish_reason", last)
	}
	for _, e := range events[:len(events)-3] {
		if r := gjson.Get(e, "choices.0.finish_reason"); !r.Exists() || r.Type != gjson.Null {
			t.Errorf("finish_reason of %s, want null", e)
		}
		if v := gjson.Get(e, "usage"); !v.Exists() || v.Type != gjson.Null {
			t.Errorf("usage of %s, want null", e)
		}
	}
	usage := events[len(events)-2]
	if gjson.Get(usage, "choices").Raw != "[]" || gjson.Get(usage, "usage.completion_tokens").Int() != 8 || gjson.Get(usage, "usage.prompt_tokens_details.cached_tokens").Int() != CachedTokens {
		t.Errorf("usage event %s", usage)
	}
	if events[len(events)-1] != "[DONE]" || content(body) != defaultText {
		t.Errorf("end %q, content %q", events[len(events)-1], content(body))
	}

	_, body, err = u.ask(t, "ok", streaming)
	if err != nil || bytes.Contains(body, []byte(`"usage"`)) {
		t.Errorf("%v; usage although nobody asked: %s", err, body)
	}
	_, body, err = u.ask(t, "usage-none", streaming, `"stream_options":{"include_usage":true}`)
	if err != nil || bytes.Contains(body, []byte(`"usage"`)) {
		t.Errorf("%v; usage-none has usage: %s", err, body)
	}
}

func TestToolCalls(t *testing.T) {
	t.Parallel()
	u := overTCP(t)
	tools := `"tools":[{"type":"function","function":{"name":"weather"}}]`
	_, body, err := u.ask(t, "ok", tools)
	if err != nil {
		t.Fatal(err)
	}
	doc := gjson.ParseBytes(body)
	if c := doc.Get("choices.0.message.content"); c.Type != gjson.Null || !c.Exists() {
		t.Errorf("content %s, want null", c.Raw)
	}
	if doc.Get("choices.0.finish_reason").String() != "tool_calls" || doc.Get("choices.0.message.tool_calls.0.function.name").String() != "weather" || !json.Valid([]byte(doc.Get("choices.0.message.tool_calls.0.function.arguments").String())) {
		t.Errorf("tool call %s", body)
	}

	_, body, err = u.ask(t, "ok", tools, streaming)
	if err != nil {
		t.Fatal(err)
	}
	arguments, ids := "", 0
	for _, d := range datas(body) {
		call := gjson.Get(d, "choices.0.delta.tool_calls.0")
		arguments += call.Get("function.arguments").String()
		if call.Get("id").Exists() {
			ids++
		}
	}
	if arguments != toolArguments || ids != 1 {
		t.Errorf("arguments %q with %d ids, want %q with the id once", arguments, ids, toolArguments)
	}

	for _, answered := range []string{`"tool_choice":"none"`, `"messages":[{"role":"user","content":"x"},{"role":"tool","content":"21"}]`} {
		_, body, err = u.ask(t, "ok", tools, answered)
		if err != nil || gjson.GetBytes(body, "choices.0.message.content").String() != defaultText {
			t.Errorf("with %s: %v, %s, want a text answer", answered, err, body)
		}
	}
}

func TestTextBehaviours(t *testing.T) {
	t.Parallel()
	u := inMemory(t)
	for name, tc := range map[string]struct {
		model string
		extra string
		want  string
		size  int
	}{
		"echo":         {"echo", `"messages":[{"role":"user","content":[{"type":"text","text":"say <MODEL> & é"}]}]`, "say <MODEL> & é", 0},
		"keyword":      {"keyword-over_loaded", "", "Sorry, the model is over loaded at the moment.", 0},
		"keyword late": {"keyword-late-overloaded", "", "the model is overloaded", 0},
		"tokens":       {"tokens-3", "", "word word end", 0},
		"huge":         {"huge-3", "", "", 3<<20 + len(defaultText)},
		"big event":    {"big-event-2mb", "", "", 2<<20 + len(defaultText)},
		"no text":      {"empty-answer", "", "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			extra := append([]string{}, strings.Fields(tc.extra)...)
			if tc.extra != "" {
				extra = []string{tc.extra}
			}
			_, body, err := u.ask(t, tc.model, extra...)
			if err != nil {
				t.Fatal(err)
			}
			plain := gjson.GetBytes(body, "choices.0.message.content").String()
			_, body, err = u.ask(t, tc.model, append(extra, streaming)...)
			if err != nil {
				t.Fatal(err)
			}
			streamed := content(body)
			if plain != streamed {
				t.Errorf("plain answer of %d bytes and stream of %d differ", len(plain), len(streamed))
			}
			if !strings.HasSuffix(plain, tc.want) && !strings.Contains(plain, tc.want) || tc.size > 0 && len(plain) != tc.size {
				t.Errorf("%d bytes %.80q, want %q or %d bytes", len(plain), plain, tc.want, tc.size)
			}
		})
	}
	_, body, _ := u.ask(t, "keyword-overloaded", streaming)
	if bytes.Contains(body, []byte("overloaded")) && strings.Contains(strings.Join(datas(body), ""), `"overloaded`) || !bytes.Contains(body, []byte(`\u00`)) {
		t.Errorf("the keyword is neither split nor escaped: %s", body)
	}
}

func TestWireForms(t *testing.T) {
	t.Parallel()
	u := overTCP(t)
	for name, tc := range map[string]struct {
		model  string
		stream bool
		check  func(*http.Response, []byte) bool
	}{
		"no space": {"no-space", true, func(_ *http.Response, b []byte) bool { return bytes.HasPrefix(b, []byte("data:{")) }},
		"crlf": {"crlf", true, func(_ *http.Response, b []byte) bool {
			return bytes.Count(b, []byte("\n")) == bytes.Count(b, []byte("\r\n"))
		}},
		"comments": {"comments", true, func(_ *http.Response, b []byte) bool { return bytes.Count(b, []byte(": PROCESSING\n\n")) == 8 }},
		"no done": {"no-done", true, func(_ *http.Response, b []byte) bool {
			return !bytes.Contains(b, []byte("[DONE]")) && bytes.Contains(b, []byte(`"stop"`))
		}},
		"no finish": {"no-finish", true, func(_ *http.Response, b []byte) bool {
			return content(b) == defaultText && !bytes.Contains(b, []byte(`"stop"`))
		}},
		"after done": {"bytes-after-done", true, func(_ *http.Response, b []byte) bool {
			_, after, _ := bytes.Cut(b, []byte("[DONE]\n\n"))
			return len(after) > 10
		}},
		"empty stream": {"empty-stream", true, func(r *http.Response, b []byte) bool { return len(b) == 0 && r.StatusCode == 200 }},
		"empty role":   {"empty-role", true, func(_ *http.Response, b []byte) bool { return len(datas(b)) == 1 }},
		"mid error": {"sse-error-mid-2-overloaded", true, func(_ *http.Response, b []byte) bool {
			return content(b) == "Hello! This" && strings.Contains(string(b), "currently overloaded") && !bytes.Contains(b, []byte("[DONE]"))
		}},
		"first error": {"sse-error-first", true, func(_ *http.Response, b []byte) bool {
			return content(b) == "" && strings.HasPrefix(datas(b)[0], "{") && !strings.Contains(string(b), `"role"`)
		}},
		"lifecycle": {"sse-error-after-created", true, func(_ *http.Response, b []byte) bool {
			return strings.Contains(string(b), "event: response.created\n") && strings.Contains(string(b), `"role"`) && content(b) == ""
		}},
		"named event": {"sse-error-first-anthropic_overloaded", true, func(_ *http.Response, b []byte) bool { return bytes.HasPrefix(b, []byte("event: error\ndata: ")) }},
		"plain error": {"sse-error-first-insufficient_quota", false, func(r *http.Response, b []byte) bool {
			return r.StatusCode == 200 && gjson.GetBytes(b, "error.code").String() == "insufficient_quota"
		}},
		"sse for plain": {"sse-for-plain", false, func(r *http.Response, b []byte) bool {
			return r.Header.Get("Content-Type") == mimeSSE && content(b) == defaultText
		}},
		"json for sse": {"json-for-stream", true, func(r *http.Response, b []byte) bool {
			return r.Header.Get("Content-Type") == mimeJSON && json.Valid(b)
		}},
		"text json": {"200-text-json", true, func(r *http.Response, b []byte) bool {
			return r.Header.Get("Content-Type") == mimeText && json.Valid(b)
		}},
		"malformed": {"200-malformed", false, func(_ *http.Response, b []byte) bool { return !json.Valid(b) && len(b) > 20 }},
		"html": {"200-html", false, func(r *http.Response, b []byte) bool {
			return r.Header.Get("Content-Type") == mimeHTML && r.StatusCode == 200
		}},
		"redirect": {"redirect", false, func(r *http.Response, _ []byte) bool {
			return r.StatusCode == 307 && strings.HasSuffix(r.Header.Get("Location"), "/redirected/v1/chat/completions")
		}},
		"unknown": {"gpt-4o", false, func(r *http.Response, b []byte) bool {
			return r.StatusCode == 404 && gjson.GetBytes(b, "error.code").String() == "model_not_found"
		}},
		"status": {"status-599", false, func(r *http.Response, b []byte) bool {
			return r.StatusCode == 599 && gjson.GetBytes(b, "error.message").String() == "Status 599."
		}},
		"no body": {"status-204", false, func(r *http.Response, b []byte) bool { return r.StatusCode == 204 && len(b) == 0 }},
		"MODEL":   {"error-ollama_model@x", false, func(r *http.Response, b []byte) bool { return strings.Contains(string(b), "'error-ollama_model@x'") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var extra []string
			if tc.stream {
				extra = append(extra, streaming)
			}
			resp, body, err := u.ask(t, tc.model, extra...)
			if err != nil || !tc.check(resp, body) {
				t.Errorf("%s: %v\n%v\n%s", tc.model, err, resp, body)
			}
		})
	}
}

func TestGzipCanBeReadEventByEvent(t *testing.T) {
	t.Parallel()
	u := inMemory(t)
	resp, err := u.post(t, "gzip+stall-events-2", streaming)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	z, err := gzip.NewReader(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(z)
	for range 3 { // event, blank, event: all that comes before the silence
		if !lines.Scan() {
			t.Fatalf("ended early: %v", lines.Err())
		}
	}
	if got := gjson.Get(strings.TrimPrefix(lines.Text(), "data: "), "choices.0.delta.content").String(); got != "Hello!" {
		t.Errorf("second event %q, want Hello!", lines.Text())
	}
}

func TestOtherPages(t *testing.T) {
	t.Parallel()
	u := inMemory(t)
	for name, tc := range map[string]struct {
		method, path, body string
		status             int
		want               string
	}{
		"help":         {"GET", "/", "", 200, "status-429-retry-after-7"},
		"models":       {"GET", "/v1/models", "", 200, `"id":"ok"`},
		"no version":   {"GET", "/models", "", 200, `"object":"list"`},
		"model":        {"GET", "/v1/models/slow-5ms+ok", "", 200, `"id":"slow-5ms+ok"`},
		"slash":        {"GET", "/v1/models/ok@a/b", "", 200, `"id":"ok@a/b"`},
		"no model":     {"GET", "/v1/models/gpt-4o", "", 404, `"code": "model_not_found"`},
		"wrong path":   {"POST", "/v2/chat/completions", "{}", 404, "Invalid URL (POST /v2/chat/completions)"},
		"wrong method": {"PUT", "/v1/chat/completions", "{}", 404, "Invalid URL"},
		"not JSON":     {"POST", "/v1/chat/completions", "{", 400, "could not parse"},
		"no object":    {"POST", "/v1/chat/completions", "[]", 400, "could not parse"},
		"redirected":   {"POST", "/redirected/v1/chat/completions", `{"model":"status-500"}`, 200, defaultText},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := http.NewRequestWithContext(t.Context(), tc.method, u.url+tc.path, strings.NewReader(tc.body))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := u.client.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != tc.status || !strings.Contains(string(body), tc.want) {
				t.Errorf("%v, status %d, body %.300s, want %d and %q", err, resp.StatusCode, body, tc.status, tc.want)
			}
		})
	}
}
