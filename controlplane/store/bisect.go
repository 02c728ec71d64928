package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/trunkline-ai/trunkline/internal/errs"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// reasonRefused is what a node is told about a call that was put aside; the cause goes to the log.
const reasonRefused = "the database refused the record"

// bisectInsert runs do for rows. When the database refuses them it tries each half by itself,
// down to the rows at fault, which it gives to reject with the reason. What do did to
// refused rows is undone.
func bisectInsert[T any](ctx context.Context, db *DB, tx *sql.Tx, rows []T, do func([]T) error, reject func(T, error)) error {
	if _, err := tx.ExecContext(ctx, `SAVEPOINT bisect`); err != nil {
		return fmt.Errorf("set savepoint: %w", err)
	}
	err := do(rows)
	if err == nil {
		_, err := tx.ExecContext(ctx, `RELEASE SAVEPOINT bisect`)
		return err
	}
	if !db.refused(err) {
		return err
	}
	if _, err := tx.ExecContext(ctx, `ROLLBACK TO SAVEPOINT bisect`); err != nil {
		return fmt.Errorf("return to savepoint: %w", err)
	}
	// ROLLBACK TO keeps the savepoint, RELEASE forgets it.
	if _, err := tx.ExecContext(ctx, `RELEASE SAVEPOINT bisect`); err != nil {
		return fmt.Errorf("release savepoint: %w", err)
	}
	if len(rows) == 1 {
		reject(rows[0], err)
		return nil
	}
	half := len(rows) / 2
	if err := bisectInsert(ctx, db, tx, rows[:half], do, reject); err != nil {
		return err
	}
	return bisectInsert(ctx, db, tx, rows[half:], do, reject)
}

// refused reports whether an error is about the rows, not about the database.
func (db *DB) refused(err error) bool {
	switch codeOf(err, db.engine.Classify) {
	case errs.InvalidArgument, errs.AlreadyExists, errs.FailedPrecondition:
		return true
	}
	return false
}

// reject logs why a call was put aside and tells the node that it was.
func (db *DB) reject(ctx context.Context, id string, err error) *nodev1.RejectedCall {
	db.logger.WarnContext(ctx, "call rejected", "call", id, "error", err)
	return &nodev1.RejectedCall{Id: id, Reason: reasonRefused}
}
