package proxy_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	"github.com/trunkline-ai/trunkline/internal/domain/apikey"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

const strangerKey = "sk-test-other-0123456789"

// storedRig has two providers in the group g, the second one alone in h, and a second key.
type storedRig struct {
	*rig
	mu  sync.Mutex
	ops []string // what was asked of stored responses, and how it ended
}

func newStoredRig(t *testing.T, models []string, change func(*nodev1.Snapshot)) *storedRig {
	t.Helper()
	r := &storedRig{}
	r.rig = newRig(t, setup{
		models: models,
		config: func(c *proxy.Config) {
			c.Stored = func(operation string, o dataplane.Outcome) {
				r.mu.Lock()
				defer r.mu.Unlock()
				r.ops = append(r.ops, operation+":"+o.String())
			}
		},
		snapshot: func(s *nodev1.Snapshot) {
			for _, p := range s.Providers {
				p.Credentials = append(p.Credentials, &nodev1.Credential{Name: "spare", Secret: "up-spare-" + p.Name})
			}
			s.Groups = append(s.Groups, &nodev1.Group{Name: "h", Members: s.Groups[0].Members[len(s.Groups[0].Members)-1:]})
			s.ApiKeys[0].Groups = append(s.ApiKeys[0].Groups, "h")
			hash := apikey.Hash(s.KeyPepper, strangerKey)
			s.ApiKeys = append(s.ApiKeys, &nodev1.ApiKey{Name: "other", Hash: hash[:], Groups: []string{"g", "h"}})
			if change != nil {
				change(s)
			}
		},
	})
	return r
}

// create asks for a response and gives its id and the provider's own.
func (r *storedRig) create(more string) (id, native string, got answer) {
	r.t.Helper()
	got = r.postTo("/responses", `{"model":"g","input":"hi"`+more+`}`)
	call := r.call()
	if got.status != http.StatusOK {
		r.t.Fatalf("status %d: %s", got.status, got.body)
	}
	return gjson.Get(got.body, "id").Str, call.ResponseID, got
}

// ask makes a request about a stored response.
func (r *storedRig) ask(method, id, rest string, header ...string) answer {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+"/v1/responses/"+id+rest, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+clientKey)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return r.do(req)
}

func (r *storedRig) wantOps(want string) {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if got := strings.Join(r.ops, " "); got != want {
		r.t.Errorf("requests %s, want %s", got, want)
	}
}

func TestAStoredResponseIsFoundByTheIDThatWasGiven(t *testing.T) {
	t.Parallel()
	for _, first := range []string{"ok", "status-500"} { // at the first provider, or behind a failover
		r := newStoredRig(t, []string{first, "ok@b"}, nil)
		id, native, got := r.create("")
		if !strings.HasPrefix(id, "resp_tl") || !strings.HasPrefix(native, "resp_") || strings.Contains(id, native[len("resp_"):]) {
			t.Fatalf("%s, %s", id, native)
		}
		if got.header.Get("Content-Length") != fmt.Sprint(len(got.body)) || strings.Replace(got.body, id, native, 1) == got.body {
			t.Errorf("%s bytes: %s", got.header.Get("Content-Length"), got.body)
		}
		for range 3 { // credentials take turns, and this one has to be found again
			seen := r.ask(http.MethodGet, id, "")
			if seen.status != 200 || seen.body != got.body || seen.header.Get("X-Request-Id") == "" || seen.header.Get("X-Trunkline-Provider") != got.header.Get("X-Trunkline-Provider") {
				t.Errorf("status %d: %s\nwas %s", seen.status, seen.body, got.body)
			}
		}
		if items := r.ask(http.MethodGet, id, "/input_items?limit=5&order=asc&secret=1"); items.status != 200 || gjson.Get(items.body, "data.0.content.0.text").Str != "hi" {
			t.Errorf("status %d: %s", items.status, items.body)
		}
		served := r.fake.Served()
		if last := served[len(served)-1]; last.Query != "limit=5&order=asc" || last.Path != "/v1/responses/"+native+"/input_items" {
			t.Errorf("asked %s?%s", last.Path, last.Query)
		}
		if no := r.ask(http.MethodPost, id, "/cancel"); no.status != 400 || !strings.Contains(no.body, "background") {
			t.Errorf("status %d: %s", no.status, no.body)
		}
		if gone := r.ask(http.MethodDelete, id, ""); gone.status != 200 || gjson.Get(gone.body, "id").Str != id || !gjson.Get(gone.body, "deleted").Bool() {
			t.Errorf("status %d: %s", gone.status, gone.body)
		}
		again := r.ask(http.MethodGet, id, "")
		if again.status != 404 || !strings.Contains(gjson.Get(again.body, "error.message").Str, id) || gjson.Get(again.body, "error.type").Str != "invalid_request_error" {
			t.Errorf("status %d: %s", again.status, again.body)
		}
		r.wantOps("retrieve:ok retrieve:ok retrieve:ok input_items:ok cancel:bad_request delete:ok retrieve:not_found")
		if len(r.calls) != 0 {
			t.Errorf("%d calls were recorded", len(r.calls))
		}
	}
}

