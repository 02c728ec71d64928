package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/internal/fakeprovider"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

const clientSecret = "canary-client-secret-Xk29"

// mintedConfig has a provider whose tokens come from an OAuth server, one as the machine's identity, which
// nobody allows here, and one to go on with.
const mintedConfig = `
kind: Provider
name: cloud
base_url: ${UPSTREAM}/v1
allow_private_network: true
credentials: [{name: main, secret: "${CLIENT_SECRET}", oauth: {token_url: "${TOKENS}/token", client_id: trunkline}}]
models: [{id: ok}]
---
kind: Provider
name: instance
base_url: ${UPSTREAM}/v1
allow_private_network: true
credentials: [{name: role, google: {source: metadata}}]
models: [{id: ok}]
---
kind: Provider
name: spare
base_url: ${SPARE}
allow_private_network: true
credentials: [{name: main, secret: up-secret}]
models: [{id: ok}]
---
kind: Group
name: g
members: [{provider: cloud, model: ok, priority: 1}, {provider: spare, model: ok, priority: 2}]
---
kind: Group
name: identity
members: [{provider: instance, model: ok, priority: 1}]
---
kind: ApiKey
name: app
secret: ` + appKey + `
groups: [g, identity]
`

// tokenServer gives tokens that live for a few seconds; it can be killed and started again.
type tokenServer struct {
	mu     sync.Mutex
	n      int
	issued map[string]time.Time // when each ends
	at     string
	served *httptest.Server
}

const tokenLife = 6 * time.Second

func (s *tokenServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	if id != "trunkline" || secret != clientSecret || r.FormValue("grant_type") != "client_credentials" {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"error":"invalid_client"}`)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
	token := fmt.Sprintf("canary-token-%d-0123456789", s.n)
	s.issued[token] = time.Now().Add(tokenLife)
	fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":%d}`, token, int(tokenLife.Seconds()))
}

// lastEnd is when the last token ends.
func (s *tokenServer) lastEnd() (end time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, at := range s.issued {
		if at.After(end) {
			end = at
		}
	}
	return end
}

func (s *tokenServer) start(t *testing.T) {
	t.Helper()
	l, err := net.Listen("tcp", s.at)
	if err != nil {
		t.Fatal(err)
	}
	s.at, s.served = l.Addr().String(), &httptest.Server{Listener: l, Config: &http.Server{Handler: s}}
	s.served.Start()
}

func (s *tokenServer) kill() {
	s.served.CloseClientConnections()
	s.served.Close()
}

