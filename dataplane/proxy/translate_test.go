package proxy_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/dataplane"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// dialects are those between which calls are translated, with the path on which each converses.
var dialects = map[string]string{"chat": "/chat/completions", "responses": "/responses", "messages": "/messages", "gemini": "/models/{model}:generateContent"}

// conversing is the endpoint of a dialect.
func conversing(dialect string) api {
	for _, a := range apis {
		if a.path == dialects[dialect] {
			return a
		}
	}
	panic(dialect)
}

// speaks makes each provider speak one dialect for certain; empty: as it is.
func speaks(each ...string) func(*nodev1.Snapshot) {
	return func(s *nodev1.Snapshot) {
		for i, dialect := range each {
			if dialect != "" {
				s.Providers[i].Endpoints = []*nodev1.Endpoint{{Api: dialect}}
				s.Providers[i].Models[0].MaxOutputTokens = 4096
			}
		}
	}
}

// answers checks a whole good answer, of any words and in any pieces.
func (a api) answers(t *testing.T, got answer, stream bool) {
	t.Helper()
	if got.status != 200 || got.cut || stream && !endsWell(a, got) || !stream && !gjson.Get(got.body, a.good).Exists() {
		t.Fatalf("%d, cut=%v: %s", got.status, got.cut, got.body)
	}
}

// pairs calls do with every two dialects.
func pairs(t *testing.T, do func(t *testing.T, client, provider string, stream bool)) {
	for client := range dialects {
		for provider := range dialects {
			for _, stream := range []bool{false, true} {
				if client != provider {
					t.Run(fmt.Sprintf("%s/%s/stream=%v", client, provider, stream), func(t *testing.T) {
						t.Parallel()
						do(t, client, provider, stream)
					})
				}
			}
		}
	}
}

func TestACallReachesAProviderOfAnotherDialect(t *testing.T) {
	t.Parallel()
	pairs(t, func(t *testing.T, client, provider string, stream bool) {
		r := newRig(t, setup{models: []string{"status-500", "ok"}, snapshot: speaks(provider, provider)})
		a := conversing(client)
		got, call := a.call(t, r, stream)
		a.wantGood(t, got, stream)
		if outcomes(call) != "p1:server_error p2:ok" || call.Outcome != dataplane.OK || call.Provider != "p2" {
			t.Fatalf("call %v, tried %s", call.Outcome, outcomes(call))
		}
		for _, served := range r.fake.Served() {
			if served.Path != "/v1"+conversing(provider).of(served.Model, stream) {
				t.Errorf("asked at %s", served.Path)
			}
		}
		last := call.Attempts[1]
		if tr := last.Translation; tr == nil || tr.From != client || tr.To != provider {
			t.Errorf("recorded %+v", tr)
		}
		if want := conversing(provider).usage; last.Usage != want {
			t.Errorf("usage %+v, want what the provider told: %+v", last.Usage, want)
		}
		if last.Cost == 0 {
			t.Error("it cost nothing")
		}
		if h := got.header.Get("X-Trunkline-Translated"); !strings.HasPrefix(h, client+" -> "+provider) {
			t.Errorf("header %q", h)
		}
	})
}

func TestNativeCallsAreNotTranslated(t *testing.T) {
	t.Parallel()
	for dialect := range dialects {
		r := newRig(t, setup{models: []string{"ok"}, snapshot: speaks(dialect)})
		got, call := conversing(dialect).call(t, r, true)
		if call.Attempts[0].Translation != nil || got.header.Get("X-Trunkline-Translated") != "" || r.fake.Served()[0].Path != "/v1"+conversing(dialect).of("ok", true) {
			t.Errorf("%s: %+v, header %v", dialect, call.Attempts[0].Translation, got.header)
		}
	}
}

