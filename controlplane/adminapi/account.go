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

// account is the one account of the console. Its password is the configured one; where that
// is the default one, a password that was set here takes its place, on every replica at once:
// each sign-in reads it.
type account struct {
	password *password
	// defaultPassword is the configured password where that is the default one, else empty.
	defaultPassword string
	store           access.Store
	now             func() time.Time

	replaced atomic.Bool  // a password was set in place of the default one, for ever
	asked    atomic.Int64 // when the database was asked for that last, in microseconds
}

// changeable reports whether the password can be set here.
func (a *account) changeable() bool { return a.defaultPassword != "" }

// set is the password that was set last; one of version 0 when none was.
func (a *account) set(ctx context.Context) (access.Account, error) {
	set, err := a.store.Account(ctx)
	if errs.CodeOf(err) == errs.NotFound {
		return access.Account{}, nil
	}
	return set, err
}

// isDefault reports whether the default password works.
func (a *account) isDefault(ctx context.Context) (bool, error) {
	if !a.changeable() || a.replaced.Load() {
		return false, nil
	}
	set, err := a.set(ctx)
	if set.Version > 0 {
		a.replaced.Store(true)
	}
	return set.Version == 0, err
}

// mayBeNamed reports whether requests may come under any host name, as they may not while
// the default password works. It asks the database at most once a second.
func (a *account) mayBeNamed(ctx context.Context) bool {
	if !a.changeable() || a.replaced.Load() {
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

// check reports whether a user name and a password are right, and the version of the
// password that they were compared with; known says that the caller has signed in before.
func (a *account) check(ctx context.Context, username, plain string, known bool) (right bool, version int64, err error) {
	set, err := a.set(ctx)
	if err != nil {
		return false, 0, err
	}
	instead := &set
	switch {
	case !a.changeable():
		instead = nil
	case set.Version > 0:
		a.replaced.Store(true)
	case a.replaced.Load():
		// A database from before, such as a restored backup: the console may be where others
		// can reach it by now.
		return false, 0, errs.Newf(errs.FailedPrecondition, "the database has lost the password that was set: restart, or set ADMIN_PASSWORD")
	default:
		instead = nil
	}
	right, err = a.password.check(ctx, username, plain, instead, known)
	if err != nil {
		return false, 0, tooManyAttempts(slotWait)
	}
	return right, set.Version, nil
}

// change sets a password in place of the one of a version, and lets only the session of the
// caller go on.
func (a *account) change(ctx context.Context, plain string, version int64, keep [32]byte) error {
	salt, verifier, err := a.password.set(ctx, plain)
	if err != nil {
		return tooManyAttempts(slotWait)
	}
	if err := a.store.SetAccount(ctx, access.Account{Salt: salt, Verifier: verifier, Version: version + 1, ChangedAt: a.now()}, keep); err != nil {
		return err
	}
	a.replaced.Store(true)
	return nil
}
