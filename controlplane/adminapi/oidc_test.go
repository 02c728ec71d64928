package adminapi_test

import (
	"cmp"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/trunkline-ai/trunkline/controlplane/access/oidc"
	"github.com/trunkline-ai/trunkline/controlplane/adminapi"
	"github.com/trunkline-ai/trunkline/internal/testenv/idp"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// withIDP is an env whose people may sign in at a provider; roles is what groups mean, adjust may be nil.
func withIDP(t *testing.T, roles map[string]adminv1.Role, adjust func(*oidc.Config), more ...func(*adminapi.Config)) (*env, *idp.Provider) {
	t.Helper()
	var p *idp.Provider
	e := start(t, func(c *adminapi.Config) {
		p = idp.Start(t, c.Now)
		c.OIDC = &oidc.Config{
			Issuer: p.URL, ClientID: idp.Client, ClientSecret: func() string { return idp.Secret }, RedirectURL: "http://console.example/login",
			Scopes: []string{"openid", "email"}, RoleClaim: "groups", Roles: roles, AllowPrivateNetwork: true,
		}
		if adjust != nil {
			adjust(c.OIDC)
		}
		for _, m := range more {
			m(c)
		}
	})
	return e, p
}

// visit goes to the provider, as a browser does, and returns what it comes back with.
func (c *client) visit(t *testing.T, again bool) (state, code string) {
	t.Helper()
	begun := ok(c.session.BeginOidc(t.Context(), &adminv1.BeginOidcRequest{Next: "/groups", Again: again}))(t)
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := browser.Get(begun.GetUrl())
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	back, err := url.Parse(res.Header.Get("Location"))
	if err != nil || back.Host != "console.example" {
		t.Fatalf("the provider answers %s and sends to %q", res.Status, res.Header.Get("Location"))
	}
	return back.Query().Get("state"), back.Query().Get("code")
}

func (c *client) finish(t *testing.T, state, code string) (*adminv1.FinishOidcResponse, error) {
	t.Helper()
	return c.session.FinishOidc(t.Context(), &adminv1.FinishOidcRequest{State: state, Code: code})
}

// oidc is the whole way.
func (c *client) oidc(t *testing.T) (*adminv1.FinishOidcResponse, error) {
	t.Helper()
	state, code := c.visit(t, false)
	return c.finish(t, state, code)
}

var groups = map[string]adminv1.Role{"admins": adminv1.Role_ROLE_OWNER, "devs": adminv1.Role_ROLE_OPERATOR}

func ann(groups ...string) map[string]any {
	return map[string]any{"sub": "ann", "email": "ann@example.org", "email_verified": true, "groups": groups}
}

func TestOidcSignIn(t *testing.T) {
	t.Parallel()
	e, p := withIDP(t, groups, nil)
	c := e.client(t, nil)
	if !ok(c.session.GetSignInMethods(t.Context(), &adminv1.GetSignInMethodsRequest{}))(t).GetOidc() {
		t.Error("it is not offered")
	}
	p.Person(ann("devs", "others"))
	if got := ok(c.oidc(t))(t); got.GetUsername() != "ann@example.org" || got.GetNext() != "/groups" {
		t.Errorf("signed in: %v", got)
	}
	if who := ok(c.whoAmI(t))(t); who.GetUsername() != "ann@example.org" || who.GetRole() != adminv1.Role_ROLE_OPERATOR || who.GetHasPassword() || who.GetCanChangePassword() {
		t.Errorf("who am I: %v", who)
	}
	// The groups decide it each time, whatever the address is by then.
	moved := ann("admins", "devs")
	moved["email"] = "ann@elsewhere.example"
	p.Person(moved)
	if got := ok(c.oidc(t))(t); got.GetUsername() != "ann@example.org" {
		t.Errorf("signed in: %v", got)
	}
	if who := ok(c.whoAmI(t))(t); who.GetRole() != adminv1.Role_ROLE_OWNER {
		t.Errorf("who am I: %v", who)
	}
	p.Person(ann("others"))
	_, err := c.oidc(t)
	wantCode(t, err, connect.CodePermissionDenied)
	if strings.Contains(e.logs.String(), idp.Secret) || strings.Contains(e.seen.String(), idp.Secret) {
		t.Error("the client's secret is in the log or in an answer")
	}
}

// A client secret that is replaced at the provider and in its file needs no restart.
func TestOidcSecretIsTheOneOfTheMoment(t *testing.T) {
	t.Parallel()
	var secret atomic.Value
	secret.Store("the one of before")
	e, p := withIDP(t, groups, func(c *oidc.Config) { c.ClientSecret = func() string { return secret.Load().(string) } })
	p.Person(ann("devs"))
	c := e.client(t, nil)
	_, err := c.oidc(t)
	wantCode(t, err, connect.CodeUnauthenticated)
	secret.Store(idp.Secret)
	if got := ok(c.oidc(t))(t); got.GetUsername() != "ann@example.org" {
		t.Errorf("signed in: %v", got)
	}
}

// Without a mapping only those sign in whom an owner created for it, with the role that they were given.
func TestOidcWithoutMapping(t *testing.T) {
	t.Parallel()
	e, p := withIDP(t, nil, nil)
	admin := e.admin(t)
	c := e.client(t, nil)
	p.Person(ann("admins"))
	_, err := c.oidc(t)
	wantCode(t, err, connect.CodePermissionDenied)
	ok(admin.users.CreateUser(t.Context(), &adminv1.CreateUserRequest{User: &adminv1.User{Name: "ann@example.org", Role: adminv1.Role_ROLE_VIEWER}}))(t)
	ok(c.oidc(t))(t)
	if who := ok(c.whoAmI(t))(t); who.GetRole() != adminv1.Role_ROLE_VIEWER {
		t.Errorf("who am I: %v", who)
	}
	// Another account with the same address gets nothing, and neither does one with the address of a password user.
	twin := ann()
	twin["sub"] = "somebody else"
	p.Person(twin)
	_, err = e.client(t, nil).oidc(t)
	wantCode(t, err, connect.CodePermissionDenied)
	boss := ann()
	boss["sub"], boss["email"] = "boss", adminUser
	p.Person(boss)
	_, err = e.client(t, nil).oidc(t)
	wantCode(t, err, connect.CodePermissionDenied)

	p.Person(ann())
	ok(admin.changeUser(t, &adminv1.User{Name: "ann@example.org", Disabled: true}, "disabled"))(t)
	_, err = c.oidc(t)
	wantCode(t, err, connect.CodePermissionDenied)
	if _, err := c.whoAmI(t); connect.CodeOf(err) != connect.CodeUnauthenticated {
		t.Errorf("a disabled user: %v", err)
	}
}

func TestOidcRefusals(t *testing.T) {
	t.Parallel()
	e, p := withIDP(t, groups, nil)
	for name, spoil := range map[string]func(map[string]any){
		"nonce":             func(c map[string]any) { c["nonce"] = "another" },
		"no nonce":          func(c map[string]any) { delete(c, "nonce") },
		"audience":          func(c map[string]any) { c["aud"] = "another-client" },
		"several audiences": func(c map[string]any) { c["aud"] = []string{idp.Client, "another-client"} },
		"no subject":        func(c map[string]any) { delete(c, "sub") },
		"issuer":            func(c map[string]any) { c["iss"] = p.URL + "/" },
		"expired":           func(c map[string]any) { c["exp"] = e.clock.Now().Add(-time.Hour).Unix() },
	} {
		p.Person(ann("admins"))
		p.Spoil(spoil)
		c := e.client(t, nil)
		_, err := c.oidc(t)
		wantCode(t, err, connect.CodeUnauthenticated)
		if c.cookie(t, e) != "" {
			t.Errorf("%s: a session was begun", name)
		}
		e.clock.Advance(time.Hour) // failures are slowed down
	}
	for name, spoil := range map[string]func(map[string]any){
		"unverified":     func(c map[string]any) { c["email_verified"] = false },
		"not said":       func(c map[string]any) { delete(c, "email_verified") },
		"no address":     func(c map[string]any) { delete(c, "email") },
		"no groups":      func(c map[string]any) { delete(c, "groups") },
		"the star":       func(c map[string]any) { c["groups"] = []string{"*"} },
		"another's role": func(c map[string]any) { c["groups"] = []any{1, nil, "Admins"} },
	} {
		p.Person(ann("admins"))
		p.Spoil(spoil)
		if _, err := e.client(t, nil).oidc(t); connect.CodeOf(err) != connect.CodePermissionDenied {
			t.Errorf("%s: %v", name, err)
		}
		e.clock.Advance(time.Hour)
	}
}

// A code is good once, in the browser that began, in time.
func TestOidcFlow(t *testing.T) {
	t.Parallel()
	e, p := withIDP(t, groups, nil)
	p.Person(ann("admins"))
	refused := func(c *client, state, code string) {
		t.Helper()
		_, err := c.finish(t, state, code)
		wantCode(t, err, connect.CodeUnauthenticated)
	}
	c := e.client(t, nil)
	state, code := c.visit(t, false)
	refused(e.client(t, nil), state, code) // another browser
	ok(c.finish(t, state, code))(t)
	refused(c, state, code) // once more: the cookie is gone

	other := e.client(t, nil)
	state, _ = other.visit(t, false)
	refused(other, state, code) // a code that was used
	_, code = other.visit(t, false)
	refused(other, "another state", code)
	state, code = other.visit(t, false)
	e.clock.Advance(10*time.Minute + time.Second)
	refused(other, state, code)
	state, code = other.visit(t, true)
	ok(other.finish(t, state, code))(t)
	p.Spoil(func(c map[string]any) { c["auth_time"] = e.clock.Now().Add(-time.Hour).Unix() })
	state, code = other.visit(t, true)
	refused(other, state, code) // it did not ask again
}

func TestOidcThatIsAway(t *testing.T) {
	t.Parallel()
	e, _ := withIDP(t, nil, func(c *oidc.Config) { c.AllowPrivateNetwork = false })
	_, err := e.client(t, nil).session.BeginOidc(t.Context(), &adminv1.BeginOidcRequest{})
	wantCode(t, err, connect.CodeUnavailable) // loopback is not allowed
	without := start(t).client(t, nil)
	_, err = without.session.BeginOidc(t.Context(), &adminv1.BeginOidcRequest{})
	wantCode(t, err, connect.CodeFailedPrecondition)
	_, err = without.finish(t, "s", "c")
	wantCode(t, err, connect.CodeFailedPrecondition)
}

// Strangers who begin a sign-in make nobody ask a provider that is away again and again.
func TestOidcThatIsAwayIsAskedSeldom(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	away := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusBadGateway)
	}))
	t.Cleanup(away.Close)
	e, _ := withIDP(t, groups, func(c *oidc.Config) { c.Issuer = away.URL })
	begin := func() error {
		_, err := e.client(t, nil).session.BeginOidc(t.Context(), &adminv1.BeginOidcRequest{})
		return err
	}
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() { wantCode(t, begin(), connect.CodeUnavailable) })
	}
	all.Wait()
	if asked.Load() != 1 {
		t.Errorf("the provider was asked %d times at once, want once", asked.Load())
	}
	e.clock.Advance(5 * time.Second)
	wantCode(t, begin(), connect.CodeUnavailable)
	if asked.Load() != 2 {
		t.Errorf("the provider was asked %d times, want once more", asked.Load())
	}
}