// A target that turns out to lack the client's dialect is asked once more in the same call, and from
// then on at once.
func TestATargetIsLearnedToLackADialect(t *testing.T) {
	t.Parallel()
	for _, client := range []string{"responses", "messages"} {
		up := newTaker(t, nil)
		up.lacks = dialects[client]
		r := newRig(t, setup{models: []string{"ok"}, snapshot: at(up)})
		a := conversing(client)
		got, call := a.call(t, r, true)
		a.answers(t, got, true)
		if outcomes(call) != "p1:unsupported p1:ok" || call.Attempts[1].Translation == nil || call.Attempts[1].Retry {
			t.Fatalf("%s was tried at %s", client, outcomes(call))
		}
		got, call = a.call(t, r, false)
		a.answers(t, got, false)
		if outcomes(call) != "p1:ok" || call.Attempts[0].Translation.To != "chat" {
			t.Errorf("%s was tried at %s then", client, outcomes(call))
		}
		for _, s := range r.health.Snapshot() {
			if s.Condition.State != dataplane.Closed || s.Condition.Failures > 0 {
				t.Errorf("held against %v", s.Scope)
			}
		}
	}
}

// Among equals native members come first; a priority or a price is stronger.
func TestNativeMembersComeBeforeTheirEquals(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*nodev1.Snapshot)
		want   string
	}{
		"equals":      {func(s *nodev1.Snapshot) {}, "p2"},
		"priority":    {func(s *nodev1.Snapshot) { s.Groups[0].Members[1].Priority = 2 }, "p1"},
		"cheaper":     {func(s *nodev1.Snapshot) { s.Providers[0].Models[0].Price.Input = 1 }, "p1"},
		"by weight":   {func(s *nodev1.Snapshot) { s.Groups[0].Selection = "weighted" }, "p1"},
		"translation": {func(s *nodev1.Snapshot) { speaks("messages", "responses")(s) }, "p1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, setup{models: []string{"ok", "ok"}, snapshot: func(s *nodev1.Snapshot) {
				speaks("messages", "chat")(s)
				s.Groups[0].Members[0].Priority, s.Groups[0].Members[1].Priority = 1, 1
				tt.change(s)
			}})
			r.chat(false)
			if call := r.call(); call.Provider != tt.want {
				t.Errorf("%s answered", call.Provider)
			}
		})
	}
}

// searching is a request that only its own API can be told.
const searching = `"input":"hi","store":false,"tools":[{"type":"file_search","vector_store_ids":["v"]}]`

// What nobody can be told is refused before anybody is asked, and held against nobody.
func TestWhatCannotBeToldLeavesACandidateOut(t *testing.T) {
	t.Parallel()
	search := api{path: "/responses", body: searching, good: "output.0.content.0.text", stream: streamTrue}
	for _, stream := range []bool{false, true} {
		r := newRig(t, setup{models: []string{"ok", "ok"}, snapshot: speaks("chat", "messages")})
		got, call := search.call(t, r, stream)
		if got.status != 400 || got.errorCode(t) != "not_translatable" || !strings.HasPrefix(gjson.Get(got.body, "error.param").Str, "tools") || got.header.Get("X-Should-Retry") != "false" {
			t.Fatalf("%d: %s", got.status, got.body)
		}
		if call.Outcome != dataplane.NotTranslatable || len(call.Attempts) != 0 || len(call.Skipped) != 2 || !strings.HasPrefix(call.Skipped[0].Parameter, "tools") || call.Skipped[0].Reason != dataplane.NotTranslatable {
			t.Errorf("call %v, %d attempts, skipped %+v", call.Outcome, len(call.Attempts), call.Skipped)
		}
		if n := len(r.fake.Served()); n != 0 || len(r.health.Snapshot()) != 0 {
			t.Errorf("%d were asked, health %+v", n, r.health.Snapshot())
		}
		mixed := newRig(t, setup{models: []string{"ok", "ok"}, snapshot: speaks("chat", "responses"), policy: func(p *nodev1.Policy) { p.MaxAttempts = 1 }})
		got, call = search.call(t, mixed, stream)
		if got.status != 200 || outcomes(call) != "p2:ok" || len(call.Skipped) != 1 || call.Skipped[0].Provider != "p1" {
			t.Errorf("%d, tried %s, skipped %+v: %s", got.status, outcomes(call), call.Skipped, got.body)
		}
	}
}

