package adminapi

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/access"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

const (
	// askInterval is how often requests under a foreign host name have the database asked
	// whether a password was set.
	askInterval = time.Second
	askTimeout  = time.Second
)

// accounts are the users as they sign in with a password. That of the configured one, whom ADMIN_USERNAME
// names, is the configured one; where that is the default one, a password that was set here takes its place,
// on every replica at once: each sign-in reads it.
type accounts struct {
	configured string // name of the user whom ADMIN_USERNAME names
	passwords  *passwords
	// defaultPassword is the configured password where that is the default one, else empty.
	defaultPassword string
	store           access.UserStore
	now             func() time.Time

	replaced atomic.Bool  // a password was set in place of the default one, permanently
	asked    atomic.Int64 // when the database was asked for that last, in microseconds
}

// changeable reports whether the password of a user can be set here.
func (a *accounts) changeable(name string) bool {
	return name != a.configured || a.defaultPassword != ""
}

// hasPassword reports whether a user can sign in with one.
func (a *accounts) hasPassword(u access.User) bool { return u.HasPassword() || u.Name == a.configured }

// isDefault reports whether the default password works.
func (a *accounts) isDefault(ctx context.Context) (bool, error) {
	if a.defaultPassword == "" || a.replaced.Load() {
		return false, nil
	}
	u, err := a.store.User(ctx, a.configured)
	if errs.CodeOf(err) == errs.NotFound {
		return true, nil
	}
	if u.HasPassword() {
		a.replaced.Store(true)
	}
	return !u.HasPassword(), err
}

// mayBeNamed reports whether requests may come under any host name, as they may not while
// the default password works. It asks the database at most once a second.
func (a *accounts) mayBeNamed(ctx context.Context) bool {
	if a.defaultPassword == "" || a.replaced.Load() {
		return true
	}
	now, last := a.now().UnixMicro(), a.asked.Load()
	soon := now >= last && now-last < askInterval.Microseconds() // before it: the clock was put back
	if soon || !a.asked.CompareAndSwap(last, now) {
		return false
	}
	// The answer is for the next callers too, so it does not matter whether this one waits.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), askTimeout)
	defer cancel()
	isDefault, err := a.isDefault(ctx)
	return !isDefault && err == nil
}

// check returns the enabled user whose name and password these are; nil when they are nobody's. known says that
// the caller has signed in before.
func (a *accounts) check(ctx context.Context, name, plain string, known bool) (*access.User, error) {
	var u access.User
	exists := false
	if storable(name) {
		found, err := a.store.User(ctx, name)
		if err != nil && errs.CodeOf(err) != errs.NotFound {
			return nil, err
		}
		u, exists = found, err == nil
	}
	want, err := a.verifierOf(name, u)
	if err != nil {
		return nil, err
	}
	right, err := a.passwords.check(ctx, plain, want, known)
	if err != nil {
		return nil, tooManyAttempts(slotWait)
	}
	if !right || !exists || u.Disabled {
		return nil, nil //nolint:nilnil // nobody is no error: the caller says so after the same time for all
	}
	return &u, nil
}

// verifierOf is what the password of a user is compared with; u is empty when there is none of that name.
func (a *accounts) verifierOf(name string, u access.User) (verifier, error) {
	switch {
	case name == a.configured && a.defaultPassword == "":
		return a.passwords.configured(), nil
	case u.HasPassword():
		if name == a.configured {
			a.replaced.Store(true)
		}
		return verifier{u.Salt, u.Verifier}, nil
	case name == a.configured && a.replaced.Load():
		// A database from before, such as a restored backup: the console may be where others
		// can reach it by now.
		return verifier{}, errs.Newf(errs.FailedPrecondition, "the password is missing from the database: restart, or set ADMIN_PASSWORD")
	case name == a.configured:
		return a.passwords.configured(), nil
	}
	return a.passwords.nobodys(), nil
}

// change sets the password of a user in place of the one of a version, and lets only one session go on.
func (a *accounts) change(ctx context.Context, name, plain string, version int64, keep [32]byte) error {
	set, err := a.passwords.set(ctx, plain)
	if err != nil {
		return tooManyAttempts(slotWait)
	}
	_, err = a.store.UpdateUser(ctx, name, keep, func(u *access.User) error {
		if u.Version != version {
			return errs.Newf(errs.Conflict, "the password has been changed in the meantime: sign in again")
		}
		u.Salt, u.Verifier, u.Version = set.salt, set.value, version+1
		return nil
	})
	if err == nil && name == a.configured {
		a.replaced.Store(true)
	}
	return err
}

// refused says what is wrong with a new password; empty when nothing is.
func (a *accounts) refused(plain string) string {
	if plain == access.WellKnownPassword || plain == a.defaultPassword && plain != "" {
		return "must not be the default password"
	}
	return ""
}
