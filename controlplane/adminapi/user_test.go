package adminapi_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/trunkline-ai/trunkline/internal/domain/role"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

const userPassword = "a-password-canary-of-a-user"

// user creates a user with userPassword and signs in as them.
func (e *env) user(t *testing.T, admin *client, name string, r adminv1.Role) *client {
	t.Helper()
	ok(admin.users.CreateUser(t.Context(), &adminv1.CreateUserRequest{User: &adminv1.User{Name: name, Role: r, Password: userPassword}}))(t)
	c := e.client(t, nil)
	if err := c.try(t, name, userPassword); err != nil {
		t.Fatal(err)
	}
	return c
}

// change updates what the paths name of a user.
func (c *client) changeUser(t *testing.T, u *adminv1.User, paths ...string) (*adminv1.User, error) {
	t.Helper()
	res, err := c.users.UpdateUser(t.Context(), &adminv1.UpdateUserRequest{User: u, UpdateMask: &fieldmaskpb.FieldMask{Paths: paths}})
	return res.GetUser(), err
}

func wantReason(t *testing.T, err error, code connect.Code, reason string) {
	t.Helper()
	if got := detail[*errdetails.ErrorInfo](t, wantCode(t, err, code)); got.GetReason() != reason || got.GetDomain() != "trunkline" {
		t.Errorf("reason %v, want %s", got, reason)
	}
}

func TestUsers(t *testing.T) {
	t.Parallel()
	e := start(t)
	admin := e.admin(t)
	ctx := t.Context()
	ann := e.user(t, admin, "ann@example.org", adminv1.Role_ROLE_OPERATOR)
	if who := ok(ann.whoAmI(t))(t); who.GetUsername() != "ann@example.org" || who.GetRole() != adminv1.Role_ROLE_OPERATOR || !who.GetCanChangePassword() {
		t.Errorf("who am I: %v", who)
	}
	list := ok(admin.users.ListUsers(ctx, &adminv1.ListUsersRequest{}))(t).GetUsers()
	if len(list) != 2 || list[0].GetName() != "ann@example.org" || list[1].GetName() != adminUser {
		t.Fatalf("users %v", list)
	}
	if u := list[0]; u.GetRole() != adminv1.Role_ROLE_OPERATOR || !u.GetHasPassword() || u.GetConfigured() || u.GetPassword() != "" || !u.GetSignInTime().AsTime().Equal(e.clock.Now()) {
		t.Errorf("user %v", u)
	}
	if u := list[1]; u.GetRole() != adminv1.Role_ROLE_OWNER || !u.GetConfigured() {
		t.Errorf("the first owner: %v", u)
	}
	if got := ok(admin.users.GetUser(ctx, &adminv1.GetUserRequest{Name: "ann@example.org"}))(t).GetUser(); got.GetName() != list[0].GetName() {
		t.Errorf("user %v", got)
	}
	for _, refused := range []struct {
		user *adminv1.User
		want string
	}{
		{&adminv1.User{Name: "a\u200bb", Role: 1}, "user.name: must be without control"},
		{&adminv1.User{Name: "a\x00b", Role: 1}, "user.name: must be without control"},
		{&adminv1.User{Role: 1}, "user.name: "},
		{&adminv1.User{Name: "x"}, "user.role: "},
		{&adminv1.User{Name: "x", Role: 9}, "user.role: "},
		{&adminv1.User{Name: "x", Role: 1, Password: "7 bytes"}, "user.password: must be at least 8 bytes"},
		{&adminv1.User{Name: "x", Role: 1, Password: "password"}, "user.password: must not be the default password"},
	} {
		_, err := admin.users.CreateUser(ctx, &adminv1.CreateUserRequest{User: refused.user})
		if got := violations(t, err); len(got) != 1 || !strings.HasPrefix(got[0], refused.want) {
			t.Errorf("%v: %q, want %q", refused.user, got, refused.want)
		}
	}
	_, err := admin.users.CreateUser(ctx, &adminv1.CreateUserRequest{User: &adminv1.User{Name: adminUser, Role: 1}})
	wantCode(t, err, connect.CodeAlreadyExists)
	_, err = admin.users.GetUser(ctx, &adminv1.GetUserRequest{Name: "no\x00body"})
	wantCode(t, err, connect.CodeNotFound)
	if strings.Contains(e.logs.String(), userPassword) || strings.Contains(e.seen.String(), userPassword) {
		t.Error("a password is in the log or in an answer")
	}
}