func TestNothingIsRenamedThatIsNotStored(t *testing.T) {
	t.Parallel()
	r := newStoredRig(t, []string{"ok", "ok@b"}, nil)
	for _, stream := range []string{"", `,"stream":true`} {
		got := r.postTo("/responses", `{"model":"g","input":"hi","store":false`+stream+`}`)
		call := r.call()
		if strings.Contains(got.body, "resp_tl") || call.ResponseID != "" {
			t.Errorf("%s: %s", call.ResponseID, got.body)
		}
	}
}

func TestAllEventsNameTheResponseAlike(t *testing.T) {
	t.Parallel()
	for _, model := range []string{"ok", "crlf", "comments", "no-space", "sse-error-mid-2-after-1", "cut-events-7-after-1", "json-for-stream", "gzip"} {
		for _, hold := range []bool{false, true} {
			r := newStoredRig(t, []string{model}, func(s *nodev1.Snapshot) {
				s.Groups[0].Members[0].Policy.StreamCommit = map[bool]string{true: "complete", false: "first_token"}[hold]
			})
			_, _, first := r.create("") // to go on with
			before := gjson.Get(first.body, "id").Str
			got := r.postTo("/responses", `{"model":"g","input":"hi","stream":true,"previous_response_id":"`+before+`"}`)
			call := r.call()
			if got.status != 200 {
				continue // held and failed
			}
			ids := map[string]int{}
			for line := range strings.Lines(got.body) {
				_, data, ok := strings.Cut(line, "data:")
				if !ok || !gjson.Get(data, "response.id").Exists() {
					continue
				}
				ids[gjson.Get(data, "response.id").Str]++
				if p := gjson.Get(data, "response.previous_response_id"); p.Exists() && p.Str != before {
					t.Errorf("%s: goes on with %s", model, p.Raw)
				}
			}
			if len(ids) != 1 || call.PreviousID == "" || call.ResponseID == "" {
				t.Errorf("%s, held %v: ids %v, recorded %q behind %q\n%s", model, hold, ids, call.ResponseID, call.PreviousID, got.body)
			}
			for id, n := range ids {
				if !strings.HasPrefix(id, "resp_tl") || n < 2 {
					t.Errorf("%s, held %v: %s, %d times", model, hold, id, n)
				}
			}
			if strings.Contains(got.body, `"`+call.ResponseID+`"`) || strings.Contains(got.body, `"`+call.PreviousID+`"`) {
				t.Errorf("%s: a provider's own id got out", model)
			}
		}
	}
}

