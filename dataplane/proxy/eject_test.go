package proxy_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/health"
	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/engine"
	"github.com/trunkline-ai/trunkline/internal/domain/apikey"
	"github.com/trunkline-ai/trunkline/internal/outcometest"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// refusal is what a provider answers.
type refusal struct {
	status int
	body   string
	header http.Header
}

// hostileTexts are refusals that one caller can bring about at will.
var hostileTexts = map[string]refusal{
	"bare 401":                      {401, ``, nil},
	"any 401":                       {401, `{"error":{"message":"Unauthorized","type":"invalid_request_error","code":null}}`, nil},
	"token of a tool":               {401, `{"error":{"message":"The token is not valid","param":"tools[0].authorization","code":"invalid_token"}}`, nil},
	"token, without a parameter":    {401, `{"error":{"message":"The token is not valid","code":"invalid_token"}}`, nil},
	"token of an MCP server":        {401, `{"error":{"message":"Authentication failed for MCP server 'x'","type":"authentication_error"}}`, nil},
	"bare 403":                      {403, ``, nil},
	"any 403":                       {403, `{"error":{"message":"Forbidden"}}`, nil},
	"403 in a 200":                  {200, `{"error":{"message":"Forbidden","code":403}}`, nil},
	"xAI's safety check":            {403, `{"code":"The caller does not have permission to execute the specified operation","error":"Content violates usage guidelines. Team: x, API key ID: y, Model: m, Failed check: SAFETY_CHECK_TYPE_BIO"}`, nil},
	"Gemini's file":                 {403, `{"error":{"code":403,"message":"You do not have permission to access the File abc or it may not exist.","status":"PERMISSION_DENIED"}}`, nil},
	"Gemini's cached content":       {403, `{"error":{"code":403,"message":"CachedContent not found (or permission denied)","status":"PERMISSION_DENIED"}}`, nil},
	"Anthropic's file":              {403, `{"type":"error","error":{"type":"permission_error","message":"Your API key does not have permission to use the specified file."}}`, nil},
	"Anthropic's beta":              {403, `{"type":"error","error":{"type":"permission_error","message":"This organization does not have access to the beta x."}}`, nil},
	"Anthropic's resource":          {403, `{"type":"error","error":{"type":"permission_error","message":"Your API key does not have permission to use the specified resource."}}`, nil},
	"firewall":                      {403, `<html><title>Attention Required</title></html>`, http.Header{"Content-Type": {"text/html"}}},
	"container named so":            {404, `{"error":{"message":"Container with id 'm' not found."}}`, nil},
	"file named so":                 {404, `{"type":"error","error":{"type":"not_found_error","message":"File not found: m"}}`, nil},
	"widget named so":               {404, `{"type":"error","error":{"type":"not_found_error","message":"Widget m not found"}}`, nil},
	"prompt named so":               {404, `{"error":{"message":"Prompt with id 'm' not found"}}`, nil},
	"not found":                     {404, `{"error":{"message":"Not found"}}`, nil},
	"no route":                      {404, `404 page not found`, nil},
	"gone":                          {410, `{"error":{"message":"m is gone"}}`, nil},
	"too large":                     {413, `{"error":{"message":"Request too large"}}`, http.Header{"Retry-After": {"60"}}},
	"too large, by a minute's size": {413, `{"error":{"message":"Rate limit for model m on TPM: Limit 6000, Requested 9000","type":"tokens","code":"rate_limit_exceeded"}}`, http.Header{"Retry-After": {"60"}}},
	"more than a minute":            {429, `{"error":{"message":"Request too large for m on tokens per min (TPM): Limit 30000, Requested 40000.","type":"tokens","code":"rate_limit_exceeded"}}`, http.Header{"Retry-After": {"60"}}},
	"more than the limit":           {429, `{"error":{"message":"Requested 9000 > Limit 6000","code":"rate_limit_exceeded"}}`, http.Header{"Retry-After": {"60"}}},
	"flex tier":                     {429, `{"error":{"message":"Flex processing has no capacity for this request","code":"resource_unavailable"}}`, http.Header{"Retry-After": {"60"}}},
	"an image's host":               {403, `{"error":{"message":"Error while downloading https://x/y.png: 403 Forbidden.","code":"invalid_image_url"}}`, nil},
	"the size of one request":       {429, `{"error":{"message":"Your prompt has 90000 tokens but the limit per request is 30000","code":"rate_limit_exceeded"}}`, http.Header{"Retry-After": {"60"}}},
	"a quoted refusal":              {403, `{"error":{"message":"Tool call to 'access to model m denied' is forbidden","type":"forbidden"}}`, nil},
	"the end user's limit":          {429, `{"error":{"message":"End user alice is over the limit","code":"rate_limit_exceeded"}}`, http.Header{"Retry-After": {"60"}}},
	"the end user's quota":          {429, `{"error":{"message":"alice has reached the monthly usage limit"}}`, nil},
	"uploads":                       {429, `{"error":{"message":"Too many file uploads, try again in 60s","code":"rate_limit_exceeded"}}`, nil},
}