// A user without a password cannot sign in with one, least of all with an empty one.
func TestUserWithoutPassword(t *testing.T) {
	t.Parallel()
	e := start(t)
	ok(e.admin(t).users.CreateUser(t.Context(), &adminv1.CreateUserRequest{User: &adminv1.User{Name: "idp", Role: 1}}))(t)
	for _, guess := range []string{adminPassword, " ", strings.Repeat("\x00", 32)} {
		wantCode(t, e.client(t, nil).try(t, "idp", guess), connect.CodeUnauthenticated)
	}
}

// What changes of a user holds at once, on every replica, for sessions, tokens and streams.
func TestChangesOfUsersHoldAtOnce(t *testing.T) {
	t.Parallel()
	e := start(t)
	admin := e.admin(t)
	replica := *e
	replica.url = serve(t, e.handler(t))
	here := e.user(t, admin, "ann", adminv1.Role_ROLE_OPERATOR)
	there := here.on(t, e, &replica)
	script := replica.client(t, header{"Authorization": "Bearer " + here.bearerOf(t, "ann's", adminv1.Role_ROLE_OPERATOR)})
	roles := func(want adminv1.Role) {
		t.Helper()
		for name, c := range map[string]*client{"here": here, "there": there, "token": script} {
			if who := ok(c.whoAmI(t))(t); who.GetRole() != want {
				t.Errorf("%s: %s, want %s", name, who.GetRole(), want)
			}
		}
	}
	roles(adminv1.Role_ROLE_OPERATOR)
	ok(admin.changeUser(t, &adminv1.User{Name: "ann", Role: adminv1.Role_ROLE_VIEWER}, "role"))(t)
	roles(adminv1.Role_ROLE_VIEWER)
	_, err := there.groups.CreateGroup(t.Context(), &adminv1.CreateGroupRequest{Group: group("g", "p")})
	if got, want := wantCode(t, err, connect.CodePermissionDenied).Message(), "this needs the operator role, but yours is viewer: ask an owner"; got != want {
		t.Errorf("message %q, want %q", got, want)
	}

	ok(admin.changeUser(t, &adminv1.User{Name: "ann", Disabled: true}, "disabled"))(t)
	for name, c := range map[string]*client{"here": here, "there": there, "token": script} {
		if _, err := c.whoAmI(t); connect.CodeOf(err) != connect.CodeUnauthenticated {
			t.Errorf("%s of a disabled user: %v", name, err)
		}
	}
	wantCode(t, e.client(t, nil).try(t, "ann", userPassword), connect.CodeUnauthenticated)
	ok(admin.changeUser(t, &adminv1.User{Name: "ann", Disabled: false}, "disabled"))(t)
	if err := here.try(t, "ann", userPassword); err != nil {
		t.Fatal(err)
	}
	ok(admin.users.DeleteUser(t.Context(), &adminv1.DeleteUserRequest{Name: "ann"}))(t)
	for name, c := range map[string]*client{"session": here, "token": script} {
		if _, err := c.whoAmI(t); connect.CodeOf(err) != connect.CodeUnauthenticated {
			t.Errorf("%s of a deleted user: %v", name, err)
		}
	}
}

func TestAStreamEndsWithItsRole(t *testing.T) {
	t.Parallel()
	e := start(t)
	admin := e.admin(t)
	ann := e.user(t, admin, "ann", adminv1.Role_ROLE_VIEWER)
	tail := ok(ann.calls.TailCalls(t.Context(), &adminv1.TailCallsRequest{}))(t)
	ok(admin.changeUser(t, &adminv1.User{Name: "ann", Disabled: true}, "disabled"))(t)
	if _, err := tail.Receive(); connect.CodeOf(err) != connect.CodeUnauthenticated {
		t.Errorf("the tail of a disabled user ended with %v", err)
	}
}

