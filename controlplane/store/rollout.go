package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"github.com/trunkline-ai/trunkline/controlplane/rollout"
)

// Rollouts keeps how far a change of the configuration has come.
type Rollouts struct{ db *DB }

// NewRollouts is the Rollouts of a database.
func NewRollouts(db *DB) *Rollouts { return &Rollouts{db} }

// Rollout reads the record, and how often it was written.
func (s *Rollouts) Rollout(ctx context.Context) (record rollout.Record, written int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	var text string
	err = s.db.engine.Reader().QueryRowContext(ctx, `SELECT written, record FROM rollout WHERE id = 1`).Scan(&written, &text)
	if errors.Is(err, sql.ErrNoRows) {
		return rollout.Record{}, 0, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &record)
	}
	return record, written, s.db.failed(err, "read the rollout")
}

// ChangeRollout writes the record that comes after one that was written so often.
func (s *Rollouts) ChangeRollout(ctx context.Context, written int64, next rollout.Record) (bool, error) {
	text, err := json.Marshal(next)
	if err != nil {
		return false, err
	}
	err = s.db.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		result, err := tx.ExecContext(ctx, `INSERT INTO rollout (id, written, record) VALUES (1, 1, $1)
			ON CONFLICT (id) DO UPDATE SET written = rollout.written + 1, record = excluded.record WHERE rollout.written = $2`, string(text), written)
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return firstError(err, errWritten)
		}
		return s.db.engine.Announce(ctx, tx, rolloutChannel)
	})
	if errors.Is(err, errWritten) {
		return false, nil
	}
	return err == nil, s.db.failed(err, "write the rollout")
}

// errWritten ends the transaction of a record that another replica was faster with.
var errWritten = errors.New("the rollout has been updated in the meantime")

func firstError(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// NotifyRollouts calls wake after other replicas wrote the record, until ctx ends.
func (s *Rollouts) NotifyRollouts(ctx context.Context, wake func()) error {
	s.db.engine.Listen(ctx, rolloutChannel, wake)
	return nil
}