// A network that has to wait because its sign-ins failed begins none at the provider either.
func TestOidcWaitsForFailedSignIns(t *testing.T) {
	t.Parallel()
	o := &observer{requests: map[string]int{}, timed: map[string]int{}, signIns: map[adminapi.SignInFailure]int{}}
	e, p := withIDP(t, groups, nil, func(c *adminapi.Config) { c.Observer = o })
	p.Person(ann("others"))
	c := e.client(t, nil)
	var err error
	for range 20 {
		var begun *adminv1.BeginOidcResponse
		if begun, err = c.session.BeginOidc(t.Context(), &adminv1.BeginOidcRequest{}); err != nil {
			break
		}
		if begun.GetUrl() == "" {
			t.Fatal("no address")
		}
		_, _ = c.finish(t, "no state", "no code")
	}
	wantCode(t, err, connect.CodeResourceExhausted)
	_, err = c.finish(t, "no state", "no code")
	wantCode(t, err, connect.CodeResourceExhausted)
	o.mu.Lock()
	failed, throttled := o.signIns[adminapi.IdentityProvider], o.signIns[adminapi.Throttled]
	o.mu.Unlock()
	if failed == 0 || throttled != 2 {
		t.Errorf("%d failed at the provider, %d were throttled", failed, throttled)
	}
	e.clock.Advance(time.Hour)
	p.Person(ann("admins"))
	ok(c.oidc(t))(t)
}

