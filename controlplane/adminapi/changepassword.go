package adminapi

import (
	"context"

	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// ChangePassword sets the caller's own password. The caller's session goes on, all
// others of the user end; bearer tokens stay. Wrong guesses are slowed down as those of sign-ins are.
func (s *sessionService) ChangePassword(ctx context.Context, req *adminv1.ChangePasswordRequest) (*adminv1.ChangePasswordResponse, error) {
	id := caller(ctx)
	switch {
	case id.Token != "":
		return nil, errs.Newf(errs.PermissionDenied, "a token cannot change the password: sign in to the console")
	case !s.accounts.changeable(id.User):
		return nil, errs.Newf(errs.FailedPrecondition,
			"ADMIN_PASSWORD sets the password: change it there and restart every replica, or remove it to set the password in the console")
	}
	if fault := s.accounts.refused(req.GetNewPassword()); fault != "" {
		return nil, errs.Invalid(errs.Violation{Field: "new_password", Description: fault})
	}
	proved, err := s.prove(ctx, id, req.GetCurrentPassword(), "current_password")
	if err != nil {
		return nil, err
	}
	proved.attempt.Succeeded(ctx)
	slotCtx, cancel := context.WithTimeout(ctx, slotWait)
	defer cancel()
	if err := s.accounts.change(slotCtx, id.User, req.GetNewPassword(), proved.user.Version, id.session); err != nil {
		return nil, err
	}
	return &adminv1.ChangePasswordResponse{}, nil
}
