package proxy_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// outputs are how many tokens each model may answer with.
func outputs(each ...int64) func(*nodev1.Snapshot) {
	return func(s *nodev1.Snapshot) {
		for i, n := range each {
			s.Providers[i].Models[0].MaxOutputTokens = n
		}
	}
}

// What one candidate cannot be told leaves it out alone, not all of its dialect; nor does what one can
// be told hold for the others.
func TestCandidatesOfADialectAreJudgedEachByItself(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		mode, body string
		most       [2]int64
		tried      string
		skipped    string
	}{
		{"strict", `"messages":[{"role":"user","content":"hi"}]`, [2]int64{0, 4096}, "p2:ok", "p1"},
		{"strict", `"max_tokens":4000,"messages":[{"role":"user","content":"hi"}]`, [2]int64{8192, 100}, "p1:server_error", "p2"},
		{"strict", `"max_tokens":4000,"messages":[{"role":"user","content":"hi"}]`, [2]int64{100, 8192}, "p2:ok", "p1"},
	} {
		first := "ok"
		if tt.skipped == "p2" {
			first = "status-500"
		}
		r := newRig(t, setup{models: []string{first, "ok"}, policy: func(p *nodev1.Policy) { p.Translation = tt.mode }, snapshot: func(s *nodev1.Snapshot) {
			speaks("messages", "messages")(s)
			outputs(tt.most[:]...)(s)
		}})
		got, call := (api{path: "/chat/completions", body: tt.body}).call(t, r, false)
		if outcomes(call) != tt.tried || len(call.Skipped) != 1 || call.Skipped[0].Provider != tt.skipped || call.Skipped[0].Reason != dataplane.NotTranslatable {
			t.Errorf("%s %v: %d, tried %s, skipped %+v: %s", tt.mode, tt.most, got.status, outcomes(call), call.Skipped, got.body)
		}
		if held := r.heldBy("app"); held != 0 {
			t.Errorf("%d bytes stay held", held)
		}
	}
}

// A target's rules hold for translated requests, streamed or not.
func TestFieldRulesHoldForTranslatedRequests(t *testing.T) {
	t.Parallel()
	for _, stream := range []bool{false, true} {
		up := newTaker(t, nil)
		r := newRig(t, setup{models: []string{"m1"}, snapshot: func(s *nodev1.Snapshot) {
			at(up)(s)
			speaks("chat")(s)
			s.Providers[0].FieldRules = []*nodev1.FieldRule{{Field: "temperature", Action: "drop"}, {Field: "top_p", Action: "force", Value: "1"}}
		}})
		got, call := (api{path: "/messages", body: `"max_tokens":9,"temperature":0.5,"messages":[{"role":"user","content":"hi"}]`, stream: streamTrue}).call(t, r, stream)
		sent := up.sent()
		if got.status != 200 || len(sent) != 1 || strings.Join(rulesOf(call), "") == "" {
			t.Fatalf("%d, rules %q, sent %q: %s", got.status, rulesOf(call), sent, got.body)
		}
		doc := gjson.Parse(sent[0])
		if !gjson.Valid(sent[0]) || doc.Get("temperature").Exists() || doc.Get("top_p").Int() != 1 || doc.Get("model").Str != "m1" || doc.Get("stream_options.include_usage").Bool() != stream {
			t.Errorf("sent %s", sent[0])
		}
	}
}

// The header of a stream is made before its events are read: a timer may send it while they are.
func TestTheHeaderOfATranslatedStreamTellsOfTheRequest(t *testing.T) {
	t.Parallel()
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		for _, delta := range []string{`{"role":"assistant","images":[{"image_url":{"url":"u"}}]}`, `{"content":"hi"}`} {
			fmt.Fprintf(w, "data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":%s}]}\n\n", delta)
			_ = http.NewResponseController(w).Flush()
		}
		for i := range 100 {
			fmt.Fprintf(w, "data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":{\"other%d\":[1],\"images\":[{}]}}]}\n\n", i)
		}
		fmt.Fprint(w, `data: {"id":"c","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}`+"\n\ndata: [DONE]\n\n")
	}))
	t.Cleanup(up.Close)
	r := newRig(t, setup{
		models: []string{"ok"}, keywords: []*nodev1.FailureKeyword{{Name: "k", Keyword: "overloaded"}},
		policy: func(p *nodev1.Policy) { p.KeywordHold = durationpb.New(time.Microsecond) },
		snapshot: func(s *nodev1.Snapshot) {
			speaks("chat")(s)
			s.Providers[0].BaseUrl = up.URL + "/v1"
		},
	})
	got, call := (api{path: "/messages", body: `"max_tokens":10,"metadata":{"a":"b"},"messages":[{"role":"user","content":"hi"}]`, stream: streamTrue}).call(t, r, true)
	if h := got.header.Get("X-Trunkline-Translated"); got.status != 200 || strings.Contains(h, "image") || !strings.HasPrefix(h, "messages -> chat") {
		t.Errorf("%d, header %q", got.status, h)
	}
	if dropped := call.Attempts[0].Translation.Dropped; !strings.Contains(strings.Join(dropped, " "), "image") {
		t.Errorf("recorded as dropped: %q", dropped)
	}
}

