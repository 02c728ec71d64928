package storetest

import (
	"cmp"
	"sync"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/access"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func sessions(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	clock := newClock()
	one := access.Session{Hash: [32]byte{1, 0, 255}, Username: "admin ü", CreatedAt: clock.now(), SeenAt: clock.now(), ExpiresAt: clock.now()}
	two := access.Session{Hash: [32]byte{2}, Username: "admin", CreatedAt: epoch, SeenAt: epoch, ExpiresAt: epoch}
	must(t, s.CreateSession(t.Context(), one))
	must(t, s.CreateSession(t.Context(), two))
	wantCode(t, s.CreateSession(t.Context(), one), errs.AlreadyExists)

	for _, at := range []*time.Time{&one.CreatedAt, &one.SeenAt, &one.ExpiresAt} {
		*at = at.UTC().Truncate(time.Microsecond)
	}
	wantSession(t, s, one)
	wantSession(t, s, two)

	one.SeenAt, one.ExpiresAt = epoch.Add(time.Hour), epoch.Add(2*time.Hour)
	must(t, s.TouchSession(t.Context(), one.Hash, one.SeenAt, one.ExpiresAt))
	wantSession(t, s, one)
	wantSession(t, s, two)

	must(t, s.DeleteSession(t.Context(), one.Hash))
	wantSession(t, s, two)
	_, err := s.Session(t.Context(), one.Hash)
	wantCode(t, err, errs.NotFound)
	wantCode(t, s.TouchSession(t.Context(), one.Hash, epoch, epoch), errs.NotFound)
	wantCode(t, s.DeleteSession(t.Context(), one.Hash), errs.NotFound)
}

// account: the password that is set last counts, one change at a time, and of the sessions
// that were begun before it only the one that changed it goes on.
func account(t *testing.T, db Database) {
	stores := []Store{db.Open(t, time.Now), db.Open(t, time.Now)}
	s, other := stores[0], stores[len(stores)-1]
	ctx := t.Context()
	_, err := s.Account(ctx)
	wantCode(t, err, errs.NotFound)
	session := func(hash byte, version int64) access.Session {
		return access.Session{Hash: [32]byte{hash}, Username: "admin", Version: version, CreatedAt: epoch, SeenAt: epoch, ExpiresAt: epoch.Add(time.Hour)}
	}
	for hash := range byte(3) {
		must(t, s.CreateSession(ctx, session(hash, 0)))
	}
	first := access.Account{Salt: []byte{1, 0}, Verifier: []byte{2, 0, 255}, Version: 1, ChangedAt: epoch}
	must(t, s.SetAccount(ctx, first, [32]byte{1}))
	got, err := other.Account(ctx)
	must(t, err)
	wantEqual(t, "account", got, first)
	wantSession(t, other, session(1, 1))
	for _, ended := range []byte{0, 2} {
		_, err := other.Session(ctx, [32]byte{ended})
		wantCode(t, err, errs.NotFound)
	}
	// A sign-in that checked the password before.
	must(t, other.CreateSession(ctx, session(9, 0)))
	_, err = s.Session(ctx, [32]byte{9})
	wantCode(t, err, errs.NotFound)

	must(t, s.CreateSession(ctx, session(4, 1)))
	second := access.Account{Salt: []byte{3}, Verifier: []byte{4}, Version: 2, ChangedAt: epoch.Add(time.Second)}
	var wg sync.WaitGroup
	won := make([]error, 2)
	for i, on := range []Store{s, other} {
		wg.Go(func() { won[i] = on.SetAccount(ctx, second, [32]byte{4}) })
	}
	wg.Wait()
	if (won[0] == nil) == (won[1] == nil) {
		t.Fatalf("two changes at once: %v and %v, want one", won[0], won[1])
	}
	wantCode(t, cmp.Or(won[0], won[1]), errs.Conflict)
	wantCode(t, s.SetAccount(ctx, first, [32]byte{4}), errs.Conflict)
	got, err = s.Account(ctx)
	must(t, err)
	wantEqual(t, "account", got, second)
	wantSession(t, s, session(4, 2))
	_, err = s.Session(ctx, [32]byte{1})
	wantCode(t, err, errs.NotFound)
}

func wantSession(t *testing.T, s Store, want access.Session) {
	t.Helper()
	got, err := s.Session(t.Context(), want.Hash)
	must(t, err)
	wantEqual(t, "session", got, want)
}

func tokens(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	none, err := s.ListTokens(t.Context())
	must(t, err)
	wantEqual(t, "no tokens", none, []access.Token{})

	clock := newClock()
	created, expires := clock.now(), clock.now()
	ci := access.Token{Name: "ci", Hash: [32]byte{1, 0, 255}, LastFour: "wxyz", CreatedAt: created, ExpiresAt: expires, Role: adminv1.Role_ROLE_OPERATOR, ReadBodies: true}
	ops := access.Token{Name: "Ops ü", Hash: [32]byte{2}, LastFour: "abcd", CreatedAt: created, Role: adminv1.Role_ROLE_VIEWER}
	must(t, s.CreateToken(t.Context(), ci))
	must(t, s.CreateToken(t.Context(), ops))
	wantCode(t, s.CreateToken(t.Context(), access.Token{Name: "ci", Hash: [32]byte{3}}), errs.AlreadyExists)
	wantCode(t, s.CreateToken(t.Context(), access.Token{Name: "other", Hash: ci.Hash}), errs.AlreadyExists)

	ci.CreatedAt, ci.ExpiresAt = created.UTC().Truncate(time.Microsecond), expires.UTC().Truncate(time.Microsecond)
	ops.CreatedAt = ci.CreatedAt
	all, err := s.ListTokens(t.Context())
	must(t, err)
	wantEqual(t, "tokens, sorted by bytes", all, []access.Token{ops, ci})
	got, err := s.TokenByHash(t.Context(), ops.Hash)
	must(t, err)
	wantEqual(t, "token", got, ops)
	if !got.ExpiresAt.IsZero() {
		t.Errorf("a token that never expires does so at %v", got.ExpiresAt)
	}

	must(t, s.DeleteToken(t.Context(), "ci"))
	_, err = s.TokenByHash(t.Context(), ci.Hash)
	wantCode(t, err, errs.NotFound)
	wantCode(t, s.DeleteToken(t.Context(), "ci"), errs.NotFound)
	if _, err := s.TokenByHash(t.Context(), ops.Hash); err != nil {
		t.Errorf("the other token is gone too: %v", err)
	}
}

func expiredAccessIsDeleted(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	now := epoch
	for i, expires := range []time.Time{now.Add(-time.Microsecond), now, now.Add(time.Microsecond), {}} {
		hash := [32]byte{byte(i)}
		must(t, s.CreateToken(t.Context(), access.Token{Name: string(rune('a' + i)), Hash: hash, CreatedAt: now, ExpiresAt: expires}))
		must(t, s.CreateSession(t.Context(), access.Session{Hash: hash, CreatedAt: now, SeenAt: now, ExpiresAt: expires}))
	}
	must(t, s.DeleteExpired(t.Context(), now))
	left, err := s.ListTokens(t.Context())
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
