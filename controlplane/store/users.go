package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/trunkline-ai/trunkline/controlplane/access"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

const userColumns = `id, name, role, disabled, salt, verifier, version, created_at, signed_in_at, totp_key, totp_pending, issuer, subject`

// EnsureOwner creates a user of that name, an owner without a password, unless there is one.
func (s *Access) EnsureOwner(ctx context.Context, name string, at time.Time) error {
	_, err := s.db.exec(ctx, `INSERT INTO admin_user (id, name, role, disabled, version, created_at, totp_step) VALUES ($1, $2, $3, 0, 0, $4, 0)
		ON CONFLICT (name) DO NOTHING`, uuid.NewString(), name, int32(adminv1.Role_ROLE_OWNER), micros(at))
	return s.db.failed(err, "create the first owner")
}

// ListUsers returns every user in name order.
func (s *Access) ListUsers(ctx context.Context) ([]access.User, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	rows, err := s.db.engine.Reader().QueryContext(ctx, `SELECT `+userColumns+` FROM admin_user ORDER BY name`)
	users, err := collect(rows, err, func(rows *sql.Rows) (access.User, error) { return scanUser(rows) })
	return users, s.db.failed(err, "list users")
}

// User returns one user.
func (s *Access) User(ctx context.Context, name string) (access.User, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	u, err := userOf(ctx, s.db.engine.Reader(), name)
	return u, s.db.failed(err, "read the user")
}

// UserOfSubject returns the user that is linked to somebody of an identity provider.
func (s *Access) UserOfSubject(ctx context.Context, issuer, subject string) (access.User, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	u, err := scanUser(s.db.engine.Reader().QueryRowContext(ctx, `SELECT `+userColumns+` FROM admin_user WHERE issuer = $1 AND subject = $2`, issuer, subject))
	if errors.Is(err, sql.ErrNoRows) {
		return access.User{}, errs.Newf(errs.NotFound, "that account is not linked to a user")
	}
	return u, s.db.failed(err, "read the user")
}

// CreateUser stores a user; errs.AlreadyExists when the name is taken.
func (s *Access) CreateUser(ctx context.Context, u access.User) error {
	err := s.db.changeRow(ctx, nil, `INSERT INTO admin_user (`+userColumns+`, totp_step) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0)`,
		u.ID, u.Name, int32(u.Role), number(u.Disabled), u.Salt, u.Verifier, u.Version, micros(u.CreatedAt), maybe(u.SignedInAt),
		u.TOTPKey, u.TOTPPending, maybeText(u.Issuer), maybeText(u.Subject))
	return s.db.failed(err, fmt.Sprintf("create user %q", u.Name))
}

// UpdateUser changes a user, one change at a time: the first statement locks every owner and the user.
func (s *Access) UpdateUser(ctx context.Context, name string, keep [32]byte, change func(*access.User) error) (access.User, error) {
	var u access.User
	err := s.db.change(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		if u, err = lockUser(ctx, tx, name); err != nil {
			return err
		}
		before := u
		if err := change(&u); err != nil {
			return err
		}
		u.ID, u.Name = before.ID, before.Name
		if enabledOwner(before) && !enabledOwner(u) {
			if err := wantAnotherOwner(ctx, tx, u.ID); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `UPDATE admin_user SET role = $2, disabled = $3, salt = $4, verifier = $5, version = $6, totp_key = $7, totp_pending = $8,
			issuer = $9, subject = $10 WHERE id = $1`, u.ID, int32(u.Role), number(u.Disabled), u.Salt, u.Verifier, u.Version, u.TOTPKey, u.TOTPPending,
			maybeText(u.Issuer), maybeText(u.Subject))
		if err != nil {
			return err
		}
		return endSessionsOf(ctx, tx, u, before, keep)
	})
	return u, s.db.failed(err, fmt.Sprintf("change user %q", name))
}

