package proxy_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// taker is an upstream that answers chats well but for the requests that refuse names, and
// keeps what it was sent.
type taker struct {
	*httptest.Server
	lacks  string // path that it does not have
	mu     sync.Mutex
	bodies []string
}

func newTaker(t *testing.T, refuse func(body string) (status int, answer string)) *taker {
	t.Helper()
	u := &taker{}
	u.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		u.mu.Lock()
		u.bodies = append(u.bodies, string(b))
		u.mu.Unlock()
		if u.lacks != "" && r.URL.Path == "/v1"+u.lacks {
			w.WriteHeader(http.StatusMethodNotAllowed)
			return
		}
		if refuse != nil {
			if status, answer := refuse(string(b)); status != 0 {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(status)
				_, _ = io.WriteString(w, answer)
				return
			}
		}
		if gjson.GetBytes(b, "stream").Bool() {
			w.Header().Set("Content-Type", "text/event-stream")
			_, _ = io.WriteString(w, `data: {"id":"x","choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":"stop"}]}`+"\n\ndata: [DONE]\n\n")
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],`+
			`"content":[{"type":"text","text":"hi"}],"output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"hi"}]}],"data":[{"embedding":[1]}],`+
			`"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}`)
	}))
	t.Cleanup(u.Close)
	return u
}

// sent gives what was sent since it was asked last.
func (u *taker) sent() []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	out := u.bodies
	u.bodies = nil
	return out
}

// at makes the providers of a rig p1, p2... those of the servers.
func at(servers ...*taker) func(*nodev1.Snapshot) {
	return func(s *nodev1.Snapshot) {
		for i, u := range servers {
			s.Providers[i].BaseUrl = u.URL
		}
	}
}

func rulesOf(c dataplane.Call) (out []string) {
	for _, a := range c.Attempts {
		out = append(out, strings.Join(a.FieldRules, ", "))
	}
	return out
}

// Each target gets the request as its own rules want it; what the client wrote else stays.
func TestFieldRulesAreTheTargets(t *testing.T) {
	t.Parallel()
	up, other := newTaker(t, func(string) (int, string) { return 500, `{"error":{"message":"down"}}` }), newTaker(t, nil)
	r := newRig(t, setup{models: []string{"m1", "m2"}, snapshot: func(s *nodev1.Snapshot) {
		at(up, other)(s)
		s.Providers[0].FieldRules = []*nodev1.FieldRule{
			{Field: "max_tokens", Action: "rename", To: "max_completion_tokens"}, {Field: "temperature", Action: "drop"},
		}
		s.Providers[0].Models[0].FieldRules = []*nodev1.FieldRule{{Field: "temperature", Action: "force", Value: "1"}}
	}})
	const client = `{"max_tokens": 5, "model":"g","temperature":0.2,"messages":[{"role":"user","content":"hi"}]}`
	if got := r.post(client); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if sent, want := up.sent(), `{"max_completion_tokens": 5, "model":"m1","temperature":1,"messages":[{"role":"user","content":"hi"}]}`; len(sent) != 1 || sent[0] != want {
		t.Errorf("the first was sent %q, want %s", sent, want)
	}
	if sent, want := other.sent(), strings.Replace(client, `"g"`, `"m2"`, 1); len(sent) != 1 || sent[0] != want {
		t.Errorf("the second was sent %q, want %s", sent, want)
	}
	got := rulesOf(r.call())
	if len(got) != 2 || got[0] != "force temperature, rename max_tokens max_completion_tokens" || got[1] != "" {
		t.Errorf("rules recorded: %q", got)
	}
}

func TestFieldRulesMindTheEndpoint(t *testing.T) {
	t.Parallel()
	up := newTaker(t, nil)
	r := newRig(t, setup{models: []string{"m1"}, snapshot: func(s *nodev1.Snapshot) {
		at(up)(s)
		s.Providers[0].FieldRules = []*nodev1.FieldRule{
			{Field: "temperature", Action: "default", Value: "0.5"},
			{Field: "dimensions", Action: "drop", Endpoints: []string{"embeddings"}},
		}
	}})
	if got, _ := (api{path: "/embeddings", body: `"input":"a","dimensions":3`}).call(t, r, false); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if sent := up.sent()[0]; gjson.Get(sent, "dimensions").Exists() || gjson.Get(sent, "temperature").Exists() {
		t.Errorf("embeddings were asked for with %s", sent)
	}
	r.chat(true)
	if sent := up.sent()[0]; gjson.Get(sent, "temperature").Raw != "0.5" || !gjson.Get(sent, "stream_options.include_usage").Bool() {
		t.Errorf("a chat was asked for with %s", sent)
	}
}

// What a rule is about must be clear: the client is told, and nobody is blamed.
func TestAnUnclearFieldIsRefused(t *testing.T) {
	t.Parallel()
	up := newTaker(t, nil)
	r := newRig(t, setup{models: []string{"m1"}, snapshot: func(s *nodev1.Snapshot) {
		at(up)(s)
		s.Providers[0].FieldRules = []*nodev1.FieldRule{{Field: "max_tokens", Action: "force", Value: "10"}}
	}})
	got := r.post(`{"model":"g","max_tokens":5,"Max_Tokens":500000,"messages":[]}`)
	if got.status != 400 || got.errorCode(t) != "invalid_request" || !strings.Contains(got.body, "max_tokens must appear once") {
		t.Errorf("%d %s", got.status, got.body)
	}
	call := r.call()
	if outcomes(call) != "p1:invalid_request" || call.Attempts[0].Blame != "caller" || len(up.sent()) != 0 {
		t.Errorf("%s, blamed %q", outcomes(call), call.Attempts[0].Blame)
	}
}

func TestASnapshotWithRulesThatMakeNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	for _, rule := range []*nodev1.FieldRule{{Field: "model", Action: "drop"}, {Field: "a", Action: "force", Value: "{"}, {Field: "a", Action: "cut"}} {
		for _, s := range []*nodev1.Snapshot{
			{Providers: []*nodev1.Provider{{Name: "p", FieldRules: []*nodev1.FieldRule{rule}, Policy: (&rig{}).snapshot(setup{models: []string{"m"}}, "").Providers[0].Policy}}},
			{Providers: []*nodev1.Provider{{Name: "p", Models: []*nodev1.Model{{Id: "m", FieldRules: []*nodev1.FieldRule{rule}}}, Policy: (&rig{}).snapshot(setup{models: []string{"m"}}, "").Providers[0].Policy}}},
		} {
			if _, err := dataplane.Compile(s); err == nil || !strings.Contains(err.Error(), "field_rules[0]") {
				t.Errorf("%v: %v", rule, err)
			}
		}
	}
}
