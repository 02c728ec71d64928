package storetest

import (
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/access"
	"github.com/trunkline-ai/trunkline/internal/errs"
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
	ci := access.Token{Name: "ci", Hash: [32]byte{1, 0, 255}, LastFour: "wxyz", CreatedAt: created, ExpiresAt: expires, ReadBodies: true}
	ops := access.Token{Name: "Ops ü", Hash: [32]byte{2}, LastFour: "abcd", CreatedAt: created}
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
