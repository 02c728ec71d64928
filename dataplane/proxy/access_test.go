package proxy_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func (r *rig) request(method, path, body string, header ...string) answer {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	return r.do(req)
}

func TestAKeyWorksOnlyFromItsAddresses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		allowed []string
		trust   bool
		forward []string
		let     bool
	}{
		"its own address":                   {[]string{"127.0.0.0/8", "::1/128"}, false, nil, true},
		"another one":                       {[]string{"10.0.0.0/8"}, false, nil, false},
		"a header is not believed":          {[]string{"10.0.0.0/8"}, false, []string{"10.0.0.1"}, false},
		"unless it is said to be":           {[]string{"10.0.0.0/8"}, true, []string{"10.0.0.1"}, true},
		"only the last hop counts":          {[]string{"10.0.0.0/8"}, true, []string{"10.0.0.1, 192.0.2.1"}, false},
		"which may be in a line of its own": {[]string{"10.0.0.0/8"}, true, []string{"192.0.2.1", "10.0.0.1"}, true},
		"and have a port":                   {[]string{"2001:db8::/32"}, true, []string{"[2001:db8::7]:443"}, true},
		"nonsense is no address":            {[]string{"0.0.0.0/0", "::/0"}, true, []string{"unknown"}, false},
		"no proxy before us":                {[]string{"127.0.0.1/32", "::1/128"}, true, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, setup{
				models:   []string{"ok"},
				snapshot: func(s *nodev1.Snapshot) { s.ApiKeys[0].AllowedIps = tc.allowed },
				config:   func(c *proxy.Config) { c.TrustForwarded = tc.trust },
			})
			header := []string{"Authorization", "Bearer " + clientKey, "Content-Type", "application/json"}
			for _, f := range tc.forward {
				header = append(header, "X-Forwarded-For", f)
			}
			for _, got := range []answer{
				r.request(http.MethodPost, "/v1/chat/completions", `{"model":"g","messages":[]}`, header...),
				r.request(http.MethodGet, "/v1/models", "", header...),
				r.request(http.MethodGet, "/v1/models/g", "", header...),
			} {
				if tc.let && got.status != 200 {
					t.Errorf("status %d: %s", got.status, got.body)
				}
				if !tc.let && (got.status != 403 || got.errorCode(t) != "ip_not_allowed") {
					t.Errorf("status %d: %s, want 403 ip_not_allowed", got.status, got.body)
				}
			}
			if c := r.call(); !tc.let && (c.Outcome != dataplane.KeyAddress || c.Status != 403 || c.APIKey != "app") {
				t.Errorf("recorded %v, status %d", c.Outcome, c.Status)
			}
		})
	}
}

func TestCORSIsOffByDefault(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}})
	got := r.post(`{"model":"g","messages":[]}`, "Origin", "https://app.example")
	preflight := r.request(http.MethodOptions, "/v1/chat/completions", "", "Origin", "https://app.example", "Access-Control-Request-Method", "POST")
	if preflight.status != 405 || preflight.errorCode(t) != "method_not_allowed" {
		t.Errorf("preflight: %d %s", preflight.status, preflight.body)
	}
	for _, h := range []http.Header{got.header, preflight.header} {
		for name := range h {
			if strings.HasPrefix(name, "Access-Control-") {
				t.Errorf("%s: %s", name, h.Get(name))
			}
		}
	}
}

func TestCORSLetsPagesOfAllowedOriginsIn(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}, snapshot: func(s *nodev1.Snapshot) { s.CorsOrigins = []string{"https://app.example", "http://localhost:5173"} }})
	preflight := r.request(http.MethodOptions, "/v1/chat/completions", "", "Origin", "https://app.example",
		"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,content-type,x-stainless-lang")
	if preflight.status != 204 || preflight.body != "" {
		t.Errorf("preflight: %d %s", preflight.status, preflight.body)
	}
	wantHeaders(t, preflight.header, map[string]string{
		"Access-Control-Allow-Origin": "https://app.example", "Access-Control-Allow-Methods": "GET, HEAD, POST, DELETE",
		"Access-Control-Allow-Headers": "authorization,content-type,x-stainless-lang", "Access-Control-Allow-Credentials": "",
	})
	if vary := preflight.header.Values("Vary"); !slices.Contains(vary, "Origin") {
		t.Errorf("Vary %v", vary)
	}
	for name, got := range map[string]answer{
		"answer": r.post(`{"model":"g","messages":[]}`, "Origin", "https://app.example"),
		"stream": r.post(`{"model":"g","stream":true,"messages":[]}`, "Origin", "https://app.example"),
		"error":  r.post(`{"model":"none"}`, "Origin", "https://app.example"),
		"no key": r.request(http.MethodGet, "/v1/models", "", "Origin", "https://app.example"),
		"404":    r.request(http.MethodGet, "/v1/nothing", "", "Origin", "https://app.example"),
	} {
		if got.header.Get("Access-Control-Allow-Origin") != "https://app.example" || got.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: %v", name, got.header)
		}
		if e := got.header.Get("Access-Control-Expose-Headers"); !strings.Contains(e, "X-Request-Id") || !strings.Contains(e, "X-Ratelimit-Reset-Tokens") {
			t.Errorf("%s exposes %q", name, e)
		}
	}
	other := r.post(`{"model":"g","messages":[]}`, "Origin", "https://evil.example")
	if other.status != 200 || other.header.Get("Access-Control-Allow-Origin") != "" || other.header.Get("Vary") != "Origin" {
		t.Errorf("another origin: %d %v", other.status, other.header)
	}
	if got := r.request(http.MethodOptions, "/v1/models", "", "Origin", "https://evil.example", "Access-Control-Request-Method", "GET"); got.status != 405 {
		t.Errorf("another origin's preflight: %d", got.status)
	}
	if got := r.post(`{"model":"g","messages":[]}`); got.header.Get("Access-Control-Allow-Origin") != "" {
		t.Error("a request that is not from a page gets CORS headers")
	}
}

