package proxy

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/engine"
	"github.com/trunkline-ai/trunkline/internal/domain/apikey"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Allocations of the proxy itself, between net/http's server and the upstream's client. A
// few may come and go with versions of Go; more than that is a mistake.
const (
	allocsPerCall  = 34
	allocsSticky   = 4 // what a sticky group adds
	allocsPerChunk = 0.1
)

// Not parallel: what other tests allocate would be counted too.
func TestAllocationsPerCall(t *testing.T) {
	const answer = `{"id":"x","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":1,"total_tokens":10}}`
	const body = `{"model":"g","messages":[{"role":"user","content":"hi"}]}`
	got := allocsOf(t, "", body, "application/json", answer)
	sticky := allocsOf(t, "sticky", body, "application/json", answer)
	t.Logf("%.1f allocations per call, %.1f in a sticky group", got, sticky)
	if got > allocsPerCall || sticky > got+allocsSticky {
		t.Errorf("%.1f allocations per call, want at most %d; %.1f in a sticky group, want at most %d more", got, allocsPerCall, sticky, allocsSticky)
	}
}

func TestAllocationsPerChunk(t *testing.T) {
	const chunk = `data: {"id":"x","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"word "},"finish_reason":null}]}` + "\n\n"
	const end = `data: {"id":"x","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}` + "\n\ndata: [DONE]\n\n"
	const few, many = 100, 1100
	stream := func(n int) float64 {
		return allocsOf(t, "", `{"model":"g","stream":true,"messages":[]}`, "text/event-stream", strings.Repeat(chunk, n)+end)
	}
	got := (stream(many) - stream(few)) / (many - few)
	t.Logf("%.3f allocations per chunk", got)
	if got > allocsPerChunk {
		t.Errorf("%.3f allocations per chunk, want at most %.1f", got, allocsPerChunk)
	}
}

// allocsOf counts what serving one request allocates, without sockets and without what the
// test itself does.
func allocsOf(t *testing.T, selection, body, media, answer string) float64 {
	t.Helper()
	return allocsAt(t, "/v1/chat/completions", selection, body, media, answer)
}

func allocsAt(t *testing.T, path, selection, body, media, answer string, change ...func(*nodev1.Provider)) float64 {
	t.Helper()
	if raceEnabled {
		t.Skip("the race detector allocates too")
	}
	up := &canned{header: http.Header{"Content-Type": {media}, "X-Request-Id": {"up-1"}}, answer: answer}
	h := New(Config{
		Snapshot: func() *dataplane.Snapshot { return up.snapshot },
		Upstream: func(*dataplane.Provider) engine.Upstream { return up },
		Health:   healthy{}, Record: func(dataplane.Call) {}, Random: func(int) int { return 0 },
		NewID: func() string { return "id" }, Now: time.Now, Logger: slog.New(slog.DiscardHandler),
	})
	up.snapshot = smallSnapshot(t, selection, change...)
	r := httptest.NewRequest(http.MethodPost, path, nil)
	r.Header.Set("Authorization", "Bearer sk-test-0123456789abcdef")
	r.Header.Set("Content-Type", "application/json")
	r.ContentLength = int64(len(body))
	w := &sink{header: http.Header{}}
	in := strings.NewReader(body)
	r.Body = io.NopCloser(in)
	return testing.AllocsPerRun(200, func() {
		in.Reset(body)
		clear(w.header)
		w.bytes = 0
		h.ServeHTTP(w, r)
		if w.status != http.StatusOK || w.bytes < len(answer) && change == nil || w.bytes == 0 {
			t.Fatalf("status %d, %d bytes, want 200 and %d", w.status, w.bytes, len(answer))
		}
	})
}

