package oidc_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zitadel/oidc/v3/example/server/storage"
	zitadel "github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"

	"github.com/trunkline-ai/trunkline/controlplane/access/oidc"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

const (
	console  = "http://console.example/login"
	clientID = "trunkline-console"
	secret   = "a-client-secret"
)

// Users that the storage of Zitadel's library brings along.
const (
	user     = "test-user2"
	subject  = "id2"
	email    = "test-user2@zitadel.ch"
	password = "verysecure"
)

// server is the OpenID provider of Zitadel, a certified implementation that is not ours.
type server struct {
	*storage.Storage
	url string

	mu    sync.Mutex
	asked *zitadel.AuthRequest // guarded by mu; the newest
	// inToken says that ID tokens have what the scopes ask for, though an access token is given too.
	inToken bool                          // guarded by mu
	info    func(*zitadel.UserInfo) error // guarded by mu; changes the answer of the UserInfo endpoint
	answer  http.HandlerFunc              // guarded by mu; answers in its place
}

// The library keeps clients in a global that its storage reads.
var registered = sync.OnceFunc(func() {
	storage.RegisterClients(storage.WebClient(clientID, secret, console))
})

func serve(t *testing.T) *server {
	t.Helper()
	registered()
	mux := http.NewServeMux()
	listening := httptest.NewServer(mux)
	t.Cleanup(listening.Close)
	s := &server{Storage: storage.NewStorage(storage.NewUserStore(listening.URL)), url: listening.URL}
	config := &op.Config{CodeMethodS256: true}
	if _, err := rand.Read(config.CryptoKey[:]); err != nil {
		t.Fatal(err)
	}
	provider, err := op.NewProvider(config, s, op.StaticIssuer(s.url), op.WithAllowInsecure(), op.WithLogger(slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	mux.Handle("/", provider)
	mux.HandleFunc("/userinfo", func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		answer := s.answer
		s.mu.Unlock()
		if answer == nil {
			provider.ServeHTTP(w, r)
			return
		}
		answer(w, r)
	})
	back := op.AuthCallbackURL(provider)
	// The form that people see, which the library leaves to its user.
	mux.HandleFunc("/login/username", op.NewIssuerInterceptor(provider.IssuerFromRequest).HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id := r.FormValue("authRequestID")
		if err := s.CheckUsernamePassword(user, password, id); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		http.Redirect(w, r, back(r.Context(), id), http.StatusFound)
	}))
	return s
}

func (s *server) CreateAuthRequest(ctx context.Context, r *zitadel.AuthRequest, user string) (op.AuthRequest, error) {
	s.mu.Lock()
	s.asked = r
	s.mu.Unlock()
	return s.Storage.CreateAuthRequest(ctx, r, user)
}

func (s *server) GetClientByClientID(ctx context.Context, id string) (op.Client, error) {
	c, err := s.Storage.GetClientByClientID(ctx, id)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil && s.inToken {
		return assertive{c}, nil
	}
	return c, err
}

// SetUserinfoFromRequest fills ID tokens.
func (s *server) SetUserinfoFromRequest(ctx context.Context, to *zitadel.UserInfo, r op.IDTokenRequest, scopes []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inToken {
		to.AppendClaims("groups", []string{"devs"})
	}
	return s.Storage.SetUserinfoFromRequest(ctx, to, r, scopes)
}

// SetUserinfoFromToken answers the UserInfo endpoint.
func (s *server) SetUserinfoFromToken(ctx context.Context, to *zitadel.UserInfo, id, subject, origin string) error {
	if err := s.Storage.SetUserinfoFromToken(ctx, to, id, subject, origin); err != nil {
		return err
	}
	to.AppendClaims("groups", []string{"devs"})
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.info != nil {
		return s.info(to)
	}
	return nil
}

// assertive is a client whose ID tokens have every claim.
type assertive struct{ op.Client }

func (assertive) IDTokenUserinfoClaimsAssertion() bool { return true }

