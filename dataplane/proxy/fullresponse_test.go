package proxy_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// complete sets a group's streams to be held whole.
func complete(p *nodev1.Policy) { p.StreamCommit = "complete" }

// soonStalled is complete with little patience for silence, for upstreams that fall silent only:
// a busy machine may leave any other one silent for as long.
func soonStalled(p *nodev1.Policy) {
	complete(p)
	p.StreamIdleTimeout = durationpb.New(150 * time.Millisecond)
}

// text puts the content of a stream's chunks together.
func (a answer) text() string {
	var text strings.Builder
	for line := range strings.SplitSeq(a.body, "\n") {
		if event, ok := strings.CutPrefix(line, "data:"); ok {
			text.WriteString(gjson.Get(event, "choices.0.delta.content").String())
		}
	}
	return text.String()
}

// Whatever happens to a stream before its last token, the client sees one whole answer of
// the next candidate and nothing of the first.
func TestAWholeStreamFailsOverToItsLastToken(t *testing.T) {
	t.Parallel()
	keywords := []*nodev1.FailureKeyword{{Name: "k", Keyword: "overloaded"}}
	plain := newRig(t, setup{models: []string{"echo"}}).chat(true)
	for model, want := range map[string]string{
		"cut-events-4":                 "truncated",
		"cut-700":                      "truncated",
		"eof-events-4":                 "truncated",
		"no-finish":                    "truncated",
		"stall-events-4":               "response_timeout",
		"sse-error-mid-3-overloaded":   "failure_keyword", // what it says holds the keyword too
		"sse-error-mid-3-server_error": "server_error",
		"keyword-late-overloaded":      "failure_keyword",
		"empty-role":                   "empty_stream",
		"big-event-33mb":               "too_large",
	} {
		t.Run(model, func(t *testing.T) {
			t.Parallel()
			policy := complete
			if want == "response_timeout" {
				policy = soonStalled
			}
			r := newRig(t, setup{models: []string{model, "echo"}, keywords: keywords, policy: policy})
			got := r.chat(true)
			call := r.call()
			if outcomes(call) != "p1:"+want+" p2:ok" || call.Outcome != dataplane.OK || call.KeywordLate {
				t.Fatalf("attempts %s, call %v, late %v", outcomes(call), call.Outcome, call.KeywordLate)
			}
			if got.cut || got.status != 200 || got.text() != plain.text() || got.text() == "" || strings.Count(got.body, "[DONE]") != 1 {
				t.Errorf("status %d, cut %v: %s", got.status, got.cut, got.body)
			}
			if got.header.Get("X-Trunkline-Provider") != "p2" || got.header.Get("X-Trunkline-Attempts") != "2" {
				t.Errorf("headers %v", got.header)
			}
		})
	}
}

// Without a next candidate the client gets a real error with a status, and nothing of the
// half answer.
func TestAWholeStreamThatFailsIsAnError(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"cut-events-4"}, policy: complete})
	got := r.chat(true)
	if got.status != 502 || got.errorCode(t) != "upstream_truncated" || got.header.Get("Content-Type") != "application/json" {
		t.Fatalf("status %d: %s", got.status, got.body)
	}
	if call := r.call(); call.Status != 502 || call.Outcome != dataplane.Truncated {
		t.Errorf("recorded %d %v", call.Status, call.Outcome)
	}
}

// The header asks for one call; other values of it, and calls that are not streamed, are
// served as always.
func TestAClientAsksForAWholeStream(t *testing.T) {
	t.Parallel()
	const chat = `{"model":"g","stream":%v,"messages":[{"role":"user","content":"hi"}]}`
	for _, tt := range []struct {
		stream   bool
		value    string
		outcomes string
	}{
		{true, "complete", "p1:truncated p2:ok"},
		{true, "Complete", "p1:truncated p2:ok"},
		{true, "first_token", "p1:stream_cut"},
		{false, "complete", "p1:truncated p2:ok"},
	} {
		r := newRig(t, setup{models: []string{"cut-events-4", "ok"}})
		r.post(fmt.Sprintf(chat, tt.stream), "X-Trunkline-Commit", tt.value)
		if call := r.call(); outcomes(call) != tt.outcomes {
			t.Errorf("stream %v, %s: attempts %s, want %s", tt.stream, tt.value, outcomes(call), tt.outcomes)
		}
	}
}