// What was taken away at the provider counts here when the session ends at the latest, however much it is used.
func TestOidcSessionsAreShort(t *testing.T) {
	t.Parallel()
	for name, lifetime := range map[string]time.Duration{"default": 0, "short": 5 * time.Minute, "long": 14 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, p := withIDP(t, groups, func(c *oidc.Config) { c.Session = lifetime })
			p.Person(ann("admins"))
			c := e.client(t, nil)
			ok(c.oidc(t))(t)
			const steps = 10
			want := cmp.Or(lifetime, 8*time.Hour)
			for range steps - 1 {
				e.clock.Advance(want / steps)
				ok(c.whoAmI(t))(t)
			}
			e.clock.Advance(want/steps - time.Microsecond)
			ok(c.whoAmI(t))(t)
			e.clock.Advance(time.Microsecond)
			_, err := c.whoAmI(t)
			wantCode(t, err, connect.CodeUnauthenticated)
			p.Person(ann("devs"))
			ok(c.oidc(t))(t)
			if who := ok(c.whoAmI(t))(t); who.GetRole() != adminv1.Role_ROLE_OPERATOR {
				t.Errorf("who am I: %v", who)
			}
		})
	}
	for _, session := range []time.Duration{time.Minute, -time.Hour, 8 * 24 * time.Hour} {
		cfg := oidc.Config{Issuer: "https://idp.example", ClientID: "c", RedirectURL: "https://console.example/login", Session: session}
		if err := cfg.Check(); err == nil || !strings.Contains(err.Error(), "want 5m0s to 168h0m0s") {
			t.Errorf("a session of %s: %v", session, err)
		}
	}
}

