package proxy_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	"github.com/trunkline-ai/trunkline/internal/cloudauth"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// source has a token, or none.
type source struct{ token *dataplane.Token }

func (s *source) Token() *dataplane.Token { return s.token }

// minted makes the first provider's credential one that is minted, with what a spec gives.
func minted(t *testing.T, m *nodev1.MintedCredential, secret string) (*source, func(*nodev1.Snapshot), func(*proxy.Config)) {
	t.Helper()
	s := &source{}
	return s, func(snap *nodev1.Snapshot) {
			snap.Providers[0].Credentials[0] = &nodev1.Credential{Name: "main", Secret: secret, Minted: m}
		}, func(cfg *proxy.Config) {
			cfg.Snapshot().Providers["p1"].Credentials[0].Minted.Source = s
		}
}

// bearer is a token as an OAuth server gives it.
func bearer(t *testing.T, text string) *dataplane.Token {
	t.Helper()
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, `{"access_token":%q}`, text) }))
	defer up.Close()
	grant, err := cloudauth.New(cloudauth.Config{AllowPrivateNetwork: true}).Mint(context.Background(), cloudauth.Spec{Kind: cloudauth.OAuth, TokenURL: up.URL, ClientID: "i", Secret: "s"}, cloudauth.Way{})
	if err != nil {
		t.Fatal(err)
	}
	return dataplane.NewToken(grant)
}

// The token is sent in place of the secret, its newest one each time, and no answer shows it.
func TestATokenIsSentForACredentialThatIsMinted(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	said := ""
	parrot := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		said = r.Header.Get("Authorization") + r.Header.Get("X-Api-Key") + r.Header.Get("Anthropic-Version")
		mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		if strings.Contains(string(body), "refuse") {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprintf(w, `{"error":{"message":"%s is not good","type":"invalid_request_error","param":null,"code":null}}`, r.Header.Get("Authorization"))
			return
		}
		fmt.Fprintf(w, `{"content":[{"type":"text","text":%q}],"choices":[{"index":0,"message":{"role":"assistant","content":%q},"finish_reason":"stop"}]}`,
			r.Header.Get("Authorization"), r.Header.Get("Authorization"))
	}))
	t.Cleanup(parrot.Close)
	tokens, snapshot, config := minted(t, &nodev1.MintedCredential{Kind: "oauth", TokenUrl: "https://l.example", ClientId: "i"}, "client-secret-canary")
	r := newRig(t, setup{models: []string{"m"}, config: config, snapshot: func(s *nodev1.Snapshot) {
		snapshot(s)
		s.Providers[0].BaseUrl, s.Providers[0].Dialect = parrot.URL+"/v1", "anthropic"
		s.Providers[0].Endpoints = []*nodev1.Endpoint{{Api: "chat"}, {Api: "messages"}}
	}})
	for _, token := range []string{"ya29.first-token-canary", "ya29.second-token-canary"} {
		tokens.token = bearer(t, token)
		for path, want := range map[string]string{"/chat/completions": "Bearer " + token, "/messages": "Bearer " + token + "2023-06-01"} {
			got := r.postTo(path, `{"model":"g","max_tokens":5,"messages":[{"role":"user","content":"hi"}]}`)
			if got.status != 200 || strings.Contains(got.body, "canary") || !strings.Contains(got.body, "Bearer "+strings.Repeat("*", len(token))) || said != want {
				t.Errorf("%s: %d %s, sent %q", path, got.status, got.body, said)
			}
		}
		if got := r.post(`{"model":"g","messages":[{"role":"user","content":"refuse"}]}`); got.status != 400 || strings.Contains(got.body, "canary") {
			t.Errorf("an error: %d %s", got.status, got.body)
		}
	}
	for range 6 {
		if c := r.call(); strings.Contains(fmt.Sprintf("%+v", c), "canary") {
			t.Errorf("a record shows a secret: %+v", c)
		}
	}
}

