package proxy_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func gzipped(t *testing.T, body []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func zstandard(t *testing.T, body []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(body, nil)
}

// windowed is a zstd stream that asks its reader for a window of so many bytes.
func windowed(t *testing.T, body []byte, window int) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, zstd.WithWindowSize(window))
	if err != nil {
		t.Fatal(err)
	}
	for rest := body; len(rest) > 0; rest = rest[min(len(rest), 50_000):] {
		if _, err := w.Write(rest[:min(len(rest), 50_000)]); err != nil {
			t.Fatal(err)
		}
		if err := w.Flush(); err != nil { // a stream of unknown length
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestCompressedRequests(t *testing.T) {
	t.Parallel()
	const limit = 8 << 20
	r := newRig(t, setup{models: []string{"ok"}, config: func(c *proxy.Config) { c.MaxBody = limit }})
	const body = `{"model":"g","messages":[{"role":"user","content":"compressed"}]}`
	large := `{"model":"g","x":"` + strings.Repeat("a", 60<<10) + `"}` // grows more than 100-fold, but is small
	bomb := []byte(`{"model":"g","x":"` + strings.Repeat("a", 7<<20) + `"}`)
	random := func(n int) []byte { // does not compress 100-fold
		var b bytes.Buffer
		for i := 0; b.Len() < n; i++ {
			fmt.Fprintf(&b, "%x", i*2654435761)
		}
		return b.Bytes()
	}
	tests := []struct {
		name, encoding string
		body           []byte
		status         int
		code           string
	}{
		{"gzip", "gzip", gzipped(t, []byte(body)), 200, ""},
		{"zstd", "ZSTD", zstandard(t, []byte(body)), 200, ""},
		{"small but dense", "gzip", gzipped(t, []byte(large)), 200, ""},
		{"identity", "identity", []byte(body), 200, ""},
		{"brotli", "br", []byte(body), 415, "unsupported_encoding"},
		{"twice", "gzip, gzip", gzipped(t, gzipped(t, []byte(body))), 415, "unsupported_encoding"},
		{"gzip bomb", "gzip", gzipped(t, bomb), 413, "request_too_large"},
		{"zstd bomb", "zstd", zstandard(t, bomb), 413, "request_too_large"},
		{"large inside", "gzip", gzipped(t, random(limit+1000)), 413, "request_too_large"},
		{"no gzip", "gzip", []byte(body), 400, "invalid_request"},
		{"no zstd", "zstd", []byte(body), 400, "invalid_request"},
		{"cut gzip", "gzip", gzipped(t, []byte(body))[:40], 400, "invalid_request"},
		{"cut zstd", "zstd", zstandard(t, random(100_000))[:40_000], 400, "invalid_request"},
		{"empty gzip", "gzip", nil, 400, "invalid_request"},
		{"empty zstd", "zstd", nil, 400, "invalid_request"},
		{"zstd in two frames", "zstd", append(zstandard(t, []byte(body[:20])), zstandard(t, []byte(body[20:]))...), 200, ""},
		{"zstd with a window of 16 MiB", "zstd", windowed(t, random(100_000), 16<<20), 413, "request_too_large"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := r.post(string(tt.body), "Content-Encoding", tt.encoding)
			call := r.call()
			if got.status != tt.status || call.Status != tt.status {
				t.Fatalf("status %d (recorded %d): %s", got.status, call.Status, got.body)
			}
			if tt.status != 200 {
				if code := got.errorCode(t); code != tt.code {
					t.Errorf("code %s", code)
				}
				return
			}
			served := r.fake.Served()
			last := served[len(served)-1]
			if last.Header.Get("Content-Encoding") != "" || !bytes.HasPrefix(last.Body, []byte(`{"model":"ok",`)) {
				t.Errorf("upstream got %v %.80s", last.Header, last.Body)
			}
		})
	}
}

// raw opens a connection to the proxy and sends bytes as they are.
func (r *rig) raw(text string) net.Conn {
	r.t.Helper()
	conn, err := (&net.Dialer{}).DialContext(r.t.Context(), "tcp", r.served.Listener.Addr().String())
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := io.WriteString(conn, text); err != nil {
		r.t.Fatal(err)
	}
	return conn
}

// head is the head of a chat request with more header lines.
func head(length int, more ...string) string {
	lines := append([]string{"POST /v1/chat/completions HTTP/1.1", "Host: gateway", "Authorization: Bearer " + clientKey}, more...)
	if length >= 0 {
		lines = append(lines, fmt.Sprintf("Content-Length: %d", length))
	}
	return strings.Join(lines, "\r\n") + "\r\n\r\n"
}

func TestABodyThatComesTooSlowly(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}, config: func(c *proxy.Config) { c.BodyWindow = time.Second }})
	conn := r.raw(head(1000) + `{"model":`)
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 408 ") || !strings.Contains(string(answer), `"request_timeout"`) {
		t.Fatalf("%v: %s", err, answer)
	}
	if call := r.call(); call.Status != 408 {
		t.Errorf("recorded %d", call.Status)
	}
	// Also a body that nobody reads must come, or the connection is closed.
	conn = r.raw("POST /v1/nothing HTTP/1.1\r\nHost: gateway\r\nContent-Length: 1000\r\n\r\n")
	if answer, err = io.ReadAll(conn); err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 404 ") {
		t.Fatalf("%v: %s", err, answer)
	}
	// One that keeps the rate, four times over so that a busy machine keeps it too, may take
	// several windows.
	body := `{"model":"g","messages":[],"x":"` + strings.Repeat("a", 10<<10) + `"}`
	conn = r.raw(head(len(body), "Connection: close"))
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for len(body) > 0 {
		n := min(410, len(body))
		if _, err := io.WriteString(conn, body[:n]); err != nil {
			t.Fatal(err)
		}
		body = body[n:]
		<-tick.C
	}
	answer, err = io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(answer), "HTTP/1.1 200 ") {
		t.Fatalf("%v: %s", err, answer)
	}
}

