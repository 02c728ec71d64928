package proxy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/dataplane"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// keeping makes the group keep bodies.
func keeping(log *nodev1.BodyLog, models ...string) setup {
	return setup{models: models, snapshot: func(s *nodev1.Snapshot) { s.Groups[0].BodyLog = log }}
}

const question = `{"model":"g","stream":%v,"messages":[{"role":"user","content":"what is the captured question"}]}`

func TestBodiesAreWhatClientsSentAndGot(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		models []string
		stream bool
	}{
		{"plain", []string{"ok"}, false},
		{"stream", []string{"ok"}, true},
		{"plain after failover", []string{"error-500", "ok"}, false},
		{"stream after failover", []string{"error-500", "ok"}, true},
		{"nobody answers", []string{"error-500"}, false},
		{"stream that nobody answers", []string{"error-500"}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, keeping(&nodev1.BodyLog{MaxBytes: 1 << 20, Sample: 1}, tt.models...))
			sent := fmt.Sprintf(question, tt.stream)
			got := r.post(sent)
			call := r.call()
			if call.Body == nil {
				t.Fatal("no body was kept")
			}
			if string(call.Body.Request) != sent {
				t.Errorf("kept of the request: %q", call.Body.Request)
			}
			if string(call.Body.Response) != got.body || got.body == "" {
				t.Errorf("kept of the answer: %q\nthe client got: %q", call.Body.Response, got.body)
			}
			if call.Body.RequestTruncated || call.Body.ResponseTruncated {
				t.Error("it is called truncated")
			}
			if !slices.Contains(call.Body.RequestHeaders, dataplane.HeaderField{Name: "Content-Type", Value: "application/json"}) {
				t.Errorf("kept of the request's header: %v", call.Body.RequestHeaders)
			}
			if !slices.Contains(call.Body.ResponseHeaders, dataplane.HeaderField{Name: "Content-Type", Value: got.header.Get("Content-Type")}) {
				t.Errorf("kept of the answer's header: %v", call.Body.ResponseHeaders)
			}
		})
	}
}

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	for _, stream := range []bool{false, true} {
		r := newRig(t, keeping(&nodev1.BodyLog{MaxBytes: 50, Sample: 1}, "ok"))
		sent := fmt.Sprintf(question, stream)
		got := r.post(sent)
		body := r.call().Body
		if string(body.Request) != sent[:50] || string(body.Response) != got.body[:50] || !body.RequestTruncated || !body.ResponseTruncated {
			t.Errorf("kept %q and %q, truncated: %v and %v", body.Request, body.Response, body.RequestTruncated, body.ResponseTruncated)
		}
	}
}

func TestKeptHeadersAreBounded(t *testing.T) {
	t.Parallel()
	r := newRig(t, keeping(&nodev1.BodyLog{MaxBytes: 50, Sample: 1}, "ok"))
	req := r.upload("/v1/chat/completions", clientKey, strings.NewReader(fmt.Sprintf(question, false)))
	req.Header.Set("A-Small", "1")
	req.Header.Set("X-Large", strings.Repeat("x", 17<<10))
	r.do(req)
	body := r.call().Body
	names := map[string]bool{}
	for _, f := range body.RequestHeaders {
		names[f.Name] = true
	}
	if size := body.Size(); !names["A-Small"] || names["X-Large"] || size > 2*(16<<10)+2*50 {
		t.Errorf("kept %v, %d bytes in all", names, size)
	}
}

func TestBodiesAreKeptOfSomeOnly(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		log  *nodev1.BodyLog
		body string
		want bool
	}{
		{"off", nil, fmt.Sprintf(question, false), false},
		{"a tiny share", &nodev1.BodyLog{MaxBytes: 100, Sample: 1e-12}, fmt.Sprintf(question, false), false},
		{"another group", &nodev1.BodyLog{MaxBytes: 100, Sample: 1}, strings.Replace(fmt.Sprintf(question, false), `"g"`, `"nobody"`, 1), false},
	} {
		r := newRig(t, keeping(tt.log, "ok"))
		r.post(tt.body)
		if got := r.call().Body; (got != nil) != tt.want {
			t.Errorf("%s: kept %t", tt.name, got != nil)
		}
	}
}

func TestBadBodyLogIsRefused(t *testing.T) {
	t.Parallel()
	for _, log := range []*nodev1.BodyLog{{}, {MaxBytes: 1}, {MaxBytes: 1 << 21, Sample: 1}, {MaxBytes: 1, Sample: 1.5}, {MaxBytes: -1, Sample: 1}} {
		if _, err := dataplane.Compile(&nodev1.Snapshot{KeyPepper: []byte("x"), Groups: []*nodev1.Group{{Name: "g", BodyLog: log}}}); err == nil {
			t.Errorf("%v was taken", log)
		}
	}
}
