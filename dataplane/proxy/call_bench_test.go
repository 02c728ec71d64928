package proxy

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/engine"
)

// BenchmarkCall is what the proxy itself takes for a call, between net/http's server and the
// upstream's client.
func BenchmarkCall(b *testing.B) {
	const answer = `{"id":"x","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":1,"total_tokens":10}}`
	const body = `{"model":"g","messages":[{"role":"user","content":"hi"}]}`
	up := &canned{header: http.Header{"Content-Type": {"application/json"}}, answer: answer, snapshot: smallSnapshot(b)}
	h := New(Config{
		Snapshot: func() *dataplane.Snapshot { return up.snapshot },
		Upstream: func(*dataplane.Provider) engine.Upstream { return up },
		Health:   healthy{}, Record: func(dataplane.Call) {}, Random: func(int) int { return 0 },
		NewID: func() string { return "id" }, Now: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
	r := httptest.NewRequest(http.MethodPost, "/v1/chat/completions", nil)
	r.Header.Set("Authorization", "Bearer sk-test-0123456789abcdef")
	r.Header.Set("Content-Type", "application/json")
	r.ContentLength = int64(len(body))
	in := strings.NewReader(body)
	r.Body = io.NopCloser(in)
	w := &sink{header: http.Header{}}
	b.ReportAllocs()
	for b.Loop() {
		in.Reset(body)
		clear(w.header)
		h.ServeHTTP(w, r)
	}
}
