package proxy

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/engine"
)

// What an upstream does not tell is guessed from text, and from nothing that is none.
func TestUsageIsGuessedFromText(t *testing.T) {
	t.Parallel()
	file := strings.Repeat("iVBORw0KGgoAAAANSUhEUgAA", 150_000) // 3.6 MB
	guessed := func(out int64) dataplane.Usage {
		return dataplane.Usage{Output: out, Source: dataplane.UsageEstimated}
	}
	const held = 2<<20 + 1 // of an answer, when the rest of it is relayed
	// across is a large answer of which so many bytes are usage and were held.
	across := func(bytes int) string {
		const begin, end = `{"choices":[{"message":{"content":"hi","images":["`, `"]},"finish_reason":"stop"}],`
		return begin + strings.Repeat("A", held-bytes-len(begin+end)) + end + `"usage":{"prompt_tokens":7,"completion_tokens":1290}}`
	}
	told := dataplane.Usage{Output: 1290, Source: dataplane.UsageUpstream}
	for name, tt := range map[string]struct {
		path, answer string
		want         dataplane.Usage // but for the input
	}{
		"usage in two pieces":                {"/chat/completions", across(20), told},
		"usage and a brace":                  {"/chat/completions", across(len(`"usage":{"prompt_tokens":7,"completion_tokens":1290}`)), told},
		"an image of 3.6 MB beside text":     {"/chat/completions", `{"id":"c","choices":[{"message":{"content":"hello world!","images":[{"image_url":{"url":"data:image/png;base64,` + file + `"}}]},"finish_reason":"stop"}]}`, guessed(3)},
		"a long text":                        {"/chat/completions", `{"id":"c","choices":[{"message":{"content":"` + strings.Repeat("word ", 600_000) + `"},"finish_reason":"stop"}]}`, guessed(750_000)},
		"a long text, and zeros":             {"/chat/completions", `{"id":"c","choices":[{"message":{"content":"` + strings.Repeat("word ", 600_000) + `"},"finish_reason":"stop"}],"usage":{"prompt_tokens":0,"completion_tokens":0}}`, guessed(750_000)},
		"usage behind a large image":         {"/chat/completions", `{"choices":[{"message":{"content":"hi","images":["` + file + `"]},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":1290,"completion_tokens_details":{"image_tokens":1288}},"service_tier":"flex"}`, dataplane.Usage{Output: 1290, ImageOutput: 1288, ServiceTier: "flex", Source: dataplane.UsageUpstream}},
		"a response that is not finished":    {"/responses", `{"id":"r","status":"in_progress","instructions":"` + strings.Repeat("be brief ", 100) + `","tools":[{"type":"function","name":"look"}],"output":[]}`, guessed(0)},
		"a response that waits":              {"/responses", `{"id":"r","status":"queued","instructions":"be brief","output":[],"usage":null}`, guessed(0)},
		"a response that is cut":             {"/responses", `{"id":"r","status":"incomplete","instructions":"be brief","output":[{"type":"message","content":[{"type":"output_text","text":"hello"}]}]}`, guessed(2)},
		"a large response to go on with":     {"/responses", `{"id":"r","status":"completed","instructions":"` + strings.Repeat("be brief ", 300_000) + `","output":[{"type":"message","content":[{"type":"output_text","text":"hello"}]}],"usage":{"input_tokens":7,"output_tokens":1290}}`, told},
		"a large response without any usage": {"/responses", `{"id":"r","status":"completed","instructions":"` + strings.Repeat("be brief ", 300_000) + `","output":[{"type":"message","content":[{"type":"output_text","text":"hello"}]}]}`, guessed(2)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			up := &canned{header: http.Header{"Content-Type": {"application/json"}}, answer: tt.answer, snapshot: smallSnapshot(t, "")}
			record := callOnce(t, up, "/v1"+tt.path, `{"model":"g","input":"hi","messages":[{"role":"user","content":"hi"}]}`)
			got := record.Usage
			if got.Input == 0 || got.Input > 20 {
				t.Errorf("%d input tokens", got.Input)
			}
			if got.Input = 0; got != tt.want {
				t.Errorf("got %+v, want %+v", got, tt.want)
			}
		})
	}
}

func TestFilesOfARequestAreNoText(t *testing.T) {
	t.Parallel()
	file := strings.Repeat("iVBORw0KGgoAAAANSUhEUgAA", 10_000)
	up := &canned{header: http.Header{"Content-Type": {"application/json"}}, answer: `{"choices":[{"message":{"content":"hello"},"finish_reason":"stop"}]}`, snapshot: smallSnapshot(t, "")}
	record := callOnce(t, up, "/v1/chat/completions", `{"model":"g","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,`+file+`"}}]}]}`)
	if u := record.Usage; u.Source != dataplane.UsageEstimated || u.Input < 1000 || u.Input > 1100 {
		t.Errorf("%+v, want about 1000 input tokens", u)
	}
}

// callOnce serves one request without sockets and gives its record.
func callOnce(t *testing.T, up *canned, path, body string) (record dataplane.Call) {
	t.Helper()
	h := New(Config{
		Snapshot: func() *dataplane.Snapshot { return up.snapshot },
		Upstream: func(*dataplane.Provider) engine.Upstream { return up },
		Health:   healthy{}, Record: func(c dataplane.Call) { record = c }, Random: func(int) int { return 0 },
		NewID: func() string { return "id" }, Now: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer sk-test-0123456789abcdef")
	w := &sink{header: http.Header{}}
	h.ServeHTTP(w, r)
	if w.status != http.StatusOK {
		t.Fatalf("status %d", w.status)
	}
	if w.late > 0 {
		t.Errorf("%d bytes may wait for ever for a client that does not take them", w.late)
	}
	return record
}
