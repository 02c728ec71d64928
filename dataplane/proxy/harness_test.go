package proxy_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/health"
	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/engine"
	"github.com/trunkline-ai/trunkline/dataplane/upstream"
	"github.com/trunkline-ai/trunkline/internal/domain/apikey"
	"github.com/trunkline-ai/trunkline/internal/fakeprovider"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

const clientKey = "sk-test-0123456789abcdef"

// rig is a proxy over real HTTP in front of the scripted upstream.
type rig struct {
	t      *testing.T
	url    string
	fake   *fakeprovider.Provider
	health *health.Memory
	calls  chan dataplane.Call
	served *httptest.Server
	proxy  *proxy.Handler
	heldBy func(key string) int64 // bytes of bodies
}

// setup describes what a rig serves. Each model is a member of the group "g" on a
// provider of its own, p1, p2..., in order of priority.
type setup struct {
	models   []string
	keywords []*nodev1.FailureKeyword
	policy   func(*nodev1.Policy)
	retries  bool // targets are asked twice, as they are by default
	snapshot func(*nodev1.Snapshot)
	config   func(*proxy.Config)
	dial     upstream.DialFunc // of providers of dialect fake; nil: the network
}

func newRig(t *testing.T, s setup) *rig {
	t.Helper()
	r := &rig{t: t, fake: fakeprovider.New(fakeprovider.Config{}), calls: make(chan dataplane.Call, 1000)}
	up := httptest.NewServer(r.fake)
	t.Cleanup(up.Close)
	snapshot := r.snapshot(s, up.URL)
	compiled, err := dataplane.Compile(snapshot)
	if err != nil {
		t.Fatal(err)
	}
	r.heldBy = func(name string) int64 {
		for k := range compiled.Keys() {
			if k.Name == name {
				return k.Held.Load()
			}
		}
		t.Fatalf("no key %q", name)
		return 0
	}
	pool := upstream.NewPool(upstream.Config{AllInOneDial: s.dial, AllowPrivateNetwork: true})
	pool.Update(compiled)
	t.Cleanup(pool.Close)
	r.health = health.NewMemory(health.Config{Logger: slog.New(slog.DiscardHandler)})
	var mu sync.Mutex
	n := 0
	cfg := proxy.Config{
		Snapshot: func() *dataplane.Snapshot { return compiled },
		Upstream: func(p *dataplane.Provider) engine.Upstream { return pool.Client(p.Name) },
		Health:   r.health,
		Record:   func(c dataplane.Call) { r.calls <- c },
		Random:   func(int) int { return 0 },
		NewID: func() string {
			mu.Lock()
			defer mu.Unlock()
			n++
			return fmt.Sprintf("req-%d", n)
		},
		Now:    time.Now,
		Logger: slog.New(slog.NewTextHandler(testWriter{t}, nil)),
	}
	if s.config != nil {
		s.config(&cfg)
	}
	r.proxy = proxy.New(cfg)
	r.served = httptest.NewUnstartedServer(r.proxy)
	r.served.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	r.served.Start()
	t.Cleanup(r.served.Close)
	r.url = r.served.URL
	return r
}

func (r *rig) snapshot(s setup, base string) *nodev1.Snapshot {
	policy := &nodev1.Policy{
		FailureThreshold: 5, FailureWindow: durationpb.New(time.Minute), MinRatio: 0.2,
		Cooldown: durationpb.New(30 * time.Second), CooldownMax: durationpb.New(5 * time.Minute), MaxAttempts: 5,
		ConnectTimeout: durationpb.New(5 * time.Second), FirstTokenTimeout: durationpb.New(20 * time.Second),
		ResponseTimeout: durationpb.New(20 * time.Second), StreamIdleTimeout: durationpb.New(20 * time.Second),
		TotalTimeout: durationpb.New(time.Minute), StreamTotalTimeout: durationpb.New(time.Minute), StreamKeepAlive: true, RetrySameTarget: s.retries,
	}
	if s.policy != nil {
		s.policy(policy)
	}
	pepper := []byte("pepper")
	hash := apikey.Hash(pepper, clientKey)
	out := &nodev1.Snapshot{
		Revision: 1, KeyPepper: pepper, FailureKeywords: s.keywords,
		Groups:  []*nodev1.Group{{Name: "g", Aliases: []string{"org/alias"}, CreateTime: 1700000000}, {Name: "private"}},
		ApiKeys: []*nodev1.ApiKey{{Name: "app", Hash: hash[:], Groups: []string{"g"}}},
	}
	for i, model := range s.models {
		name := fmt.Sprintf("p%d", i+1)
		out.Providers = append(out.Providers, &nodev1.Provider{
			Name: name, BaseUrl: base, Policy: policy,
			Credentials: []*nodev1.Credential{{Name: "main", Secret: "up-secret-" + name}},
			Models:      []*nodev1.Model{{Id: model, Price: &nodev1.Price{Input: 1_000_000, Output: 2_000_000, CachedInput: 500_000}}},
		})
		out.Groups[0].Members = append(out.Groups[0].Members, &nodev1.Member{
			Provider: name, Model: model, Priority: int32(i + 1), Weight: 1, Policy: policy,
		})
	}
	if s.snapshot != nil {
		s.snapshot(out)
	}
	return out
}