// A target that lacks the endpoint and cannot be told the request in another one ends the call so.
func TestWhatCannotBeToldBehindAMissingEndpoint(t *testing.T) {
	t.Parallel()
	up := newTaker(t, nil)
	up.lacks = "/responses"
	r := newRig(t, setup{models: []string{"ok"}, snapshot: at(up)})
	got, call := (api{path: "/responses", body: searching}).call(t, r, false)
	if got.status != 400 || got.errorCode(t) != "not_translatable" || outcomes(call) != "p1:unsupported" || len(call.Skipped) != 1 {
		t.Errorf("%d, tried %s: %s", got.status, outcomes(call), got.body)
	}
}

func TestTheModeOfTranslationHolds(t *testing.T) {
	t.Parallel()
	custom := `"input":"hi","tools":[{"type":"custom","name":"apply_patch","description":"d"}]`
	for _, tt := range []struct {
		mode, body string
		status     int
		code       string
	}{
		{"allow", custom, 200, ""}, {"strict", custom, 400, "not_translatable"}, {"strict", `"input":"hi"`, 200, ""},
		{"off", `"input":"hi"`, 404, "unsupported"},
	} {
		r := newRig(t, setup{models: []string{"ok"}, snapshot: speaks("chat"), policy: func(p *nodev1.Policy) { p.Translation = tt.mode }})
		got, call := (api{path: "/responses", body: tt.body}).call(t, r, false)
		if got.status != tt.status || tt.code != "" && (got.errorCode(t) != tt.code || len(call.Attempts) != 0) {
			t.Errorf("%s %s: %d, tried %s: %s", tt.mode, tt.body, got.status, outcomes(call), got.body)
		}
		if tt.mode == "allow" {
			if tr := call.Attempts[0].Translation; len(tr.Approximated) == 0 || !strings.Contains(got.header.Get("X-Trunkline-Translated"), "; approximated: "+tr.Approximated[0]) {
				t.Errorf("recorded %+v, header %q", tr, got.header.Get("X-Trunkline-Translated"))
			}
		}
	}
}

// Errors come in the client's dialect: whole, before the commit of a stream and behind it.
func TestErrorsAreWordedInTheClientsDialect(t *testing.T) {
	t.Parallel()
	pairs(t, func(t *testing.T, client, provider string, stream bool) {
		a := conversing(client)
		r := newRig(t, setup{models: []string{"error-bad_request"}, snapshot: speaks(provider)})
		got, call := a.call(t, r, stream)
		said := gjson.Get(got.body, "error.message").Str
		if a.wantError(t, got, ""); got.status != 400 || said == "" || strings.Contains(said, "The provider refused") || call.Outcome != dataplane.BadRequest {
			t.Errorf("%d %v: %s", got.status, call.Outcome, got.body)
		}
		if !stream {
			return
		}
		r = newRig(t, setup{models: []string{"sse-error-mid-3-overloaded"}, snapshot: speaks(provider)})
		got, call = a.call(t, r, true)
		doc := gjson.Parse(got.lastEvent())
		if got.status != 200 || call.Outcome != dataplane.StreamError || got.cut || endsWell(a, got) {
			t.Fatalf("%d %v: %s", got.status, call.Outcome, got.body)
		}
		wantErrorEvent(t, client, doc, got.body)
	})
}

// wantErrorEvent checks that the last event of a stream tells an error in the words of a dialect.
func wantErrorEvent(t *testing.T, client string, doc gjson.Result, body string) {
	t.Helper()
	ok := false
	switch client {
	case "chat":
		ok = doc.Get("error.message").Str != "" && doc.Get("error.code").Exists()
	case "gemini":
		ok = doc.Get("error.code").Int() >= 400 && doc.Get("error.message").Str != "" && doc.Get("error.status").Str != "" && strings.HasPrefix(doc.Raw, `{"error":`)
	case "messages":
		ok = doc.Get("type").Str == "error" && doc.Get("error.type").Str != "" && strings.Contains(body, "event: error\n")
	case "responses":
		ok = doc.Get("type").Str == "response.failed" && doc.Get("response.error.message").Str != "" &&
			int(doc.Get("sequence_number").Int()) == strings.Count(body, "data: ")-1 && strings.Contains(body, `{"type":"response.created"`) == strings.Contains(body, "response.created")
	}
	if !ok {
		t.Errorf("no error event of %s at the end: %s", client, body)
	}
}