func TestNewPasswordFromAnOwner(t *testing.T) {
	t.Parallel()
	e := start(t)
	admin := e.admin(t)
	ann := e.user(t, admin, "ann", adminv1.Role_ROLE_VIEWER)
	for password, want := range map[string]string{"": "must be at least 8 bytes", "short": "must be at least 8 bytes", "password": "must not be the default password"} {
		_, err := admin.changeUser(t, &adminv1.User{Name: "ann", Password: password}, "password")
		if got := violations(t, err); len(got) != 1 || got[0] != "user.password: "+want {
			t.Errorf("%q: %q", password, got)
		}
	}
	ok(ann.whoAmI(t))(t)
	ok(admin.changeUser(t, &adminv1.User{Name: "ann", Password: newPassword}, "password"))(t)
	if _, err := ann.whoAmI(t); connect.CodeOf(err) != connect.CodeUnauthenticated {
		t.Errorf("a session of the old password: %v", err)
	}
	wantCode(t, ann.try(t, "ann", userPassword), connect.CodeUnauthenticated)
	if err := ann.try(t, "ann", newPassword); err != nil {
		t.Fatal(err)
	}
	if err := ann.change(t, newPassword, "one of her own"); err != nil {
		t.Fatal(err)
	}
	ok(ann.whoAmI(t))(t)
	_, err := admin.changeUser(t, &adminv1.User{Name: adminUser, Password: newPassword}, "password")
	if got := wantCode(t, err, connect.CodeFailedPrecondition).Message(); !strings.HasPrefix(got, "ADMIN_PASSWORD sets the password of") {
		t.Errorf("message %q", got)
	}
	for _, path := range []string{"name", "create_time", "nonsense"} {
		_, err := admin.changeUser(t, &adminv1.User{Name: "ann"}, path)
		if got := violations(t, err); len(got) != 1 || !strings.HasPrefix(got[0], "update_mask: ") {
			t.Errorf("%s: %q", path, got)
		}
	}
	_, err = admin.changeUser(t, &adminv1.User{Name: "ann"}, "role")
	if got := violations(t, err); len(got) != 1 || !strings.HasPrefix(got[0], "user.role: ") {
		t.Errorf("no role: %q", got)
	}
}

func TestTheLastOwnerStays(t *testing.T) {
	t.Parallel()
	e := start(t)
	admin := e.admin(t)
	last := func(err error) {
		t.Helper()
		if got := wantCode(t, err, connect.CodeFailedPrecondition).Message(); got != "this is the last enabled owner: make another user an owner first" {
			t.Errorf("message %q", got)
		}
	}
	_, err := admin.changeUser(t, &adminv1.User{Name: adminUser, Role: adminv1.Role_ROLE_VIEWER}, "role")
	last(err)
	_, err = admin.changeUser(t, &adminv1.User{Name: adminUser, Disabled: true}, "disabled")
	last(err)
	_, err = admin.users.DeleteUser(t.Context(), &adminv1.DeleteUserRequest{Name: adminUser})
	if got := wantCode(t, err, connect.CodeFailedPrecondition).Message(); !strings.HasPrefix(got, `"root@example.org" is ADMIN_USERNAME`) {
		t.Errorf("message %q", got)
	}
	second := e.user(t, admin, "second", adminv1.Role_ROLE_OWNER)
	ok(second.changeUser(t, &adminv1.User{Name: adminUser, Disabled: true}, "disabled"))(t)
	wantCode(t, e.client(t, nil).try(t, adminUser, adminPassword), connect.CodeUnauthenticated)
	_, err = second.users.DeleteUser(t.Context(), &adminv1.DeleteUserRequest{Name: "second"})
	last(err)
}