// Whom the provider knows from earlier has proved nothing now: what needs a recent sign-in needs another proof.
func TestOidcSignInIsAsRecentAsItsProof(t *testing.T) {
	t.Parallel()
	e, p := withIDP(t, groups, nil)
	p.Person(ann("admins"))
	c := e.client(t, nil)
	create := func(name string) error {
		_, err := c.users.CreateUser(t.Context(), &adminv1.CreateUserRequest{User: &adminv1.User{Name: name, Role: adminv1.Role_ROLE_VIEWER}})
		return err
	}
	p.Spoil(func(c map[string]any) { c["auth_time"] = e.clock.Now().Add(-16 * time.Minute).Unix() })
	ok(c.oidc(t))(t)
	wantReason(t, create("one"), connect.CodeFailedPrecondition, "REAUTHENTICATION_REQUIRED")
	p.Spoil(nil)
	state, code := c.visit(t, true)
	ok(c.finish(t, state, code))(t)
	if err := create("two"); err != nil {
		t.Errorf("after another proof: %v", err)
	}
	p.Spoil(func(c map[string]any) { delete(c, "auth_time") }) // it does not say: it is taken to have asked
	ok(c.oidc(t))(t)
	if err := create("three"); err != nil {
		t.Errorf("when the provider does not say: %v", err)
	}
	p.Spoil(func(c map[string]any) { c["auth_time"] = e.clock.Now().Add(time.Hour).Unix() })
	ok(c.oidc(t))(t)
	p.Spoil(nil)
	e.clock.Advance(16 * time.Minute)
	wantReason(t, create("four"), connect.CodeFailedPrecondition, "REAUTHENTICATION_REQUIRED") // a clock ahead gains nothing
}

// The log tells who signed in, whether or not the sign-in makes or changes the user, and that others failed.
func TestOidcSignInsAreRecorded(t *testing.T) {
	t.Parallel()
	e, p := withIDP(t, groups, nil)
	c := e.client(t, nil)
	for role, group := range map[string]string{"operator": "devs", "owner": "admins"} {
		p.Person(ann(group))
		for range 2 { // the first one makes the user or changes the role
			ok(c.oidc(t))(t)
			if got := e.newest(t); got.Action != "FinishOidc" || got.Actor != "user:ann@example.org" || got.Role != role || got.Address == "" {
				t.Errorf("as one of %s: event %+v", group, got)
			}
		}
	}
	p.Spoil(func(c map[string]any) { c["nonce"] = "another" })
	_, err := e.client(t, nil).oidc(t)
	wantCode(t, err, connect.CodeUnauthenticated)
	if got := e.newest(t); got.Action != "Login" || got.Actor != "" || got.Outcome != "unauthenticated" || got.Detail != "identity_provider" {
		t.Errorf("a sign-in that failed: event %+v", got)
	}
}
