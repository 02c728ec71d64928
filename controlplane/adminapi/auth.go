package adminapi

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"strings"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/trunkline-ai/trunkline/controlplane/access"
	"github.com/trunkline-ai/trunkline/controlplane/audit"
	rolename "github.com/trunkline-ai/trunkline/internal/domain/role"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// identity is who makes a call, and by what they proved it.
type identity struct {
	access.Actor
	userID  string   // of the user, or of the one whose token it is; empty: a token that is nobody's
	session [32]byte // of a user
	stale   bool     // a session that has not proved for a while who it is
	// unenrolled: a session of somebody who must have a second factor, and has none yet.
	unenrolled bool
	bodies     bool // a token that may read the bodies of calls
	lesser     bool // a token that may do less than its user
	// expires is when the token ends; zero: never, and for users.
	expires time.Time
}

// scope is whose sessions and tokens the identity may end: a user's id, or empty for everybody's.
func (i identity) scope() string {
	if i.Role >= adminv1.Role_ROLE_OWNER {
		return ""
	}
	return i.userID
}

// belongsToNobody is true of a token that is no owner's and no user's: it has no sessions and tokens.
func (i identity) belongsToNobody() bool { return i.Role < adminv1.Role_ROLE_OWNER && i.userID == "" }

// mayReadBodies reports whether the identity may see what clients send and are answered: of those who may
// call the method at all, users, and tokens only when they are made for it.
func (i identity) mayReadBodies() bool { return i.User != "" || i.bodies }

// actor is the identity as the change log names it.
func (i identity) actor() string { return i.String() }

type identityKey struct{}

// caller returns who makes the call; authentication has put it into every handler's context.
func caller(ctx context.Context) identity {
	id, _ := ctx.Value(identityKey{}).(identity)
	return id
}

// authenticator lets nobody through who has not said who they are, or whose role is too low for the
// method; only what may be called before signing in is open to all.
type authenticator struct {
	sessions *sessions
	access   access.Store
	peers    peers
	recent   time.Duration // for how long a sign-in counts as recent
	log      *slog.Logger
	audit    *audit.Recorder
	now      func() time.Time
}

func (a *authenticator) intercept(next connect.ServerFunc) connect.ServerFunc {
	return func(ctx context.Context, spec connect.Spec, stream connect.ServerStream) error {
		info, ok := connect.CallInfoForServerContext(ctx)
		if !ok {
			return errors.New("admin API: call without call info")
		}
		need := requirementOf(spec)
		if need.open {
			return next(access.WithActor(ctx, access.Actor{Address: a.peers.address(info)}), spec, stream)
		}
		id, err := a.admit(ctx, info, need)
		if err != nil {
			return err
		}
		ctx = context.WithValue(access.WithActor(ctx, id.Actor), identityKey{}, id)
		ctx = context.WithValue(ctx, requirementKey{}, need)
		if spec.StreamType == connect.StreamTypeServer {
			return whileAdmitted(ctx, a.still, a.now, stream, func(ctx context.Context, stream connect.ServerStream) error { return next(ctx, spec, stream) })
		}
		return next(ctx, spec, stream)
	}
}

// admit returns who makes the call if they may.
func (a *authenticator) admit(ctx context.Context, info *connect.CallInfo, need requirement) (identity, error) {
	id, err := a.identify(ctx, info)
	if err != nil {
		return identity{}, err
	}
	id.Address = a.peers.address(info)
	audit.From(ctx).Amend(func(e *audit.Event) { e.Actor, e.Role = id.actor(), rolename.Name(id.Role) })
	return id, need.permits(id)
}

// still reports whether the caller of a stream may have it as when the stream began.
func (a *authenticator) still(ctx context.Context) error {
	info, ok := connect.CallInfoForServerContext(ctx)
	if !ok {
		return errors.New("admin API: call without call info")
	}
	need, _ := ctx.Value(requirementKey{}).(requirement)
	_, err := a.admit(ctx, info, need)
	return err
}

// identify prefers what was said on purpose: with an Authorization header the cookie does not count.
func (a *authenticator) identify(ctx context.Context, info *connect.CallInfo) (identity, error) {
	header := info.RequestHeader().Values("Authorization")
	if len(header) == 0 {
		return a.sessions.identify(ctx, info, a.recent)
	}
	scheme, secret, _ := strings.Cut(header[0], " ")
	if len(header) > 1 || !strings.EqualFold(scheme, "Bearer") {
		return identity{}, errs.Newf(errs.Unauthenticated, "the Authorization header must be one bearer token")
	}
	return a.token(ctx, info, strings.TrimSpace(secret))
}

func (a *authenticator) token(ctx context.Context, info *connect.CallInfo, secret string) (identity, error) {
	refuse := func(actor, reason string) (identity, error) {
		a.audit.Failed(ctx, audit.Failure{
			Action: audit.ActionAuthenticate, Actor: actor, Address: a.peers.network(info.RequestHeader(), info.PeerAddr),
			Outcome: string(errs.Unauthenticated), Reason: reason,
		})
		return identity{}, errs.Newf(errs.Unauthenticated, "the token is unknown or has expired")
	}
	if !looksLikeToken(secret) {
		return refuse("", audit.UnknownToken)
	}
	token, err := a.access.TokenByHash(ctx, sha256.Sum256([]byte(secret)))
	switch {
	case errs.CodeOf(err) == errs.NotFound:
		return refuse("", audit.UnknownToken)
	case err != nil:
		return identity{}, err
	case !token.ExpiresAt.IsZero() && !a.now().Before(token.ExpiresAt):
		return refuse("token:"+token.Name, audit.ExpiredToken)
	}
	if token.UsedAt.IsZero() {
		if err := a.noteUse(ctx, info, token); err != nil {
			return identity{}, err
		}
	} else if now := a.now(); now.Sub(token.UsedAt) >= touchInterval {
		if err := a.access.TouchToken(ctx, token.Hash, now); err != nil {
			a.log.WarnContext(ctx, "failed to record the use of a token", "token", token.Name, "error", err)
		}
	}
	return identity{Actor: access.Actor{Token: token.Name, Role: token.Role}, userID: token.UserID, bodies: token.ReadBodies, lesser: token.UserRole > token.Role, expires: token.ExpiresAt}, nil
}

// noteUse notes the first use of a token; of several at once, one does.
func (a *authenticator) noteUse(ctx context.Context, info *connect.CallInfo, token access.Token) error {
	ctx, _ = audit.Begin(ctx, audit.Event{
		Actor: "token:" + token.Name, Address: a.peers.address(info), Action: audit.ActionFirstUseOfToken, Targets: []string{"Token/" + token.Name},
	})
	if err := a.access.NoteTokenUse(ctx, token.Hash, a.now()); err != nil && errs.CodeOf(err) != errs.NotFound {
		return err
	}
	return nil
}
