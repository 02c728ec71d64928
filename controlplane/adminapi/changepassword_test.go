package adminapi_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/trunkline-ai/trunkline/controlplane/adminapi"
	"github.com/trunkline-ai/trunkline/controlplane/store"
	"github.com/trunkline-ai/trunkline/internal/testenv"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

const newPassword = "another-password-canary"

func (c *client) change(t *testing.T, from, to string) error {
	t.Helper()
	_, err := c.session.ChangePassword(t.Context(), &adminv1.ChangePasswordRequest{CurrentPassword: from, NewPassword: to})
	return err
}

// firstRun are two replicas of a control plane with the default password, each with a handle
// of its own of one PostgreSQL database.
func firstRun(t *testing.T, adjust ...func(*adminapi.Config)) [2]*env {
	t.Helper()
	url := testenv.Postgres(t)
	var replicas [2]*env
	for i := range replicas {
		replicas[i] = start(t, append([]func(*adminapi.Config){func(c *adminapi.Config) {
			db, err := store.Open(t.Context(), store.Config{URL: url, Logger: c.Logger, Now: c.Now})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := db.Close(); err != nil {
					t.Error(err)
				}
			})
			c.Access, c.DefaultPassword = store.NewAccess(db), true
		}}, adjust...)...)
	}
	return replicas
}

// on is the caller of one replica who calls another one.
func (c *client) on(t *testing.T, from, to *env) *client {
	t.Helper()
	return to.client(t, header{"Cookie": "trunkline_session=" + c.cookie(t, from)})
}

func TestChangePasswordOnEveryReplica(t *testing.T) {
	t.Parallel()
	replicas := firstRun(t)
	one, two := replicas[0], replicas[1]
	caller, elsewhere, other := one.admin(t), one.admin(t), two.admin(t)
	script := two.client(t, header{"Authorization": "Bearer " + other.bearer(t, "ci")})
	for name, c := range map[string]*client{"a user": caller, "a token": script} {
		if who := ok(c.whoAmI(t))(t); who.GetDefaultPassword() != (name == "a user") || who.GetCanChangePassword() != (name == "a user") {
			t.Errorf("%s at first: %v", name, who)
		}
	}
	// It is nobody else's: whoever signs in would be asked to replace their own.
	if who := ok(one.user(t, caller, "ann", adminv1.Role_ROLE_OWNER).whoAmI(t))(t); who.GetDefaultPassword() || !who.GetCanChangePassword() {
		t.Errorf("another user: %v", who)
	}
	if err := caller.change(t, adminPassword, newPassword); err != nil {
		t.Fatal(err)
	}
	// At once, on both: the caller's session goes on, with no other.
	for i, c := range []*client{caller, caller.on(t, one, two)} {
		if who := ok(c.whoAmI(t))(t); who.GetDefaultPassword() || !who.GetCanChangePassword() {
			t.Errorf("the caller on replica %d: %v", i, who)
		}
	}
	for name, c := range map[string]*client{"on the same replica": elsewhere, "on the other": other, "that moved": other.on(t, two, one)} {
		if _, err := c.whoAmI(t); connect.CodeOf(err) != connect.CodeUnauthenticated {
			t.Errorf("a session %s goes on: %v", name, err)
		}
	}
	if who := ok(script.whoAmI(t))(t); who.GetDefaultPassword() {
		t.Errorf("a token: %v", who)
	}
	for i, e := range replicas {
		c := e.client(t, nil)
		wantCode(t, c.try(t, adminUser, adminPassword), connect.CodeUnauthenticated)
		if err := c.try(t, adminUser, newPassword); err != nil {
			t.Errorf("sign in on replica %d: %v", i, err)
		}
	}
	// And once more, from the other replica.
	if err := caller.on(t, one, two).change(t, newPassword, "a third password"); err != nil {
		t.Fatal(err)
	}
	wantCode(t, one.client(t, nil).try(t, adminUser, newPassword), connect.CodeUnauthenticated)
	if err := one.client(t, nil).try(t, adminUser, "a third password"); err != nil {
		t.Errorf("sign in with the third: %v", err)
	}
	ok(caller.whoAmI(t))(t)
	for _, secret := range []string{newPassword, "a third password"} {
		for _, e := range replicas {
			if strings.Contains(e.logs.String(), secret) || strings.Contains(e.seen.String(), secret) {
				t.Errorf("%q is in the log or in an answer", secret)
			}
		}
	}
}

func TestChangePasswordOpensNamedHosts(t *testing.T) {
	t.Parallel()
	replicas := firstRun(t)
	one, two := replicas[0], replicas[1]
	status := func(e *env, password string) int {
		res, _ := e.client(t, nil).post(t, e.url+login, `{"username":"`+adminUser+`","password":"`+password+`"}`, header{"Host": "console.example"})
		return res.StatusCode
	}
	for _, e := range replicas {
		if got := status(e, adminPassword); got != 403 {
			t.Errorf("the default password under a name: status %d", got)
		}
	}
	if err := one.admin(t).change(t, adminPassword, newPassword); err != nil {
		t.Fatal(err)
	}
	if got := status(one, newPassword); got != 200 {
		t.Errorf("where it was changed: status %d", got)
	}
	two.clock.Advance(1e9) // it asks once a second
	if got := status(two, newPassword); got != 200 {
		t.Errorf("on the other replica: status %d", got)
	}
}

