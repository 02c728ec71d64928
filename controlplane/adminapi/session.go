package adminapi

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane/access"
	"github.com/trunkline-ai/trunkline/controlplane/access/oidc"
	"github.com/trunkline-ai/trunkline/controlplane/audit"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// signIn is the action of sign-ins in the audit log.
const signIn = "Login"

// slotWait is how long a sign-in waits for others to be hashed.
const slotWait = 10 * time.Second

// sessionService signs people in and out.
type sessionService struct {
	sessions *sessions
	tokens   access.Store
	accounts *accounts
	factor   *secondFactor
	idp      *oidc.Provider // nil: none
	cookies  cookies
	throttle *access.Throttle
	devices  *devices
	peers    peers
	audit    *audit.Recorder
	about    *adminv1.WhoAmIResponse // what everyone is told; never changed
	observer Observer
	log      *slog.Logger
}

// Login checks the password and starts a session.
func (s *sessionService) Login(ctx context.Context, req *adminv1.LoginRequest) (*adminv1.LoginResponse, error) {
	info, ok := connect.CallInfoForServerContext(ctx)
	if !ok {
		return nil, errors.New("login: no call info")
	}
	network := s.peers.network(info.RequestHeader(), info.PeerAddr)
	device := s.devices.known(ctx, info, req.GetUsername())
	attempt, wait := s.throttle.Admit(ctx, access.Who{Account: req.GetUsername(), Network: network, Device: device})
	if wait > 0 {
		s.observer.SignInFailed(Throttled)
		s.failed(ctx, req.GetUsername(), network, errs.ResourceExhausted, audit.TooManyFailures)
		return nil, tooManyAttempts(wait)
	}
	slotCtx, cancel := context.WithTimeout(ctx, slotWait)
	defer cancel()
	user, err := s.accounts.check(slotCtx, req.GetUsername(), req.GetPassword(), device != "")
	if err != nil {
		attempt.Withdrawn(ctx)
		return nil, err
	}
	if user == nil {
		s.observer.SignInFailed(WrongCredentials)
		s.failed(ctx, req.GetUsername(), network, errs.Unauthenticated, audit.WrongPassword)
		return nil, errs.Newf(errs.Unauthenticated, "the user name or the password is wrong")
	}
	if err := s.second(ctx, *user, req.GetCode(), attempt); err != nil {
		switch {
		case errors.Is(err, reason(totpMissing)):
			s.failed(ctx, req.GetUsername(), network, errs.CodeOf(err), audit.CodeMissing)
		case errors.Is(err, reason(totpWrong)):
			s.failed(ctx, req.GetUsername(), network, errs.CodeOf(err), audit.WrongCode)
		}
		return nil, err
	}
	attempt.Succeeded(ctx)
	if err := s.sessions.begin(ctx, info, *user, s.accounts.now(), sessionAbsolute); err != nil {
		return nil, err
	}
	s.devices.remember(ctx, info, req.GetUsername())
	return &adminv1.LoginResponse{Username: req.GetUsername()}, nil
}

// failed records a sign-in that failed. A name that nobody has is not told: it may be a password that was typed
// into the wrong field.
func (s *sessionService) failed(ctx context.Context, username, network string, code errs.Code, reason string) {
	f := audit.Failure{Action: signIn, Address: network, Outcome: string(code), Reason: reason}
	switch _, err := s.accounts.store.User(ctx, username); {
	case err == nil:
		f.Actor = access.Actor{User: username}.String()
	case errs.CodeOf(err) == errs.NotFound && reason == audit.WrongPassword:
		f.Reason = audit.UnknownUser
	}
	s.audit.Failed(ctx, f)
}

// Logout ends the caller's session, or deletes the token that asks for it: everybody may give up
// what is theirs.
func (s *sessionService) Logout(ctx context.Context, _ *adminv1.LogoutRequest) (*adminv1.LogoutResponse, error) {
	id := caller(ctx)
	if id.Token != "" {
		audit.From(ctx).Amend(func(e *audit.Event) { e.Targets = []string{"Token/" + id.Token} })
		if err := s.tokens.DeleteToken(ctx, id.Token, ""); err != nil {
			return nil, err
		}
		return &adminv1.LogoutResponse{}, nil
	}
	info, ok := connect.CallInfoForServerContext(ctx)
	if !ok {
		return nil, errors.New("logout: no call info")
	}
	if err := s.sessions.end(ctx, info, id.session); err != nil {
		return nil, err
	}
	return &adminv1.LogoutResponse{}, nil
}

// WhoAmI tells who the caller is and what they talk to.
func (s *sessionService) WhoAmI(ctx context.Context, _ *adminv1.WhoAmIRequest) (*adminv1.WhoAmIResponse, error) {
	res := proto.CloneOf(s.about)
	id := caller(ctx)
	if id.User == s.accounts.configured { // nobody else can replace it, nor needs to know that it works
		var err error
		if res.DefaultPassword, err = s.accounts.isDefault(ctx); err != nil {
			return nil, err
		}
	}
	res.Role, res.TotpRequired = id.Role, s.sessions.requireTOTP
	if id.Token != "" {
		res.Username = id.actor()
	} else {
		u, err := s.accounts.store.User(ctx, id.User)
		if err != nil {
			return nil, err
		}
		res.Username, res.TotpEnabled, res.HasPassword = id.User, len(u.TOTPKey) > 0, s.accounts.hasPassword(u)
		res.CanChangePassword = res.GetHasPassword() && s.accounts.changeable(id.User)
	}
	return res, nil
}

func tooManyAttempts(wait time.Duration) error {
	wait = roundWait(wait)
	return errs.Wrap(errs.ResourceExhausted, &retryLater{wait}, tooManyText(wait))
}

func roundWait(wait time.Duration) time.Duration { return max(wait, time.Second).Round(time.Second) }

func tooManyText(wait time.Duration) string {
	return "too many sign-in attempts; try again in " + wait.String()
}