// ejectRig is a proxy without a network: what a request says in its prompt, its upstream answers.
type ejectRig struct {
	t       *testing.T
	handler http.Handler
	health  *health.Memory
	neutral atomic.Int64 // requests of the node's own
	calls   chan dataplane.Call
	dead    atomic.Pointer[refusal] // of everything
	refused string                  // the only credential that dead is for; empty: every one
	texts   map[string]refusal      // what is answered to a prompt
	turn    atomic.Uint32
	now     atomic.Int64

	snapshot *dataplane.Snapshot
}

// second adds a second credential.
func (r *ejectRig) second() {
	p := r.snapshot.Providers["p"]
	p.Credentials = append(p.Credentials, &dataplane.Credential{
		Name: "second", Scope: dataplane.Scope{Kind: dataplane.ScopeCredential, Provider: "p", Name: "second"},
	})
}

const ejectKeys = 4 // of the first two, the owner is the same

func ejectKey(i int) string { return "sk-test-0123456789abcde" + string(rune('0'+i)) }

func newEjectRig(t *testing.T) *ejectRig {
	t.Helper()
	r := &ejectRig{t: t, texts: hostileTexts, calls: make(chan dataplane.Call, 1)}
	r.now.Store(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano())
	minute := durationpb.New(time.Minute)
	policy := &nodev1.Policy{
		FailureThreshold: 5, FailureWindow: minute, MinRatio: 0.2, Cooldown: minute, CooldownMax: minute, MaxAttempts: 5,
		ConnectTimeout: minute, FirstTokenTimeout: minute, ResponseTimeout: minute, StreamIdleTimeout: minute, TotalTimeout: minute, StreamTotalTimeout: minute,
	}
	in := &nodev1.Snapshot{
		KeyPepper: []byte("pepper"),
		Providers: []*nodev1.Provider{{
			Name: "p", BaseUrl: "http://provider.test/v1", Policy: policy,
			Credentials: []*nodev1.Credential{{Name: "c", Secret: "up-secret"}}, Models: []*nodev1.Model{{Id: "m"}},
		}},
		Groups: []*nodev1.Group{{Name: "g", Members: []*nodev1.Member{{Provider: "p", Model: "m", Priority: 1, Weight: 1, Policy: policy}}}},
	}
	for i := range ejectKeys {
		hash := apikey.Hash(in.GetKeyPepper(), ejectKey(i))
		key := &nodev1.ApiKey{Name: string(rune('a' + i)), Hash: hash[:], Groups: []string{"g"}}
		if i < 2 {
			key.Owner = "one"
		}
		in.ApiKeys = append(in.ApiKeys, key)
	}
	snapshot, err := dataplane.Compile(in)
	if err != nil {
		t.Fatal(err)
	}
	r.snapshot = snapshot
	now := func() time.Time { return time.Unix(0, r.now.Load()) }
	r.health = health.NewMemory(health.Config{Logger: slog.New(slog.DiscardHandler), Now: now})
	r.handler = proxy.New(proxy.Config{
		Snapshot: func() *dataplane.Snapshot { return snapshot },
		Upstream: func(*dataplane.Provider) engine.Upstream { return r },
		Health:   r.health, Record: func(c dataplane.Call) { r.calls <- c }, Random: func(int) int { return 0 },
		NewID: func() string { return "id" }, Now: now, Logger: slog.New(slog.DiscardHandler),
		Pause: func(context.Context, time.Duration) {},
	})
	return r
}

// ask makes a call with a key. What its prompt says is what the upstream answers.
func (r *ejectRig) ask(key int, prompt string) dataplane.Call {
	r.t.Helper()
	body := `{"model":"g","messages":[{"role":"user","content":"` + prompt + `"}]}`
	req := httptest.NewRequest(http.MethodPost, "/v1/chat/completions", strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+ejectKey(key))
	req.Header.Set("Content-Type", "application/json")
	r.handler.ServeHTTP(httptest.NewRecorder(), req)
	return <-r.calls
}

// open lists what is not closed.
func (r *ejectRig) open() (out []dataplane.ScopeHealth) {
	for _, line := range r.health.Snapshot() {
		if line.Condition.State != dataplane.Closed {
			out = append(out, line)
		}
	}
	return out
}

