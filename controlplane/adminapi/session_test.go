package adminapi_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane/access"
	"github.com/trunkline-ai/trunkline/controlplane/adminapi"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func (c *client) whoAmI(t *testing.T) (*adminv1.WhoAmIResponse, error) {
	t.Helper()
	return c.session.WhoAmI(t.Context(), &adminv1.WhoAmIRequest{})
}

// cookie is the session cookie that the client holds.
func (c *client) cookie(t *testing.T, e *env) string {
	t.Helper()
	u, err := url.Parse(e.url)
	if err != nil {
		t.Fatal(err)
	}
	for _, cookie := range c.http.Jar.Cookies(u) {
		if cookie.Name == "trunkline_session" {
			return cookie.Value
		}
	}
	return ""
}

func TestWhoAmI(t *testing.T) {
	t.Parallel()
	e := start(t)
	admin := e.admin(t)
	got := ok(admin.whoAmI(t))(t)
	if got.GetUsername() != adminUser || got.GetGatewayUrl() != "http://gateway.example/v1" ||
		got.GetVersion() != "v1.2.3-test" || got.GetDefaultPassword() {
		t.Errorf("user: %v", got)
	}
	script := e.client(t, header{"Authorization": "bearer " + admin.bearer(t, "ci")})
	if got := ok(script.whoAmI(t))(t); got.GetUsername() != "token:ci" {
		t.Errorf("token: %v", got)
	}
}

