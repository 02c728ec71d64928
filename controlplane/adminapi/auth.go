package adminapi

import (
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/trunkline-ai/trunkline/controlplane/access"
	"github.com/trunkline-ai/trunkline/internal/errs"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// identity is who makes a call: a signed-in user or a bearer token, never both.
type identity struct {
	user    string
	token   string
	session [32]byte // of a user
	bodies  bool     // a token that may read the bodies of calls
}

// mayReadBodies reports whether the identity may see what clients send and are answered.
// Users are admins, who may; tokens only when they are made for it.
func (i identity) mayReadBodies() bool { return i.user != "" || i.bodies }

// actor is the identity as the change log names it.
func (i identity) actor() string {
	if i.token != "" {
		return "token:" + i.token
	}
	return "user:" + i.user
}

type identityKey struct{}

// caller returns who makes the call; authentication has put it into every handler's context.
func caller(ctx context.Context) identity {
	id, _ := ctx.Value(identityKey{}).(identity)
	return id
}

// authenticator lets nobody through who has not said who they are, except to Login.
type authenticator struct {
	sessions *sessions
	access   access.Store
	now      func() time.Time
}

func (a *authenticator) intercept(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
		if spec.Procedure == adminv1connect.SessionServiceLoginProcedure {
			return next(ctx, spec, stream)
		}
		info, ok := connect.CallInfoForServerContext(ctx)
		if !ok {
			return errors.New("admin API: call without call info")
		}
		id, err := a.identify(ctx, info)
		if err != nil {
			return err
		}
		return next(context.WithValue(ctx, identityKey{}, id), spec, stream)
	}
}

// still reports whether the caller of a stream is who it was when the stream began.
func (a *authenticator) still(ctx context.Context) error {
	info, ok := connect.CallInfoForServerContext(ctx)
	if !ok {
		return errors.New("admin API: call without call info")
	}
	_, err := a.identify(ctx, info)
	return err
}

// identify prefers what was said on purpose: with an Authorization header the cookie does not count.
func (a *authenticator) identify(ctx context.Context, info *connect.CallInfo) (identity, error) {
	header := info.RequestHeader().Values("Authorization")
	if len(header) == 0 {
		return a.sessions.identify(ctx, info)
	}
	scheme, secret, _ := strings.Cut(header[0], " ")
	if len(header) > 1 || !strings.EqualFold(scheme, "Bearer") {
		return identity{}, errs.Newf(errs.Unauthenticated, "the Authorization header must be one bearer token")
	}
	return a.token(ctx, strings.TrimSpace(secret))
}

func (a *authenticator) token(ctx context.Context, secret string) (identity, error) {
	refused := errs.Newf(errs.Unauthenticated, "the token is unknown or has expired")
	if !looksLikeToken(secret) {
		return identity{}, refused
	}
	token, err := a.access.TokenByHash(ctx, sha256.Sum256([]byte(secret)))
	switch {
	case errs.CodeOf(err) == errs.NotFound:
		return identity{}, refused
	case err != nil:
		return identity{}, err
	case !token.ExpiresAt.IsZero() && !a.now().Before(token.ExpiresAt):
		return identity{}, refused
	}
	return identity{token: token.Name, bodies: token.ReadBodies}, nil
}