// A provider of chat that does not take stream_options is asked without, for others' streams as well.
func TestATranslatedStreamGoesWithoutStreamOptions(t *testing.T) {
	t.Parallel()
	upstream := &picky{}
	server := httptest.NewServer(upstream)
	t.Cleanup(server.Close)
	r := newRig(t, setup{models: []string{"ok"}, snapshot: func(s *nodev1.Snapshot) {
		speaks("chat")(s)
		s.Providers[0].BaseUrl = server.URL + "/v1"
	}})
	for i, want := range [][2]int64{{1, 1}, {1, 2}} {
		got, call := (api{path: "/messages", body: `"max_tokens":10,"messages":[{"role":"user","content":"hi"}]`, stream: streamTrue}).call(t, r, true)
		if asked, plain := upstream.asked.Load(), upstream.plain.Load(); got.status != 200 || outcomes(call) != "p1:ok" || asked != want[0] || plain != want[1] {
			t.Errorf("call %d: %d, tried %s, asked %d times with and %d without: %s", i+1, got.status, outcomes(call), asked, plain, got.body)
		}
	}
}

// That an answer came in another dialect, in which not all was said, proves nothing of the endpoint: a
// caller would teach it for everybody.
func TestAnEndpointIsLearnedToBeMissingOnProofOnly(t *testing.T) {
	t.Parallel()
	notImplemented := func(body string) (int, string) {
		if strings.Contains(body, "logit_bias") {
			return http.StatusNotImplemented, `{"error":{"message":"logit_bias is not implemented","type":"not_supported_error"}}`
		}
		return 0, ""
	}
	r := newRig(t, setup{models: []string{"ok", "ok"}, snapshot: func(s *nodev1.Snapshot) {
		at(newTaker(t, notImplemented))(s)
		speaks("chat", "messages")(s)
	}})
	const plain = `"messages":[{"role":"user","content":"hi"}]`
	for _, tt := range [][2]string{{plain + `,"logit_bias":{"1":2}`, "p1:unsupported p2:ok"}, {plain, "p1:ok"}} {
		if got, call := (api{path: "/chat/completions", body: tt[0]}).call(t, r, false); got.status != 200 || outcomes(call) != tt[1] {
			t.Errorf("%s: %d, tried %s", tt[0], got.status, outcomes(call))
		}
	}
}

// The account that has a response is asked again, no other one.
func TestAFollowedResponseIsRetriedAtItsAccount(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var seen []string
	fail := false
	up := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, r.Header.Get("Authorization"))
		w.Header().Set("Content-Type", "application/json")
		if fail {
			fail = false
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, `{"error":{"message":"overloaded","type":"server_error"}}`)
			return
		}
		_, _ = io.WriteString(w, `{"id":"resp_abc","object":"response","status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"hi"}]}]}`)
	}))
	r := newRig(t, setup{models: []string{"ok"}, retries: true, snapshot: func(s *nodev1.Snapshot) {
		s.Providers[0].BaseUrl = up
		s.Providers[0].Credentials = append(s.Providers[0].Credentials, &nodev1.Credential{Name: "spare", Secret: "up-spare"})
	}})
	got := r.postTo("/responses", `{"model":"g","input":"hi"}`)
	r.call()
	mu.Lock()
	own := seen[0]
	mu.Unlock()
	for range 3 {
		mu.Lock()
		fail, seen = true, nil
		mu.Unlock()
		again := r.postTo("/responses", `{"model":"g","input":"hi","store":false,"previous_response_id":"`+gjson.Get(got.body, "id").Str+`"}`)
		call := r.call()
		mu.Lock()
		if again.status != 200 || len(seen) != 2 || seen[0] != own || seen[1] != own {
			t.Errorf("%d, tried %s as %q, want %s", again.status, outcomes(call), seen, own)
		}
		mu.Unlock()
	}
}

// Many small messages take several times their length once they are read, and count so.
func TestTheFormOfARequestCountsInTheBudget(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int{20: 200, 1000: 503} {
		r := newRig(t, setup{models: []string{"ok"}, snapshot: speaks("messages"), config: func(c *proxy.Config) { c.MaxBodies = 800 << 10 }})
		said := strings.Repeat(`{"role":"user","content":"a"},`, n)
		got, call := (api{path: "/chat/completions", body: `"messages":[` + strings.TrimSuffix(said, ",") + `]`}).call(t, r, false)
		if held := r.heldBy("app"); got.status != want || held != 0 {
			t.Errorf("%d messages: %d, tried %s, %d bytes held: %.200s", n, got.status, outcomes(call), held, got.body)
		}
	}
}
