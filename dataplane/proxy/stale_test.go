package proxy_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// A request that finds its connection closed is sent once more, as if nothing had been. One whose answer has begun
// was worked on, and may have a price: that is an attempt that failed.
func TestAConnectionThatWasIdleIsClosed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		answer, want string
		requests     int64
	}{
		{"", "p1:ok", 3},
		{"HTTP/1.1 200 OK\r\nContent-Ty", "p1:connection_reset p2:ok", 2},
		{"H", "p1:connection_reset p2:ok", 2},
	} {
		var requests atomic.Int64
		up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			if requests.Add(1) != 2 {
				w.Header().Set("Content-Type", "application/json")
				_, _ = io.WriteString(w, `{"id":"x","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}]}`)
				return
			}
			conn, _, err := w.(http.Hijacker).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = io.WriteString(conn, test.answer)
			_ = conn.Close()
		}))
		t.Cleanup(up.Close)
		r := newRig(t, setup{models: []string{"ok", "ok"}, snapshot: func(s *nodev1.Snapshot) { s.Providers[0].BaseUrl = up.URL }})
		for i, want := range []string{"p1:ok", test.want} {
			if got := r.chat(false); got.status != 200 {
				t.Fatalf("%q, call %d: status %d: %s", test.answer, i, got.status, got.body)
			}
			if got := outcomes(r.call()); got != want {
				t.Errorf("%q, call %d: %s, want %s", test.answer, i, got, want)
			}
		}
		if got := requests.Load(); got != test.requests {
			t.Errorf("%q: %d requests, want %d", test.answer, got, test.requests)
		}
	}
}
