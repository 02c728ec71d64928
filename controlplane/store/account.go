package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/trunkline-ai/trunkline/controlplane/access"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// Account returns the password that was set last; errs.NotFound while none was.
func (s *Access) Account(ctx context.Context) (access.Account, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	var (
		a       access.Account
		changed int64
	)
	err := s.db.engine.Reader().QueryRowContext(ctx, `SELECT salt, verifier, version, changed_at FROM account`).
		Scan(&a.Salt, &a.Verifier, &a.Version, &changed)
	if errors.Is(err, sql.ErrNoRows) {
		return access.Account{}, errs.Newf(errs.NotFound, "no password has been set")
	}
	if err != nil {
		return access.Account{}, s.db.failed(err, "read the account")
	}
	a.ChangedAt = fromMicros(changed)
	return a, nil
}

// SetAccount puts a password in the place of the one with the version before, ends every
// session but one, and moves that one on. A sign-in with the password before that is under way
// elsewhere begins a session of the old version, which Session does not find.
func (s *Access) SetAccount(ctx context.Context, a access.Account, keep [32]byte) error {
	err := s.db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		statement := `UPDATE account SET salt = $1, verifier = $2, version = $3, changed_at = $4 WHERE version = $3 - 1`
		if a.Version == 1 {
			statement = `INSERT INTO account (id, salt, verifier, version, changed_at) VALUES (1, $1, $2, $3, $4) ON CONFLICT DO NOTHING`
		}
		result, err := tx.ExecContext(ctx, statement, a.Salt, a.Verifier, a.Version, micros(a.ChangedAt))
		if err != nil {
			return err
		}
		if n, err := result.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, errs.Newf(errs.Conflict, "the password was changed meanwhile: sign in again"))
		}
		if _, err := tx.ExecContext(ctx, `UPDATE session SET version = $1 WHERE hash = $2 AND version = $1 - 1`, a.Version, keep[:]); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM session WHERE version <> $1`, a.Version)
		return err
	})
	return s.db.failed(err, "set the password")
}