// cookieOf is the one of this name that an answer sets.
func cookieOf(t *testing.T, res *http.Response, name string) *http.Cookie {
	t.Helper()
	for _, c := range res.Cookies() {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("no cookie %s: %v", name, res.Header["Set-Cookie"])
	return nil
}

func TestSessionCookie(t *testing.T) {
	t.Parallel()
	e := start(t)
	res, _ := e.client(t, nil).post(t, e.url+login, `{"username":"`+adminUser+`","password":"`+adminPassword+`"}`, nil)
	c := cookieOf(t, res, "trunkline_session")
	raw, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil || len(raw) != 32 {
		t.Errorf("value %q holds %d bytes, %v", c.Value, len(raw), err)
	}
	if c.Name != "trunkline_session" || !c.HttpOnly || c.Secure || c.Path != "/" || c.Domain != "" ||
		c.SameSite != http.SameSiteLaxMode || c.MaxAge != 7*24*3600 {
		t.Errorf("cookie %s", c)
	}
}

func TestLoginRefusals(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.client(t, nil)
	var messages []string
	for _, who := range [][2]string{
		{adminUser, "wrong"},
		{"nobody", adminPassword},
		{strings.ToUpper(adminUser), adminPassword},
		{adminUser, adminPassword + " "},
	} {
		err := wantCode(t, c.try(t, who[0], who[1]), connect.CodeUnauthenticated)
		messages = append(messages, err.Message())
	}
	for _, m := range messages {
		if m != messages[0] {
			t.Errorf("the refusals can be told apart: %q and %q", messages[0], m)
		}
	}
	if got := violations(t, c.try(t, "", strings.Repeat("x", 1025))); len(got) != 2 ||
		!strings.HasPrefix(got[0], "username: ") || !strings.HasPrefix(got[1], "password: ") {
		t.Errorf("violations %q", got)
	}
	if c.cookie(t, e) != "" {
		t.Error("a refused sign-in set a cookie")
	}
}

func TestLoginStartsANewSession(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.admin(t)
	first := c.cookie(t, e)
	c.login(t)
	second := c.cookie(t, e)
	if first == second || second == "" {
		t.Fatalf("cookies %q and %q", first, second)
	}
	old := e.client(t, header{"Cookie": "trunkline_session=" + first})
	if _, err := old.whoAmI(t); connect.CodeOf(err) != connect.CodeUnauthenticated {
		t.Errorf("the replaced session still works: %v", err)
	}
	ok(c.whoAmI(t))(t)
}

func TestLogout(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.admin(t)
	other := e.admin(t)
	stolen := e.client(t, header{"Cookie": "trunkline_session=" + c.cookie(t, e)})
	ok(stolen.whoAmI(t))(t)
	ok(c.session.Logout(t.Context(), &adminv1.LogoutRequest{}))(t)
	if v := c.cookie(t, e); v != "" {
		t.Errorf("the browser keeps the cookie %q", v)
	}
	if _, err := stolen.whoAmI(t); connect.CodeOf(err) != connect.CodeUnauthenticated {
		t.Errorf("the session still works: %v", err)
	}
	ok(other.whoAmI(t))(t)

	script := e.client(t, header{"Authorization": "Bearer " + other.bearer(t, "ci")})
	another := e.client(t, header{"Authorization": "Bearer " + other.bearer(t, "another")})
	ok(script.session.Logout(t.Context(), &adminv1.LogoutRequest{}))(t)
	if _, err := script.whoAmI(t); connect.CodeOf(err) != connect.CodeUnauthenticated {
		t.Errorf("a token that signed out still works: %v", err)
	}
	ok(another.whoAmI(t))(t)
}

func TestSessionEndsWhenIdle(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.admin(t)
	e.clock.Advance(12*time.Hour - time.Second)
	ok(c.whoAmI(t))(t) // and so it starts again
	e.clock.Advance(12*time.Hour - time.Second)
	ok(c.whoAmI(t))(t)
	e.clock.Advance(12 * time.Hour)
	if _, err := c.whoAmI(t); connect.CodeOf(err) != connect.CodeUnauthenticated {
		t.Errorf("an idle session still works: %v", err)
	}
}

func TestSessionEndsAfterAWeekOfUse(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.admin(t)
	for range 7*24 - 1 {
		e.clock.Advance(time.Hour)
		ok(c.whoAmI(t))(t)
	}
	e.clock.Advance(time.Hour - time.Microsecond)
	ok(c.whoAmI(t))(t)
	e.clock.Advance(time.Microsecond)
	if _, err := c.whoAmI(t); connect.CodeOf(err) != connect.CodeUnauthenticated {
		t.Errorf("a session in its second week still works: %v", err)
	}
}

func TestNewPasswordEndsSessionsOfAllReplicas(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.admin(t)
	cookie := header{"Cookie": "trunkline_session=" + c.cookie(t, e)}

	replica := *e
	replica.url = serve(t, e.handler(t))
	ok(replica.client(t, cookie).whoAmI(t))(t)

	changed := *e
	changed.url = serve(t, e.handler(t, func(cfg *adminapi.Config) { cfg.AdminPassword = "another one" }))
	if _, err := changed.client(t, cookie).whoAmI(t); connect.CodeOf(err) != connect.CodeUnauthenticated {
		t.Errorf("a session survived the new password: %v", err)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.admin(t)
	ctx := t.Context()
	in := e.clock.Now().Add(time.Hour)
	made := ok(c.tokens.CreateToken(ctx, &adminv1.CreateTokenRequest{
		Token: &adminv1.Token{Name: "zeta", ExpireTime: timestamppb.New(in)},
	}))(t)
	if !strings.HasPrefix(made.GetSecret(), "tlat_") || !strings.HasSuffix(made.GetSecret(), made.GetToken().GetLastFour()) {
		t.Errorf("token %v", made)
	}
	c.bearer(t, "alpha")
	list := ok(c.tokens.ListTokens(ctx, &adminv1.ListTokensRequest{}))(t).GetTokens()
	if len(list) != 2 || list[0].GetName() != "alpha" || list[1].GetName() != "zeta" {
		t.Fatalf("tokens %v", list)
	}
	if got := list[1]; !got.GetExpireTime().AsTime().Equal(in) || !got.GetCreateTime().AsTime().Equal(e.clock.Now()) ||
		got.GetLastFour() != made.GetToken().GetLastFour() {
		t.Errorf("token %v", got)
	}
	if list[0].GetExpireTime() != nil {
		t.Errorf("token %v expires", list[0])
	}
	_, err := c.tokens.CreateToken(ctx, &adminv1.CreateTokenRequest{Token: &adminv1.Token{Name: "zeta"}})
	wantCode(t, err, connect.CodeAlreadyExists)
	_, err = c.tokens.DeleteToken(ctx, &adminv1.DeleteTokenRequest{Name: "nobody"})
	wantCode(t, err, connect.CodeNotFound)
	_, err = c.tokens.DeleteToken(ctx, &adminv1.DeleteTokenRequest{Name: "no\x00body"})
	wantCode(t, err, connect.CodeNotFound)
	_, err = c.tokens.CreateToken(ctx, &adminv1.CreateTokenRequest{
		Token: &adminv1.Token{Name: "a\x00b", ExpireTime: timestamppb.New(e.clock.Now())},
	})
	if got := violations(t, err); len(got) != 2 || !strings.HasPrefix(got[0], "token.name: ") ||
		got[1] != "token.expire_time: must lie in the future" {
		t.Errorf("violations %q", got)
	}
}

// What was said on purpose counts: a bad token is not made good by a cookie.
func TestATokenIsPreferredToACookie(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.admin(t)
	both := header{"Authorization": "Bearer " + c.bearer(t, "ci")}
	c2 := e.client(t, both)
	c2.http.Jar = c.http.Jar
	if got := ok(c2.whoAmI(t))(t); got.GetUsername() != "token:ci" {
		t.Errorf("caller %v", got)
	}
	both["Authorization"] = "Bearer nonsense"
	if _, err := c2.whoAmI(t); connect.CodeOf(err) != connect.CodeUnauthenticated {
		t.Errorf("a bad token beside a good cookie: %v", err)
	}
}

func TestLoginIsThrottled(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.client(t, nil)
	for range 6 {
		wantCode(t, c.try(t, adminUser, "wrong"), connect.CodeUnauthenticated)
	}
	ctx, info := connect.NewClientContext(t.Context())
	_, err := c.session.Login(ctx, &adminv1.LoginRequest{Username: adminUser, Password: adminPassword})
	refused := wantCode(t, err, connect.CodeResourceExhausted)
	if got := detail[*errdetails.RetryInfo](t, refused).GetRetryDelay().AsDuration(); got != time.Second {
		t.Errorf("retry delay %s, want 1s", got)
	}
	if got := info.ResponseHeader().Get("Retry-After"); got != "1" {
		t.Errorf("Retry-After %q, want 1", got)
	}
	if want := "too many sign-in attempts; try again in 1s"; refused.Message() != want {
		t.Errorf("message %q, want %q", refused.Message(), want)
	}
	if c.cookie(t, e) != "" {
		t.Error("a refused sign-in set a cookie")
	}
	e.clock.Advance(time.Second)
	c.login(t)
	// A success forgets the failures.
	for range 5 {
		wantCode(t, c.try(t, adminUser, "wrong"), connect.CodeUnauthenticated)
	}
	c.login(t)
}

// An unknown account is throttled like a known one, or it could be told apart.
func TestLoginThrottleDoesNotTellAccountsApart(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.client(t, nil)
	for range 6 {
		wantCode(t, c.try(t, "nobody", "wrong"), connect.CodeUnauthenticated)
	}
	wantCode(t, c.try(t, "nobody", "wrong"), connect.CodeResourceExhausted)
	c.login(t)
}

func TestLoginsAreThrottledPerClientBehindAProxy(t *testing.T) {
	t.Parallel()
	e := start(t, func(c *adminapi.Config) { c.TrustForwardedHeaders = true })
	attacker := e.client(t, header{"X-Forwarded-For": "203.0.113.9"})
	for i := range 11 {
		wantCode(t, attacker.try(t, "user"+string(rune('a'+i)), "wrong"), connect.CodeUnauthenticated)
	}
	wantCode(t, attacker.try(t, adminUser, adminPassword), connect.CodeResourceExhausted)
	e.client(t, header{"X-Forwarded-For": "203.0.113.10"}).login(t)
}

// watchedAccess counts what is done to sessions, and fails on demand.
type watchedAccess struct {
	access.Store
	touches, sweeps   atomic.Int32
	readErr, touchErr error
}

func (w *watchedAccess) Session(ctx context.Context, hash [32]byte) (access.Session, error) {
	if w.readErr != nil {
		return access.Session{}, w.readErr
	}
	return w.Store.Session(ctx, hash)
}

func (w *watchedAccess) TouchSession(ctx context.Context, hash [32]byte, seen, expires time.Time) error {
	w.touches.Add(1)
	if w.touchErr != nil {
		return w.touchErr
	}
	return w.Store.TouchSession(ctx, hash, seen, expires)
}

func (w *watchedAccess) DeleteExpired(ctx context.Context, now time.Time) error {
	w.sweeps.Add(1)
	return w.Store.DeleteExpired(ctx, now)
}

func TestSessionIsRenewedAtMostOnceAMinute(t *testing.T) {
	t.Parallel()
	access := &watchedAccess{}
	e := start(t, func(c *adminapi.Config) { access.Store, c.Access = c.Access, access })
	c := e.admin(t)
	for range 60 {
		ok(c.whoAmI(t))(t)
		e.clock.Advance(time.Second)
	}
	if n := access.touches.Load(); n != 0 {
		t.Errorf("renewed %d times in the first minute", n)
	}
	for range 60 {
		ok(c.whoAmI(t))(t)
		e.clock.Advance(time.Second)
	}
	if n := access.touches.Load(); n != 1 {
		t.Errorf("renewed %d times in the second minute", n)
	}
	if n := access.sweeps.Load(); n != 1 {
		t.Errorf("expired sessions were deleted %d times for one sign-in", n)
	}
}

func TestSessionSurvivesAFailedRenewal(t *testing.T) {
	t.Parallel()
	access := &watchedAccess{touchErr: errs.Newf(errs.Unavailable, "read-only")}
	e := start(t, func(c *adminapi.Config) { access.Store, c.Access = c.Access, access })
	c := e.admin(t)
	e.clock.Advance(time.Hour)
	ok(c.whoAmI(t))(t)
	if !strings.Contains(e.logs.String(), "failed to renew a session") {
		t.Error("nothing was logged")
	}
}

// A database that is away does not make callers sign in again.
func TestAccessStoreThatIsAwayIsNoRefusal(t *testing.T) {
	t.Parallel()
	access := &watchedAccess{}
	e := start(t, func(c *adminapi.Config) { access.Store, c.Access = c.Access, access })
	c := e.admin(t)
	access.readErr = errs.Newf(errs.Unavailable, "the database is away")
	_, err := c.whoAmI(t)
	wantCode(t, err, connect.CodeUnavailable)
}