func (r *ejectRig) NewRequest(ctx context.Context, _ *dataplane.Provider, c *dataplane.Credential, _, _ string) *http.Request {
	return (&http.Request{Header: http.Header{"X-Credential": {c.Name}}}).WithContext(ctx)
}

func (r *ejectRig) Send(req *http.Request, _ func(reused bool)) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	if bytes.Contains(body, []byte(`"content":"Hi"`)) {
		r.neutral.Add(1)
	}
	answer := refusal{200, `{"choices":[{"message":{"content":"hello"},"finish_reason":"stop"}]}`, nil}
	for name, text := range r.texts {
		if bytes.Contains(body, []byte(`"`+name+`"`)) {
			answer = text
		}
	}
	if dead := r.dead.Load(); dead != nil && (r.refused == "" || r.refused == req.Header.Get("X-Credential")) {
		answer = *dead
	}
	header := http.Header{"Content-Type": {"application/json"}}
	for name, values := range answer.header {
		header[name] = values
	}
	return &http.Response{StatusCode: answer.status, Header: header, ContentLength: int64(len(answer.body)), Body: io.NopCloser(strings.NewReader(answer.body))}, nil
}

func (*ejectRig) Waiter(*http.Response) func() { return nil }
func (*ejectRig) ReleasesBody() bool           { return true }
func (*ejectRig) DropIdle()                    {}
func (*ejectRig) Acquire(int) bool             { return true }
func (*ejectRig) Release()                     {}
func (r *ejectRig) Turn() uint32               { return r.turn.Add(1) }

// One key with a thousand requests that a provider refuses takes nothing away from others, whatever
// the provider says: alone, beside traffic of others, and together with another key of its owner.
func TestNoCallerEjectsAnything(t *testing.T) {
	t.Parallel()
	times := map[string]int{"alone": 1000, "beside traffic": 1000, "with two keys": 200, "a rare other": 200}
	for name := range hostileTexts {
		for how, step := range map[string]func(r *ejectRig, i int){
			"alone":          func(r *ejectRig, _ int) { r.ask(0, name) },
			"with two keys":  func(r *ejectRig, i int) { r.ask(i%2, name) },
			"beside traffic": func(r *ejectRig, i int) { r.ask(0, name); r.well(2 + i%2) },
			"a rare other": func(r *ejectRig, i int) {
				if r.ask(0, name); i%100 == 0 {
					r.well(2)
				}
			},
		} {
			t.Run(name+"/"+how, func(t *testing.T) {
				t.Parallel()
				r := newEjectRig(t)
				for i := range times[how] {
					step(r, i)
				}
				if open := r.open(); len(open) > 0 {
					t.Fatalf("opened %+v", open)
				}
				if n := r.neutral.Load(); n > 2 { // the time stands still: one for each of two scopes
					t.Errorf("%d requests of the node's own, want at most 2", n)
				}
				r.well(2)
			})
		}
	}
}

// Neither does it with what the providers of testdata/refusals.yaml say, but for what is beyond doubt about the key, the
// quota or the model, and for what a server says of its own health.
func TestNoCallerEjectsWithWordsOfProviders(t *testing.T) {
	t.Parallel()
	played := 0
	for _, text := range outcometest.Refusals(t) {
		own := map[string]bool{"auth_failed": true, "quota_exhausted": true, "model_not_found": true}[text.Outcome] && !text.Unconfirmed
		health := map[string]bool{"server_error": true, "overloaded": true, "busy": true, "rate_limited": true}[text.Outcome] && !text.Uncounted
		if own || health {
			continue
		}
		played++
		name := text.From + ", " + text.What
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newEjectRig(t)
			body := text.Body
			if len(text.Model) > 2 { // else it is part of words
				body = strings.ReplaceAll(body, text.Model, "m")
			}
			r.texts = map[string]refusal{name: {text.Status, body, text.Header()}}
			for i := range 150 {
				if r.ask(i%2, name); i%50 == 0 {
					r.well(2)
				}
			}
			if open := r.open(); len(open) > 0 {
				t.Fatalf("opened %+v", open)
			}
			r.well(2)
		})
	}
	if played < 120 {
		t.Errorf("%d texts were played", played)
	}
}

// well is a call of somebody else's that must be answered as ever.
func (r *ejectRig) well(key int) {
	r.t.Helper()
	if call := r.ask(key, "hello"); call.Outcome != dataplane.OK || len(call.Attempts) != 1 || call.Attempts[0].LastResort {
		r.t.Fatalf("another's call: %v, attempts %s", call.Outcome, outcomes(call))
	}
}

