// Package access is who may use the admin API: signed-in browsers and bearer tokens, how fast sign-ins may
// fail, and the devices that have signed in before.
package access

import (
	"context"
	"time"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Session is one signed-in browser. Only the hash of its cookie is stored.
type Session struct {
	Hash      [32]byte // of the cookie's value
	ID        string   // names it to people; it does not open it
	UserID    string
	Version   int64 // of the user's when it was begun
	Address   string
	UserAgent string
	CreatedAt time.Time
	SeenAt    time.Time
	ProvedAt  time.Time // when the password was last asked for
	ExpiresAt time.Time
	EndsAt    time.Time // however much it is used; zero: an older program did not say

	// Who it belongs to, as they are now; only read.
	User        string
	Role        adminv1.Role
	HasPassword bool // one was set here
	HasTOTP     bool
}

// Token is a bearer token of the admin API. Only its hash is stored.
type Token struct {
	Name      string
	Hash      [32]byte // SHA-256 of the token
	LastFour  string
	CreatedAt time.Time
	ExpiresAt time.Time // zero: never
	UsedAt    time.Time // zero: never
	UserID    string    // whose it is; empty: nobody's
	Role      adminv1.Role
	// ReadBodies says that it may read the bodies of calls.
	ReadBodies bool

	// Whose it is, as they are now; only read.
	User     string
	UserRole adminv1.Role
}

// SignInKey is the hash of what sign-ins are counted by: an account, a network or a device.
type SignInKey [32]byte

// SignInFailures are the failed sign-ins of one key.
type SignInFailures struct {
	Count  int
	Since  time.Time // when the count changed last
	Until  time.Time // no attempt before
	Forget time.Time // when all are forgiven
}

// Store keeps users, sessions, tokens and failed sign-ins. Unknown ones are errs.NotFound.
type Store interface {
	UserStore

	// CreateSession stores a session, and that its user signed in.
	CreateSession(ctx context.Context, s Session) error
	// Session returns a session of the user's present version; none of one who is disabled.
	Session(ctx context.Context, hash [32]byte) (Session, error)
	// ListSessions returns those of a user that have not expired, or of all without an id, the last used first.
	ListSessions(ctx context.Context, userID string, now time.Time) ([]Session, error)
	TouchSession(ctx context.Context, hash [32]byte, seen, expires time.Time) error
	// ProveSession notes that the password was asked for.
	ProveSession(ctx context.Context, hash [32]byte, at time.Time) error
	DeleteSession(ctx context.Context, hash [32]byte) error
	// DeleteSessionByID ends a session of a user, or of anybody without a user id.
	DeleteSessionByID(ctx context.Context, id, userID string) error
	// DeleteSessions ends all sessions of a user but one.
	DeleteSessions(ctx context.Context, userID string, keep [32]byte) (ended int, err error)
	// DeleteExpired removes sessions and tokens that expired before now, and failures forgiven by then.
	DeleteExpired(ctx context.Context, now time.Time) error

	CreateToken(ctx context.Context, t Token) error // errs.AlreadyExists
	// ListTokens returns the tokens of a user, or all without an id, in name order.
	ListTokens(ctx context.Context, userID string) ([]Token, error)
	// TokenByHash returns a token with at most its user's role; none of one who is disabled.
	TokenByHash(ctx context.Context, hash [32]byte) (Token, error)
	// NoteTokenUse notes the first use of a token; errs.NotFound when one is noted already.
	NoteTokenUse(ctx context.Context, hash [32]byte, used time.Time) error
	// TouchToken notes a later one.
	TouchToken(ctx context.Context, hash [32]byte, used time.Time) error
	// DeleteToken ends a token of a user, or of anybody without a user id.
	DeleteToken(ctx context.Context, name, userID string) error

	FailureStore
}

// FailureStore keeps failed sign-ins over restarts, for all replicas.
type FailureStore interface {
	// SignInFailures returns those that are kept of the keys.
	SignInFailures(ctx context.Context, keys []SignInKey) (map[SignInKey]SignInFailures, error)
	// SaveSignInFailures puts failures in the place of those of their keys.
	SaveSignInFailures(ctx context.Context, failures map[SignInKey]SignInFailures) error
	ForgetSignInFailures(ctx context.Context, keys []SignInKey) error
}