// A stream that is cut anywhere ends with an error in the client's dialect, or another provider
// answers; nothing of the first is in what it says.
func TestATranslatedStreamIsCutAtEveryByte(t *testing.T) {
	t.Parallel()
	step := 1
	if testing.Short() {
		step = 37
	}
	pairs(t, func(t *testing.T, client, provider string, stream bool) {
		if !stream {
			return
		}
		a, cut := conversing(client), &cutter{whole: streamOf(t, provider)}
		r := newRig(t, setup{models: []string{"m1", "ok"}, snapshot: func(s *nodev1.Snapshot) {
			speaks(provider, provider)(s)
			s.Providers[0].BaseUrl = cut.serve(t)
		}, policy: func(p *nodev1.Policy) { p.FailureThreshold = 1_000_000 }})
		var ends [3]int
		for at := 0; at < len(cut.whole)+step; at += step {
			at = min(at, len(cut.whole))
			cut.at.Store(int64(at))
			got, call := a.call(t, r, true)
			switch {
			case call.Outcome == dataplane.OK && got.status == 200 && endsWell(a, got):
				ends[min(len(call.Attempts), 2)]++
			case call.Outcome == dataplane.StreamCut && got.status == 200 && !endsWell(a, got):
				ends[0]++
				wantErrorEvent(t, client, gjson.Parse(got.lastEvent()), got.body)
			default:
				t.Fatalf("cut at %d: %v, tried %s: %s", at, call.Outcome, outcomes(call), got.body)
			}
			if strings.Contains(got.body, "first-one") && strings.Contains(got.body, `"ok"`) {
				t.Fatalf("cut at %d: two providers in one answer: %s", at, got.body)
			}
		}
		if ends[0] == 0 || ends[1] == 0 || ends[2] == 0 {
			t.Errorf("%d were cut, %d whole and %d of the other provider", ends[0], ends[1], ends[2])
		}
	})
}

// cutter is a provider whose stream ends somewhere.
type cutter struct {
	whole []byte
	at    atomic.Int64 // bytes that it sends
}

func (c *cutter) serve(t *testing.T) string {
	t.Helper()
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = w.Write(c.whole[:c.at.Load()])
		_ = http.NewResponseController(w).Flush()
		if c.at.Load() < int64(len(c.whole)) {
			panic(http.ErrAbortHandler)
		}
	}))
	t.Cleanup(up.Close)
	return up.URL
}

// streamOf is a good stream of a dialect.
func streamOf(t *testing.T, dialect string) []byte {
	t.Helper()
	a := conversing(dialect)
	r := newRig(t, a.native(setup{models: []string{"ok"}}))
	got, _ := a.call(t, r, true)
	return []byte(strings.ReplaceAll(got.body, `"ok"`, `"first-one"`))
}

// A plain answer to a stream is translated, then made a stream; a stream is none for a plain call.
func TestAPlainAnswerToATranslatedStream(t *testing.T) {
	t.Parallel()
	pairs(t, func(t *testing.T, client, provider string, stream bool) {
		a := conversing(client)
		model, want := "json-for-stream", "p1:ok"
		if !stream {
			model, want = "sse-for-plain", "p1:bad_body p2:ok"
		}
		r := newRig(t, setup{models: []string{model, "ok"}, snapshot: speaks(provider, provider)})
		got, call := a.call(t, r, stream)
		if a.answers(t, got, stream); outcomes(call) != want {
			t.Errorf("tried %s", outcomes(call))
		}
	})
}