// A request that goes on with a stored response goes to who has it, and to nobody else.
func TestGoingOnFindsTheProviderAndTheCredential(t *testing.T) {
	t.Parallel()
	r := newStoredRig(t, []string{"status-500-times-1", "ok@b"}, nil)
	id, native, _ := r.create("") // at p2, behind the first call of p1
	for range 4 {
		for _, more := range []string{"", `,"stream":true`, `,"store":false`} {
			got := r.postTo("/responses", `{"previous_response_id" : "`+id+`","model":"g","input":"more"`+more+`}`)
			call := r.call()
			if got.status != 200 || outcomes(call) != "p2:ok" || call.PreviousID != native {
				t.Fatalf("status %d, %s, behind %s: %s", got.status, outcomes(call), call.PreviousID, got.body)
			}
			if more != `,"stream":true` && gjson.Get(got.body, "previous_response_id").Str != id {
				t.Errorf("it says that it goes on with %s", gjson.Get(got.body, "previous_response_id").Raw)
			}
		}
	}
	served := r.fake.Served()
	for _, s := range served[1:] {
		if s.AuthHash != served[1].AuthHash {
			t.Error("another credential was used")
		}
	}
	if body := string(served[len(served)-1].Body); gjson.Get(body, "previous_response_id").Str != native || !gjson.Valid(body) {
		t.Errorf("sent %s", body)
	}
	for _, path := range []string{"/responses/compact", "/responses/input_tokens"} {
		if got := r.postTo(path, `{"model":"g","previous_response_id":"`+id+`"}`); got.status != 200 || outcomes(r.call()) != "p2:ok" {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
	if got := r.postTo("/responses", `{"model":"h","input":"more","previous_response_id":"`+id+`"}`); got.status != 200 || outcomes(r.call()) != "p2:ok" {
		t.Errorf("by another group: %d %s", got.status, got.body)
	}
}

func TestGoingOnWithWhatCannotBeFound(t *testing.T) {
	t.Parallel()
	r := newStoredRig(t, []string{"ok", "ok@b"}, func(s *nodev1.Snapshot) { s.ApiKeys[0].RequestOptions = true })
	id, native, _ := r.create("") // at p1
	for name, tt := range map[string]struct {
		body, code, message string
		header              []string
	}{
		"a forged one":         {`{"model":"g","input":"x","previous_response_id":"` + forged(id, 20) + `"}`, "previous_response_not_found", "not found", nil},
		"one that is too long": {`{"model":"g","input":"x","previous_response_id":"` + id + strings.Repeat("0", 5000) + `"}`, "previous_response_not_found", "...", nil},
		"another key":          {`{"model":"g","input":"x","previous_response_id":"` + id + `"}`, "previous_response_not_found", "of the same owner", []string{"Authorization", "Bearer " + strangerKey}},
		"another group":        {`{"model":"h","input":"x","previous_response_id":"` + id + `"}`, "previous_response_elsewhere", "of which the group 'h' has no model", nil},
		"another provider":     {`{"model":"g","input":"x","previous_response_id":"` + id + `"}`, "previous_response_elsewhere", "names 'p2'", []string{"X-Trunkline-Provider", "p2"}},
		"twice":                {`{"model":"g","input":"x","previous_response_id":"` + id + `","previous_response_id":"` + native + `"}`, "", "once", nil},
		"escaped":              {`{"model":"g","input":"x","previous_response\u005fid":"` + native + `"}`, "", "without escapes", nil},
		"in capitals":          {`{"model":"g","input":"x","Previous_Response_ID":"` + native + `"}`, "", "lower case", nil},
	} {
		before := len(r.fake.Served())
		got := r.postTo("/responses", tt.body, tt.header...)
		call := r.call()
		e := gjson.Get(got.body, "error")
		if got.status != 400 || e.Get("param").Str != "previous_response_id" || !strings.Contains(e.Get("message").Str, tt.message) || tt.code != "" && e.Get("code").Str != tt.code ||
			call.Outcome != dataplane.InvalidRequest || len(r.fake.Served()) != before || len(got.body) > 1000 {
			t.Errorf("%s: %d %s, %s", name, got.status, got.body, call.Outcome)
		}
	}
	if got := r.postTo("/responses", `{"model":"g","input":"x","previous_response_id":"`+id+`"}`, "X-Trunkline-Provider", "p1"); got.status != 200 {
		t.Errorf("with its own provider named: %d %s", got.status, got.body)
	}
	r.call()
	for _, none := range []string{"null", `""`} { // left to the provider
		if got := r.postTo("/responses", `{"model":"g","input":"x","previous_response_id":`+none+`}`); got.status != 200 || r.call().PreviousID != "" {
			t.Errorf("%s: %d %s", none, got.status, got.body)
		}
	}
}

// A provider that fails, cools or is full is asked all the same: nobody else has the response.
func TestGoingOnStaysWithAProviderThatFails(t *testing.T) {
	t.Parallel()
	r := newStoredRig(t, []string{"status-500-after-1", "ok@b"}, func(s *nodev1.Snapshot) {
		s.Groups[0].Members[0].Policy.FailureThreshold = 1
		s.Groups[0].Members[0].Policy.MinRatio = 0.01
	})
	id, _, _ := r.create("")
	for _, store := range []string{"true", "false"} {
		got := r.postTo("/responses", `{"model":"g","input":"x","store":`+store+`,"previous_response_id":"`+id+`"}`)
		call := r.call()
		if e := gjson.Get(got.body, "error"); got.status != 503 || outcomes(call) != "p1:server_error" || !strings.Contains(e.Get("message").Str, "stored at 'p1' alone") {
			t.Errorf("%d %s, %s", got.status, got.body, outcomes(call))
		}
	}
	if got := r.postTo("/responses", `{"model":"g","input":"x"}`); got.status != 200 || outcomes(r.call()) != "p2:ok" {
		t.Errorf("others do not move on: %d", got.status)
	}
}

func TestAProviderThatHasLostIt(t *testing.T) {
	t.Parallel()
	r := newStoredRig(t, []string{"ok", "ok@b"}, nil)
	id, native, _ := r.create("")
	r.ask(http.MethodDelete, id, "")
	got := r.postTo("/responses", `{"model":"g","input":"x","previous_response_id":"`+id+`"}`)
	call := r.call()
	if e := gjson.Get(got.body, "error"); got.status != 400 || e.Get("code").Str != "previous_response_not_found" || !strings.Contains(e.Get("message").Str, id) ||
		strings.Contains(got.body, "'"+native+"'") || outcomes(call) != "p1:unsupported" || call.Attempts[0].Opaque != 0 {
		t.Errorf("%d %s, %s: %s", got.status, got.body, outcomes(call), call.Attempts[0].Reason)
	}
}

func TestAProviderThatIsGone(t *testing.T) {
	t.Parallel()
	in := newStoredRig(t, []string{"ok", "ok@b"}, nil)
	id, _, _ := in.create("")
	r := newStoredRig(t, []string{"ok", "ok@b"}, func(s *nodev1.Snapshot) {
		s.Providers, s.Groups[0].Members = s.Providers[1:], s.Groups[0].Members[1:]
	})
	got := r.postTo("/responses", `{"model":"g","input":"x","previous_response_id":"`+id+`"}`)
	if e := gjson.Get(got.body, "error"); got.status != 400 || e.Get("code").Str != "previous_response_not_found" || !strings.Contains(e.Get("message").Str, "not there any more") {
		t.Errorf("%d %s", got.status, got.body)
	}
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		got = r.ask(method, id, "")
		if e := gjson.Get(got.body, "error"); got.status != 404 || e.Get("code").Str != "response_provider_gone" || !strings.Contains(e.Get("message").Str, id) {
			t.Errorf("%d %s", got.status, got.body)
		}
	}
}

func TestAskingForWhatIsNotThere(t *testing.T) {
	t.Parallel()
	r := newStoredRig(t, []string{"ok", "ok@b"}, nil)
	id, native, _ := r.create("")
	for name, tt := range map[string]struct {
		method, id, rest string
		header           []string
		status           int
		code             string
	}{
		"the provider's own id": {"GET", native, "", nil, 404, "response_not_found"},
		"a forged one":          {"GET", forged(id, 30), "", nil, 404, "response_not_found"},
		"too long":              {"GET", id + strings.Repeat("0", 3000), "", nil, 404, "response_not_found"},
		"a path in it":          {"GET", url.PathEscape("../files/" + id), "", nil, 404, "unsupported_endpoint"},
		"another key":           {"GET", id, "", []string{"Authorization", "Bearer " + strangerKey}, 404, "response_not_found"},
		"another key deletes":   {"DELETE", id, "", []string{"Authorization", "Bearer " + strangerKey}, 404, "response_not_found"},
		"another key cancels":   {"POST", id, "/cancel", []string{"Authorization", "Bearer " + strangerKey}, 404, "response_not_found"},
		"no key":                {"GET", id, "", []string{"Authorization", ""}, 401, "invalid_api_key"},
		"another method":        {"PUT", id, "", nil, 405, "method_not_allowed"},
		"cancel by GET":         {"GET", id, "/cancel", nil, 405, "method_not_allowed"},
		"items by POST":         {"POST", id, "/input_items", nil, 405, "method_not_allowed"},
		"something else":        {"GET", id, "/output_items", nil, 404, "unsupported_endpoint"},
		"a loop":                {"GET", id, "", []string{"Cdn-Loop", loopOf(t, r)}, 508, "loop_detected"},
	} {
		before := len(r.fake.Served())
		got := r.ask(tt.method, tt.id, tt.rest, tt.header...)
		if e := gjson.Get(got.body, "error"); got.status != tt.status || e.Get("code").Str != tt.code || len(r.fake.Served()) != before || len(got.body) > 1000 {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	if got := r.ask("GET", id, ""); got.status != 200 {
		t.Errorf("afterwards %d %s", got.status, got.body)
	}
}

// loopOf is what the gateway says of itself to providers.
func loopOf(t *testing.T, r *storedRig) string {
	t.Helper()
	return r.fake.Served()[0].Header.Get("Cdn-Loop")
}

func TestAStoredResponseIsStreamedAgain(t *testing.T) {
	t.Parallel()
	r := newStoredRig(t, []string{"ok", "ok@b"}, nil)
	id, native, _ := r.create("")
	got := r.ask(http.MethodGet, id, "?stream=true&starting_after=3&include_obfuscation=false")
	if got.status != 200 || got.cut || !strings.HasPrefix(got.header.Get("Content-Type"), "text/event-stream") || strings.Contains(got.body, `"`+native+`"`) {
		t.Fatalf("%d, cut %v: %s", got.status, got.cut, got.body)
	}
	first, last := "", ""
	for line := range strings.Lines(got.body) {
		if data, ok := strings.CutPrefix(line, "data: {"); ok {
			last = "{" + data
			if first == "" {
				first = last
			}
		}
	}
	if gjson.Get(first, "sequence_number").Int() != 4 || gjson.Get(last, "type").Str != "response.completed" || gjson.Get(last, "response.id").Str != id {
		t.Errorf("from %s to %s", first, last)
	}
	r.wantOps("retrieve:ok")
}

// A stream that breaks is cut for the client, too: it can go on behind what it has.
func TestABrokenReplayIsCut(t *testing.T) {
	t.Parallel()
	r := newStoredRig(t, []string{"cut-events-5"}, nil)
	got := r.postTo("/responses", `{"model":"g","input":"hi","stream":true}`)
	r.call()
	_, rest, _ := strings.Cut(got.body, `"response":{"id":"`)
	id, _, _ := strings.Cut(rest, `"`)
	again := r.ask(http.MethodGet, id, "?stream=true")
	if again.status != 200 || !again.cut {
		t.Errorf("%d, cut %v: %s", again.status, again.cut, again.body)
	}
	r.wantOps("retrieve:stream_cut")
}

func TestProvidersThatFailToFetch(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		serve  http.HandlerFunc
		status int
		code   string
	}{
		"500": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"error":{"message":"no"}}`, http.StatusInternalServerError)
		}, 503, "upstream_error"},
		"401": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"error":{"message":"Incorrect API key provided: up-secret-p1","code":"invalid_api_key"}}`, http.StatusUnauthorized)
		}, 502, "provider_auth"},
		"html":     {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }, 502, "bad_upstream_body"},
		"an array": {func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("[]")) }, 502, "bad_upstream_body"},
		"cut":      {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, 502, "upstream_unreachable"},
		"silence":  {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, 504, "upstream_timeout"},
		"a 404": {func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"error":{"message":"Response with id 'resp_1' not found.","type":"invalid_request_error","param":null,"code":null}}`, http.StatusNotFound)
		}, 404, ""},
		"plain 404": {func(w http.ResponseWriter, _ *http.Request) { http.NotFound(w, nil) }, 404, "response_not_found"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			up := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost {
					w.Header().Set("Content-Type", "application/json")
					_, _ = w.Write([]byte(`{"output":[{"type":"message","content":[{"type":"output_text","text":"x"}]}],"status":"completed","id":"resp_1"}`))
					return
				}
				tt.serve(w, r)
			}))
			r := newStoredRig(t, []string{"m"}, func(s *nodev1.Snapshot) {
				s.Providers[0].BaseUrl = up
				s.Groups[0].Members[0].Policy.ResponseTimeout = durationpb.New(300 * time.Millisecond)
			})
			id, _, _ := r.create("")
			got := r.ask(http.MethodGet, id, "")
			if got.status != tt.status || gjson.Get(got.body, "error.code").Str != tt.code || strings.Contains(got.body, "up-secret") {
				t.Errorf("%d %s", got.status, got.body)
			}
			if tt.code != "" && tt.status != 404 && !strings.Contains(got.body, "stored at 'p1' alone") {
				t.Errorf("it does not say where the response is: %s", got.body)
			}
		})
	}
}

// The id is found wherever it stands, also in what is too long to be held.
func TestLongAnswersAreRenamed(t *testing.T) {
	t.Parallel()
	r := newStoredRig(t, []string{"huge-3", "ok@b"}, nil)
	id, native, got := r.create("")
	if !strings.HasPrefix(id, "resp_tl") || native == "" || got.cut || !gjson.Valid(got.body) {
		t.Errorf("%s %s, cut %v", id, native, got.cut)
	}
	if seen := r.ask(http.MethodGet, id, ""); seen.status != 200 || !gjson.Valid(seen.body) || gjson.Get(seen.body, "id").Str != id || len(seen.body) != len(got.body) {
		t.Errorf("%d, %d bytes, %d before", seen.status, len(seen.body), len(got.body))
	}
}

func serve(t *testing.T, h http.Handler) (url string) {
	t.Helper()
	up := httptest.NewUnstartedServer(h)
	up.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	up.Start()
	t.Cleanup(up.Close)
	return up.URL
}

// forged is an id with another letter in one place.
func forged(id string, at int) string {
	if id[at] == 'x' {
		return id[:at] + "y" + id[at+1:]
	}
	return id[:at] + "x" + id[at+1:]
}
