package adminapi_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/trunkline-ai/trunkline/controlplane/adminapi"
	"github.com/trunkline-ai/trunkline/internal/domain/role"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// app is an authenticator app with a secret.
func app(t *testing.T, secret string, now time.Time) string {
	t.Helper()
	key, err := base32.StdEncoding.DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha1.New, key)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(now.Unix()/30)))
	sum := mac.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1_000_000)
}

// with signs in with a code too.
func (c *client) with(t *testing.T, name, password, code string) error {
	t.Helper()
	_, err := c.session.Login(t.Context(), &adminv1.LoginRequest{Username: name, Password: password, Code: code})
	return err
}

func TestTotp(t *testing.T) {
	t.Parallel()
	e := start(t)
	admin := e.admin(t)
	ctx := t.Context()
	ann := e.user(t, admin, "ann", adminv1.Role_ROLE_VIEWER)

	_, err := ann.session.ConfirmTotp(ctx, &adminv1.ConfirmTotpRequest{Code: "123456"})
	wantCode(t, err, connect.CodeFailedPrecondition)
	begun := ok(ann.session.BeginTotp(ctx, &adminv1.BeginTotpRequest{}))(t)
	if !strings.Contains(begun.GetUri(), "otpauth://totp/Trunkline:ann?") || !strings.Contains(begun.GetUri(), begun.GetSecret()) {
		t.Errorf("uri %q", begun.GetUri())
	}
	for _, row := range begun.GetQrRows() {
		if len(row) != len(begun.GetQrRows()) || strings.Trim(row, "#.") != "" || len(row) < 21 {
			t.Errorf("row %q of %d", row, len(begun.GetQrRows()))
		}
	}
	if err := e.client(t, nil).try(t, "ann", userPassword); err != nil {
		t.Errorf("it is asked for before it is confirmed: %v", err)
	}
	code := app(t, begun.GetSecret(), e.clock.Now())
	_, err = ann.session.ConfirmTotp(ctx, &adminv1.ConfirmTotpRequest{Code: wrong(code)})
	if got := violations(t, err); !slices.Equal(got, []string{"code: is not the code that the app shows now"}) {
		t.Errorf("violations %q", got)
	}
	codes := ok(ann.session.ConfirmTotp(ctx, &adminv1.ConfirmTotpRequest{Code: code[:3] + " " + code[3:]}))(t).GetRecoveryCodes()
	if len(codes) != 10 {
		t.Fatalf("recovery codes %q", codes)
	}
	if who := ok(ann.whoAmI(t))(t); !who.GetTotpEnabled() {
		t.Errorf("who am I: %v", who)
	}

	fresh := e.client(t, nil)
	wantReason(t, fresh.try(t, "ann", userPassword), connect.CodeUnauthenticated, "TOTP_REQUIRED")
	wantReason(t, fresh.with(t, "ann", userPassword, code), connect.CodeUnauthenticated, "TOTP_WRONG") // it was used to confirm
	e.clock.Advance(30 * time.Second)
	code = app(t, begun.GetSecret(), e.clock.Now())
	if got := wantCode(t, fresh.with(t, "ann", "wrong", code), connect.CodeUnauthenticated).Message(); got != "the user name or the password is wrong" {
		t.Errorf("a wrong password with a right code: %q", got)
	}
	if err := fresh.with(t, "ann", userPassword, code); err != nil {
		t.Fatal(err)
	}
	wantReason(t, e.client(t, nil).with(t, "ann", userPassword, code), connect.CodeUnauthenticated, "TOTP_WRONG")
	if err := e.client(t, nil).with(t, "ann", userPassword, strings.ToUpper(codes[3])); err != nil {
		t.Errorf("a recovery code: %v", err)
	}
	wantReason(t, e.client(t, nil).with(t, "ann", userPassword, codes[3]), connect.CodeUnauthenticated, "TOTP_WRONG")

	// Confirming a password asks for it as well.
	_, err = ann.session.Reauthenticate(ctx, &adminv1.ReauthenticateRequest{Password: userPassword})
	wantReason(t, err, connect.CodeUnauthenticated, "TOTP_REQUIRED")
	ok(ann.session.Reauthenticate(ctx, &adminv1.ReauthenticateRequest{Password: userPassword, Code: codes[4]}))(t)

	ok(ann.session.DisableTotp(ctx, &adminv1.DisableTotpRequest{}))(t)
	if err := e.client(t, nil).try(t, "ann", userPassword); err != nil {
		t.Errorf("without it: %v", err)
	}
	for _, secret := range append(codes, begun.GetSecret()) {
		if strings.Contains(e.logs.String(), secret) {
			t.Errorf("%q is in the log", secret)
		}
	}
	script := e.client(t, header{"Authorization": "Bearer " + admin.bearer(t, "ci")})
	_, err = script.session.BeginTotp(ctx, &adminv1.BeginTotpRequest{})
	wantCode(t, err, connect.CodePermissionDenied)
}