// What one account has sealed is told to that account alone, also where calls go on natively.
func TestWhatIsSealedGoesBackToItsOriginAlone(t *testing.T) {
	t.Parallel()
	carried := "tl1.000000000000.responses." + "eHg"
	body := `"max_tokens":64,"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"` + carried +
		`"},{"type":"thinking","thinking":"own","signature":"sig"},{"type":"text","text":"b"}]},{"role":"user","content":"c"}]`
	for _, dialect := range []string{"messages", "responses", "chat"} {
		up := newTaker(t, nil)
		r := newRig(t, setup{models: []string{"ok", "ok"}, snapshot: func(s *nodev1.Snapshot) {
			at(up)(s)
			speaks(dialect, "chat")(s)
		}})
		got, call := (api{path: "/messages", body: body}).call(t, r, false)
		if got.status != 200 || outcomes(call) != "p1:ok" {
			t.Fatalf("%s: %d, tried %s (%s): %s", dialect, got.status, outcomes(call), call.Attempts[0].Reason, got.body)
		}
		sent := up.sent()[0]
		if strings.Contains(sent, carried) || strings.Contains(sent, "eHg") || !strings.Contains(sent, `"b"`) {
			t.Errorf("%s got %s", dialect, sent)
		}
		if a := call.Attempts[0]; dialect == "messages" && (a.Opaque != 1 || !strings.Contains(sent, `"sig"`)) {
			t.Errorf("%d items were cut out: %s", a.Opaque, sent)
		}
	}
}

// Tokens are counted where somebody can; else they are estimated, which is marked and blames nobody.
func TestTokensAreEstimatedWhereNobodyCounts(t *testing.T) {
	t.Parallel()
	for path, dialect := range map[string]string{"/messages/count_tokens": "messages", "/responses/input_tokens": "responses"} {
		a := api{path: path, body: `"messages":[{"role":"user","content":"` + strings.Repeat("word ", 400) + `"}],"input":"x"`}
		native := newRig(t, setup{models: []string{"ok"}, snapshot: speaks(dialect)})
		if got, _ := a.call(t, native, false); got.status != 200 || got.header.Get("X-Trunkline-Estimated") != "" {
			t.Errorf("%s: %d %v", path, got.status, got.header)
		}
		none := newRig(t, setup{models: []string{"ok"}, snapshot: speaks("chat")})
		got, call := a.call(t, none, false)
		if n := gjson.Get(got.body, "input_tokens").Int(); got.status != 200 || got.header.Get("X-Trunkline-Estimated") != "true" || n < 500 || n > 540 ||
			call.Outcome != dataplane.OK || len(call.Attempts) != 0 || len(none.fake.Served()) != 0 {
			t.Errorf("%s: %d %v: %s, %d attempts", path, got.status, got.header, got.body, len(call.Attempts))
		}
		up := newTaker(t, nil)
		up.lacks = path
		lacks := newRig(t, setup{models: []string{"ok"}, snapshot: at(up)})
		if got, call := a.call(t, lacks, false); got.status != 200 || got.header.Get("X-Trunkline-Estimated") != "true" || outcomes(call) != "p1:unsupported" || len(lacks.health.Snapshot()) > 0 && lacks.health.Snapshot()[0].Condition.Failures > 0 {
			t.Errorf("%s: %d %v, tried %s", path, got.status, got.header, outcomes(call))
		}
		down := newRig(t, setup{models: []string{"status-500"}, snapshot: speaks(dialect)})
		if got, _ := a.call(t, down, false); got.status != 503 || got.header.Get("X-Trunkline-Estimated") != "" {
			t.Errorf("%s: a provider that is down gives %d: %s", path, got.status, got.body)
		}
	}
}

// Keywords, the commit gate and the budget of bodies hold for translated calls as for native ones.
func TestTranslatedCallsAreWatchedAndCounted(t *testing.T) {
	t.Parallel()
	pairs(t, func(t *testing.T, client, provider string, stream bool) {
		a := conversing(client)
		r := newRig(t, setup{
			models: []string{"ok", "ok+chunk-1ms"}, snapshot: speaks(provider, provider),
			keywords: []*nodev1.FailureKeyword{{Name: "no", Keyword: "Hello", Scopes: []string{"answer", "stream"}, Providers: []string{"p1"}}},
			policy:   func(p *nodev1.Policy) { p.KeywordHold = durationpb.New(time.Second) },
		})
		got, call := a.call(t, r, stream)
		if a.wantGood(t, got, stream); outcomes(call) != "p1:failure_keyword p2:ok" {
			t.Errorf("tried %s", outcomes(call))
		}
		if held := r.heldBy("app"); held != 0 {
			t.Errorf("%d bytes stay held", held)
		}
	})
}

