package enrollment

import (
	"context"
	"time"
)

// JoinToken lets nodes join. The token itself is nowhere stored, and what proves it only
// sealed: whoever reads the database cannot join.
type JoinToken struct {
	ID        string // part of the token, no secret
	SealedKey []byte // what proofs are made with
	Note      string
	CreatedBy string
	CreatedAt time.Time
	ExpiresAt time.Time
	MaxUses   int
	Node      string         // the only one that may join with it; empty: any
	Uses      []JoinTokenUse // in the order of time
}

// JoinTokenUse is one node that joined with a token.
type JoinTokenUse struct {
	Node string
	At   time.Time
}

// NodeIdentity is a node that has joined: whoever holds its key is that node. A name has
// one at most, that of the node that joined last.
type NodeIdentity struct {
	Node      string
	KeyHash   [32]byte // SHA-256 of the public key
	TokenID   string   // what it joined with
	JoinedAt  time.Time
	ExpiresAt time.Time // of its newest certificate
	RevokedAt time.Time // zero: it is not
	RevokedBy string
	// Authorities are the fingerprints of what the node trusts, the one that signed its certificate first, as
	// it told last; empty: it has not told, since it joined just now or is of an older build.
	Authorities []string
}

// Revoked reports whether the node's certificates are refused.
func (id *NodeIdentity) Revoked() bool { return !id.RevokedAt.IsZero() }

// Store keeps join tokens and the identities of nodes. Unknown ones are errs.NotFound.
type Store interface {
	// EnrollmentVersion is another number after each change of tokens or identities. It is never 0.
	EnrollmentVersion(ctx context.Context) (int64, error)
	CreateJoinToken(ctx context.Context, t JoinToken) error // errs.AlreadyExists
	// JoinToken returns a token, with its uses, also one that is used up or has expired.
	JoinToken(ctx context.Context, id string) (JoinToken, error)
	// ListJoinTokens returns all that are kept, newest first.
	ListJoinTokens(ctx context.Context) ([]JoinToken, error)
	// PresentJoinTokens returns those that expire after now, without their uses.
	PresentJoinTokens(ctx context.Context, now time.Time) ([]JoinToken, error)
	DeleteJoinToken(ctx context.Context, id string) error

	// JoinNode uses a token once and makes id the identity of its name, both or nothing; of
	// several nodes that use the last use of a token at once, one wins. A token without an
	// id is not looked at. The same node may repeat its join, for the answer may have been
	// lost: that uses nothing. After a revocation the name is closed to its old key and to
	// tokens made before, which is errs.PermissionDenied; a token that is used up or has
	// expired at id.JoinedAt is errs.FailedPrecondition.
	JoinNode(ctx context.Context, id NodeIdentity) error
	// RenewNode notes until when the node's certificate is good, unless id is the name's
	// identity no more.
	RenewNode(ctx context.Context, node string, keyHash [32]byte, expires time.Time) error
	// NoteAuthorities notes what the holder of a key trusts.
	NoteAuthorities(ctx context.Context, node string, keyHash [32]byte, authorities []string) error
	// RevokeNode refuses the identity from now on. Revoking again changes nothing.
	RevokeNode(ctx context.Context, node, by string, at time.Time) error
	// NodeIdentity returns the identity of a name.
	NodeIdentity(ctx context.Context, node string) (NodeIdentity, error)
	// NodeIdentities returns all, in name order.
	NodeIdentities(ctx context.Context) ([]NodeIdentity, error)
	// DeleteStaleJoins removes tokens that expired a week before now, and nodes whose
	// certificate expired 90 days before, but for revoked ones.
	DeleteStaleJoins(ctx context.Context, now time.Time) error
}
