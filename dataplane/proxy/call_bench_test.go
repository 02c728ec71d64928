package proxy

import (
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/engine"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// BenchmarkCall is what the proxy itself takes for a call, between net/http's server and the
// upstream's client.
func BenchmarkCall(b *testing.B) {
	benchmarkCall(b, "", `{"model":"g","messages":[{"role":"user","content":"hi"}]}`, nil)
}

// BenchmarkTranslatedCall is the same for a provider of Anthropic's dialect, and beside it what a longer
// conversation takes natively and translated.
func BenchmarkTranslatedCall(b *testing.B) {
	anthropic := func(p *nodev1.Provider) { p.Dialect, p.Models[0].MaxOutputTokens = "anthropic", 4096 }
	turn := `{"role":"user","content":"` + strings.Repeat("Tell me more about that. ", 20) + `"},{"role":"assistant","content":"` + strings.Repeat("There is much to say. ", 20) + `"},`
	short := `{"model":"g","messages":[{"role":"user","content":"hi"}]}`
	long := `{"model":"g","messages":[` + strings.Repeat(turn, 20) + `{"role":"user","content":"hi"}]}`
	b.Run("short", func(b *testing.B) { benchmarkCall(b, "", short, nil, anthropic) })
	b.Run("long, native", func(b *testing.B) { benchmarkCall(b, "", long, nil) })
	b.Run("long", func(b *testing.B) { benchmarkCall(b, "", long, nil, anthropic) })
}

// BenchmarkStickyCall is the same in a sticky group, by what tells the conversation.
func BenchmarkStickyCall(b *testing.B) {
	long := `{"model":"g","messages":[{"role":"system","content":"` + strings.Repeat("You are a helpful assistant. ", 300) + `"},{"role":"user","content":"hi"}]}`
	short := `{"model":"g","messages":[{"role":"user","content":"hi"}]}`
	b.Run("header", func(b *testing.B) {
		benchmarkCall(b, "sticky", short, http.Header{"X-Session-Id": {"0199f0c4-7d0b-7c11-9b60-6e9c1f3f2f6e"}})
	})
	b.Run("cache key", func(b *testing.B) { benchmarkCall(b, "sticky", short[:len(short)-1]+`,"prompt_cache_key":"k"}`, nil) })
	b.Run("first message", func(b *testing.B) { benchmarkCall(b, "sticky", short, nil) })
	b.Run("long, not sticky", func(b *testing.B) { benchmarkCall(b, "", long, nil) })
	b.Run("long, first message", func(b *testing.B) { benchmarkCall(b, "sticky", long, nil) })
}

func benchmarkCall(b *testing.B, selection, body string, header http.Header, change ...func(*nodev1.Provider)) {
	b.Helper()
	const answer = `{"id":"x","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":1,"total_tokens":10},"content":[{"type":"text","text":"hello"}]}`
	up := &canned{header: http.Header{"Content-Type": {"application/json"}}, answer: answer, snapshot: smallSnapshot(b, selection, change...)}
	h := New(Config{
		Snapshot: func() *dataplane.Snapshot { return up.snapshot },
		Upstream: func(*dataplane.Provider) engine.Upstream { return up },
		Health:   healthy{}, Record: func(dataplane.Call) {}, Random: func(int) int { return 0 },
		NewID: func() string { return "id" }, Now: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
	r := httptest.NewRequest(http.MethodPost, "/v1/chat/completions", nil)
	r.Header.Set("Authorization", "Bearer sk-test-0123456789abcdef")
	r.Header.Set("Content-Type", "application/json")
	maps.Copy(r.Header, header)
	r.ContentLength = int64(len(body))
	in := strings.NewReader(body)
	r.Body = io.NopCloser(in)
	w := &sink{header: http.Header{}}
	b.ReportAllocs()
	before := cpuTime(b)
	for b.Loop() {
		in.Reset(body)
		clear(w.header)
		h.ServeHTTP(w, r)
	}
	b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N), "cpu-ns/op")
}

// cpuTime is what the process has used, in nanoseconds: on a busy machine it tells more than the clock.
func cpuTime(b *testing.B) int64 {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