// visit is what a browser does: it follows the provider until it is sent back.
func visit(t *testing.T, address string) url.Values {
	t.Helper()
	browser := &http.Client{CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if r.URL.Host == "console.example" {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	res, err := browser.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	at, err := url.Parse(res.Header.Get("Location"))
	if err != nil || at.Host != "console.example" {
		t.Fatalf("the provider answers %s and sends to %q", res.Status, res.Header.Get("Location"))
	}
	return at.Query()
}

func (s *server) provider(t *testing.T, clientSecret, usernameClaim string) *oidc.Provider {
	t.Helper()
	p, err := oidc.New(oidc.Config{
		UsernameClaim: usernameClaim,
		Issuer:        s.url, ClientID: clientID, ClientSecret: func() string { return clientSecret }, RedirectURL: console, Scopes: []string{"openid", "email"},
		RoleClaim: "groups", Roles: map[string]adminv1.Role{"devs": adminv1.Role_ROLE_OPERATOR},
		AllowPrivateNetwork: true, Logger: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// Signing in at a server that somebody else wrote, whose ID tokens have the claims, or leave them to its UserInfo endpoint.
func TestSignInAtACertifiedServer(t *testing.T) {
	t.Parallel()
	s := serve(t)
	p := s.provider(t, secret, "")
	for _, inToken := range []bool{false, true} {
		s.mu.Lock()
		s.inToken = inToken
		s.mu.Unlock()
		address, kept, err := p.Begin(t.Context(), "/groups", true)
		if err != nil {
			t.Fatal(err)
		}
		back := visit(t, address)
		s.mu.Lock()
		asked := s.asked
		s.mu.Unlock()
		if asked.CodeChallenge == "" || asked.CodeChallengeMethod != zitadel.CodeChallengeMethodS256 || asked.State == "" || asked.Nonce == "" ||
			asked.MaxAge == nil || *asked.MaxAge != 0 || asked.Prompt.String() != "login" {
			t.Errorf("the provider was asked for %+v", asked)
		}
		id, next, err := p.Finish(t.Context(), kept, back.Get("state"), back.Get("code"))
		if err != nil {
			t.Fatalf("claims in the ID token: %t: %v", inToken, err)
		}
		if id.Issuer != s.url || id.Subject != subject || id.Name != email || id.Role != adminv1.Role_ROLE_OPERATOR || time.Since(id.ProvedAt) > time.Minute || next != "/groups" {
			t.Errorf("claims in the ID token: %t: signed in as %+v, to %s", inToken, id, next)
		}
		if _, _, err := p.Finish(t.Context(), kept, back.Get("state"), back.Get("code")); errs.CodeOf(err) != errs.Unauthenticated {
			t.Errorf("a code that was used: %v", err)
		}
	}
}

// named has somebody without a verified address named by another claim.
func named(name string) func(*zitadel.UserInfo) error {
	return func(u *zitadel.UserInfo) error {
		u.EmailVerified = false
		u.AppendClaims("upn", name)
		return nil
	}
}

func TestACertifiedServerRefuses(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for name, tt := range map[string]struct {
		secret string
		claim  string // that names users
		other  bool   // the verifier is of another sign-in
		info   func(*zitadel.UserInfo) error
		want   errs.Code
	}{
		"a wrong secret":           {secret: "wrong", want: errs.Unauthenticated},
		"another verifier":         {secret: secret, other: true, want: errs.Unauthenticated},
		"no user info":             {secret: secret, info: func(*zitadel.UserInfo) error { return errors.New("it is broken") }, want: errs.Unauthenticated},
		"somebody else":            {secret: secret, info: func(u *zitadel.UserInfo) error { u.Subject = "id1"; return nil }, want: errs.Unauthenticated},
		"nobody":                   {secret: secret, info: func(u *zitadel.UserInfo) error { u.Subject = ""; return nil }, want: errs.Unauthenticated},
		"an address unproven":      {secret: secret, info: func(u *zitadel.UserInfo) error { u.EmailVerified = false; return nil }, want: errs.PermissionDenied},
		"no address":               {secret: secret, info: func(u *zitadel.UserInfo) error { u.Email = ""; return nil }, want: errs.PermissionDenied},
		"no such claim":            {secret: secret, claim: "upn", want: errs.PermissionDenied},
		"a claim of another kind":  {secret: secret, claim: "groups", want: errs.PermissionDenied},
		"a name nobody sees whole": {secret: secret, claim: "upn", info: named("ann\u200b"), want: errs.PermissionDenied},
		"a name without end":       {secret: secret, claim: "upn", info: named(strings.Repeat("n", 257)), want: errs.PermissionDenied},
		"another claim":            {secret: secret, claim: "upn", info: named("ann"), want: ""},
	} {
		s.mu.Lock()
		s.info = tt.info
		s.mu.Unlock()
		p := s.provider(t, tt.secret, tt.claim)
		address, kept, err := p.Begin(t.Context(), "/", false)
		if err != nil {
			t.Fatal(err)
		}
		back := visit(t, address)
		code := back.Get("code")
		if tt.other {
			var other string
			if other, kept, err = p.Begin(t.Context(), "/", false); err != nil {
				t.Fatal(err)
			}
			back = visit(t, other)
		}
		id, _, err := p.Finish(t.Context(), kept, back.Get("state"), code)
		if tt.want == "" && (err != nil || id.Name != "ann") || tt.want != "" && errs.CodeOf(err) != tt.want {
			t.Errorf("%s: %+v, %v, want %q", name, id, err, tt.want)
		}
	}
}

// A UserInfo endpoint may answer anything, also with what it was sent.
func TestUserInfoThatIsNone(t *testing.T) {
	t.Parallel()
	s := serve(t)
	var logs bytes.Buffer
	p, err := oidc.New(oidc.Config{
		Issuer: s.url, ClientID: clientID, ClientSecret: func() string { return secret }, RedirectURL: console, Scopes: []string{"openid", "email"},
		AllowPrivateNetwork: true, Logger: slog.New(slog.NewTextHandler(&logs, nil)), Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	var sent string
	for name, answer := range map[string]http.HandlerFunc{
		"an echo": func(w http.ResponseWriter, r *http.Request) {
			sent = strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
			http.Error(w, sent, http.StatusForbidden)
		},
		"null": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("null")) },
		"text": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) },
	} {
		s.mu.Lock()
		s.answer = answer
		s.mu.Unlock()
		address, kept, err := p.Begin(t.Context(), "/", false)
		if err != nil {
			t.Fatal(err)
		}
		back := visit(t, address)
		if _, _, err := p.Finish(t.Context(), kept, back.Get("state"), back.Get("code")); errs.CodeOf(err) != errs.Unauthenticated {
			t.Errorf("%s: %v", name, err)
		}
	}
	if logs := logs.String(); len(sent) < 20 || !strings.Contains(logs, "403 Forbidden: [redacted]") || strings.Contains(logs, sent[:20]) {
		t.Errorf("the log of a token of %d bytes: %s", len(sent), logs)
	}
}
