package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/access"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// someone creates a user of that name and role.
func someone(t *testing.T, s Store, name string, role adminv1.Role) access.User {
	t.Helper()
	u := access.User{ID: "id of " + name, Name: name, Role: role, CreatedAt: epoch}
	must(t, s.CreateUser(t.Context(), u))
	return u
}

// sessionOf is a session as it comes back while its user has the version.
func sessionOf(u access.User, hash byte) access.Session {
	return access.Session{
		Hash: [32]byte{hash, 0, 255}, ID: fmt.Sprint("id", hash), UserID: u.ID, Version: u.Version, Address: "2001:db8::1", UserAgent: "browser ü",
		CreatedAt: epoch, SeenAt: epoch.Add(time.Duration(hash) * time.Second), ProvedAt: epoch, ExpiresAt: epoch.Add(time.Hour), EndsAt: epoch.Add(time.Duration(hash) * time.Hour),
		User: u.Name, Role: u.Role, HasPassword: u.HasPassword(), HasTOTP: len(u.TOTPKey) > 0,
	}
}

func sessions(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	ctx := t.Context()
	ann, bob := someone(t, s, "ann ü", adminv1.Role_ROLE_VIEWER), someone(t, s, "bob", adminv1.Role_ROLE_OWNER)
	one, two, three := sessionOf(ann, 1), sessionOf(ann, 2), sessionOf(bob, 3)
	for _, session := range []access.Session{one, two, three} {
		must(t, s.CreateSession(ctx, session))
		wantSession(t, s, session)
	}
	wantCode(t, s.CreateSession(ctx, one), errs.AlreadyExists)
	lost := sessionOf(ann, 9)
	lost.UserID = "nobody"
	if err := s.CreateSession(ctx, lost); err == nil {
		t.Error("a session of nobody is stored")
	}
	signedIn, err := s.User(ctx, ann.Name)
	must(t, err)
	if !signedIn.SignedInAt.Equal(epoch) {
		t.Errorf("signed in at %v", signedIn.SignedInAt)
	}

	list := func(of string, now time.Time) []access.Session {
		t.Helper()
		found, err := s.ListSessions(ctx, of, now)
		must(t, err)
		return found
	}
	wantEqual(t, "all", list("", epoch), []access.Session{three, two, one})
	wantEqual(t, "ann's", list(ann.ID, epoch), []access.Session{two, one})
	wantEqual(t, "after their end", list("", one.ExpiresAt), []access.Session{})

	one.SeenAt, one.ExpiresAt, one.ProvedAt = epoch.Add(time.Hour), epoch.Add(2*time.Hour), epoch.Add(time.Minute)
	must(t, s.TouchSession(ctx, one.Hash, one.SeenAt, one.ExpiresAt))
	must(t, s.ProveSession(ctx, one.Hash, one.ProvedAt))
	wantSession(t, s, one)
	wantSession(t, s, two)

	wantCode(t, s.DeleteSessionByID(ctx, one.ID, bob.ID), errs.NotFound)
	wantSession(t, s, one)
	must(t, s.DeleteSessionByID(ctx, one.ID, ann.ID))
	must(t, s.DeleteSessionByID(ctx, three.ID, ""))
	must(t, s.DeleteSession(ctx, two.Hash))
	for _, ended := range []access.Session{one, two, three} {
		_, err := s.Session(ctx, ended.Hash)
		wantCode(t, err, errs.NotFound)
		wantCode(t, s.TouchSession(ctx, ended.Hash, epoch, epoch), errs.NotFound)
		wantCode(t, s.ProveSession(ctx, ended.Hash, epoch), errs.NotFound)
		wantCode(t, s.DeleteSession(ctx, ended.Hash), errs.NotFound)
		must(t, s.CreateSession(ctx, ended))
	}
	n, err := s.DeleteSessions(ctx, ann.ID, two.Hash)
	must(t, err)
	wantEqual(t, "how many of ann's ended", n, 1)
	two.ExpiresAt = sessionOf(ann, 2).ExpiresAt
	wantSession(t, s, two)
	wantSession(t, s, three)
}

func wantSession(t *testing.T, s Store, want access.Session) {
	t.Helper()
	got, err := s.Session(t.Context(), want.Hash)
	must(t, err)
	wantEqual(t, "session", got, want)
}