func TestCORSForEveryone(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}, snapshot: func(s *nodev1.Snapshot) { s.CorsOrigins = []string{"*"} }})
	got := r.post(`{"model":"g","messages":[]}`, "Origin", "https://anything.example")
	wantHeaders(t, got.header, map[string]string{"Access-Control-Allow-Origin": "*", "Vary": "", "Access-Control-Allow-Credentials": ""})
}

func TestRequestOptionsNeedPermission(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok"}})
	for _, header := range []string{"x-trunkline-failover", "x-trunkline-provider", "x-trunkline-deadline-ms"} {
		got := r.post(`{"model":"g","messages":[]}`, header, "off")
		if got.status != 403 || got.errorCode(t) != "request_option_not_allowed" || !strings.Contains(got.body, header) {
			t.Errorf("%s: %d %s", header, got.status, got.body)
		}
		if c := r.call(); c.Status != 403 || len(c.Attempts) != 0 {
			t.Errorf("%s: recorded %+v", header, c)
		}
	}
}

func optionsRig(t *testing.T, models ...string) *rig {
	t.Helper()
	return newRig(t, setup{models: models, retries: true, snapshot: func(s *nodev1.Snapshot) {
		s.ApiKeys[0].RequestOptions = true
		renamed := "größer"
		last := s.Providers[len(s.Providers)-1]
		if len(models) == 3 {
			last.Name = renamed
			s.Groups[0].Members[2].Provider = renamed
		}
	}})
}

func TestRequestOptions(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		models  []string
		header  []string
		status  int
		code    string
		attempt string
	}{
		"no failover":                {[]string{"status-500", "ok"}, []string{"X-Trunkline-Failover", "off"}, 503, "upstream_error", "p1:server_error"},
		"failover is the default":    {[]string{"status-529", "ok"}, []string{"X-Trunkline-Failover", "on"}, 200, "", "p1:overloaded p2:ok"},
		"a provider":                 {[]string{"ok", "ok", "ok"}, []string{"X-Trunkline-Provider", "p2"}, 200, "", "p2:ok"},
		"a provider beyond ASCII":    {[]string{"ok", "ok", "ok"}, []string{"X-Trunkline-Provider", "gr%C3%B6%C3%9Fer"}, 200, "", "größer:ok"},
		"no failover from it":        {[]string{"ok", "status-500", "ok"}, []string{"X-Trunkline-Provider", "p2"}, 503, "upstream_error", "p2:server_error p2:server_error"},
		"a provider of another name": {[]string{"ok"}, []string{"X-Trunkline-Provider", "p9"}, 404, "provider_not_found", ""},
		"a deadline":                 {[]string{"stall-before", "ok"}, []string{"X-Trunkline-Deadline-Ms", "150"}, 504, "caller_deadline", "p1:caller_deadline"},
		"a deadline that is met":     {[]string{"ok"}, []string{"X-Trunkline-Deadline-Ms", "20000"}, 200, "", "p1:ok"},
		"all of them":                {[]string{"ok", "stall-before"}, []string{"X-Trunkline-Provider", "p2", "X-Trunkline-Failover", "off", "X-Trunkline-Deadline-Ms", "150"}, 504, "caller_deadline", "p2:caller_deadline"},
		"not on or off":              {[]string{"ok"}, []string{"X-Trunkline-Failover", "no"}, 400, "invalid_request", ""},
		"an empty provider":          {[]string{"ok"}, []string{"X-Trunkline-Provider", " "}, 400, "invalid_request", ""},
		"no deadline at all":         {[]string{"ok"}, []string{"X-Trunkline-Deadline-Ms", "0"}, 400, "invalid_request", ""},
		"a deadline with a unit":     {[]string{"ok"}, []string{"X-Trunkline-Deadline-Ms", "150ms"}, 400, "invalid_request", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := optionsRig(t, tc.models...)
			got := r.post(`{"model":"g","messages":[]}`, tc.header...)
			call := r.call()
			if got.status != tc.status || outcomes(call) != tc.attempt {
				t.Fatalf("status %d, attempts %s: %s", got.status, outcomes(call), got.body)
			}
			if tc.code != "" && got.errorCode(t) != tc.code {
				t.Errorf("code in %s, want %s", got.body, tc.code)
			}
		})
	}
}