func TestTotpGuessesAreThrottled(t *testing.T) {
	t.Parallel()
	e := start(t)
	admin := e.admin(t)
	ann := e.user(t, admin, "ann", adminv1.Role_ROLE_VIEWER)
	begun := ok(ann.session.BeginTotp(t.Context(), &adminv1.BeginTotpRequest{}))(t)
	ok(ann.session.ConfirmTotp(t.Context(), &adminv1.ConfirmTotpRequest{Code: app(t, begun.GetSecret(), e.clock.Now())}))(t)
	e.clock.Advance(30 * time.Second)
	right := app(t, begun.GetSecret(), e.clock.Now())
	stranger := e.client(t, nil)
	for range 6 {
		wantReason(t, stranger.with(t, "ann", userPassword, wrong(right)), connect.CodeUnauthenticated, "TOTP_WRONG")
	}
	wantCode(t, stranger.with(t, "ann", userPassword, right), connect.CodeResourceExhausted)
}

// An owner helps somebody who lost the app and the codes; whoever holds their sessions has them no more.
func TestResetTotp(t *testing.T) {
	t.Parallel()
	e := start(t)
	admin := e.admin(t)
	ann := e.user(t, admin, "ann", adminv1.Role_ROLE_VIEWER)
	begun := ok(ann.session.BeginTotp(t.Context(), &adminv1.BeginTotpRequest{}))(t)
	codes := ok(ann.session.ConfirmTotp(t.Context(), &adminv1.ConfirmTotpRequest{Code: app(t, begun.GetSecret(), e.clock.Now())}))(t).GetRecoveryCodes()
	ok(admin.users.ResetTotp(t.Context(), &adminv1.ResetTotpRequest{Name: "ann"}))(t)
	if _, err := ann.whoAmI(t); connect.CodeOf(err) != connect.CodeUnauthenticated {
		t.Errorf("the session: %v", err)
	}
	if err := ann.with(t, "ann", userPassword, codes[0]); err != nil { // a code too many does no harm
		t.Fatal(err)
	}
	if got := ok(admin.users.GetUser(t.Context(), &adminv1.GetUserRequest{Name: "ann"}))(t).GetUser(); got.GetTotpEnabled() {
		t.Errorf("user %v", got)
	}
	_, err := admin.users.ResetTotp(t.Context(), &adminv1.ResetTotpRequest{Name: "nobody"})
	wantCode(t, err, connect.CodeNotFound)
}

