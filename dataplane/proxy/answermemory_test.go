package proxy_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// What is held of plain answers is part of the budget of bodies: many large ones at once hold no more
// than a key's part, and the others go to the client as they come, whole all the same.
func TestLargePlainAnswersStayInsideTheBudget(t *testing.T) {
	t.Parallel()
	const share, calls, half = 4 << 20, 8, 450 << 10
	halfway, more := make(chan struct{}, calls+1), make(chan struct{})
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		text := strings.Repeat("x", half)
		fmt.Fprintf(w, `{"choices":[{"index":0,"message":{"role":"assistant","content":"%s`, text)
		_ = http.NewResponseController(w).Flush()
		halfway <- struct{}{}
		<-more
		fmt.Fprintf(w, `%s"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":200000}}`, text)
	}))
	t.Cleanup(provider.Close)
	r := newRig(t, setup{models: []string{"m"}, config: func(c *proxy.Config) { c.MaxBodies = 8 * share }, snapshot: func(s *nodev1.Snapshot) { s.Providers[0].BaseUrl = provider.URL + "/v1" }})
	got := make(chan answer, calls)
	for range calls {
		go func() { got <- r.chat(false) }()
	}
	for range calls {
		<-halfway
	}
	// Half of an answer is in a buffer of 1 MiB, which counts twice: there is room for two of them at most.
	r.holds("some large answers", func(used int64) bool { return used >= 2<<20 })
	if used := r.proxy.Memory().Used; used > share+calls*(64<<10) {
		t.Errorf("%d bytes are held, want at most the key's %d and what small bodies have", used, share)
	}
	close(more)
	for range calls {
		a := <-got
		if a.status != 200 || a.cut || len(gjson.Get(a.body, "choices.0.message.content").Str) != 2*half {
			t.Errorf("status %d, cut %v, %d bytes", a.status, a.cut, len(a.body))
		}
		if c := r.call(); c.Usage.Output != 200_000 {
			t.Errorf("used %+v", c.Usage)
		}
	}
	r.holdsNothing()
	if alone := r.chat(false); alone.header.Get("Content-Length") == "" {
		t.Error("an answer that is alone was not held whole")
	}
	r.holdsNothing()
}