func TestAnOptionSentTwiceIsRefused(t *testing.T) {
	t.Parallel()
	r := optionsRig(t, "ok")
	got := r.request(http.MethodPost, "/v1/chat/completions", `{"model":"g"}`, "Authorization", "Bearer "+clientKey,
		"X-Trunkline-Provider", "p1", "X-Trunkline-Provider", "p2")
	if got.status != 400 || !strings.Contains(got.body, "x-trunkline-provider must be sent once") {
		t.Errorf("status %d: %s", got.status, got.body)
	}
}

func TestADeadlineAlsoEndsAStream(t *testing.T) {
	t.Parallel()
	r := optionsRig(t, "stall-events-3")
	got := r.post(`{"model":"g","stream":true,"messages":[]}`, "X-Trunkline-Deadline-Ms", "400")
	if got.cut || errorCode(t, []byte(got.lastEvent())) != "caller_deadline" {
		t.Errorf("cut %v, last event %s", got.cut, got.lastEvent())
	}
	if c := r.call(); c.Outcome != dataplane.CallerDeadline {
		t.Errorf("recorded %s", c.Outcome)
	}
}

func TestDebugTellsWhatWasTried(t *testing.T) {
	t.Parallel()
	debug := func(models ...string) *rig {
		return newRig(t, setup{models: models, snapshot: func(s *nodev1.Snapshot) { s.ApiKeys[0].Debug = true }})
	}
	t.Run("ours", func(t *testing.T) {
		t.Parallel()
		got := debug("status-500", "status-429").chat(false)
		if got.errorCode(t) != "all_providers_failed" {
			t.Fatalf("%s", got.body)
		}
		e := gjson.Get(got.body, "error.trunkline")
		if e.Get("request_id").Str != got.header.Get("X-Request-Id") || e.Get("attempts.#").Int() != 2 {
			t.Fatalf("%s", e)
		}
		first, second := e.Get("attempts.0"), e.Get("attempts.1")
		if first.Get("provider").Str != "p1" || first.Get("model").Str != "status-500" || first.Get("outcome").Str != "server_error" || first.Get("status").Int() != 500 || !first.Get("ms").Exists() {
			t.Errorf("%s", first)
		}
		if second.Get("provider").Str != "p2" || second.Get("status").Int() != 429 {
			t.Errorf("%s", second)
		}
	})
	t.Run("the provider's own", func(t *testing.T) {
		t.Parallel()
		plain := newRig(t, setup{models: []string{"status-400"}}).chat(false)
		got := debug("status-400").chat(false)
		e := gjson.Get(got.body, "error.trunkline")
		if e.Get("attempts.0.outcome").Str != "bad_request" || !gjson.Valid(got.body) {
			t.Fatalf("%s", got.body)
		}
		if rest := strings.Replace(got.body, `,"trunkline":`+e.Raw, "", 1); rest != plain.body {
			t.Errorf("the rest of the body is %s, want %s", rest, plain.body)
		}
		if strings.Contains(plain.body, "trunkline") {
			t.Errorf("a key without debug is told %s", plain.body)
		}
	})
	t.Run("inside a stream", func(t *testing.T) {
		t.Parallel()
		got := debug("status-500", "cut-events-4").chat(true)
		e := gjson.Get(got.lastEvent(), "error.trunkline.attempts")
		if e.Get("0.outcome").Str != "server_error" || e.Get("1.outcome").Str != "stream_cut" {
			t.Errorf("%s", got.lastEvent())
		}
	})
	t.Run("before any attempt", func(t *testing.T) {
		t.Parallel()
		got := debug("ok").post(`{"model":"none"}`)
		if e := gjson.Get(got.body, "error.trunkline"); e.Get("request_id").Str == "" || e.Get("attempts").Raw != "[]" {
			t.Errorf("%s", got.body)
		}
	})
	t.Run("Anthropic's schema", func(t *testing.T) {
		t.Parallel()
		got := debug("status-500").request(http.MethodPost, "/v1/messages", `{"model":"g","max_tokens":5,"messages":[]}`, "X-Api-Key", clientKey)
		if gjson.Get(got.body, "type").Str != "error" || gjson.Get(got.body, "error.trunkline.attempts.0.provider").Str != "p1" {
			t.Errorf("%s", got.body)
		}
	})
}
