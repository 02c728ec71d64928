package proxy_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// natively translates nothing.
func natively(p *nodev1.Policy) { p.Translation = "off" }

// A call goes to who has its API.
func TestCallsGoToWhoHasTheirAPI(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok", "ok", "ok"}, policy: natively, snapshot: func(s *nodev1.Snapshot) {
		s.Providers[0].Endpoints = []*nodev1.Endpoint{{Api: "responses"}, {Api: "embeddings"}}
		s.Providers[1].Dialect = "anthropic"
	}})
	for path, tt := range map[string]struct{ body, want string }{
		"/chat/completions": {`{"model":"g","messages":[{"role":"user","content":"hi"}]}`, "p3:ok"},
		"/messages":         {`{"model":"g","max_tokens":8,"messages":[{"role":"user","content":"hi"}]}`, "p2:ok"},
		"/responses":        {`{"model":"g","input":"hi"}`, "p1:ok"},
		"/embeddings":       {`{"model":"g","input":"hi"}`, "p1:ok"},
	} {
		if got := r.postTo(path, tt.body); got.status != 200 {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
		if call := r.call(); outcomes(call) != tt.want {
			t.Errorf("%s was tried at %s, want %s", path, outcomes(call), tt.want)
		}
	}
}

// A request goes to the place that its endpoint names, with the credential as that takes it, and the
// secret query of its provider. A model's id in a path leads nowhere else.
func TestAnEndpointOfAProvidersOwn(t *testing.T) {
	t.Parallel()
	var got *http.Request
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = r
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}`)
	}))
	t.Cleanup(up.Close)
	for model, want := range map[string]string{
		"gpt-4o":        "/openai/deployments/gpt-4o/chat/completions?v=1&sig=query-secret&w=2",
		"../admin?x#y/": "/openai/deployments/..%2Fadmin%3Fx%23y%2F/chat/completions?v=1&sig=query-secret&w=2",
	} {
		r := newRig(t, setup{models: []string{model}, snapshot: func(s *nodev1.Snapshot) {
			s.Providers[0].SecretQuery = []*nodev1.Header{{Name: "sig", Value: "query-secret", Secret: true}}
			s.Providers[0].Endpoints = []*nodev1.Endpoint{{
				Api: "chat", BaseUrl: up.URL + "/openai?v=1", Path: "/deployments/{model}/chat/completions", Query: "w=2", Auth: "api-key",
			}}
		}})
		for range 2 {
			if a := r.chat(false); a.status != 200 {
				t.Fatalf("%d %s", a.status, a.body)
			}
			if call := r.call(); outcomes(call) != "p1:ok" {
				t.Errorf("attempts %s", outcomes(call))
			}
			if got.RequestURI != want || got.Header.Get("Api-Key") != "up-secret-p1" || got.Header.Get("Authorization") != "" {
				t.Errorf("%s with %v, want %s", got.RequestURI, got.Header, want)
			}
		}
	}
}

// Where nobody has the API, the client is told so in its own words, and nobody is asked or blamed.
func TestNobodyHasTheAPI(t *testing.T) {
	t.Parallel()
	r := newRig(t, setup{models: []string{"ok", "ok"}, policy: natively, snapshot: func(s *nodev1.Snapshot) {
		for _, p := range s.Providers {
			p.Endpoints = []*nodev1.Endpoint{{Api: "chat"}}
		}
	}})
	got := r.postTo("/messages", `{"model":"g","stream":true,"max_tokens":8,"messages":[{"role":"user","content":"hi"}]}`)
	call := r.call()
	const why = "No provider of the group 'g' has the API that /v1/messages belongs to (messages)."
	if got.status != 404 || !strings.Contains(got.body, why) || !strings.HasPrefix(got.body, `{"type":"error"`) || got.header.Get("X-Should-Retry") != "false" {
		t.Errorf("%d %s", got.status, got.body)
	}
	if len(call.Attempts) != 0 || call.Outcome.String() != "unsupported" || len(r.fake.Served()) != 0 {
		t.Errorf("%v after %d attempts", call.Outcome, len(call.Attempts))
	}
}
