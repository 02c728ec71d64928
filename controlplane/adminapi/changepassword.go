package adminapi

import (
	"context"
	"errors"

	"connectrpc.com/connect/v2"

	"github.com/trunkline-ai/trunkline/controlplane/access"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// ChangePassword sets the password of the console's account. The caller's session goes on, all
// others end; bearer tokens stay. Wrong guesses are slowed down as those of sign-ins are.
func (s *sessionService) ChangePassword(ctx context.Context, req *adminv1.ChangePasswordRequest) (*adminv1.ChangePasswordResponse, error) {
	id := caller(ctx)
	info, ok := connect.CallInfoForServerContext(ctx)
	switch {
	case !ok:
		return nil, errors.New("change password: no call info")
	case id.Token != "":
		return nil, errs.Newf(errs.PermissionDenied, "a token cannot change the password: sign in to the console")
	case !s.account.changeable():
		return nil, errs.Newf(errs.FailedPrecondition,
			"ADMIN_PASSWORD sets the password: change it there and restart every replica, or remove it to set the password in the console")
	case req.GetNewPassword() == s.account.defaultPassword:
		return nil, errs.Invalid(errs.Violation{Field: "new_password", Description: "must not be the default password"})
	}
	network := s.peers.network(info.RequestHeader(), info.PeerAddr)
	// The session is as good a proof of no stranger as a known device; its guesses count for themselves.
	attempt, wait := s.throttle.Admit(ctx, access.Who{Account: id.User, Network: network, Device: string(id.session[:])})
	if wait > 0 {
		s.log.WarnContext(ctx, "change of the password refused: too many failures", "network", network, "retry_in", wait)
		return nil, tooManyAttempts(wait)
	}
	slotCtx, cancel := context.WithTimeout(ctx, slotWait)
	defer cancel()
	right, version, err := s.account.check(slotCtx, id.User, req.GetCurrentPassword(), true)
	if err != nil {
		attempt.Withdrawn(ctx)
		return nil, err
	}
	if !right {
		s.log.WarnContext(ctx, "change of the password refused: the present one is wrong", "network", network)
		return nil, errs.Invalid(errs.Violation{Field: "current_password", Description: "is not the present password"})
	}
	attempt.Succeeded(ctx)
	if err := s.account.change(slotCtx, req.GetNewPassword(), version, id.session); err != nil {
		return nil, err
	}
	s.log.InfoContext(ctx, "password changed", "user", id.User, "network", network)
	return &adminv1.ChangePasswordResponse{}, nil
}