func TestTokensBelongToUsers(t *testing.T) {
	t.Parallel()
	e := start(t)
	admin := e.admin(t)
	ctx := t.Context()
	admin.bearer(t, "owner's")
	ann := e.user(t, admin, "ann", adminv1.Role_ROLE_VIEWER)
	if got, _ := ann.tokens.CreateToken(ctx, &adminv1.CreateTokenRequest{Token: &adminv1.Token{Name: "default"}}); got.GetToken().GetRole() != adminv1.Role_ROLE_VIEWER || got.GetToken().GetUser() != "" && got.GetToken().GetUser() != "ann" {
		t.Errorf("a viewer's token: %v", got)
	}
	_, err := ann.tokens.CreateToken(ctx, &adminv1.CreateTokenRequest{Token: &adminv1.Token{Name: "more", Role: adminv1.Role_ROLE_OPERATOR}})
	if got, want := wantCode(t, err, connect.CodePermissionDenied).Message(), "your role is viewer: a token that you create cannot have more than viewer"; got != want {
		t.Errorf("message %q, want %q", got, want)
	}
	names := func(c *client) (names []string) {
		for _, token := range ok(c.tokens.ListTokens(ctx, &adminv1.ListTokensRequest{}))(t).GetTokens() {
			names = append(names, token.GetName()+" of "+token.GetUser())
		}
		return names
	}
	if got := names(ann); !slices.Equal(got, []string{"default of ann"}) {
		t.Errorf("ann sees %q", got)
	}
	if got := names(admin); !slices.Equal(got, []string{"default of ann", "owner's of " + adminUser}) {
		t.Errorf("an owner sees %q", got)
	}
	_, err = ann.tokens.DeleteToken(ctx, &adminv1.DeleteTokenRequest{Name: "owner's"})
	wantCode(t, err, connect.CodeNotFound)
	ok(admin.tokens.DeleteToken(ctx, &adminv1.DeleteTokenRequest{Name: "default"}))(t)

	secret := ann.bearerOf(t, "used", adminv1.Role_ROLE_VIEWER)
	e.clock.Advance(time.Minute)
	ok(e.client(t, header{"Authorization": "Bearer " + secret}).whoAmI(t))(t)
	if got := ok(ann.tokens.ListTokens(ctx, &adminv1.ListTokensRequest{}))(t).GetTokens(); len(got) != 1 || !got[0].GetUseTime().AsTime().Equal(e.clock.Now()) {
		t.Errorf("tokens %v", got)
	}
}

func TestSessionsAreListedAndRevoked(t *testing.T) {
	t.Parallel()
	e := start(t)
	admin := e.admin(t)
	ctx := t.Context()
	ann := e.user(t, admin, "ann", adminv1.Role_ROLE_VIEWER)
	phone := e.client(t, header{"User-Agent": "phone\tü"})
	if err := phone.try(t, "ann", userPassword); err != nil {
		t.Fatal(err)
	}
	list := func(c *client, all bool) []*adminv1.Session {
		t.Helper()
		return ok(c.users.ListSessions(ctx, &adminv1.ListSessionsRequest{AllUsers: all}))(t).GetSessions()
	}
	own := list(ann, false)
	if len(own) != 2 || len(list(admin, true)) != 3 || len(list(admin, false)) != 1 {
		t.Fatalf("ann's sessions %v", own)
	}
	var onPhone *adminv1.Session
	for _, s := range own {
		if s.GetUser() != "ann" || s.GetAddress() != "127.0.0.1" || !s.GetCreateTime().AsTime().Equal(e.clock.Now()) || s.GetExpireTime() == nil {
			t.Errorf("session %v", s)
		}
		if !s.GetCurrent() {
			onPhone = s
		}
	}
	if onPhone.GetUserAgent() != "phoneü" {
		t.Errorf("the phone is %v", onPhone)
	}
	_, err := ann.users.ListSessions(ctx, &adminv1.ListSessionsRequest{AllUsers: true})
	wantCode(t, err, connect.CodePermissionDenied)
	_, err = ann.users.RevokeSession(ctx, &adminv1.RevokeSessionRequest{Id: list(admin, false)[0].GetId()})
	wantCode(t, err, connect.CodeNotFound)
	ok(ann.users.RevokeSession(ctx, &adminv1.RevokeSessionRequest{Id: onPhone.GetId()}))(t)
	if _, err := phone.whoAmI(t); connect.CodeOf(err) != connect.CodeUnauthenticated {
		t.Errorf("the revoked session: %v", err)
	}
	if err := phone.try(t, "ann", userPassword); err != nil {
		t.Fatal(err)
	}
	if got := ok(ann.users.RevokeAllSessions(ctx, &adminv1.RevokeAllSessionsRequest{}))(t).GetEndedCount(); got != 1 {
		t.Errorf("%d sessions ended, want 1", got)
	}
	ok(ann.whoAmI(t))(t)
	_, err = ann.users.RevokeAllSessions(ctx, &adminv1.RevokeAllSessionsRequest{User: adminUser})
	wantCode(t, err, connect.CodePermissionDenied)
	if got := ok(admin.users.RevokeAllSessions(ctx, &adminv1.RevokeAllSessionsRequest{User: "ann"}))(t).GetEndedCount(); got != 1 {
		t.Errorf("%d sessions ended, want 1", got)
	}
	if _, err := ann.whoAmI(t); connect.CodeOf(err) != connect.CodeUnauthenticated {
		t.Errorf("ann's session: %v", err)
	}
}

