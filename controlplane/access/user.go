package access

import (
	"context"
	"time"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// WellKnownPassword is the one of a first run; nobody can set it.
const WellKnownPassword = "password"

// User is somebody who signs in.
type User struct {
	ID       string
	Name     string
	Role     adminv1.Role
	Disabled bool
	// Salt and Verifier are the password as it can be checked but not told; empty: none is set.
	Salt     []byte
	Verifier []byte
	// Version grows with each change of the password; sessions that were begun with another one have ended.
	Version    int64
	CreatedAt  time.Time
	SignedInAt time.Time // zero: never
	// TOTPKey is the sealed key of the second factor, TOTPPending one that is still to be confirmed.
	TOTPKey     []byte
	TOTPPending []byte
	// Issuer and Subject are who the user is to an identity provider; empty: not linked.
	Issuer  string
	Subject string
}

// HasPassword reports whether a password was set for the user here.
func (u User) HasPassword() bool { return len(u.Verifier) > 0 }

// UserStore keeps users. Unknown ones are errs.NotFound.
type UserStore interface {
	// EnsureOwner creates a user of that name, an owner without a password, unless there is one.
	EnsureOwner(ctx context.Context, name string, at time.Time) error
	ListUsers(ctx context.Context) ([]User, error) // in name order
	User(ctx context.Context, name string) (User, error)
	// UserOfSubject returns the user that is linked to somebody of an identity provider.
	UserOfSubject(ctx context.Context, issuer, subject string) (User, error)
	CreateUser(ctx context.Context, u User) error // errs.AlreadyExists
	// UpdateUser changes a user, one change at a time. Sessions of another version end, except for keep, and
	// all of one who is disabled. errs.FailedPrecondition when no enabled owner would be left.
	UpdateUser(ctx context.Context, name string, keep [32]byte, change func(*User) error) (User, error)
	// DeleteUser removes a user with sessions and tokens; not the last enabled owner.
	DeleteUser(ctx context.Context, name string) error

	// UseTOTPStep notes that a code of that step was used; errs.Conflict when it was before, or a later one.
	UseTOTPStep(ctx context.Context, userID string, step int64) error
	// SetRecoveryCodes puts these in the place of all that the user has.
	SetRecoveryCodes(ctx context.Context, userID string, hashes [][32]byte) error
	// UseRecoveryCode uses up a code; errs.NotFound when there is no such one.
	UseRecoveryCode(ctx context.Context, userID string, hash [32]byte) error
}
