package store

import (
	"context"
	"database/sql"
	"fmt"
)

// piecewise runs do for rows. When the database refuses them it tries each half by itself,
// down to the rows at fault, which it gives to reject with the reason. What do did to
// refused rows is undone.
func piecewise[T any](ctx context.Context, s *Store, tx *sql.Tx, rows []T, do func([]T) error, reject func(T, error)) error {
	if _, err := tx.ExecContext(ctx, `SAVEPOINT piece`); err != nil {
		return fmt.Errorf("set savepoint: %w", err)
	}
	err := do(rows)
	if err == nil {
		_, err := tx.ExecContext(ctx, `RELEASE SAVEPOINT piece`)
		return err
	}
	if !s.refused(err) {
		return err
	}
	if _, err := tx.ExecContext(ctx, `ROLLBACK TO SAVEPOINT piece`); err != nil {
		return fmt.Errorf("return to savepoint: %w", err)
	}
	// ROLLBACK TO keeps the savepoint, RELEASE forgets it.
	if _, err := tx.ExecContext(ctx, `RELEASE SAVEPOINT piece`); err != nil {
		return fmt.Errorf("release savepoint: %w", err)
	}
	if len(rows) == 1 {
		reject(rows[0], err)
		return nil
	}
	half := len(rows) / 2
	if err := piecewise(ctx, s, tx, rows[:half], do, reject); err != nil {
		return err
	}
	return piecewise(ctx, s, tx, rows[half:], do, reject)
}
