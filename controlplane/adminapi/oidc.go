package adminapi

import (
	"context"
	"errors"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/google/uuid"

	"github.com/trunkline-ai/trunkline/controlplane/access"
	"github.com/trunkline-ai/trunkline/controlplane/access/oidc"
	"github.com/trunkline-ai/trunkline/controlplane/audit"
	rolename "github.com/trunkline-ai/trunkline/internal/domain/role"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

const (
	flowCookie   = "trunkline_oidc"
	flowLifetime = 10 * time.Minute
)

// GetSignInMethods tells the sign-in page what to offer.
func (s *sessionService) GetSignInMethods(context.Context, *adminv1.GetSignInMethodsRequest) (*adminv1.GetSignInMethodsResponse, error) {
	return &adminv1.GetSignInMethodsResponse{Oidc: s.idp != nil}, nil
}

// BeginOidc sends the browser to the identity provider, unless its network has to wait because sign-ins there failed.
func (s *sessionService) BeginOidc(ctx context.Context, req *adminv1.BeginOidcRequest) (*adminv1.BeginOidcResponse, error) {
	info, ok := connect.CallInfoForServerContext(ctx)
	switch {
	case !ok:
		return nil, errors.New("begin OIDC: no call info")
	case s.idp == nil:
		return nil, errNoIDP()
	}
	network := s.peers.network(info.RequestHeader(), info.PeerAddr)
	if wait := s.throttle.WaitOf(atProvider(network)); wait > 0 {
		return nil, s.tooSoon(ctx, network, wait)
	}
	address, kept, err := s.idp.Begin(ctx, req.GetNext(), req.GetAgain())
	if err != nil {
		return nil, err
	}
	s.cookies.set(ctx, info, flowCookie, kept, flowLifetime)
	return &adminv1.BeginOidcResponse{Url: address}, nil
}

// FinishOidc signs in whom the identity provider sent back. Failures are slowed down per network, as each asks it.
func (s *sessionService) FinishOidc(ctx context.Context, req *adminv1.FinishOidcRequest) (*adminv1.FinishOidcResponse, error) {
	info, ok := connect.CallInfoForServerContext(ctx)
	switch {
	case !ok:
		return nil, errors.New("finish OIDC: no call info")
	case s.idp == nil:
		return nil, errNoIDP()
	}
	network := s.peers.network(info.RequestHeader(), info.PeerAddr)
	attempt, wait := s.throttle.Admit(ctx, atProvider(network))
	if wait > 0 {
		return nil, s.tooSoon(ctx, network, wait)
	}
	kept, _ := s.cookies.get(ctx, info, flowCookie)
	s.cookies.end(ctx, info, flowCookie) // good for one answer
	id, next, err := s.idp.Finish(ctx, kept, req.GetState(), req.GetCode())
	var user access.User
	if err == nil {
		user, err = s.userOf(ctx, id)
	}
	if err != nil {
		s.observer.SignInFailed(IdentityProvider)
		s.audit.Failed(ctx, audit.Failure{Action: signIn, Address: network, Outcome: string(errs.CodeOf(err)), Reason: audit.IdentityProvider})
		return nil, err
	}
	attempt.Succeeded(ctx)
	if err := s.sessions.begin(ctx, info, user, id.ProvedAt, s.idp.SessionLifetime()); err != nil {
		return nil, err
	}
	s.log.InfoContext(ctx, "OIDC sign-in succeeded", "user", user.Name, "network", network)
	return &adminv1.FinishOidcResponse{Username: user.Name, Next: next}, nil
}

// atProvider is what a sign-in at the identity provider is judged by: nobody is known yet.
func atProvider(network string) access.Who {
	return access.Who{Account: "\x00oidc " + network, Network: network}
}

// tooSoon refuses and records an attempt that came too early.
func (s *sessionService) tooSoon(ctx context.Context, network string, wait time.Duration) error {
	s.observer.SignInFailed(Throttled)
	s.audit.Failed(ctx, audit.Failure{Action: signIn, Address: network, Outcome: string(errs.ResourceExhausted), Reason: audit.TooManyFailures})
	return tooManyAttempts(wait)
}

// userOf is the user whom an identity is linked to. Without one it is linked to the user of its name whom an
// owner created for that, without a password; and where groups give roles, somebody new becomes a user. Nobody gets
// a role that neither an owner nor the groups gave.
func (s *sessionService) userOf(ctx context.Context, id oidc.Identity) (access.User, error) {
	if s.idp.MapsRoles() && id.Role == adminv1.Role_ROLE_UNSPECIFIED {
		return access.User{}, errs.Newf(errs.PermissionDenied, "none of your groups may use this console: ask an owner")
	}
	user, err := s.accounts.store.UserOfSubject(ctx, id.Issuer, id.Subject)
	if errs.CodeOf(err) == errs.NotFound {
		user, err = s.link(ctx, id)
	}
	switch {
	case err != nil:
		return access.User{}, err
	case user.Disabled:
		return access.User{}, errs.Newf(errs.PermissionDenied, "this user is disabled: ask an owner")
	case s.idp.MapsRoles() && user.Role != id.Role:
		noteChangeOf(ctx, user.Name, id.Role)
		return s.accounts.store.UpdateUser(ctx, user.Name, [32]byte{}, func(u *access.User) error { u.Role = id.Role; return nil })
	}
	return user, nil
}

// link makes the link to a user, or the user.
func (s *sessionService) link(ctx context.Context, id oidc.Identity) (access.User, error) {
	found, err := s.accounts.store.User(ctx, id.Name)
	switch {
	case errs.CodeOf(err) == errs.NotFound && s.idp.MapsRoles():
		u := access.User{ID: uuid.NewString(), Name: id.Name, Role: id.Role, CreatedAt: s.accounts.now(), Issuer: id.Issuer, Subject: id.Subject}
		noteChangeOf(ctx, u.Name, u.Role)
		return u, s.accounts.store.CreateUser(ctx, u)
	case errs.CodeOf(err) == errs.NotFound:
		return access.User{}, errs.Newf(errs.PermissionDenied, "user %q does not exist: ask an owner to create it", id.Name)
	case err != nil:
		return access.User{}, err
	}
	noteChangeOf(ctx, found.Name, found.Role)
	return s.accounts.store.UpdateUser(ctx, found.Name, [32]byte{}, func(u *access.User) error {
		if s.accounts.hasPassword(*u) || u.Subject != "" {
			return errs.Newf(errs.PermissionDenied, "the user %q has another sign-in method: ask an owner", id.Name)
		}
		u.Issuer, u.Subject = id.Issuer, id.Subject
		return nil
	})
}

// noteChangeOf says in the audit log whom a sign-in changes. The change carries the event, before there is a session.
func noteChangeOf(ctx context.Context, name string, role adminv1.Role) {
	audit.From(ctx).Amend(func(e *audit.Event) {
		e.Actor, e.Role, e.Targets = access.Actor{User: name}.String(), rolename.Name(role), []string{"User/" + name}
	})
}

func errNoIDP() error {
	return errs.Newf(errs.FailedPrecondition, "no identity provider is configured: see --oidc-issuer")
}
