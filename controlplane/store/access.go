package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/access"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Access keeps users, sessions and tokens.
type Access struct{ db *DB }

// NewAccess gives access to the sessions and tokens of a database.
func NewAccess(db *DB) *Access { return &Access{db} }

// DeleteExpired removes sessions and tokens that expired before now, and failures forgiven by then.
func (s *Access) DeleteExpired(ctx context.Context, now time.Time) error {
	err := s.db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, statement := range []string{
			`DELETE FROM session WHERE expires_at < $1`,
			`DELETE FROM token WHERE expires_at < $1`, // null, for never, is not less
			`DELETE FROM sign_in_failure WHERE forget_at < $1`,
		} {
			if _, err := tx.ExecContext(ctx, statement, micros(now)); err != nil {
				return err
			}
		}
		return nil
	})
	return s.db.failed(err, "delete expired sessions and tokens")
}

// CreateToken stores a token; errs.AlreadyExists when its name is taken.
func (s *Access) CreateToken(ctx context.Context, t access.Token) error {
	err := s.db.changeRow(ctx, nil, `INSERT INTO token (name, hash, last_four, created_at, expires_at, read_bodies, role, user_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		t.Name, t.Hash[:], t.LastFour, micros(t.CreatedAt), maybe(t.ExpiresAt), number(t.ReadBodies), int32(t.Role), maybeText(t.UserID))
	return s.db.failed(err, fmt.Sprintf("create token %q", t.Name))
}

// ListTokens returns the tokens of a user, or all without an id, in name order.
func (s *Access) ListTokens(ctx context.Context, userID string) ([]access.Token, error) {
	tokens, err := s.tokens(ctx, `WHERE token.user_id = $1 OR $1 = '' ORDER BY token.name`, userID)
	return tokens, s.db.failed(err, "list tokens")
}

// TokenByHash returns a token with at most its user's role; none of one who is disabled. One that has expired is
// returned too, as long as DeleteExpired has not removed it: the caller checks.
func (s *Access) TokenByHash(ctx context.Context, hash [32]byte) (access.Token, error) {
	tokens, err := s.tokens(ctx, `WHERE token.hash = $1 AND (u.disabled IS NULL OR u.disabled = 0)`, hash[:])
	if err != nil {
		return access.Token{}, s.db.failed(err, "read the token")
	}
	if len(tokens) == 0 {
		return access.Token{}, errs.Newf(errs.NotFound, "the token does not exist")
	}
	return tokens[0], nil
}

// NoteTokenUse notes the first use of a token.
func (s *Access) NoteTokenUse(ctx context.Context, hash [32]byte, used time.Time) error {
	err := s.db.changeRow(ctx, errs.Newf(errs.NotFound, "the token does not exist, or its first use is already recorded"),
		`UPDATE token SET used_at = $1 WHERE hash = $2 AND used_at IS NULL`, micros(used), hash[:])
	return s.db.failed(err, "note that the token was used")
}

// TouchToken notes that a token was used.
func (s *Access) TouchToken(ctx context.Context, hash [32]byte, used time.Time) error {
	_, err := s.db.exec(ctx, `UPDATE token SET used_at = $1 WHERE hash = $2`, micros(used), hash[:])
	return s.db.failed(err, "note that the token was used")
}

// DeleteToken ends a token of a user, or of anybody without a user id.
func (s *Access) DeleteToken(ctx context.Context, name, userID string) error {
	err := s.db.changeRow(ctx, errs.Newf(errs.NotFound, "token %q does not exist", name),
		`DELETE FROM token WHERE name = $1 AND (user_id = $2 OR $2 = '')`, name, userID)
	return s.db.failed(err, fmt.Sprintf("delete token %q", name))
}

// tokens reads the tokens that the rest of the query selects.
func (s *Access) tokens(ctx context.Context, rest string, args ...any) ([]access.Token, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	rows, err := s.db.engine.Reader().QueryContext(ctx, `SELECT token.name, token.hash, token.last_four, token.created_at, token.expires_at, token.used_at,
		token.read_bodies, token.role, token.user_id, u.name, u.role FROM token LEFT JOIN admin_user u ON u.id = token.user_id `+rest, args...)
	return collect(rows, err, func(rows *sql.Rows) (access.Token, error) {
		var (
			t             access.Token
			hash          []byte
			created       int64
			expires, used sql.NullInt64
			bodies        int
			userID, user  sql.NullString
			role          sql.NullInt32
		)
		if err := rows.Scan(&t.Name, &hash, &t.LastFour, &created, &expires, &used, &bodies, &t.Role, &userID, &user, &role); err != nil {
			return t, err
		}
		if n := copy(t.Hash[:], hash); n != len(t.Hash) || len(hash) != n {
			return t, fmt.Errorf("the stored hash of token %q has %d bytes", t.Name, len(hash))
		}
		t.CreatedAt, t.ReadBodies, t.UserID, t.User = fromMicros(created), bodies != 0, userID.String, user.String
		if role.Valid {
			t.UserRole = adminv1.Role(role.Int32)
			t.Role = min(t.Role, t.UserRole)
		}
		if expires.Valid {
			t.ExpiresAt = fromMicros(expires.Int64)
		}
		if used.Valid {
			t.UsedAt = fromMicros(used.Int64)
		}
		return t, nil
	})
}