// What came is what goes out, to the byte, also by way of a file; the file is gone after.
func TestAWholeStreamIsReplayedAsItCame(t *testing.T) {
	t.Parallel()
	for _, model := range []string{"ok", "ok+comments+crlf+no-space", "no-done", "json-for-stream", "huge-2"} {
		t.Run(model, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			config := func(c *proxy.Config) { c.TempDir = dir }
			held := newRig(t, setup{models: []string{model}, policy: complete, config: config}).chat(true)
			passed := newRig(t, setup{models: []string{model}}).chat(true)
			mask := func(body string) string { // ids and times differ
				chunk := gjson.Get(body[strings.Index(body, "{"):], "@this")
				for _, key := range []string{"id", "created"} {
					body = strings.ReplaceAll(body, chunk.Get(key).Raw, key)
				}
				return body
			}
			if held.status != 200 || mask(held.body) != mask(passed.body) || !strings.Contains(held.body, "[DONE]") {
				t.Errorf("status %d, %d bytes held, %d passed", held.status, len(held.body), len(passed.body))
			}
			empty(t, dir)
		})
	}
}

func empty(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 0 {
		t.Errorf("left in the spool: %v, %v", left, err)
	}
}

func TestAWholeStreamIsBounded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := func(c *proxy.Config) { c.TempDir, c.MaxFullResponse = dir, 1<<20 }
	r := newRig(t, setup{models: []string{"huge-2", "ok"}, policy: complete, config: config})
	r.chat(true)
	if call := r.call(); outcomes(call) != "p1:too_large p2:ok" {
		t.Errorf("attempts %s", outcomes(call))
	}
	empty(t, dir)
	// What all calls hold together is bounded too; then it is not the provider's fault.
	r = newRig(t, setup{models: []string{"huge-2", "ok"}, policy: complete, config: func(c *proxy.Config) { c.TempDir, c.MaxBodies = dir, 1<<20 }})
	got := r.chat(true)
	if call := r.call(); outcomes(call) != "p1:gateway_busy" || got.status != 503 || len(r.health.Snapshot()) != 0 {
		t.Errorf("attempts %s, status %d", outcomes(call), got.status)
	}
	empty(t, dir)
	// It was given back: the next call is served.
	for range 3 {
		r.post(`{"model":"g","stream":true,"messages":[]}`)
		if call := r.call(); outcomes(call) != "p1:gateway_busy" {
			t.Errorf("attempts %s", outcomes(call))
		}
	}
	// Nowhere to put it.
	r = newRig(t, setup{models: []string{"huge-2", "ok"}, policy: complete, config: func(c *proxy.Config) { c.TempDir = dir + "/gone" }})
	got = r.chat(true)
	if call := r.call(); outcomes(call) != "p1:gateway_busy" || got.status != 503 || strings.Contains(got.body, dir) {
		t.Errorf("attempts %s, status %d: %s", outcomes(call), got.status, got.body)
	}
}

// Comments keep the client's connection alive while the answer is held; a total failure
// then comes as an event.
func TestAWholeStreamIsKeptAlive(t *testing.T) {
	t.Parallel()
	config := func(c *proxy.Config) { c.KeepAlive = 20 * time.Millisecond }
	r := newRig(t, setup{models: []string{"chunk-30ms+ok"}, policy: complete, config: config})
	got := r.chat(true)
	waits := strings.Count(got.body, ": wait\n")
	if first := strings.Index(got.body, "data:"); got.status != 200 || waits == 0 || strings.LastIndex(got.body, ": wait") > first {
		t.Errorf("status %d, %d comments: %s", got.status, waits, got.body)
	}
	r.call()
	r = newRig(t, setup{models: []string{"chunk-30ms+eof-events-5"}, policy: complete, config: config})
	got = r.chat(true)
	if got.status != 200 || got.cut || errorCode(t, []byte(got.lastEvent())) != "upstream_truncated" || strings.Contains(got.body, "choices") {
		t.Errorf("status %d, cut %v: %s", got.status, got.cut, got.body)
	}
}

// A client that leaves while its answer is held, or while it is replayed, ends the call.
func TestAClientLeavesAWholeStream(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := newRig(t, setup{models: []string{"stall-events-3"}, config: func(c *proxy.Config) { c.TempDir = dir }, policy: func(p *nodev1.Policy) { p.StreamCommit = "complete" }})
	r.leave(`{"model":"g","stream":true,"messages":[]}`, "leaves")
	if call := r.call(); call.Outcome != dataplane.ClientClosed || call.Status != 499 {
		t.Errorf("call %v %d", call.Outcome, call.Status)
	}
	r = newRig(t, setup{models: []string{"huge-16"}, policy: complete, config: func(c *proxy.Config) { c.TempDir = dir }})
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.url+"/v1/chat/completions", bytes.NewReader([]byte(`{"model":"g","stream":true,"messages":[]}`)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+clientKey)
	resp, err := r.served.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := bufio.NewReader(resp.Body).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	leave()
	if call := r.call(); call.Outcome != dataplane.ClientClosed || call.Status != 499 {
		t.Errorf("call %v %d", call.Outcome, call.Status)
	}
	empty(t, dir)
}
