package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/access"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// CreateSession stores a session, and that its user signed in.
func (s *Access) CreateSession(ctx context.Context, session access.Session) error {
	err := s.db.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO session (hash, id, user_id, version, address, user_agent, created_at, seen_at, proved_at, expires_at, ends_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			session.Hash[:], session.ID, session.UserID, session.Version, session.Address, session.UserAgent,
			micros(session.CreatedAt), micros(session.SeenAt), micros(session.ProvedAt), micros(session.ExpiresAt), micros(session.EndsAt))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE admin_user SET signed_in_at = $2 WHERE id = $1`, session.UserID, micros(session.CreatedAt))
		return err
	})
	return s.db.failed(err, "create the session")
}

// Session returns a session of the user's present version; none of one who is disabled. One that has expired is
// returned too, as long as DeleteExpired has not removed it: the caller checks.
func (s *Access) Session(ctx context.Context, hash [32]byte) (access.Session, error) {
	found, err := s.sessions(ctx, `WHERE session.hash = $1`, hash[:])
	if err == nil && len(found) == 0 {
		return access.Session{}, errNoSession()
	}
	if err != nil {
		return access.Session{}, s.db.failed(err, "read the session")
	}
	return found[0], nil
}

// ListSessions returns those of a user that have not expired, or of all without an id, the last used first.
func (s *Access) ListSessions(ctx context.Context, userID string, now time.Time) ([]access.Session, error) {
	found, err := s.sessions(ctx, `WHERE session.expires_at > $1 AND (session.user_id = $2 OR $2 = '') ORDER BY session.seen_at DESC, session.id`, micros(now), userID)
	return found, s.db.failed(err, "list sessions")
}

// TouchSession notes that a session was used, and until when it is good now.
func (s *Access) TouchSession(ctx context.Context, hash [32]byte, seen, expires time.Time) error {
	n, err := s.db.exec(ctx, `UPDATE session SET seen_at = $1, expires_at = $2 WHERE hash = $3`, micros(seen), micros(expires), hash[:])
	return s.sessionGone(n, err, "renew the session")
}

// ProveSession notes that the password was asked for.
func (s *Access) ProveSession(ctx context.Context, hash [32]byte, at time.Time) error {
	n, err := s.db.exec(ctx, `UPDATE session SET proved_at = $1 WHERE hash = $2`, micros(at), hash[:])
	return s.sessionGone(n, err, "renew the session")
}

// DeleteSession ends a session.
func (s *Access) DeleteSession(ctx context.Context, hash [32]byte) error {
	err := s.db.changeRow(ctx, errNoSession(), `DELETE FROM session WHERE hash = $1`, hash[:])
	return s.db.failed(err, "delete the session")
}

// DeleteSessionByID ends a session of a user, or of anybody without a user id.
func (s *Access) DeleteSessionByID(ctx context.Context, id, userID string) error {
	err := s.db.changeRow(ctx, errNoSession(), `DELETE FROM session WHERE id = $1 AND (user_id = $2 OR $2 = '')`, id, userID)
	return s.db.failed(err, "delete the session")
}

// DeleteSessions ends all sessions of a user but one.
func (s *Access) DeleteSessions(ctx context.Context, userID string, keep [32]byte) (int, error) {
	var n int64
	err := s.db.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `DELETE FROM session WHERE user_id = $1 AND hash <> $2`, userID, keep[:])
		if err == nil {
			n, err = result.RowsAffected()
		}
		return err
	})
	return int(n), s.db.failed(err, "delete the sessions")
}

func (s *Access) sessionGone(n int64, err error, doing string) error {
	if err == nil && n == 0 {
		return errNoSession()
	}
	return s.db.failed(err, doing)
}

// sessions reads those that the rest of the query selects, of enabled users and of their present version.
func (s *Access) sessions(ctx context.Context, rest string, args ...any) ([]access.Session, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	rows, err := s.db.engine.Reader().QueryContext(ctx, `SELECT session.hash, session.id, session.user_id, session.version, session.address, session.user_agent,
		session.created_at, session.seen_at, session.proved_at, session.expires_at, session.ends_at, u.name, u.role, coalesce(length(u.verifier), 0) > 0, coalesce(length(u.totp_key), 0) > 0
		FROM session JOIN admin_user u ON u.id = session.user_id AND u.version = session.version AND u.disabled = 0 `+rest, args...)
	return collect(rows, err, func(rows *sql.Rows) (access.Session, error) {
		var (
			found                                access.Session
			hash                                 []byte
			created, seen, proved, expires, ends int64
		)
		err := rows.Scan(&hash, &found.ID, &found.UserID, &found.Version, &found.Address, &found.UserAgent, &created, &seen, &proved, &expires, &ends, &found.User, &found.Role,
			&found.HasPassword, &found.HasTOTP)
		if err != nil {
			return found, err
		}
		if len(hash) != len(found.Hash) {
			return found, fmt.Errorf("the stored hash of session %q has %d bytes", found.ID, len(hash))
		}
		found.Hash = [32]byte(hash)
		found.CreatedAt, found.SeenAt, found.ProvedAt, found.ExpiresAt = fromMicros(created), fromMicros(seen), fromMicros(proved), fromMicros(expires)
		if ends != 0 {
			found.EndsAt = fromMicros(ends)
		}
		return found, nil
	})
}

func errNoSession() error { return errs.Newf(errs.NotFound, "the session does not exist") }