func smallSnapshot(t testing.TB, selection string, change ...func(*nodev1.Provider)) *dataplane.Snapshot {
	t.Helper()
	minute := durationpb.New(time.Minute)
	policy := &nodev1.Policy{
		FailureThreshold: 5, FailureWindow: minute, MinRatio: 0.2, Cooldown: minute, CooldownMax: minute, MaxAttempts: 5,
		ConnectTimeout: minute, FirstTokenTimeout: minute, ResponseTimeout: minute, StreamIdleTimeout: minute,
		TotalTimeout: minute, StreamTotalTimeout: minute, StreamKeepAlive: true,
	}
	hash := apikey.Hash([]byte("pepper"), "sk-test-0123456789abcdef")
	in := &nodev1.Snapshot{
		KeyPepper: []byte("pepper"),
		Providers: []*nodev1.Provider{{
			Name: "p", BaseUrl: "http://provider.test/v1", Policy: policy, Credentials: []*nodev1.Credential{{Name: "c", Secret: "s"}},
			Models: []*nodev1.Model{{Id: "m", Price: &nodev1.Price{Input: 1, Output: 2}}},
		}},
		Groups:  []*nodev1.Group{{Name: "g", Selection: selection, Members: []*nodev1.Member{{Provider: "p", Model: "m", Priority: 1, Weight: 1, Policy: policy}}}},
		ApiKeys: []*nodev1.ApiKey{{Name: "app", Hash: hash[:], Groups: []string{"g"}}},
	}
	for _, do := range change {
		do(in.Providers[0])
	}
	s, err := dataplane.Compile(in)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// canned is an upstream that answers everything alike.
type canned struct {
	snapshot *dataplane.Snapshot
	header   http.Header
	answer   string
	text     oneByOne
}

// oneByOne gives a stream's events in reads of their own.
type oneByOne struct{ left string }

func (o *oneByOne) Read(b []byte) (int, error) {
	if o.left == "" {
		return 0, io.EOF
	}
	n := len(o.left)
	if end := strings.Index(o.left, "\n\n"); end >= 0 {
		n = end + 2
	}
	n = copy(b, o.left[:n])
	o.left = o.left[n:]
	return n, nil
}

func (u *canned) NewRequest(ctx context.Context, _ *dataplane.Provider, _ *dataplane.Credential, _, _ string) *http.Request {
	return (&http.Request{Header: http.Header{}}).WithContext(ctx)
}

func (u *canned) Send(r *http.Request, connected func(reused bool)) (*http.Response, error) {
	if _, err := r.Body.(io.WriterTo).WriteTo(io.Discard); err != nil {
		return nil, err
	}
	connected(true)
	u.text.left = u.answer
	return &http.Response{StatusCode: http.StatusOK, Header: u.header, ContentLength: int64(len(u.answer)), Body: io.NopCloser(&u.text)}, nil
}

func (*canned) Waiter(*http.Response) func() { return nil }

func (*canned) ReleasesBody() bool { return true }
func (*canned) DropIdle()          {}
func (*canned) Acquire(int) bool   { return true }
func (*canned) Release()           {}
func (*canned) Turn() uint32       { return 0 }

// healthy holds nothing against anybody.
type healthy struct{}

func (healthy) Condition(dataplane.Scope) dataplane.Condition { return dataplane.Condition{} }
func (healthy) Probe(context.Context, dataplane.Scope, time.Duration) (string, bool) {
	return "", false
}
func (healthy) Report(dataplane.Report) {}

// sink is a client that takes everything.
type sink struct {
	header http.Header
	status int
	bytes  int
	timed  bool // there is a deadline for writes
	late   int  // bytes that came without one
}

func (w *sink) Header() http.Header { return w.header }
func (w *sink) WriteHeader(s int)   { w.status = s }
func (w *sink) Write(b []byte) (int, error) {
	w.bytes += len(b)
	if !w.timed {
		w.late += len(b)
	}
	return len(b), nil
}
func (w *sink) Flush()                           {}
func (w *sink) SetReadDeadline(time.Time) error  { return nil }
func (w *sink) SetWriteDeadline(time.Time) error { w.timed = true; return nil }
