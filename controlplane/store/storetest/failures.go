package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/access"
	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/errs"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Operations is every operation of a store, by name, for tests of a database that fails.
func Operations(base *controlplane.Config) map[string]func(context.Context, Store) error {
	hash, call := [32]byte{9}, &nodev1.Call{Id: "id"}
	return map[string]func(context.Context, Store) error{
		"Ping":   func(ctx context.Context, s Store) error { return s.Ping(ctx) },
		"Load":   func(ctx context.Context, s Store) error { _, err := s.Load(ctx); return err },
		"Follow": func(ctx context.Context, s Store) error { _, err := s.Follow(ctx, base); return err },
		"Update": func(ctx context.Context, s Store) error {
			_, err := s.Update(ctx, "tester", base, always(put(provider("p", 1))))
			return err
		},
		"Changes": func(ctx context.Context, s Store) error { _, err := s.Changes(ctx, 0, 10); return err },
		"EnsureSecret": func(ctx context.Context, s Store) error {
			_, err := s.EnsureSecret(ctx, controlplane.Secret{Ref: "r"})
			return err
		},
		"Secret":          func(ctx context.Context, s Store) error { _, err := s.Secret(ctx, "r"); return err },
		"ReplaceSecret":   func(ctx context.Context, s Store) error { return s.ReplaceSecret(ctx, "r", nil, nil) },
		"NoteAuthorities": func(ctx context.Context, s Store) error { return s.NoteAuthorities(ctx, "n", hash, nil) },
		"InsertCalls": func(ctx context.Context, s Store) error {
			_, _, err := s.InsertCalls(ctx, "n", []*nodev1.Call{call})
			return err
		},
		"ListCalls": func(ctx context.Context, s Store) error {
			_, err := s.ListCalls(ctx, calllog.Filter{Limit: 1})
			return err
		},
		"GetCall":           func(ctx context.Context, s Store) error { _, err := s.GetCall(ctx, "id"); return err },
		"DeleteCallsBefore": func(ctx context.Context, s Store) error { _, err := s.DeleteCallsBefore(ctx, epoch, 1); return err },
		"RecentCalls": func(ctx context.Context, s Store) error {
			_, _, err := s.RecentCalls(ctx, calllog.Filter{}, epoch, 1)
			return err
		},
		"InsertBodies": func(ctx context.Context, s Store) error {
			return s.InsertBodies(ctx, []calllog.Body{{CallID: "c", Key: []byte{1}, Ciphertext: []byte{2}}})
		},
		"ReadBody":       func(ctx context.Context, s Store) error { _, _, err := s.ReadBody(ctx, "c", "a", epoch); return err },
		"DeleteBodiesOf": func(ctx context.Context, s Store) error { _, err := s.DeleteBodiesOf(ctx, "k", 1); return err },
		"DeleteBodiesBefore": func(ctx context.Context, s Store) error {
			_, err := s.DeleteBodiesBefore(ctx, epoch, epoch, 1)
			return err
		},
		"Usage":             func(ctx context.Context, s Store) error { _, err := s.Usage(ctx, usageQuery()); return err },
		"VerifyUsage":       func(ctx context.Context, s Store) error { _, err := s.VerifyUsage(ctx, epoch); return err },
		"DeleteUsageBefore": func(ctx context.Context, s Store) error { _, err := s.DeleteUsageBefore(ctx, epoch, epoch); return err },
		"CreateSession": func(ctx context.Context, s Store) error {
			return s.CreateSession(ctx, access.Session{Hash: hash})
		},
		"EnsureOwner":    func(ctx context.Context, s Store) error { return s.EnsureOwner(ctx, "u", epoch) },
		"ListUsers":      func(ctx context.Context, s Store) error { _, err := s.ListUsers(ctx); return err },
		"User":           func(ctx context.Context, s Store) error { _, err := s.User(ctx, "u"); return err },
		"UserOfSubject":  func(ctx context.Context, s Store) error { _, err := s.UserOfSubject(ctx, "i", "s"); return err },
		"CreateUser":     func(ctx context.Context, s Store) error { return s.CreateUser(ctx, access.User{ID: "i", Name: "u"}) },
		"DeleteUser":     func(ctx context.Context, s Store) error { return s.DeleteUser(ctx, "u") },
		"UseTOTPStep":    func(ctx context.Context, s Store) error { return s.UseTOTPStep(ctx, "i", 1) },
		"UseRecovery":    func(ctx context.Context, s Store) error { return s.UseRecoveryCode(ctx, "i", hash) },
		"SetRecovery":    func(ctx context.Context, s Store) error { return s.SetRecoveryCodes(ctx, "i", nil) },
		"ListSessions":   func(ctx context.Context, s Store) error { _, err := s.ListSessions(ctx, "", epoch); return err },
		"ProveSession":   func(ctx context.Context, s Store) error { return s.ProveSession(ctx, hash, epoch) },
		"DeleteSessions": func(ctx context.Context, s Store) error { _, err := s.DeleteSessions(ctx, "i", hash); return err },
		"TouchToken":     func(ctx context.Context, s Store) error { return s.TouchToken(ctx, hash, epoch) },
		"UpdateUser": func(ctx context.Context, s Store) error {
			_, err := s.UpdateUser(ctx, "u", hash, func(*access.User) error { return nil })
			return err
		},
		"Session":       func(ctx context.Context, s Store) error { _, err := s.Session(ctx, hash); return err },
		"TouchSession":  func(ctx context.Context, s Store) error { return s.TouchSession(ctx, hash, epoch, epoch) },
		"DeleteSession": func(ctx context.Context, s Store) error { return s.DeleteSession(ctx, hash) },
		"DeleteExpired": func(ctx context.Context, s Store) error { return s.DeleteExpired(ctx, epoch) },
		"CreateToken": func(ctx context.Context, s Store) error {
			return s.CreateToken(ctx, access.Token{Name: "t", Hash: hash})
		},
		"ListTokens":  func(ctx context.Context, s Store) error { _, err := s.ListTokens(ctx, ""); return err },
		"TokenByHash": func(ctx context.Context, s Store) error { _, err := s.TokenByHash(ctx, hash); return err },
		"DeleteToken": func(ctx context.Context, s Store) error { return s.DeleteToken(ctx, "t", "") },
	}
}

// WantUnavailable checks that every operation fails with errs.Unavailable, with a message
// that tells nothing about the database.
func WantUnavailable(t *testing.T, s Store, base *controlplane.Config, timeout time.Duration) {
	t.Helper()
	for name, do := range Operations(base) {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), timeout)
			defer cancel()
			wantCode(t, do(ctx, s), errs.Unavailable)
		})
	}
}

func closedStoreIsUnavailable(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	base := load(t, s)
	must(t, s.Close())
	WantUnavailable(t, s, base, time.Minute)
}

func endedContextIsUnavailable(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	base := load(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for name, do := range Operations(base) {
		err := do(ctx, s)
		wantCode(t, err, errs.Unavailable)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v does not wrap context.Canceled", name, err)
		}
	}
	wantSameConfig(t, "afterwards", load(t, s), base)
}
