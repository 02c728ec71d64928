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
	Hash      [32]byte // of the cookie's value, under a key that changes with the account
	Username  string
	Version   int64 // of the account's password when it was begun; 0 while none was set
	CreatedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time
}

// Token is a bearer token of the admin API. Only its hash is stored.
type Token struct {
	Name      string
	Hash      [32]byte // SHA-256 of the token
	LastFour  string
	CreatedAt time.Time
	ExpiresAt time.Time // zero: never
	Role      adminv1.Role
	// ReadBodies says that it may read the bodies of calls.
	ReadBodies bool
}

// Account is the password that an admin has set, as it can be checked but not told.
type Account struct {
	Salt      []byte
	Verifier  []byte
	Version   int64 // grows by one with each change; the first is 1
	ChangedAt time.Time
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

// Store keeps the account, sessions, tokens and failed sign-ins. Unknown ones are errs.NotFound.
type Store interface {
	// Account returns the password that was set last; errs.NotFound while none was.
	Account(ctx context.Context) (Account, error)
	// SetAccount puts a password in the place of the one with the version before, ends every
	// session but one, and moves that one on. errs.Conflict when another one was set meanwhile.
	SetAccount(ctx context.Context, a Account, keep [32]byte) error

	CreateSession(ctx context.Context, s Session) error
	// Session returns a session that was begun with the present password.
	Session(ctx context.Context, hash [32]byte) (Session, error)
	TouchSession(ctx context.Context, hash [32]byte, seen, expires time.Time) error
	DeleteSession(ctx context.Context, hash [32]byte) error
	// DeleteExpired removes sessions and tokens that expired before now, and failures forgiven by then.
	DeleteExpired(ctx context.Context, now time.Time) error

	CreateToken(ctx context.Context, t Token) error // errs.AlreadyExists
	ListTokens(ctx context.Context) ([]Token, error)
	TokenByHash(ctx context.Context, hash [32]byte) (Token, error)
	DeleteToken(ctx context.Context, name string) error

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