// Whoever finds a browser open must not take secrets with them: methods that declare it, and documents that set
// a secret or send one elsewhere, need a recent sign-in. Tokens do not.
func TestOldSignInsProveThemselvesAgain(t *testing.T) {
	t.Parallel()
	e := start(t)
	admin := e.admin(t)
	ctx := t.Context()
	script := e.client(t, header{"Authorization": "Bearer " + admin.bearer(t, "ci")})
	p := provider("p")
	p.BaseUrl, p.Credentials = "https://here.example/v1", nil // a secret would have to be entered again with each address
	admin.createProvider(t, p)
	secret := &adminv1.Provider{Name: "p", Credentials: []*adminv1.Credential{{Name: "a", Secret: "sk-some-new-secret-0123456789"}}}
	moved := &adminv1.Provider{Name: "p", BaseUrl: "https://elsewhere.example/v1"}
	renamed := &adminv1.Provider{Name: "p", Headers: map[string]string{"x-team": "a"}}
	update := func(c *client, p *adminv1.Provider, path string) error {
		_, err := c.providers.UpdateProvider(ctx, &adminv1.UpdateProviderRequest{Provider: p, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{path}}})
		return err
	}
	e.clock.Advance(15 * time.Minute)
	if err := update(admin, renamed, "headers"); err != nil {
		t.Fatal(err)
	}
	if err := update(admin, moved, "base_url"); err != nil {
		t.Errorf("after exactly 15 minutes: %v", err)
	}
	e.clock.Advance(time.Microsecond)
	const want = "REAUTHENTICATION_REQUIRED"
	for _, m := range methods(t) {
		if role.RecentSignIn(m) {
			wantReason(t, admin.invoke(t, m), connect.CodeFailedPrecondition, want)
		}
	}
	back := &adminv1.Provider{Name: "p", BaseUrl: "https://here.example/v1"}
	wantReason(t, update(admin, back, "base_url"), connect.CodeFailedPrecondition, want)
	wantReason(t, update(admin, secret, "credentials"), connect.CodeFailedPrecondition, want)
	_, err := admin.config.ApplyConfig(ctx, &adminv1.ApplyConfigRequest{Resources: []*adminv1.Resource{resource(secret)}})
	wantReason(t, err, connect.CodeFailedPrecondition, want)
	_, err = admin.config.RollBackConfig(ctx, &adminv1.RollBackConfigRequest{Revision: 1})
	wantReason(t, err, connect.CodeFailedPrecondition, want)
	if err := update(admin, renamed, "headers"); err != nil {
		t.Errorf("what moves no secret: %v", err)
	}
	if err := update(script, back, "base_url"); err != nil {
		t.Errorf("a token: %v", err)
	}

	prove := func(password string) error {
		_, err := admin.session.Reauthenticate(ctx, &adminv1.ReauthenticateRequest{Password: password})
		return err
	}
	if got := violations(t, prove("wrong")); !slices.Equal(got, []string{"password: is not the current password"}) {
		t.Errorf("violations %q", got)
	}
	wantReason(t, update(admin, moved, "base_url"), connect.CodeFailedPrecondition, want)
	if err := prove(adminPassword); err != nil {
		t.Fatal(err)
	}
	if err := update(admin, moved, "base_url"); err != nil {
		t.Errorf("after the password: %v", err)
	}
	_, err = script.session.Reauthenticate(ctx, &adminv1.ReauthenticateRequest{Password: adminPassword})
	wantCode(t, err, connect.CodePermissionDenied)
	for range 6 {
		violations(t, prove("wrong"))
	}
	wantCode(t, prove(adminPassword), connect.CodeResourceExhausted)
}