// answer is what a client got.
type answer struct {
	status int
	header http.Header
	body   string
	cut    bool // the connection broke before the end
}

// chat posts a chat completion to the group.
func (r *rig) chat(stream bool) answer {
	r.t.Helper()
	return r.post(fmt.Sprintf(`{"model":"g","stream":%v,"messages":[{"role":"user","content":"hi"}]}`, stream))
}

func (r *rig) post(body string, header ...string) answer {
	r.t.Helper()
	return r.postTo("/chat/completions", body, header...)
}

func (r *rig) postTo(path, body string, header ...string) answer {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, r.url+"/v1"+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+clientKey)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return r.do(req)
}

func (r *rig) do(req *http.Request) answer {
	r.t.Helper()
	resp, err := r.served.Client().Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := readEnds(resp.Body)
	return answer{status: resp.StatusCode, header: resp.Header, body: text, cut: err != nil}
}

// readEnds reads a body to its end. Of one that is over 8 MiB it gives the beginning and
// the end: many tests run at once, and some answers are as large as they may be.
func readEnds(body io.Reader) (string, error) {
	const whole, end = 8 << 20, 64 << 10
	text, err := io.ReadAll(io.LimitReader(body, whole))
	if err != nil || len(text) < whole {
		return string(text), err
	}
	text = text[:end:end]
	tail, buf := []byte(nil), make([]byte, end)
	for {
		n, err := body.Read(buf)
		tail = append(tail, buf[:n]...)
		tail = tail[max(0, len(tail)-end):]
		if err != nil {
			text = append(text, tail...)
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return string(text), err
		}
	}
}

// call waits for the record of the last call.
func (r *rig) call() dataplane.Call {
	r.t.Helper()
	select {
	case c := <-r.calls:
		return c
	case <-time.After(20 * time.Second):
		r.t.Fatal("no call was recorded")
		return dataplane.Call{}
	}
}

// outcomes lists how a call's attempts ended.
func outcomes(c dataplane.Call) string {
	var all []string
	for _, a := range c.Attempts {
		all = append(all, a.Provider+":"+a.Outcome.String())
	}
	return strings.Join(all, " ")
}

// errorCode reads an error of OpenAI's schema and checks that all four keys are there.
func (a answer) errorCode(t *testing.T) string {
	t.Helper()
	return errorCode(t, []byte(a.body))
}

func errorCode(t *testing.T, body []byte) string {
	t.Helper()
	var e struct {
		Error map[string]any `json:"error"`
	}
	if err := json.Unmarshal(body, &e); err != nil || e.Error == nil {
		t.Fatalf("not an error object: %s", body)
	}
	for _, key := range []string{"message", "type", "param", "code"} {
		if _, ok := e.Error[key]; !ok {
			t.Fatalf("error without %q: %s", key, body)
		}
	}
	code, _ := e.Error["code"].(string)
	return code
}

// lastEvent is the data of a stream's last event.
func (a answer) lastEvent() string {
	events := strings.Split(strings.TrimRight(strings.ReplaceAll(a.body, "\r\n", "\n"), "\n"), "\n\n")
	var lines []string
	for line := range strings.SplitSeq(events[len(events)-1], "\n") {
		if text, ok := strings.CutPrefix(line, "data:"); ok {
			lines = append(lines, strings.TrimPrefix(text, " "))
		}
	}
	return strings.Join(lines, "\n")
}

type testWriter struct{ t *testing.T }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Helper()
	if bytes.Contains(p, []byte("panicked")) {
		w.t.Errorf("%s", p)
	}
	return len(p), nil
}

func hashOf(secret string) []byte {
	sum := apikey.Hash([]byte("pepper"), secret)
	return sum[:]
}
