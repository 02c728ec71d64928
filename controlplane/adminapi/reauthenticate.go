package adminapi

import (
	"context"
	"errors"

	"connectrpc.com/connect/v2"

	"github.com/trunkline-ai/trunkline/controlplane/access"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Reauthenticate proves again who has a session, for what only a recent sign-in may do.
func (s *sessionService) Reauthenticate(ctx context.Context, req *adminv1.ReauthenticateRequest) (*adminv1.ReauthenticateResponse, error) {
	id, err := signedIn(ctx)
	if err != nil {
		return nil, err
	}
	u, err := s.prove(ctx, id, req.GetPassword(), "password")
	if err != nil {
		return nil, err
	}
	if err := s.second(ctx, *u.user, req.GetCode(), u.attempt); err != nil {
		return nil, err
	}
	u.attempt.Succeeded(ctx)
	if err := s.sessions.access.ProveSession(ctx, id.session, s.accounts.now()); err != nil {
		return nil, err
	}
	return &adminv1.ReauthenticateResponse{}, nil
}

// proof is a password that was right; its attempt is still to be ended.
type proof struct {
	user    *access.User
	attempt *access.Attempt
}

// prove checks the password of who has a session; a wrong one is a violation of the field. Wrong guesses are slowed
// down as those of sign-ins are.
func (s *sessionService) prove(ctx context.Context, id identity, password, field string) (proof, error) {
	info, ok := connect.CallInfoForServerContext(ctx)
	if !ok {
		return proof{}, errors.New("prove a password: no call info")
	}
	network := s.peers.network(info.RequestHeader(), info.PeerAddr)
	// The session is as good a proof of no stranger as a known device; its guesses count for themselves.
	attempt, wait := s.throttle.Admit(ctx, access.Who{Account: id.User, Network: network, Device: string(id.session[:])})
	if wait > 0 {
		s.observer.SignInFailed(Throttled)
		s.log.WarnContext(ctx, "reauthentication refused: too many failures", "user", id.User, "network", network, "retry_in", wait)
		return proof{}, tooManyAttempts(wait)
	}
	slotCtx, cancel := context.WithTimeout(ctx, slotWait)
	defer cancel()
	user, err := s.accounts.check(slotCtx, id.User, password, true)
	if err != nil {
		attempt.Withdrawn(ctx)
		return proof{}, err
	}
	if user == nil {
		s.observer.SignInFailed(WrongCredentials)
		s.log.WarnContext(ctx, "reauthentication failed", "user", id.User, "network", network)
		return proof{}, errs.Invalid(errs.Violation{Field: field, Description: "is not the current password"})
	}
	return proof{user, attempt}, nil
}

// The reasons for which a right password is not enough.
const (
	totpMissing = "TOTP_REQUIRED"
	totpWrong   = "TOTP_WRONG"
)

// second asks for the second factor of a user who has one.
func (s *sessionService) second(ctx context.Context, u access.User, code string, attempt *access.Attempt) error {
	if len(u.TOTPKey) == 0 {
		return nil
	}
	if code == "" {
		attempt.Withdrawn(ctx)
		s.observer.SignInFailed(CodeMissing)
		return errs.Wrap(errs.Unauthenticated, reason(totpMissing), "the code of the second factor is missing")
	}
	right, err := s.factor.check(ctx, u, code)
	if err != nil {
		attempt.Withdrawn(ctx)
		return err
	}
	if !right {
		s.observer.SignInFailed(WrongCode)
		s.log.WarnContext(ctx, "wrong second factor", "user", u.Name)
		return errs.Wrap(errs.Unauthenticated, reason(totpWrong), "the code of the second factor is wrong, or was used before")
	}
	return nil
}