// Traffic goes on while the token server is away until the token ends, then with the next provider, and
// comes back; what is wrong is shown everywhere, and no secret anywhere.
func TestCredentialsThatAreMinted(t *testing.T) {
	t.Parallel()
	tokens := &tokenServer{issued: map[string]time.Time{}, at: anyPort}
	tokens.start(t)
	t.Cleanup(func() { tokens.kill() })
	s := &stack{t: t, fake: fakeprovider.New(fakeprovider.Config{MaxServed: -1})}
	spare := httptest.NewServer(s.fake)
	t.Cleanup(spare.Close)
	var mu sync.Mutex
	var bad []string
	cloud := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tokens.mu.Lock()
		end := tokens.issued[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
		tokens.mu.Unlock()
		if time.Now().After(end) {
			mu.Lock()
			bad = append(bad, r.URL.Path+" with a token that ended at "+end.String())
			mu.Unlock()
		}
		s.fake.ServeHTTP(w, r)
	}))
	t.Cleanup(cloud.Close)
	s.config = filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(s.config, []byte(mintedConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	s.all = programs.Start(t, "trunkline", []string{
		"TRUNKLINE_DRAIN_DELAY=0s", "ADMIN_PASSWORD=" + adminPassword, "UPSTREAM=" + cloud.URL, "TOKENS=http://" + tokens.at, "SPARE=" + spare.URL, "CLIENT_SECRET=" + clientSecret,
	}, "--listen", anyPort, "--ops-listen", anyPort, "--apply", s.config)
	s.api, s.admin = s.all.Address("console"), s.all.Address("console")
	s.awaitNodes(1)
	providers := adminv1connect.NewProviderServiceClient(s.rpc())

	if by := servedBy(t, s, "g"); by != "cloud" {
		t.Fatalf("the first call was served by %q: the token was not there before the configuration", by)
	}
	test := func(name string) (all []string) {
		stream, err := providers.TestProvider(t.Context(), &adminv1.TestProviderRequest{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		for {
			step, err := stream.Receive()
			if errors.Is(err, io.EOF) {
				return all
			}
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, strings.TrimPrefix(step.GetStep().String(), "TEST_STEP_")+" "+strings.TrimPrefix(step.GetResult().String(), "TEST_RESULT_")+" "+step.GetDetail())
		}
	}
	if got := strings.Join(test("cloud"), "; "); !strings.Contains(got, "TOKEN OK a token, valid until ") || !strings.Contains(got, "MODELS OK lists ") {
		t.Errorf("the test of cloud: %s", got)
	}
	if got := strings.Join(test("instance"), "; "); !strings.Contains(got, "TOKEN FAILED failed to acquire a token for the credential: this process may not use the identity of its machine") || !strings.Contains(got, "MODELS SKIPPED no token was acquired") {
		t.Errorf("the test of instance: %s", got)
	}
	imported, err := providers.PreviewImport(t.Context(), &adminv1.PreviewImportRequest{Name: "cloud"})
	if err != nil || len(imported.GetPlans()) != 1 || imported.GetPlans()[0].GetError() != "" {
		t.Errorf("an import: %v, %v", imported, err)
	}

	// Renewed while calls go on: for longer than one token lives.
	for began := time.Now(); time.Since(began) < tokenLife+2*time.Second; {
		if by := servedBy(t, s, "g"); by != "cloud" {
			t.Fatalf("served by %q although the token server is there", by)
		}
	}
	tokens.kill()
	s.eventually("calls go to the next provider", func(context.Context) bool { return servedBy(t, s, "g") == "spare" })
	if early := time.Until(tokens.lastEnd()); early > 2*time.Second {
		t.Errorf("the last token was given up %s before its end", early)
	}
	health := func(provider string) *adminv1.TargetHealth {
		res, err := providers.ListProviderHealth(t.Context(), &adminv1.ListProviderHealthRequest{Names: []string{provider}})
		if err != nil || len(res.GetProviders()) != 1 {
			t.Fatalf("health: %v, %v", res, err)
		}
		if targets := res.GetProviders()[0].GetTargets(); len(targets) == 1 {
			return targets[0]
		}
		return nil
	}
	s.eventually("the outage is shown with its reason", func(context.Context) bool {
		h := health("cloud")
		return h.GetCredential() == "main" && h.GetState() == adminv1.TargetState_TARGET_STATE_COOLING && h.GetReason() == "token_unavailable" &&
			h.GetDetail() == "the token endpoint refuses the connection"
	})
	if h := health("instance"); !strings.Contains(h.GetDetail(), "--allow-instance-identity") {
		t.Errorf("instance stands %v", h)
	}
	metrics := read(t, s.all.Address("ops")+"/metrics")
	for _, line := range []string{`trunkline_credentials_without_token 2`, `trunkline_tokens_minted_total{kind="oauth",result="error"}`} {
		if !strings.Contains(metrics, line) {
			t.Errorf("metrics lack %s", line)
		}
	}

	tokens.start(t)
	if _, err := providers.ResetCooldown(t.Context(), &adminv1.ResetCooldownRequest{Provider: "cloud", Credential: "main"}); err != nil {
		t.Fatal(err)
	}
	s.eventually("calls come back", func(context.Context) bool { return servedBy(t, s, "g") == "cloud" })
	s.eventually("the outage is over", func(context.Context) bool { return health("cloud") == nil })
	mu.Lock()
	defer mu.Unlock()
	if len(bad) > 0 {
		t.Errorf("sent %q", bad)
	}
	for what, text := range map[string]string{"the log": s.all.Log(), "metrics": metrics, "the provider": fmt.Sprint(providers.ListProviders(t.Context(), &adminv1.ListProvidersRequest{}))} {
		if strings.Contains(text, "canary") {
			t.Errorf("%s shows a secret", what)
		}
	}
	if log := s.all.Log(); !strings.Contains(log, "failed to acquire a token for a credential") || !strings.Contains(log, "token acquired after failures") {
		t.Error("the log does not tell of the outage")
	}
}

// servedBy makes a call and says which provider served it; empty: none.
func servedBy(t *testing.T, s *stack, model string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.api+"/v1/chat/completions", strings.NewReader(`{"model":"`+model+`","messages":[{"role":"user","content":"hi"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+appKey)
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK {
		return ""
	}
	return res.Header.Get("X-Trunkline-Provider")
}

func read(t *testing.T, url string) string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
