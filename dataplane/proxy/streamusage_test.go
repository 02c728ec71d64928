package proxy_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// picky is an upstream that refuses stream_options, and, for the prompt "odd", everything in
// words that blame stream_options.
type picky struct{ asked, plain atomic.Int64 }

func (p *picky) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	asked := strings.Contains(string(body), "stream_options")
	if asked {
		p.asked.Add(1)
	} else {
		p.plain.Add(1)
	}
	if asked || strings.Contains(string(body), "odd") {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":{"message":"Unrecognized request argument supplied: stream_options","type":"invalid_request_error"}}`)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	fmt.Fprint(w, `data: {"id":"c","object":"chat.completion.chunk","model":"m","choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}`+"\n\ndata: [DONE]\n\n")
}

// Only a stream that worked without stream_options proves that the target does not take
// them; that holds for ten minutes, for that model alone.
func TestStreamOptionsAreRefusedOnProof(t *testing.T) {
	t.Parallel()
	upstream := &picky{}
	server := httptest.NewServer(upstream)
	t.Cleanup(server.Close)
	var log strings.Builder
	var ahead atomic.Int64
	r := newRig(t, setup{
		models:   []string{"ok"},
		snapshot: func(s *nodev1.Snapshot) { s.Providers[0].BaseUrl = server.URL + "/v1" },
		config: func(c *proxy.Config) {
			c.Logger = slog.New(slog.NewTextHandler(&log, nil))
			c.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		},
	})
	p := r.served.Config.Handler.(*proxy.Handler)
	stream := func(prompt string) int {
		t.Helper()
		defer r.call()
		return r.post(`{"model":"g","stream":true,"messages":[{"role":"user","content":"` + prompt + `"}]}`).status
	}
	step := func(what, prompt string, status int, asked, plain int64, refused int) {
		t.Helper()
		upstream.asked.Store(0)
		upstream.plain.Store(0)
		if got := stream(prompt); got != status {
			t.Errorf("%s: status %d, want %d", what, got, status)
		}
		if a, n := upstream.asked.Load(), upstream.plain.Load(); a != asked || n != plain {
			t.Errorf("%s: asked %d times with and %d without stream_options, want %d and %d", what, a, n, asked, plain)
		}
		if got := p.Engine().Learned().NoUsage.Count(time.Now().Add(time.Duration(ahead.Load()))); got != refused {
			t.Errorf("%s: %d targets refuse, want %d", what, got, refused)
		}
	}
	step("a caller's nonsense", "odd", 400, 1, 1, 0)
	step("the same again", "odd", 400, 1, 1, 0)
	step("proof", "hi", 200, 1, 1, 1)
	step("remembered", "hi", 200, 0, 1, 1)
	ahead.Store(int64(10*time.Minute + time.Second))
	step("forgotten", "hi", 200, 1, 1, 1)
	if n := strings.Count(log.String(), "rejects stream_options"); n != 2 {
		t.Errorf("said %d times, want 2: %s", n, &log)
	}
}