// A signature is over what is sent, byte for byte: the model that was put in, and the usage that was asked for.
func TestRequestsAreSignedAsTheyAreSent(t *testing.T) {
	t.Parallel()
	spec := cloudauth.Spec{Kind: cloudauth.AWS, Region: "us-east-1", AccessKeyID: "AKIAEXAMPLE000000000", Secret: "aws-secret"}
	grant, err := cloudauth.New(cloudauth.Config{}).Mint(t.Context(), spec, cloudauth.Way{})
	if err != nil {
		t.Fatal(err)
	}
	var faults []string
	var mu sync.Mutex
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		if fault := badSignature(r, body, &grant); fault != "" {
			faults = append(faults, r.URL.Path+": "+fault)
			w.WriteHeader(http.StatusForbidden)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"text":"hi","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}`)
	}))
	t.Cleanup(up.Close)
	tokens, snapshot, config := minted(t, &nodev1.MintedCredential{Kind: "aws_sigv4", Region: "us-east-1", AccessKeyId: "AKIAEXAMPLE000000000"}, "aws-secret")
	tokens.token = dataplane.NewToken(grant)
	r := newRig(t, setup{models: []string{"anthropic.claude-v2:0"}, config: config, snapshot: func(s *nodev1.Snapshot) {
		snapshot(s)
		s.Providers[0].BaseUrl = up.URL + "/openai/v1?b=2&a=x%20y"
		s.Providers[0].Endpoints = []*nodev1.Endpoint{{Api: "chat", Path: "/model/{model}/chat"}, {Api: "audio"}}
		s.Providers[0].Headers = []*nodev1.Header{{Name: "X-Team", Value: "a  b"}}
		s.Providers[0].ForwardHeaders = []string{"X-Title"}
	}})
	for _, body := range []string{
		`{"model":"g","messages":[{"role":"user","content":"hi"}]}`, `{"model":"g","stream":true,"messages":[{"role":"user","content":"hi"}]}`,
		`{"model":"g","messages":[{"role":"user","content":"` + strings.Repeat("x", 3<<20) + `"}]}`,
	} {
		if got := r.post(body, "X-Title", " the  app "); got.status != 200 {
			t.Errorf("%d %.200s, %q", got.status, got.body, faults)
		}
	}
	form := "--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\ng\r\n--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\n\r\n" + strings.Repeat("y", 1<<20) + "\r\n--b--\r\n"
	if got := r.postTo("/audio/transcriptions", form, "Content-Type", "multipart/form-data; boundary=b"); got.status != 200 {
		t.Errorf("a form: %d %s, %q", got.status, got.body, faults)
	}
}

// badSignature says why a received request's signature is not that of what it says; empty: it is.
func badSignature(r *http.Request, body []byte, grant *cloudauth.Grant) string {
	at, err := time.Parse("20060102T150405Z", r.Header.Get("X-Amz-Date"))
	if err != nil || time.Since(at).Abs() > time.Minute {
		return "dated " + r.Header.Get("X-Amz-Date")
	}
	again := r.Clone(context.Background())
	again.URL.Scheme, again.URL.Host = "http", r.Host
	again.ContentLength = int64(len(body))
	got := r.Header.Get("Authorization")
	_, signed, _ := strings.Cut(got, "SignedHeaders=")
	signed, _, _ = strings.Cut(signed, ",")
	for name := range again.Header {
		if !strings.Contains(";"+signed+";", ";"+strings.ToLower(name)+";") {
			again.Header.Del(name)
		}
	}
	hash := sha256.Sum256(body)
	if err := grant.Authorize(context.Background(), again, hex.EncodeToString(hash[:]), at); err != nil {
		return err.Error()
	}
	if want := again.Header.Get("Authorization"); got != want {
		return "signed as " + got + ", want " + want
	}
	return ""
}

// Without a valid token nothing is sent: the call goes on with the next candidate, or says why it ended.
func TestWithoutATokenNothingIsSent(t *testing.T) {
	t.Parallel()
	tokens, snapshot, config := minted(t, &nodev1.MintedCredential{Kind: "oauth", TokenUrl: "https://l.example", ClientId: "i"}, "s")
	r := newRig(t, setup{models: []string{"ok", "ok"}, config: config, snapshot: snapshot, retries: true})
	if got := r.chat(false); got.status != 200 {
		t.Errorf("%d %s", got.status, got.body)
	}
	call := r.call()
	if got := outcomes(call); got != "p1:token_unavailable p2:ok" || call.Attempts[0].Credential != "main" || call.Attempts[0].Blame != "credential" || call.Attempts[0].MaybeBilled || call.Attempts[0].Status != 0 {
		t.Errorf("tried %s: %+v", got, call.Attempts[0])
	}
	if lines := r.health.Snapshot(); len(lines) != 0 {
		t.Errorf("held against %+v; each node knows for itself what it has", lines)
	}
	alone := newRig(t, setup{models: []string{"ok"}, config: config, snapshot: snapshot, retries: true})
	if got := alone.chat(true); got.status != 502 || got.errorCode(t) != "provider_auth" {
		t.Errorf("alone: %d %s", got.status, got.body)
	}
	if got := outcomes(alone.call()); got != "p1:token_unavailable" {
		t.Errorf("alone: tried %s; asking again is in vain", got)
	}
	tokens.token = bearer(t, "token")
	if got := alone.chat(true); got.status != 200 {
		t.Errorf("with a token: %d %s", got.status, got.body)
	}
}