// Neither a caller who hangs up before the database has answered nor a clock that is put back
// keeps others out.
func TestNamedHostsOpenWhoeverAsks(t *testing.T) {
	t.Parallel()
	e := start(t, func(c *adminapi.Config) { c.DefaultPassword = true })
	replica := e.handler(t, func(c *adminapi.Config) { c.DefaultPassword = true })
	ask := func(ctx context.Context) int {
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "http://console.example"+login, strings.NewReader("{}"))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		replica.ServeHTTP(w, r)
		return w.Code
	}
	if got := ask(t.Context()); got != http.StatusForbidden {
		t.Errorf("with the default password: status %d, want 403", got)
	}
	e.clock.Advance(-time.Hour)
	if err := e.admin(t).change(t, adminPassword, newPassword); err != nil {
		t.Fatal(err)
	}
	gone, hangUp := context.WithCancel(t.Context())
	hangUp()
	ask(gone)
	if got := ask(t.Context()); got != http.StatusBadRequest {
		t.Errorf("status %d, want 400 of a sign-in without a name", got)
	}
}

func TestChangePasswordRefusals(t *testing.T) {
	t.Parallel()
	e := firstRun(t, func(c *adminapi.Config) { c.AdminPassword = "password" })[0]
	c := e.client(t, nil)
	if err := c.try(t, adminUser, "password"); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		from, to string
		want     []string
	}{
		"too short":   {"password", "7 bytes", []string{"new_password: must be at least 8 bytes"}},
		"the default": {"password", "password", []string{"new_password: must not be the default password"}},
		"wrong":       {"passwort", newPassword, []string{"current_password: is not the current password"}},
		"none":        {"", "", []string{"current_password: must be at least 1 characters", "new_password: must be at least 8 bytes"}},
	} {
		if got := violations(t, c.change(t, tt.from, tt.to)); !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	err := wantCode(t, e.client(t, header{"Authorization": "Bearer " + c.bearer(t, "ci")}).change(t, "password", newPassword), connect.CodePermissionDenied)
	if want := "a token cannot change the password: sign in to the console"; err.Message() != want {
		t.Errorf("a token: %q, want %q", err.Message(), want)
	}
	if who := ok(c.whoAmI(t))(t); !who.GetDefaultPassword() {
		t.Error("a refused change changed the password")
	}
}

func TestChangePasswordIsThrottled(t *testing.T) {
	t.Parallel()
	e := firstRun(t)[0]
	c := e.admin(t)
	for range 6 { // the burst of the session: it is no stranger's, and has failures of its own
		violations(t, c.change(t, "wrong", newPassword))
	}
	wantCode(t, c.change(t, adminPassword, newPassword), connect.CodeResourceExhausted)
	e.clock.Advance(1e9)
	if err := c.change(t, adminPassword, newPassword); err != nil {
		t.Errorf("after the wait: %v", err)
	}
}

// An explicit ADMIN_PASSWORD wins over one that was set before, and cannot be changed here.
func TestConfiguredPasswordWins(t *testing.T) {
	t.Parallel()
	e := start(t, func(c *adminapi.Config) { c.DefaultPassword = true })
	if err := e.admin(t).change(t, adminPassword, newPassword); err != nil {
		t.Fatal(err)
	}
	configured := *e
	configured.url = serve(t, e.handler(t, func(c *adminapi.Config) { c.AdminPassword = "set explicitly" }))
	c := configured.client(t, nil)
	for _, no := range []string{adminPassword, newPassword} {
		wantCode(t, c.try(t, adminUser, no), connect.CodeUnauthenticated)
	}
	if err := c.try(t, adminUser, "set explicitly"); err != nil {
		t.Fatal(err)
	}
	if who := ok(c.whoAmI(t))(t); who.GetDefaultPassword() || who.GetCanChangePassword() {
		t.Errorf("%v", who)
	}
	err := wantCode(t, c.change(t, "set explicitly", newPassword), connect.CodeFailedPrecondition)
	if want := "ADMIN_PASSWORD sets the password: change it there and restart every replica, or remove it to set the password in the console"; err.Message() != want {
		t.Errorf("message %q, want %q", err.Message(), want)
	}
}

// A restored backup must not bring the default password back.
func TestDefaultPasswordNeverComesBack(t *testing.T) {
	t.Parallel()
	e := start(t, func(c *adminapi.Config) { c.DefaultPassword, c.PasswordSet = true, true })
	err := wantCode(t, e.client(t, nil).try(t, adminUser, adminPassword), connect.CodeFailedPrecondition)
	if !strings.Contains(err.Message(), "password is missing from the database") {
		t.Errorf("message %q", err.Message())
	}
}