// endSessionsOf ends the sessions that a change of their user does not leave. A sign-in with what was before
// that is under way elsewhere begins a session of the old version, which Session does not find.
func endSessionsOf(ctx context.Context, tx *sql.Tx, u, before access.User, keep [32]byte) error {
	if u.Version != before.Version {
		if _, err := tx.ExecContext(ctx, `UPDATE session SET version = $1 WHERE hash = $2 AND user_id = $3`, u.Version, keep[:], u.ID); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM session WHERE user_id = $1 AND (version <> $2 OR $3 = 1)`, u.ID, u.Version, number(u.Disabled))
	return err
}

// DeleteUser removes a user with sessions and tokens.
func (s *Access) DeleteUser(ctx context.Context, name string) error {
	err := s.db.change(ctx, func(ctx context.Context, tx *sql.Tx) error {
		u, err := lockUser(ctx, tx, name)
		if err != nil {
			return err
		}
		if enabledOwner(u) {
			if err := wantAnotherOwner(ctx, tx, u.ID); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `DELETE FROM admin_user WHERE id = $1`, u.ID)
		return err
	})
	return s.db.failed(err, fmt.Sprintf("delete user %q", name))
}

// UseTOTPStep notes that a code of that step was used; errs.Conflict when it was before, or a later one.
func (s *Access) UseTOTPStep(ctx context.Context, userID string, step int64) error {
	n, err := s.db.exec(ctx, `UPDATE admin_user SET totp_step = $2 WHERE id = $1 AND totp_step < $2`, userID, step)
	if err == nil && n == 0 {
		return errs.Newf(errs.Conflict, "the code was used before")
	}
	return s.db.failed(err, "use the code")
}

// SetRecoveryCodes puts these in the place of all that the user has.
func (s *Access) SetRecoveryCodes(ctx context.Context, userID string, hashes [][32]byte) error {
	err := s.db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM recovery_code WHERE user_id = $1`, userID); err != nil {
			return err
		}
		for _, hash := range hashes {
			if _, err := tx.ExecContext(ctx, `INSERT INTO recovery_code (user_id, hash) VALUES ($1, $2)`, userID, hash[:]); err != nil {
				return err
			}
		}
		return nil
	})
	return s.db.failed(err, "store recovery codes")
}

// UseRecoveryCode uses up a code; errs.NotFound when there is no such one.
func (s *Access) UseRecoveryCode(ctx context.Context, userID string, hash [32]byte) error {
	n, err := s.db.exec(ctx, `DELETE FROM recovery_code WHERE user_id = $1 AND hash = $2`, userID, hash[:])
	if err == nil && n == 0 {
		return errs.Newf(errs.NotFound, "the recovery code is not valid")
	}
	return s.db.failed(err, "use the recovery code")
}

func enabledOwner(u access.User) bool { return u.Role == adminv1.Role_ROLE_OWNER && !u.Disabled }

// lockUser returns a user who stays as they are until the transaction ends, as every owner does: two owners
// cannot demote each other.
func lockUser(ctx context.Context, tx *sql.Tx, name string) (access.User, error) {
	if _, err := tx.ExecContext(ctx, `UPDATE admin_user SET version = version WHERE role = $1 OR name = $2`, int32(adminv1.Role_ROLE_OWNER), name); err != nil {
		return access.User{}, err
	}
	return userOf(ctx, tx, name)
}

func wantAnotherOwner(ctx context.Context, tx *sql.Tx, id string) error {
	var others int
	err := tx.QueryRowContext(ctx, `SELECT count(*) FROM admin_user WHERE role = $1 AND disabled = 0 AND id <> $2`, int32(adminv1.Role_ROLE_OWNER), id).Scan(&others)
	if err == nil && others == 0 {
		return errs.Newf(errs.FailedPrecondition, "this is the last enabled owner: make another user an owner first")
	}
	return err
}

func userOf(ctx context.Context, q interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}, name string) (access.User, error) {
	u, err := scanUser(q.QueryRowContext(ctx, `SELECT `+userColumns+` FROM admin_user WHERE name = $1`, name))
	if errors.Is(err, sql.ErrNoRows) {
		return access.User{}, errs.Newf(errs.NotFound, "user %q does not exist", name)
	}
	return u, err
}

func scanUser(row interface{ Scan(dest ...any) error }) (access.User, error) {
	var (
		u               access.User
		disabled        int
		created         int64
		signedIn        sql.NullInt64
		issuer, subject sql.NullString
	)
	err := row.Scan(&u.ID, &u.Name, &u.Role, &disabled, &u.Salt, &u.Verifier, &u.Version, &created, &signedIn, &u.TOTPKey, &u.TOTPPending, &issuer, &subject)
	if err != nil {
		return access.User{}, err
	}
	u.Disabled, u.CreatedAt, u.Issuer, u.Subject = disabled != 0, fromMicros(created), issuer.String, subject.String
	if signedIn.Valid {
		u.SignedInAt = fromMicros(signedIn.Int64)
	}
	return u, nil
}

// maybe is a time that may not have been yet.
func maybe(t time.Time) sql.NullInt64 { return sql.NullInt64{Int64: micros(t), Valid: !t.IsZero()} }

func maybeText(s string) sql.NullString { return sql.NullString{String: s, Valid: s != ""} }