// A model that takes the other way of saying how much to think is asked again, and remembered.
func TestTheWayOfThinkingIsLearned(t *testing.T) {
	t.Parallel()
	const refusal = `{"type":"error","error":{"type":"invalid_request_error","message":"\"thinking.type.enabled\" is not supported for this model. Use \"thinking.type.adaptive\" and \"output_config.effort\" to control thinking behavior."}}`
	up := newTaker(t, func(body string) (int, string) {
		if gjson.Get(body, "thinking.type").Str == "enabled" {
			return http.StatusBadRequest, refusal
		}
		return 0, ""
	})
	r := newRig(t, setup{models: []string{"ok"}, snapshot: func(s *nodev1.Snapshot) {
		at(up)(s)
		speaks("messages")(s)
	}})
	var last []string
	for i, want := range []int{2, 1} {
		got, call := (api{path: "/chat/completions", body: `"reasoning_effort":"high","messages":[{"role":"user","content":"hi"}]`}).call(t, r, false)
		if got.status != 200 || outcomes(call) != "p1:ok" {
			t.Fatalf("call %d: %d, tried %s: %s", i+1, got.status, outcomes(call), got.body)
		}
		if last = up.sent(); len(last) != want {
			t.Fatalf("call %d: sent %d requests, want %d", i+1, len(last), want)
		}
	}
	if sent := last[0]; gjson.Get(sent, "thinking.type").Str != "adaptive" {
		t.Errorf("then sent %s", sent)
	}
}

// A refusal that only says so teaches nothing: the request was not answered in the other way either.
func TestAWayIsLearnedOnProofOnly(t *testing.T) {
	t.Parallel()
	up := newTaker(t, func(body string) (int, string) {
		if strings.Contains(body, "odd") {
			return http.StatusBadRequest, `{"type":"error","error":{"type":"invalid_request_error","message":"\"thinking.type.enabled\" is not supported for this model: use adaptive."}}`
		}
		return 0, ""
	})
	r := newRig(t, setup{models: []string{"ok"}, snapshot: func(s *nodev1.Snapshot) {
		at(up)(s)
		speaks("messages")(s)
	}})
	for _, tt := range []struct {
		prompt       string
		status, sent int
	}{{"odd", 400, 2}, {"odd", 400, 2}, {"hi", 200, 1}} {
		got, call := (api{path: "/chat/completions", body: `"reasoning_effort":"high","messages":[{"role":"user","content":"` + tt.prompt + `"}]`}).call(t, r, false)
		sent := up.sent()
		if got.status != tt.status || len(sent) != tt.sent || gjson.Get(sent[0], "thinking.type").Str != "enabled" {
			t.Errorf("%s: %d, tried %s, sent %s", tt.prompt, got.status, outcomes(call), sent)
		}
	}
	if all := r.proxy.Engine().Learned().All(time.Now()); len(all) != 0 {
		t.Errorf("learned %+v", all)
	}
}

// So is one that takes other members of a chat completion than most, or not all of them.
func TestTheMembersOfAChatCompletionAreLearned(t *testing.T) {
	t.Parallel()
	const refusal = `{"error":{"message":"Unsupported parameter: '%s' is not supported with this model.%s","type":"invalid_request_error","param":"%[1]s","code":"unsupported_parameter"}}`
	up := newTaker(t, func(body string) (int, string) {
		switch {
		case gjson.Get(body, "max_tokens").Exists():
			return http.StatusBadRequest, fmt.Sprintf(refusal, "max_tokens", " Use 'max_completion_tokens' instead.")
		case gjson.Get(body, "reasoning_effort").Exists():
			return http.StatusBadRequest, fmt.Sprintf(refusal, "reasoning_effort", "")
		}
		return 0, ""
	})
	r := newRig(t, setup{models: []string{"ok"}, snapshot: func(s *nodev1.Snapshot) {
		at(up)(s)
		speaks("chat")(s)
	}})
	for i, want := range []int{3, 1} {
		got, call := (api{path: "/messages", body: `"max_tokens":3000,"thinking":{"type":"enabled","budget_tokens":2000},"messages":[{"role":"user","content":"hi"}]`}).call(t, r, false)
		sent := up.sent()
		if got.status != 200 || outcomes(call) != "p1:ok" || len(sent) != want {
			t.Fatalf("call %d: %d, tried %s, sent %d requests, want %d: %s", i+1, got.status, outcomes(call), len(sent), want, got.body)
		}
		if last := sent[len(sent)-1]; gjson.Get(last, "max_completion_tokens").Int() != 3000 {
			t.Errorf("call %d: sent %s", i+1, last)
		}
	}
}

