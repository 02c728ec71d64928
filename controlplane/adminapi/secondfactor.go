package adminapi

import (
	"context"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/access"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// secondFactor is what is asked for after the password of a user who has set one up.
type secondFactor struct {
	store  access.UserStore
	sealer controlplane.Sealer
	now    func() time.Time
}

// check reports whether a code is right, of the app or for recovery, and uses it up.
func (f *secondFactor) check(ctx context.Context, u access.User, code string) (bool, error) {
	code = access.NormalCode(code)
	if !access.IsTOTPCode(code) {
		err := f.store.UseRecoveryCode(ctx, u.ID, access.RecoveryHash(code))
		if errs.CodeOf(err) == errs.NotFound {
			return false, nil
		}
		return err == nil, err
	}
	return f.checkApp(ctx, u, u.TOTPKey, code)
}

// checkApp is check for the codes of an app with a key.
func (f *secondFactor) checkApp(ctx context.Context, u access.User, sealed []byte, code string) (bool, error) {
	key, err := f.sealer.Open(sealed, totpBinding(u))
	if err != nil {
		return false, errs.Wrap(errs.Internal, err, "decrypt the key of the second factor")
	}
	step, ok := access.TOTPStep(key, access.NormalCode(code), f.now())
	if !ok {
		return false, nil
	}
	err = f.store.UseTOTPStep(ctx, u.ID, step)
	if errs.CodeOf(err) == errs.Conflict {
		return false, nil
	}
	return err == nil, err
}

// totpBinding keeps the key of one user from opening as another's.
func totpBinding(u access.User) []byte { return []byte("totp\x00" + u.ID) }