func TestTooManyHeaders(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}})
	var many []string
	for i := range 101 {
		many = append(many, fmt.Sprintf("X-Filler-%d", i), "1")
	}
	if got := r.post(`{"model":"g"}`, many...); got.status != 431 || got.errorCode(t) != "too_many_headers" {
		t.Fatalf("status %d: %s", got.status, got.body)
	}
}

// Row 39: a client that stops reading is cut off, and nobody else is blamed.
func TestAClientThatStopsReading(t *testing.T) {
	t.Parallel()
	for what, body := range map[string]string{
		"stream": `{"model":"g","stream":true,"messages":[]}`, "plain": `{"model":"g","messages":[]}`,
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, setup{models: []string{"huge-60", "ok"}, config: func(c *proxy.Config) { c.SlowClient = 300 * time.Millisecond }})
			r.raw(head(len(body)) + body) // and not a byte is read
			call := r.call()
			if call.Outcome != dataplane.SlowClient || call.Status != 499 || len(call.Attempts) != 1 {
				t.Fatalf("call %v %d, attempts %s", call.Outcome, call.Status, outcomes(call))
			}
			for _, s := range r.health.Snapshot() {
				if s.Condition.Failures > 0 {
					t.Errorf("held against %v", s.Scope)
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			if err := r.fake.WaitIdle(ctx); err != nil {
				t.Error("the upstream call goes on")
			}
		})
	}
}

// Row 8: an upstream that takes no bytes of a large request is left for the next.
func TestAnUpstreamThatTakesNoBody(t *testing.T) {
	t.Parallel()
	deaf, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	accepted := make(chan net.Conn, 10)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := deaf.Accept()
			if err != nil {
				return
			}
			accepted <- conn
		}
	}()
	t.Cleanup(func() {
		_ = deaf.Close()
		<-done
		close(accepted)
		for conn := range accepted {
			_ = conn.Close()
		}
	})
	r := newRig(t, setup{models: []string{"ok", "ok"},
		config:   func(c *proxy.Config) { c.WriteStall = 300 * time.Millisecond },
		snapshot: func(s *nodev1.Snapshot) { s.Providers[0].BaseUrl = "http://" + deaf.Addr().String() },
	})
	got := r.post(`{"model":"g","messages":[],"x":"` + strings.Repeat("a", 30<<20) + `"}`)
	if call := r.call(); got.status != 200 || outcomes(call) != "p1:write_timeout p2:ok" {
		t.Fatalf("status %d, attempts %s", got.status, outcomes(call))
	}
}

// A slow answer to a large request is no stall of its writing.
func TestASlowAnswerIsNoStall(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"slow-700ms"}, config: func(c *proxy.Config) { c.WriteStall = 200 * time.Millisecond }})
	got := r.post(`{"model":"g","messages":[],"x":"` + strings.Repeat("a", 1<<20) + `"}`)
	if call := r.call(); got.status != 200 {
		t.Fatalf("status %d, attempts %s", got.status, outcomes(call))
	}
}
