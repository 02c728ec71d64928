package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/secrets"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// MasterKeys keeps which master key is in use, and finds what is sealed under one.
type MasterKeys struct{ db *DB }

// NewMasterKeys is the MasterKeys of a database.
func NewMasterKeys(db *DB) *MasterKeys { return &MasterKeys{db} }

// sealedColumns are all columns that hold what is sealed under a master key. Their rows are called
// by the prefix and their id.
var sealedColumns = []struct{ prefix, table, id, column string }{
	{"", "secret", "ref", "ciphertext"},
	{"join-token/", "join_token", "id", "sealed_key"},
	{"totp/", "admin_user", "id", "totp_key"},
	{"totp-pending/", "admin_user", "id", "totp_pending"},
}

// allSealed is a query of every sealed value, by ref.
var allSealed = func() string {
	var parts []string
	for _, c := range sealedColumns {
		parts = append(parts, fmt.Sprintf(`SELECT '%[1]s' || %[2]s AS ref, %[3]s AS sealed FROM %[4]s WHERE %[3]s IS NOT NULL`, c.prefix, c.id, c.column, c.table))
	}
	return `(` + strings.Join(parts, ` UNION ALL `) + `) AS s`
}()

// MasterKey returns the key in use.
func (s *MasterKeys) MasterKey(ctx context.Context) (secrets.MasterKey, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	var k secrets.MasterKey
	var since int64
	err := s.db.engine.Reader().QueryRowContext(ctx, `SELECT key_id, since, chosen_by FROM master_key WHERE id = 1`).Scan(&k.ID, &since, &k.By)
	if errors.Is(err, sql.ErrNoRows) {
		return k, errs.Newf(errs.NotFound, "no master key is active yet")
	}
	k.Since = fromMicros(since)
	return k, s.db.failed(err, "read which master key is in use")
}

// UseMasterKey puts next in the place of the key before.
func (s *MasterKeys) UseMasterKey(ctx context.Context, before string, next secrets.MasterKey) error {
	n, err := s.db.exec(ctx, `INSERT INTO master_key (id, key_id, since, chosen_by) VALUES (1, $1, $2, $3)
		ON CONFLICT (id) DO UPDATE SET key_id = excluded.key_id, since = excluded.since, chosen_by = excluded.chosen_by WHERE master_key.key_id = $4`,
		next.ID, micros(next.Since), next.By, before)
	if err == nil && n == 0 {
		return errs.Newf(errs.Conflict, "another master key has just become active; check again")
	}
	return s.db.failed(err, "put a master key in use")
}

// Sealed lists every sealed secret with its master key; one whose beginning cannot be read has none.
func (s *MasterKeys) Sealed(ctx context.Context) ([]secrets.Sealed, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	// The prefix has at most 257 bytes.
	rows, err := s.db.engine.Reader().QueryContext(ctx, `SELECT ref, substr(sealed, 1, 257) FROM `+allSealed+` ORDER BY ref`)
	sealed, err := collect(rows, err, func(rows *sql.Rows) (out secrets.Sealed, err error) {
		var begin []byte
		err = rows.Scan(&out.Ref, &begin)
		out.KeyID, _, _ = controlplane.SealedBy(begin)
		return out, err
	})
	return sealed, s.db.failed(err, "list sealed secrets")
}

// SealedElsewhere returns secrets that are not sealed under a key.
func (s *MasterKeys) SealedElsewhere(ctx context.Context, keyID, after string, limit int) ([]controlplane.Secret, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	prefix := controlplane.SealedPrefix(keyID)
	rows, err := s.db.engine.Reader().QueryContext(ctx, fmt.Sprintf(
		`SELECT ref, sealed FROM %s WHERE substr(sealed, 1, %d) <> $1 AND ref > $2 ORDER BY ref LIMIT %d`, allSealed, len(prefix), limit), prefix, after)
	found, err := collect(rows, err, func(rows *sql.Rows) (out controlplane.Secret, err error) {
		return out, rows.Scan(&out.Ref, &out.Ciphertext)
	})
	return found, s.db.failed(err, "read secrets under other master keys")
}

// Reseal replaces secrets in one transaction, but for those that changed since.
func (s *MasterKeys) Reseal(ctx context.Context, all []secrets.Resealed) error {
	if len(all) == 0 {
		return nil
	}
	err := s.db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, r := range all {
			c := sealedColumns[0]
			for _, other := range sealedColumns[1:] {
				if strings.HasPrefix(r.Ref, other.prefix) {
					c = other
				}
			}
			if _, err := tx.ExecContext(ctx, fmt.Sprintf(`UPDATE %s SET %s = $1 WHERE %s = $2 AND %s = $3`, c.table, c.column, c.id, c.column),
				r.After, strings.TrimPrefix(r.Ref, c.prefix), r.Before); err != nil {
				return err
			}
		}
		return nil
	})
	return s.db.failed(err, "re-wrap secrets")
}

// ForgetSealed removes what is sealed under lost keys and can be made again or is used by nobody.
func (s *MasterKeys) ForgetSealed(ctx context.Context, keyIDs []string) (refs []string, err error) {
	sealed, err := s.Sealed(ctx)
	if err != nil {
		return nil, err
	}
	err = s.db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		// Changes of the configuration wait: none may begin to use what is removed.
		if _, err := tx.ExecContext(ctx, `UPDATE config_version SET revision = revision WHERE id = 1`); err != nil {
			return err
		}
		used, err := usedRefs(ctx, tx)
		if err != nil {
			return err
		}
		refs = nil
		for _, one := range sealed {
			if used[one.Ref] || !slices.Contains(keyIDs, one.KeyID) {
				continue
			}
			if err := forget(ctx, tx, one); err != nil {
				return err
			}
			refs = append(refs, one.Ref)
		}
		return nil
	})
	return refs, s.db.failed(err, "remove secrets under lost master keys")
}

// forget removes one secret if it is still sealed under that key.
func forget(ctx context.Context, tx *sql.Tx, one secrets.Sealed) error {
	prefix := controlplane.SealedPrefix(one.KeyID)
	if id, ok := strings.CutPrefix(one.Ref, "join-token/"); ok {
		_, err := tx.ExecContext(ctx, `DELETE FROM join_token WHERE id = $1`, id)
		return err
	}
	for _, c := range sealedColumns {
		if id, ok := strings.CutPrefix(one.Ref, c.prefix); ok && c.table == "admin_user" { // the password alone is asked for from now on
			_, err := tx.ExecContext(ctx, fmt.Sprintf(`UPDATE admin_user SET %s = NULL WHERE id = $1`, c.column), id)
			return err
		}
	}
	_, err := tx.ExecContext(ctx, fmt.Sprintf(`DELETE FROM secret WHERE ref = $1 AND substr(ciphertext, 1, %d) = $2`, len(prefix)), one.Ref, prefix)
	return err
}
