package adminapi

import (
	"context"
	"strings"

	"rsc.io/qr"

	"github.com/trunkline-ai/trunkline/controlplane/access"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// BeginTotp makes a secret for a second factor; ConfirmTotp puts it to use.
func (s *sessionService) BeginTotp(ctx context.Context, _ *adminv1.BeginTotpRequest) (*adminv1.BeginTotpResponse, error) {
	id, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	key := access.NewTOTPKey()
	_, err = s.accounts.store.UpdateUser(ctx, id.User, [32]byte{}, func(u *access.User) error {
		if !s.accounts.hasPassword(*u) {
			return errs.Newf(errs.FailedPrecondition, "you sign in without a password: set up the second factor at your identity provider")
		}
		sealed, err := s.factor.sealer.Seal(key, totpBinding(*u))
		u.TOTPPending = sealed
		return err
	})
	if err != nil {
		return nil, err
	}
	uri := access.TOTPURI(key, id.User)
	code, err := qr.Encode(uri, qr.M)
	if err != nil {
		return nil, errs.Wrap(errs.Internal, err, "draw the QR code")
	}
	return &adminv1.BeginTotpResponse{Secret: access.TOTPSecret(key), Uri: uri, QrRows: qrRows(code)}, nil
}

func qrRows(code *qr.Code) []string {
	rows := make([]string, code.Size)
	for y := range rows {
		var row strings.Builder
		for x := range code.Size {
			if code.Black(x, y) {
				row.WriteByte('#')
			} else {
				row.WriteByte('.')
			}
		}
		rows[y] = row.String()
	}
	return rows
}

// ConfirmTotp puts the secret to use once the app shows that it has it.
func (s *sessionService) ConfirmTotp(ctx context.Context, req *adminv1.ConfirmTotpRequest) (*adminv1.ConfirmTotpResponse, error) {
	id, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	u, err := s.accounts.store.User(ctx, id.User)
	if err != nil {
		return nil, err
	}
	if len(u.TOTPPending) == 0 {
		return nil, errs.Newf(errs.FailedPrecondition, "nothing to confirm: create a new QR code first")
	}
	right, err := s.factor.checkApp(ctx, u, u.TOTPPending, req.GetCode())
	if err != nil {
		return nil, err
	}
	if !right {
		return nil, errs.Invalid(errs.Violation{Field: "code", Description: "is not the code that the app shows now"})
	}
	codes, hashes := access.NewRecoveryCodes()
	if err := s.accounts.store.SetRecoveryCodes(ctx, u.ID, hashes); err != nil {
		return nil, err
	}
	pending := string(u.TOTPPending)
	_, err = s.accounts.store.UpdateUser(ctx, id.User, [32]byte{}, func(u *access.User) error {
		if string(u.TOTPPending) != pending {
			return errs.Newf(errs.Conflict, "another QR code has been created in the meantime: use that one")
		}
		u.TOTPKey, u.TOTPPending = u.TOTPPending, nil
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &adminv1.ConfirmTotpResponse{RecoveryCodes: codes}, nil
}

// DisableTotp removes the caller's second factor.
func (s *sessionService) DisableTotp(ctx context.Context, _ *adminv1.DisableTotpRequest) (*adminv1.DisableTotpResponse, error) {
	id, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	if s.sessions.requireTOTP {
		return nil, errs.Newf(errs.FailedPrecondition, "a second factor is required: an owner can remove yours, and you set up a new one at the next sign-in")
	}
	if err := removeTOTP(ctx, s.accounts.store, id.User, nil); err != nil {
		return nil, err
	}
	return &adminv1.DisableTotpResponse{}, nil
}

// removeTOTP removes the second factor of a user; more changes what else is to change with it.
func removeTOTP(ctx context.Context, store access.UserStore, name string, more func(*access.User)) error {
	u, err := store.UpdateUser(ctx, name, [32]byte{}, func(u *access.User) error {
		u.TOTPKey, u.TOTPPending = nil, nil
		if more != nil {
			more(u)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return store.SetRecoveryCodes(ctx, u.ID, nil)
}

// signedIn returns the caller if that is a user, not a token.
func signedIn(ctx context.Context) (identity, error) {
	id := caller(ctx)
	if id.Token != "" {
		return id, errs.Newf(errs.PermissionDenied, "a token cannot do this for its user: sign in to the console")
	}
	return id, nil
}
