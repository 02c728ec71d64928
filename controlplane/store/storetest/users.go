package storetest

import (
	"sync"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/access"
	"github.com/trunkline-ai/trunkline/controlplane/secrets"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func users(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	ctx := t.Context()
	must(t, s.EnsureOwner(ctx, "root", epoch))
	must(t, s.EnsureOwner(ctx, "root", epoch.Add(time.Hour)))
	root, err := s.User(ctx, "root")
	must(t, err)
	wantEqual(t, "the first owner", root, access.User{ID: root.ID, Name: "root", Role: adminv1.Role_ROLE_OWNER, CreatedAt: epoch})
	if root.HasPassword() {
		t.Error("the first owner has a password")
	}

	whole := access.User{
		ID: "i", Name: "Ann ü", Role: adminv1.Role_ROLE_VIEWER, Disabled: true, Salt: []byte{1, 0}, Verifier: []byte{2, 0, 255}, Version: 7,
		CreatedAt: epoch, SignedInAt: epoch.Add(time.Second), TOTPKey: []byte{3}, TOTPPending: []byte{4}, Issuer: "https://idp.example", Subject: "sub",
	}
	must(t, s.CreateUser(ctx, whole))
	for _, by := range []func() (access.User, error){
		func() (access.User, error) { return s.User(ctx, whole.Name) },
		func() (access.User, error) { return s.UserOfSubject(ctx, whole.Issuer, whole.Subject) },
	} {
		got, err := by()
		must(t, err)
		wantEqual(t, "a user", got, whole)
	}
	all, err := s.ListUsers(ctx)
	must(t, err)
	wantEqual(t, "users, sorted by bytes", all, []access.User{whole, root})

	wantCode(t, s.CreateUser(ctx, access.User{ID: "other", Name: whole.Name}), errs.AlreadyExists)
	wantCode(t, s.CreateUser(ctx, access.User{ID: "other", Name: "other", Issuer: whole.Issuer, Subject: whole.Subject}), errs.AlreadyExists)
	_, err = s.User(ctx, "nobody")
	wantCode(t, err, errs.NotFound)
	_, err = s.UserOfSubject(ctx, whole.Issuer, "another")
	wantCode(t, err, errs.NotFound)
	wantCode(t, s.DeleteUser(ctx, "nobody"), errs.NotFound)
	_, err = s.UpdateUser(ctx, "nobody", [32]byte{}, func(*access.User) error { return nil })
	wantCode(t, err, errs.NotFound)
}

// usersChangeOneAtATime: no change is lost, and one that is refused leaves everything as it was.
func usersChangeOneAtATime(t *testing.T, db Database) {
	stores := []Store{db.Open(t, time.Now), db.Open(t, time.Now)}
	ctx := t.Context()
	someone(t, stores[0], "ann", adminv1.Role_ROLE_OWNER)
	var wg sync.WaitGroup
	for _, s := range stores {
		wg.Go(func() {
			for range 10 {
				if _, err := s.UpdateUser(ctx, "ann", [32]byte{}, func(u *access.User) error { u.Version++; return nil }); err != nil {
					t.Errorf("update: %v", err)
				}
			}
		})
	}
	wg.Wait()
	refused := errs.Newf(errs.Conflict, "no")
	_, err := stores[0].UpdateUser(ctx, "ann", [32]byte{}, func(u *access.User) error { u.Version = 99; return refused })
	wantCode(t, err, errs.Conflict)
	u, err := stores[1].User(ctx, "ann")
	must(t, err)
	wantEqual(t, "version after 20 changes", u.Version, int64(20))
}

// lastOwnerStays, even when two owners demote each other at the same time.
func lastOwnerStays(t *testing.T, db Database) {
	stores := []Store{db.Open(t, time.Now), db.Open(t, time.Now)}
	s := stores[0]
	ctx := t.Context()
	demote := func(u *access.User) error { u.Role = adminv1.Role_ROLE_OPERATOR; return nil }
	disable := func(u *access.User) error { u.Disabled = true; return nil }
	someone(t, s, "ann", adminv1.Role_ROLE_OWNER)
	someone(t, s, "operator", adminv1.Role_ROLE_OPERATOR)
	must(t, s.CreateUser(ctx, access.User{ID: "gone", Name: "gone", Role: adminv1.Role_ROLE_OWNER, Disabled: true, CreatedAt: epoch}))
	for _, change := range []func(*access.User) error{demote, disable} {
		_, err := s.UpdateUser(ctx, "ann", [32]byte{}, change)
		wantCode(t, err, errs.FailedPrecondition)
	}
	wantCode(t, s.DeleteUser(ctx, "ann"), errs.FailedPrecondition)
	must(t, s.DeleteUser(ctx, "gone"))

	someone(t, s, "bob", adminv1.Role_ROLE_OWNER)
	var wg sync.WaitGroup
	failed := make([]error, 2)
	for i, name := range []string{"ann", "bob"} {
		wg.Go(func() { _, failed[i] = stores[i].UpdateUser(ctx, name, [32]byte{}, demote) })
	}
	wg.Wait()
	if (failed[0] == nil) == (failed[1] == nil) {
		t.Errorf("two owners demoted each other: %v and %v, want one to stay", failed[0], failed[1])
	}
}

// usersTakeWhatTheyHadWithThem: sessions end with another version, with being disabled and with the user; tokens
// do no more than the user may.
func usersTakeWhatTheyHadWithThem(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	other := db.Open(t, time.Now)
	ctx := t.Context()
	someone(t, s, "root", adminv1.Role_ROLE_OWNER)
	ann := someone(t, s, "ann", adminv1.Role_ROLE_OWNER)
	token := access.Token{Name: "t", Hash: [32]byte{7}, CreatedAt: epoch, Role: adminv1.Role_ROLE_OPERATOR, UserID: ann.ID}
	must(t, s.CreateToken(ctx, token))
	one, two := sessionOf(ann, 1), sessionOf(ann, 2)
	must(t, s.CreateSession(ctx, one))
	must(t, s.CreateSession(ctx, two))
	update := func(change func(*access.User)) access.User {
		t.Helper()
		u, err := s.UpdateUser(ctx, "ann", two.Hash, func(u *access.User) error { change(u); return nil })
		must(t, err)
		return u
	}
	roleOfToken := func() adminv1.Role {
		t.Helper()
		got, err := other.TokenByHash(ctx, token.Hash)
		must(t, err)
		return got.Role
	}

	update(func(u *access.User) { u.Version = 1; u.Verifier = []byte{1} })
	two.Version, two.HasPassword = 1, true
	wantSession(t, other, two)
	update(func(u *access.User) { u.TOTPKey = []byte{3} })
	two.HasTOTP = true
	wantSession(t, other, two)
	update(func(u *access.User) { u.TOTPKey = nil })
	two.HasTOTP = false
	wantSession(t, other, two)
	_, err := other.Session(ctx, one.Hash)
	wantCode(t, err, errs.NotFound)
	must(t, other.CreateSession(ctx, one)) // by a sign-in that checked the password before
	_, err = s.Session(ctx, one.Hash)
	wantCode(t, err, errs.NotFound)

	update(func(u *access.User) { u.Role = adminv1.Role_ROLE_VIEWER })
	two.Role = adminv1.Role_ROLE_VIEWER
	wantSession(t, other, two)
	wantEqual(t, "role of the token", roleOfToken(), adminv1.Role_ROLE_VIEWER)
	update(func(u *access.User) { u.Role = adminv1.Role_ROLE_OWNER })
	wantEqual(t, "role of the token", roleOfToken(), adminv1.Role_ROLE_OPERATOR)

	update(func(u *access.User) { u.Disabled = true })
	_, err = other.Session(ctx, two.Hash)
	wantCode(t, err, errs.NotFound)
	_, err = other.TokenByHash(ctx, token.Hash)
	wantCode(t, err, errs.NotFound)
	update(func(u *access.User) { u.Disabled = false })
	_, err = other.Session(ctx, two.Hash) // it ended, and does not come back
	wantCode(t, err, errs.NotFound)
	roleOfToken()

	must(t, s.DeleteUser(ctx, "ann"))
	_, err = other.TokenByHash(ctx, token.Hash)
	wantCode(t, err, errs.NotFound)
	if err := s.CreateSession(ctx, one); err == nil {
		t.Error("a user who is gone has a new session")
	}
}

func secondFactors(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	ctx := t.Context()
	ann, bob := someone(t, s, "ann", adminv1.Role_ROLE_OWNER), someone(t, s, "bob", adminv1.Role_ROLE_OWNER)
	must(t, s.UseTOTPStep(ctx, ann.ID, 10))
	for _, used := range []int64{10, 9} {
		wantCode(t, s.UseTOTPStep(ctx, ann.ID, used), errs.Conflict)
	}
	must(t, s.UseTOTPStep(ctx, bob.ID, 10))
	must(t, s.UseTOTPStep(ctx, ann.ID, 11))

	one, two, three := [32]byte{1, 0, 255}, [32]byte{2}, [32]byte{3}
	must(t, s.SetRecoveryCodes(ctx, ann.ID, [][32]byte{one, two}))
	wantCode(t, s.UseRecoveryCode(ctx, bob.ID, one), errs.NotFound)
	must(t, s.UseRecoveryCode(ctx, ann.ID, one))
	wantCode(t, s.UseRecoveryCode(ctx, ann.ID, one), errs.NotFound)
	must(t, s.SetRecoveryCodes(ctx, ann.ID, [][32]byte{three}))
	wantCode(t, s.UseRecoveryCode(ctx, ann.ID, two), errs.NotFound)
	must(t, s.UseRecoveryCode(ctx, ann.ID, three))
}

// secondFactorsAreResealed: the keys of second factors follow the master key, and go with a lost one.
func secondFactorsAreResealed(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	ctx := t.Context()
	someone(t, s, "without", adminv1.Role_ROLE_OWNER)
	must(t, s.CreateUser(ctx, access.User{ID: "i", Name: "ann", Role: adminv1.Role_ROLE_VIEWER, CreatedAt: epoch, TOTPKey: under("old", "a"), TOTPPending: under("old", "b")}))
	sealed, err := s.Sealed(ctx)
	must(t, err)
	wantEqual(t, "sealed", sealed, []secrets.Sealed{{Ref: "totp-pending/i", KeyID: "old"}, {Ref: "totp/i", KeyID: "old"}})
	must(t, s.Reseal(ctx, []secrets.Resealed{{Ref: "totp/i", Before: under("old", "a"), After: under("new", "a")}}))
	u, err := s.User(ctx, "ann")
	must(t, err)
	wantEqual(t, "key", u.TOTPKey, under("new", "a"))
	_, err = s.ForgetSealed(ctx, []string{"old"})
	must(t, err)
	u, err = s.User(ctx, "ann")
	must(t, err)
	wantEqual(t, "key", u.TOTPKey, under("new", "a"))
	wantEqual(t, "pending key under a lost one", u.TOTPPending, []byte(nil))
}
