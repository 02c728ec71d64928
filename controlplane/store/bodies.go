package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/google/uuid"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// shownReads is how many of those who read a body ReadBody names.
const shownReads = 100

// keepReads is how long it is known who read a body, which is longer than any body is kept.
const keepReads = 2 * 365 * 24 * time.Hour

// Bodies keeps the sealed bodies of calls.
type Bodies struct{ db *DB }

// NewBodies is the Bodies of a database.
func NewBodies(db *DB) *Bodies { return &Bodies{db} }

// InsertBodies stores the bodies of calls; one that is stored already stays as it is.
func (s *Bodies) InsertBodies(ctx context.Context, bodies []calllog.Body) error {
	rows := make([][]any, len(bodies))
	for i, b := range bodies {
		rows[i] = []any{b.CallID, b.APIKey, micros(b.Start), micros(b.ExpiresAt), b.Key, b.Ciphertext}
	}
	err := s.db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return insert(ctx, tx, `INSERT INTO call_body (call_id, api_key, start_us, expires_us, wrapped_key, ciphertext) VALUES `, rows,
			` ON CONFLICT DO NOTHING`)
	})
	return s.db.failed(err, "store bodies of calls")
}

// ReadBody notes that actor reads the body of a call and returns it, with who has read it:
// both or neither.
func (s *Bodies) ReadBody(ctx context.Context, callID, actor string, at time.Time) (calllog.Body, []calllog.BodyRead, error) {
	body := calllog.Body{CallID: callID}
	var reads []calllog.BodyRead
	err := s.db.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		var start, expires int64
		err := tx.QueryRowContext(ctx, `SELECT api_key, start_us, expires_us, wrapped_key, ciphertext FROM call_body WHERE call_id = $1 AND expires_us > $2`,
			callID, micros(at)).Scan(&body.APIKey, &start, &expires, &body.Key, &body.Ciphertext)
		if errors.Is(err, sql.ErrNoRows) {
			return errs.Newf(errs.NotFound, "no body is stored for call %q", callID)
		}
		if err != nil {
			return err
		}
		body.Start, body.ExpiresAt = fromMicros(start), fromMicros(expires)
		if _, err := tx.ExecContext(ctx, `INSERT INTO call_body_read (id, call_id, at_us, actor) VALUES ($1, $2, $3, $4)`,
			uuid.NewString(), callID, micros(at), actor); err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, `SELECT at_us, actor FROM call_body_read WHERE call_id = $1 ORDER BY at_us DESC, id DESC LIMIT $2`, callID, shownReads)
		reads, err = collect(rows, err, func(rows *sql.Rows) (calllog.BodyRead, error) {
			var (
				r  calllog.BodyRead
				us int64
			)
			err := rows.Scan(&us, &r.Actor)
			r.At = fromMicros(us)
			return r, err
		})
		return err
	})
	if err != nil {
		return calllog.Body{}, nil, s.db.failed(err, "read the body of a call")
	}
	return body, reads, nil
}

// DeleteBodiesOf deletes at most limit bodies of an API key's calls and returns how many.
func (s *Bodies) DeleteBodiesOf(ctx context.Context, apiKey string, limit int) (int, error) {
	var n int64
	err := s.db.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `DELETE FROM call_body WHERE call_id IN (SELECT call_id FROM call_body WHERE api_key = $1 LIMIT $2)`, apiKey, limit)
		if err != nil {
			return err
		}
		n, err = result.RowsAffected()
		return err
	})
	return int(n), s.db.failed(err, "delete bodies of an API key")
}

// DeleteBodiesBefore deletes at most limit bodies that have expired by now, or whose call
// arrived before calls, and returns how many. It also forgets who read bodies two years ago.
func (s *Bodies) DeleteBodiesBefore(ctx context.Context, now, calls time.Time, limit int) (int, error) {
	deleted := 0
	for _, old := range []struct {
		column string
		before time.Time
	}{{`expires_us`, now}, {`start_us`, calls}} {
		n, err := s.db.exec(ctx, `DELETE FROM call_body WHERE call_id IN (SELECT call_id FROM call_body WHERE `+old.column+` < $1 ORDER BY `+old.column+` LIMIT $2)`,
			micros(old.before), limit-deleted)
		if err != nil {
			return deleted, s.db.failed(err, "delete old bodies")
		}
		deleted += int(n)
	}
	_, err := s.db.exec(ctx, `DELETE FROM call_body_read WHERE id IN (SELECT id FROM call_body_read WHERE at_us < $1 ORDER BY at_us LIMIT $2)`,
		micros(now.Add(-keepReads)), limit)
	return deleted, s.db.failed(err, "forget who read bodies")
}