func tokens(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	none, err := s.ListTokens(t.Context(), "")
	must(t, err)
	wantEqual(t, "no tokens", none, []access.Token{})

	clock := newClock()
	created, expires := clock.now(), clock.now()
	ci := access.Token{Name: "ci", Hash: [32]byte{1, 0, 255}, LastFour: "wxyz", CreatedAt: created, ExpiresAt: expires, Role: adminv1.Role_ROLE_OPERATOR, ReadBodies: true}
	ops := access.Token{Name: "Ops ü", Hash: [32]byte{2}, LastFour: "abcd", CreatedAt: created, Role: adminv1.Role_ROLE_VIEWER}
	ann := someone(t, s, "ann", adminv1.Role_ROLE_OPERATOR)
	ci.UserID, ci.User, ci.UserRole = ann.ID, ann.Name, ann.Role
	must(t, s.CreateToken(t.Context(), ci))
	must(t, s.CreateToken(t.Context(), ops))
	wantCode(t, s.CreateToken(t.Context(), access.Token{Name: "ci", Hash: [32]byte{3}}), errs.AlreadyExists)
	wantCode(t, s.CreateToken(t.Context(), access.Token{Name: "other", Hash: ci.Hash}), errs.AlreadyExists)

	ci.CreatedAt, ci.ExpiresAt = created.UTC().Truncate(time.Microsecond), expires.UTC().Truncate(time.Microsecond)
	ops.CreatedAt = ci.CreatedAt
	all, err := s.ListTokens(t.Context(), "")
	must(t, err)
	wantEqual(t, "tokens, sorted by bytes", all, []access.Token{ops, ci})
	got, err := s.TokenByHash(t.Context(), ops.Hash)
	must(t, err)
	wantEqual(t, "token", got, ops)
	if !got.ExpiresAt.IsZero() {
		t.Errorf("a token that never expires does so at %v", got.ExpiresAt)
	}

	own, err := s.ListTokens(t.Context(), ann.ID)
	must(t, err)
	wantEqual(t, "ann's tokens", own, []access.Token{ci})
	ci.UsedAt = epoch
	must(t, s.TouchToken(t.Context(), ci.Hash, epoch))
	got, err = s.TokenByHash(t.Context(), ci.Hash)
	must(t, err)
	wantEqual(t, "a used token", got, ci)

	wantCode(t, s.DeleteToken(t.Context(), "Ops ü", ann.ID), errs.NotFound)
	must(t, s.DeleteToken(t.Context(), "ci", ann.ID))
	_, err = s.TokenByHash(t.Context(), ci.Hash)
	wantCode(t, err, errs.NotFound)
	wantCode(t, s.DeleteToken(t.Context(), "ci", ""), errs.NotFound)
	if _, err := s.TokenByHash(t.Context(), ops.Hash); err != nil {
		t.Errorf("the other token is gone too: %v", err)
	}
}

func expiredAccessIsDeleted(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	now := epoch
	ann := someone(t, s, "ann", adminv1.Role_ROLE_OWNER)
	for i, expires := range []time.Time{now.Add(-time.Microsecond), now, now.Add(time.Microsecond), {}} {
		hash := [32]byte{byte(i)}
		must(t, s.CreateToken(t.Context(), access.Token{Name: string(rune('a' + i)), Hash: hash, CreatedAt: now, ExpiresAt: expires}))
		must(t, s.CreateSession(t.Context(), access.Session{Hash: hash, ID: string(rune('a' + i)), UserID: ann.ID, CreatedAt: now, SeenAt: now, ExpiresAt: expires}))
	}
	must(t, s.DeleteExpired(t.Context(), now))
	left, err := s.ListTokens(t.Context(), "")
	must(t, err)
	names := ""
	for _, token := range left {
		names += token.Name
	}
	if names != "bcd" {
		t.Errorf("tokens %q are left, want bcd", names)
	}
	for i, want := range []bool{false, true, true, false} { // a session always expires
		_, err := s.Session(t.Context(), [32]byte{byte(i)})
		if (err == nil) != want {
			t.Errorf("session %d: %v, want it there: %t", i, err, want)
		}
	}
}

// signInFailures: what is saved last of a key counts, and what is forgiven by now goes.
func signInFailures(t *testing.T, db Database) {
	clock := newClock()
	s := db.Open(t, clock.now)
	ctx := t.Context()
	now := clock.now().UTC().Truncate(time.Microsecond)
	one, two, old := access.SignInKey{1, 0, 255}, access.SignInKey{2}, access.SignInKey{3}
	must(t, s.SaveSignInFailures(ctx, map[access.SignInKey]access.SignInFailures{
		one: {Count: 1, Since: now, Until: now, Forget: now.Add(time.Hour)},
		two: {Count: 7, Since: now.Add(-time.Minute), Until: now.Add(time.Second), Forget: now.Add(2 * time.Hour)},
		old: {Count: 1, Since: now.Add(-time.Hour), Until: now, Forget: now.Add(-time.Microsecond)},
	}))
	again := access.SignInFailures{Count: 2, Since: now.Add(time.Second), Until: now.Add(time.Minute), Forget: now.Add(time.Hour)}
	must(t, s.SaveSignInFailures(ctx, map[access.SignInKey]access.SignInFailures{one: again}))
	got, err := s.SignInFailures(ctx, []access.SignInKey{one, old, {9}})
	must(t, err)
	wantEqual(t, "failures", got, map[access.SignInKey]access.SignInFailures{one: again})
	got, err = s.SignInFailures(ctx, nil)
	must(t, err)
	wantEqual(t, "no failures", got, map[access.SignInKey]access.SignInFailures{})
	must(t, s.ForgetSignInFailures(ctx, []access.SignInKey{one, {9}}))
	must(t, s.ForgetSignInFailures(ctx, nil))
	got, err = s.SignInFailures(ctx, []access.SignInKey{one, two})
	must(t, err)
	if len(got) != 1 || got[two].Count != 7 {
		t.Errorf("after one was forgotten: %v", got)
	}
	must(t, s.DeleteExpired(ctx, now.Add(3*time.Hour)))
	got, err = s.SignInFailures(ctx, []access.SignInKey{two})
	must(t, err)
	wantEqual(t, "forgiven failures", got, map[access.SignInKey]access.SignInFailures{})
}