// What says beyond doubt that a key, a quota or a model is gone needs to be said once.
func TestWhatIsUnmistakableOpensAtOnce(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answer refusal
		opens  dataplane.ScopeKind
	}{
		"dead key":          {refusal{401, `{"error":{"message":"Incorrect API key provided: sk-x","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}`, nil}, dataplane.ScopeCredential},
		"Anthropic's key":   {refusal{401, `{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}`, nil}, dataplane.ScopeCredential},
		"account closed":    {refusal{403, `{"error":{"message":"closed","code":"account_deactivated"}}`, nil}, dataplane.ScopeCredential},
		"quota":             {refusal{429, `{"error":{"message":"You exceeded your current quota","type":"insufficient_quota","code":"insufficient_quota"}}`, nil}, dataplane.ScopeCredential},
		"payment":           {refusal{402, `{"error":{"message":"Payment required"}}`, nil}, dataplane.ScopeCredential},
		"model":             {refusal{404, `{"error":{"message":"The model m does not exist","code":"model_not_found"}}`, nil}, dataplane.ScopeTarget},
		"model, in words":   {refusal{404, `{"object":"error","message":"The model 'm' does not exist.","code":404}`, nil}, dataplane.ScopeTarget},
		"the account waits": {refusal{429, `{"error":{"message":"Rate limit reached"}}`, http.Header{"Retry-After": {"7"}}}, dataplane.ScopeCredential},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newEjectRig(t)
			r.dead.Store(&tt.answer)
			r.ask(0, "hello")
			if open := r.open(); len(open) != 1 || open[0].Scope.Kind != tt.opens {
				t.Errorf("open: %+v", open)
			}
		})
	}
}

// A key that is refused without a word is dead once two callers say so, or once a request of the
// node's own is refused too.
func TestAnUnclearRefusalIsConfirmed(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]refusal{
		"401": {401, ``, nil}, "403": {403, `{"error":{"message":"Forbidden"}}`, nil},
		"permission": {403, `{"type":"error","error":{"type":"permission_error","message":"Your API key does not have permission to use the specified resource."}}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			two := newEjectRig(t)
			two.dead.Store(&answer)
			two.ask(0, "hello")
			two.ask(1, "hello") // of the same owner
			if open := two.open(); len(open) > 0 {
				t.Fatalf("one owner opened %+v", open)
			}
			two.ask(2, "hello")
			if open := two.open(); len(open) != 1 || two.neutral.Load() != 0 {
				t.Errorf("two callers, %d own requests: open %+v", two.neutral.Load(), open)
			}

			one := newEjectRig(t)
			one.dead.Store(&answer)
			for i := range 5 {
				if open := one.open(); len(open) > 0 {
					t.Fatalf("after %d calls: open %+v", i, open)
				}
				one.ask(0, "hello")
			}
			if open := one.open(); len(open) != 1 || one.neutral.Load() != 1 {
				t.Errorf("one caller, %d own requests: open %+v", one.neutral.Load(), open)
			}
		})
	}
}

// A model that a credential may not use says nothing of the provider's other models, and a credential
// that is refused where another is served says nothing of the model.
func TestAnUnclearRefusalIsHeldAgainstTheLeast(t *testing.T) {
	t.Parallel()
	forbidden := refusal{403, `{"error":{"message":"Forbidden"}}`, nil}
	target := dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: "p", Name: "m"}
	second := dataplane.Scope{Kind: dataplane.ScopeCredential, Provider: "p", Name: "second"}
	for name, tt := range map[string]struct {
		credentials int
		dead        string // the credential that is refused; empty: every one
		want        dataplane.Scope
	}{
		"one credential":                 {1, "", target},
		"two, and both are refused":      {2, "", target},
		"two, and one of them is served": {2, "second", second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newEjectRig(t)
			r.refused = tt.dead
			if tt.credentials > 1 {
				r.second()
			}
			r.dead.Store(&forbidden)
			for range 20 {
				r.ask(0, "hello")
			}
			if open := r.open(); len(open) != 1 || open[0].Scope != tt.want {
				t.Errorf("open: %+v, want %+v", open, tt.want)
			}
		})
	}
}

// However long a caller goes on, the node asks for itself a few times only.
func TestOwnRequestsAreFew(t *testing.T) {
	t.Parallel()
	r := newEjectRig(t)
	for range 3600 {
		r.ask(0, "any 403")
		r.now.Add(int64(time.Second))
	}
	if n := r.neutral.Load(); n < 2 || n > 8 {
		t.Errorf("%d own requests in an hour, want 2 to 8", n)
	}
	if open := r.open(); len(open) > 0 {
		t.Errorf("opened %+v", open)
	}
}
