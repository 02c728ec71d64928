package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/access"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// Access keeps the account, sessions and tokens of admins.
type Access struct{ db *DB }

// NewAccess gives access to the sessions and tokens of a database.
func NewAccess(db *DB) *Access { return &Access{db} }

// CreateSession stores a session.
func (s *Access) CreateSession(ctx context.Context, session access.Session) error {
	_, err := s.db.exec(ctx, `INSERT INTO session (hash, username, version, created_at, seen_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		session.Hash[:], session.Username, session.Version, micros(session.CreatedAt), micros(session.SeenAt), micros(session.ExpiresAt))
	return s.db.failed(err, "create the session")
}

// Session returns a session that was begun with the present password; one that has expired
// too, as long as DeleteExpired has not removed it: the caller checks.
func (s *Access) Session(ctx context.Context, hash [32]byte) (access.Session, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	session := access.Session{Hash: hash}
	var created, seen, expires int64
	err := s.db.engine.Reader().QueryRowContext(ctx, `SELECT username, version, created_at, seen_at, expires_at FROM session
		WHERE hash = $1 AND version = COALESCE((SELECT version FROM account), 0)`, hash[:]).
		Scan(&session.Username, &session.Version, &created, &seen, &expires)
	if errors.Is(err, sql.ErrNoRows) {
		return access.Session{}, errNoSession()
	}
	if err != nil {
		return access.Session{}, s.db.failed(err, "read the session")
	}
	session.CreatedAt, session.SeenAt, session.ExpiresAt = fromMicros(created), fromMicros(seen), fromMicros(expires)
	return session, nil
}

// TouchSession notes that a session was used, and until when it is good now.
func (s *Access) TouchSession(ctx context.Context, hash [32]byte, seen, expires time.Time) error {
	n, err := s.db.exec(ctx, `UPDATE session SET seen_at = $1, expires_at = $2 WHERE hash = $3`, micros(seen), micros(expires), hash[:])
	if err == nil && n == 0 {
		return errNoSession()
	}
	return s.db.failed(err, "renew the session")
}

// DeleteSession ends a session.
func (s *Access) DeleteSession(ctx context.Context, hash [32]byte) error {
	n, err := s.db.exec(ctx, `DELETE FROM session WHERE hash = $1`, hash[:])
	if err == nil && n == 0 {
		return errNoSession()
	}
	return s.db.failed(err, "delete the session")
}

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
	expires := sql.NullInt64{Int64: micros(t.ExpiresAt), Valid: !t.ExpiresAt.IsZero()}
	_, err := s.db.exec(ctx, `INSERT INTO token (name, hash, last_four, created_at, expires_at, read_bodies, role) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		t.Name, t.Hash[:], t.LastFour, micros(t.CreatedAt), expires, number(t.ReadBodies), int32(t.Role))
	return s.db.failed(err, fmt.Sprintf("create token %q", t.Name))
}

// ListTokens returns every token in name order.
func (s *Access) ListTokens(ctx context.Context) ([]access.Token, error) {
	tokens, err := s.tokens(ctx, `ORDER BY name`)
	return tokens, s.db.failed(err, "list tokens")
}

// TokenByHash returns a token; one that has expired too, as long as DeleteExpired has not
// removed it: the caller checks.
func (s *Access) TokenByHash(ctx context.Context, hash [32]byte) (access.Token, error) {
	tokens, err := s.tokens(ctx, `WHERE hash = $1`, hash[:])
	if err != nil {
		return access.Token{}, s.db.failed(err, "read the token")
	}
	if len(tokens) == 0 {
		return access.Token{}, errs.Newf(errs.NotFound, "the token does not exist")
	}
	return tokens[0], nil
}

// DeleteToken ends a token.
func (s *Access) DeleteToken(ctx context.Context, name string) error {
	n, err := s.db.exec(ctx, `DELETE FROM token WHERE name = $1`, name)
	if err == nil && n == 0 {
		return errs.Newf(errs.NotFound, "token %q does not exist", name)
	}
	return s.db.failed(err, fmt.Sprintf("delete token %q", name))
}

// tokens reads the tokens that the rest of the query selects.
func (s *Access) tokens(ctx context.Context, rest string, args ...any) ([]access.Token, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	rows, err := s.db.engine.Reader().QueryContext(ctx, `SELECT name, hash, last_four, created_at, expires_at, read_bodies, role FROM token `+rest, args...)
	return collect(rows, err, func(rows *sql.Rows) (access.Token, error) {
		var (
			t       access.Token
			hash    []byte
			created int64
			expires sql.NullInt64
			bodies  int
		)
		if err := rows.Scan(&t.Name, &hash, &t.LastFour, &created, &expires, &bodies, &t.Role); err != nil {
			return t, err
		}
		if n := copy(t.Hash[:], hash); n != len(t.Hash) || len(hash) != n {
			return t, fmt.Errorf("the stored hash of token %q has %d bytes", t.Name, len(hash))
		}
		t.CreatedAt, t.ReadBodies = fromMicros(created), bodies != 0
		if expires.Valid {
			t.ExpiresAt = fromMicros(expires.Int64)
		}
		return t, nil
	})
}

func errNoSession() error { return errs.Newf(errs.NotFound, "the session does not exist") }