// Where a second factor is required, who has none can do nothing but set one up; tokens and those who sign in at an
// identity provider have theirs elsewhere.
func TestRequiredTotp(t *testing.T) {
	t.Parallel()
	e, p := withIDP(t, groups, nil, func(c *adminapi.Config) { c.RequireTOTP = true })
	admin := e.admin(t)
	const reason = "TOTP_ENROLMENT_REQUIRED"
	for _, m := range methods(t) {
		if !role.BeforeSignIn(m) && !role.BeforeSecondFactor(m) {
			wantReason(t, admin.invoke(t, m), connect.CodeFailedPrecondition, reason)
		}
	}
	if who := ok(admin.whoAmI(t))(t); !who.GetTotpRequired() || who.GetTotpEnabled() || !who.GetHasPassword() {
		t.Errorf("who am I: %v", who)
	}
	list := func(c *client) error {
		_, err := c.groups.ListGroups(t.Context(), &adminv1.ListGroupsRequest{})
		return err
	}
	e.clock.Advance(16 * time.Minute)
	_, err := admin.session.BeginTotp(t.Context(), &adminv1.BeginTotpRequest{})
	wantReason(t, err, connect.CodeFailedPrecondition, "REAUTHENTICATION_REQUIRED")
	ok(admin.session.Reauthenticate(t.Context(), &adminv1.ReauthenticateRequest{Password: adminPassword}))(t)
	begun := ok(admin.session.BeginTotp(t.Context(), &adminv1.BeginTotpRequest{}))(t)
	wantReason(t, list(admin), connect.CodeFailedPrecondition, reason) // begun is not done
	ok(admin.session.ConfirmTotp(t.Context(), &adminv1.ConfirmTotpRequest{Code: app(t, begun.GetSecret(), e.clock.Now())}))(t)
	if err := list(admin); err != nil {
		t.Errorf("with a second factor: %v", err)
	}
	_, err = admin.session.DisableTotp(t.Context(), &adminv1.DisableTotpRequest{})
	wantCode(t, err, connect.CodeFailedPrecondition)
	script := e.client(t, header{"Authorization": "Bearer " + admin.bearer(t, "ci")})
	if err := list(script); err != nil {
		t.Errorf("a token: %v", err)
	}
	ok(admin.users.ResetTotp(t.Context(), &adminv1.ResetTotpRequest{Name: adminUser}))(t)
	again := e.admin(t)
	wantReason(t, list(again), connect.CodeFailedPrecondition, reason)

	p.Person(ann("admins"))
	single := e.client(t, nil)
	ok(single.oidc(t))(t)
	if err := list(single); err != nil {
		t.Errorf("a single sign-on: %v", err)
	}
}

// A right password leaves a trace, whatever becomes of its code.
func TestRightPasswordWithoutTheCodeIsRecorded(t *testing.T) {
	t.Parallel()
	o := &observer{requests: map[string]int{}, timed: map[string]int{}, signIns: map[adminapi.SignInFailure]int{}}
	e := start(t, func(c *adminapi.Config) { c.Observer = o })
	admin := e.admin(t)
	ann := e.user(t, admin, "ann", adminv1.Role_ROLE_VIEWER)
	begun := ok(ann.session.BeginTotp(t.Context(), &adminv1.BeginTotpRequest{}))(t)
	ok(ann.session.ConfirmTotp(t.Context(), &adminv1.ConfirmTotpRequest{Code: app(t, begun.GetSecret(), e.clock.Now())}))(t)
	e.clock.Advance(30 * time.Second)
	stranger := e.client(t, nil)
	wantReason(t, stranger.with(t, "ann", userPassword, ""), connect.CodeUnauthenticated, "TOTP_REQUIRED")
	if got := e.newest(t); got.Action != "Login" || got.Actor != "user:ann" || got.Outcome != "unauthenticated" || got.Detail != "code_missing" {
		t.Errorf("without a code: event %+v", got)
	}
	wantReason(t, stranger.with(t, "ann", userPassword, wrong(app(t, begun.GetSecret(), e.clock.Now()))), connect.CodeUnauthenticated, "TOTP_WRONG")
	if got := e.newest(t); got.Action != "Login" || got.Actor != "user:ann" || got.Detail != "wrong_code" {
		t.Errorf("with a wrong code: event %+v", got)
	}
	_, err := ann.session.Reauthenticate(t.Context(), &adminv1.ReauthenticateRequest{Password: "wrong"})
	wantCode(t, err, connect.CodeInvalidArgument)
	o.mu.Lock()
	defer o.mu.Unlock()
	want := map[adminapi.SignInFailure]int{adminapi.CodeMissing: 1, adminapi.WrongCode: 1, adminapi.WrongCredentials: 1}
	if !maps.Equal(o.signIns, want) {
		t.Errorf("failed sign-ins %v, want %v", o.signIns, want)
	}
}

// wrong is another code of six digits.
func wrong(code string) string {
	if code[0] == '0' {
		return "1" + code[1:]
	}
	return "0" + code[1:]
}
