package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/audit"
	"github.com/trunkline-ai/trunkline/controlplane/enrollment"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

const (
	// keepTokens is how long a join token is listed after it has expired.
	keepTokens = 7 * 24 * time.Hour
	// keepIdentities is how long a node is known whose certificate has expired.
	keepIdentities = 90 * 24 * time.Hour
)

// Enrollment keeps join tokens and the identities of nodes.
type Enrollment struct{ db *DB }

// NewEnrollment is the Enrollment of a database.
func NewEnrollment(db *DB) *Enrollment { return &Enrollment{db} }

// EnrollmentVersion counts changes of tokens and identities, by triggers of the database.
func (s *Enrollment) EnrollmentVersion(ctx context.Context) (version int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	err = s.db.engine.Reader().QueryRowContext(ctx, `SELECT version FROM enrollment_version WHERE id = 1`).Scan(&version)
	return version, s.db.failed(err, "read whether join tokens or nodes have changed")
}

// CreateJoinToken stores a token; errs.AlreadyExists when its id is taken.
func (s *Enrollment) CreateJoinToken(ctx context.Context, t enrollment.JoinToken) error {
	audit.From(ctx).Amend(func(e *audit.Event) { e.Targets = append(e.Targets, "JoinToken/"+t.ID) })
	err := s.db.changeRow(ctx, nil,
		`INSERT INTO join_token (id, sealed_key, note, created_by, created_at, expires_at, max_uses, node) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		t.ID, notNil(t.SealedKey), t.Note, t.CreatedBy, micros(t.CreatedAt), micros(t.ExpiresAt), t.MaxUses, t.Node)
	return s.db.failed(err, "create the join token")
}

// JoinToken returns a token with its uses.
func (s *Enrollment) JoinToken(ctx context.Context, id string) (enrollment.JoinToken, error) {
	tokens, err := s.joinTokens(ctx, `WHERE id = $1`, `WHERE token_id = $1`, id)
	if err != nil {
		return enrollment.JoinToken{}, s.db.failed(err, "read the join token")
	}
	if len(tokens) == 0 {
		return enrollment.JoinToken{}, errNoJoinToken(id)
	}
	return tokens[0], nil
}

// ListJoinTokens returns every token that is kept, newest first.
func (s *Enrollment) ListJoinTokens(ctx context.Context) ([]enrollment.JoinToken, error) {
	tokens, err := s.joinTokens(ctx, `ORDER BY created_at DESC, id`, ``)
	return tokens, s.db.failed(err, "list join tokens")
}

// PresentJoinTokens returns the tokens that expire after now, without their uses.
func (s *Enrollment) PresentJoinTokens(ctx context.Context, now time.Time) ([]enrollment.JoinToken, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	tokens, err := selectJoinTokens(ctx, s.db.engine.Reader(), `WHERE expires_at > $1`, micros(now))
	return tokens, s.db.failed(err, "read the join tokens")
}

// DeleteJoinToken ends a token.
func (s *Enrollment) DeleteJoinToken(ctx context.Context, id string) error {
	err := s.db.changeRow(ctx, errNoJoinToken(id), `DELETE FROM join_token WHERE id = $1`, id)
	return s.db.failed(err, "delete the join token")
}

func errNoJoinToken(id string) error {
	return errs.Newf(errs.NotFound, "join token %q does not exist", id)
}

// joinTokens reads the tokens that the rest of the query selects, and the uses that theirs does.
func (s *Enrollment) joinTokens(ctx context.Context, rest, ofUses string, args ...any) (tokens []enrollment.JoinToken, err error) {
	err = s.db.inReadTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if tokens, err = selectJoinTokens(ctx, tx, rest, args...); err != nil {
			return err
		}
		uses, err := joinTokenUses(ctx, tx, ofUses, args...)
		for i := range tokens {
			tokens[i].Uses = uses[tokens[i].ID]
		}
		return err
	})
	return tokens, err
}

// selectJoinTokens reads the tokens that the rest of the query selects, without their uses.
func selectJoinTokens(ctx context.Context, q querier, rest string, args ...any) ([]enrollment.JoinToken, error) {
	rows, err := q.QueryContext(ctx, `SELECT id, sealed_key, note, created_by, created_at, expires_at, max_uses, node FROM join_token `+rest, args...)
	return collect(rows, err, func(rows *sql.Rows) (enrollment.JoinToken, error) {
		var (
			t                enrollment.JoinToken
			created, expires int64
		)
		err := rows.Scan(&t.ID, &t.SealedKey, &t.Note, &t.CreatedBy, &created, &expires, &t.MaxUses, &t.Node)
		t.CreatedAt, t.ExpiresAt = fromMicros(created), fromMicros(expires)
		return t, err
	})
}

// joinTokenUses reads the uses that the rest of the query selects, by token and in their order.
func joinTokenUses(ctx context.Context, q querier, rest string, args ...any) (map[string][]enrollment.JoinTokenUse, error) {
	uses := map[string][]enrollment.JoinTokenUse{}
	rows, err := q.QueryContext(ctx, `SELECT token_id, node, at FROM join_token_use `+rest+` ORDER BY token_id, use`, args...)
	_, err = collect(rows, err, func(rows *sql.Rows) (struct{}, error) {
		var (
			id  string
			use enrollment.JoinTokenUse
			at  int64
		)
		err := rows.Scan(&id, &use.Node, &at)
		use.At = fromMicros(at)
		uses[id] = append(uses[id], use)
		return struct{}{}, err
	})
	return uses, err
}

// JoinNode uses the token and makes id the identity of its name.
func (s *Enrollment) JoinNode(ctx context.Context, id enrollment.NodeIdentity) error {
	err := s.db.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		before, err := readIdentity(ctx, tx, id.Node)
		known := err == nil
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if known && before.Revoked() {
			if err := reopen(ctx, tx, before, id); err != nil {
				return err
			}
		}
		again := known && !before.Revoked() && before.KeyHash == id.KeyHash && before.TokenID == id.TokenID
		if id.TokenID != "" && !again {
			if err := useToken(ctx, tx, id); err != nil {
				return err
			}
		}
		return writeIdentity(ctx, tx, before, id)
	})
	return s.db.failed(err, "let the node join")
}

// reopen refuses what may not undo the revocation of a name.
func reopen(ctx context.Context, tx *sql.Tx, before, id enrollment.NodeIdentity) error {
	if before.KeyHash == id.KeyHash {
		return errs.Newf(errs.PermissionDenied, "the key of node %q was revoked: the node needs a new one", id.Node)
	}
	made := int64(-1)
	if id.TokenID != "" {
		err := tx.QueryRowContext(ctx, `SELECT created_at FROM join_token WHERE id = $1`, id.TokenID).Scan(&made)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
	}
	if made <= micros(before.RevokedAt) {
		return errs.Newf(errs.PermissionDenied, "node %q was revoked; it can join again only with a join token created after that", id.Node)
	}
	return nil
}

// writeIdentity puts id in the place of what was read before, unless that was revoked
// since: a revocation is never undone by accident.
func writeIdentity(ctx context.Context, tx *sql.Tx, before, id enrollment.NodeIdentity) error {
	revoked := sql.NullInt64{Int64: micros(before.RevokedAt), Valid: before.Revoked()}
	result, err := tx.ExecContext(ctx, `INSERT INTO node_identity (node, key_hash, token_id, joined_at, expires_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (node) DO UPDATE SET key_hash = excluded.key_hash, token_id = excluded.token_id, authorities = '',
		joined_at = excluded.joined_at, expires_at = excluded.expires_at, revoked_at = NULL, revoked_by = ''
		WHERE node_identity.revoked_at IS NULL OR node_identity.revoked_at = $6`,
		id.Node, id.KeyHash[:], id.TokenID, micros(id.JoinedAt), micros(id.ExpiresAt), revoked)
	if err != nil {
		return err
	}
	if n, err := result.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return errs.Newf(errs.Unavailable, "node %q has just been revoked", id.Node)
}

// useToken takes one use of a token, in one statement: whoever comes second finds it gone.
func useToken(ctx context.Context, tx *sql.Tx, id enrollment.NodeIdentity) error {
	var use int
	err := tx.QueryRowContext(ctx,
		`UPDATE join_token SET uses = uses + 1 WHERE id = $1 AND uses < max_uses AND expires_at > $2 RETURNING uses`,
		id.TokenID, micros(id.JoinedAt)).Scan(&use)
	if errors.Is(err, sql.ErrNoRows) {
		return whyUnusable(ctx, tx, id)
	}
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO join_token_use (token_id, use, node, at) VALUES ($1, $2, $3, $4)`,
		id.TokenID, use, id.Node, micros(id.JoinedAt))
	return err
}

func whyUnusable(ctx context.Context, tx *sql.Tx, id enrollment.NodeIdentity) error {
	var expires int64
	err := tx.QueryRowContext(ctx, `SELECT expires_at FROM join_token WHERE id = $1`, id.TokenID).Scan(&expires)
	if errors.Is(err, sql.ErrNoRows) {
		return errNoJoinToken(id.TokenID)
	}
	if err != nil {
		return err
	}
	if at := fromMicros(expires); !id.JoinedAt.Before(at) {
		return errs.Newf(errs.FailedPrecondition, "join token %s expired at %s", id.TokenID, at.Format(time.RFC3339))
	}
	uses, err := joinTokenUses(ctx, tx, `WHERE token_id = $1`, id.TokenID)
	if err != nil {
		return err
	}
	of := uses[id.TokenID]
	last := of[len(of)-1]
	return errs.Newf(errs.FailedPrecondition, "join token %s is used up: node %q joined with it at %s",
		id.TokenID, last.Node, last.At.Format(time.RFC3339))
}

// RenewNode notes until when a node's certificate is good.
func (s *Enrollment) RenewNode(ctx context.Context, node string, keyHash [32]byte, expires time.Time) error {
	n, err := s.db.exec(ctx, `UPDATE node_identity SET expires_at = $1 WHERE node = $2 AND key_hash = $3 AND revoked_at IS NULL`,
		micros(expires), node, keyHash[:])
	if err == nil && n == 0 {
		return errNoNode(node)
	}
	return s.db.failed(err, "note the node's new certificate")
}

// NoteAuthorities notes what the holder of a key trusts, unless the name is another's by now.
func (s *Enrollment) NoteAuthorities(ctx context.Context, node string, keyHash [32]byte, authorities []string) error {
	_, err := s.db.exec(ctx, `UPDATE node_identity SET authorities = $1 WHERE node = $2 AND key_hash = $3`,
		strings.Join(authorities, " "), node, keyHash[:])
	return s.db.failed(err, "note what the node trusts")
}

// RevokeNode refuses a node's identity from now on.
func (s *Enrollment) RevokeNode(ctx context.Context, node, by string, at time.Time) error {
	err := s.db.changeRow(ctx, errNoNode(node), `UPDATE node_identity SET
		revoked_at = CASE WHEN revoked_at IS NULL THEN $1 ELSE revoked_at END,
		revoked_by = CASE WHEN revoked_at IS NULL THEN $2 ELSE revoked_by END WHERE node = $3`, micros(at), by, node)
	return s.db.failed(err, fmt.Sprintf("revoke node %q", node))
}

// NodeIdentity returns the identity of a name.
func (s *Enrollment) NodeIdentity(ctx context.Context, node string) (enrollment.NodeIdentity, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	id, err := readIdentity(ctx, s.db.engine.Reader(), node)
	if errors.Is(err, sql.ErrNoRows) {
		return enrollment.NodeIdentity{}, errNoNode(node)
	}
	return id, s.db.failed(err, "read the node's identity")
}

func errNoNode(node string) error {
	return errs.Newf(errs.NotFound, "no node %q has joined", node)
}

// NodeIdentities returns every identity in name order.
func (s *Enrollment) NodeIdentities(ctx context.Context) ([]enrollment.NodeIdentity, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	rows, err := s.db.engine.Reader().QueryContext(ctx, selectIdentity+`ORDER BY node`)
	all, err := collect(rows, err, func(rows *sql.Rows) (enrollment.NodeIdentity, error) { return scanIdentity(rows) })
	return all, s.db.failed(err, "list the identities of nodes")
}

const selectIdentity = `SELECT node, key_hash, token_id, joined_at, expires_at, revoked_at, revoked_by, authorities FROM node_identity `

func readIdentity(ctx context.Context, q querier, node string) (enrollment.NodeIdentity, error) {
	return scanIdentity(q.QueryRowContext(ctx, selectIdentity+`WHERE node = $1`, node))
}

func scanIdentity(row interface{ Scan(...any) error }) (enrollment.NodeIdentity, error) {
	var (
		id              enrollment.NodeIdentity
		key             []byte
		joined, expires int64
		revoked         sql.NullInt64
		authorities     string
	)
	if err := row.Scan(&id.Node, &key, &id.TokenID, &joined, &expires, &revoked, &id.RevokedBy, &authorities); err != nil {
		return enrollment.NodeIdentity{}, err
	}
	if copy(id.KeyHash[:], key) != len(key) || len(key) != len(id.KeyHash) {
		return enrollment.NodeIdentity{}, fmt.Errorf("the key of node %q has %d bytes", id.Node, len(key))
	}
	id.JoinedAt, id.ExpiresAt = fromMicros(joined), fromMicros(expires)
	if authorities != "" {
		id.Authorities = strings.Fields(authorities)
	}
	if revoked.Valid {
		id.RevokedAt = fromMicros(revoked.Int64)
	}
	return id, nil
}

// DeleteStaleJoins removes what nobody can use any more.
func (s *Enrollment) DeleteStaleJoins(ctx context.Context, now time.Time) error {
	err := s.db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM join_token WHERE expires_at < $1`, micros(now.Add(-keepTokens))); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM node_identity WHERE expires_at < $1 AND revoked_at IS NULL`, micros(now.Add(-keepIdentities)))
		return err
	})
	return s.db.failed(err, "delete old join tokens")
}