// An endpoint that is not there is learned also from a request of which something was dropped: what a 404 or a
// 405 says is about the path.
func TestAMissingPathIsLearnedWhateverIsDropped(t *testing.T) {
	t.Parallel()
	up := newTaker(t, nil)
	up.lacks = "/messages"
	r := newRig(t, setup{models: []string{"ok"}, snapshot: at(up)})
	a := api{path: "/messages", body: `"max_tokens":9,"messages":[{"role":"user","content":[{"type":"text","text":"hi","cache_control":{"type":"ephemeral"}}]}]`}
	for i, want := range []string{"p1:unsupported p1:ok", "p1:ok"} {
		got, call := a.call(t, r, false)
		if last := call.Attempts[len(call.Attempts)-1]; got.status != 200 || outcomes(call) != want || last.Translation == nil || len(last.Translation.Dropped) == 0 {
			t.Errorf("call %d: %d, tried %s, %+v", i+1, got.status, outcomes(call), last.Translation)
		}
	}
}

// Ids that a target wants in its own way are learned, and what is learned is listed and forgotten like refusals.
func TestShortIDsAreLearned(t *testing.T) {
	t.Parallel()
	up := newTaker(t, func(body string) (int, string) {
		if id := gjson.Get(body, "messages.2.tool_call_id").Str; len(id) != 9 {
			return http.StatusBadRequest, `{"object":"error","message":"Tool call id was ` + id + ` but must be a-z, A-Z, 0-9, with a length of 9.","type":"invalid_request_message_order","code":3230}`
		}
		return 0, ""
	})
	r := newRig(t, setup{models: []string{"ok"}, snapshot: func(s *nodev1.Snapshot) {
		at(up)(s)
		speaks("chat")(s)
	}})
	ask := api{path: "/messages", body: `"max_tokens":9,"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"tool_use","id":"toolu_01ABC","name":"f","input":{}}]},` +
		`{"role":"user","content":[{"type":"tool_result","tool_use_id":"toolu_01ABC","content":"x"}]}],"tools":[{"name":"f","input_schema":{"type":"object"}}]`}
	calls := func(want int) {
		t.Helper()
		got, call := ask.call(t, r, false)
		sent := up.sent()
		if got.status != 200 || outcomes(call) != "p1:ok" || len(sent) != want {
			t.Fatalf("%d, tried %s, sent %d requests, want %d: %s", got.status, outcomes(call), len(sent), want, got.body)
		}
		last := sent[len(sent)-1]
		if id := gjson.Get(last, "messages.2.tool_call_id").Str; len(id) != 9 || id != gjson.Get(last, "messages.1.tool_calls.0.id").Str {
			t.Errorf("sent %s", last)
		}
	}
	memory := r.proxy.Engine().Learned()
	calls(2)
	calls(1)
	if all := memory.All(time.Now()); len(all) != 1 || all[0].Parameter != "messages.tool_call_id" || all[0].Endpoint != "/chat/completions" || !all[0].Until.After(all[0].Since) {
		t.Errorf("listed %+v", all)
	}
	memory.Forget(func(dataplane.Scope) bool { return true })
	if all := memory.All(time.Now()); len(all) != 0 {
		t.Errorf("listed %+v after all was forgotten", all)
	}
	calls(2)
}
