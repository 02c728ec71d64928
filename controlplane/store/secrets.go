package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/audit"
	"github.com/trunkline-ai/trunkline/controlplane/store/placeholder"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// Secrets keeps the control plane's own sealed secrets.
type Secrets struct{ db *DB }

// NewSecrets is the Secrets of a database.
func NewSecrets(db *DB) *Secrets { return &Secrets{db} }

// EnsureSecret stores s unless its ref is taken, and returns what is stored now: of
// several replicas that make the same secret at the same time, the first one wins.
func (s *Secrets) EnsureSecret(ctx context.Context, secret controlplane.Secret) (controlplane.Secret, error) {
	err := s.db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx,
			`INSERT INTO secret (ref, ciphertext, created_at) VALUES ($1, $2, $3) ON CONFLICT (ref) DO NOTHING`,
			secret.Ref, notNil(secret.Ciphertext), micros(s.db.now()))
		if err != nil {
			return err
		}
		stored, err := readSecrets(ctx, tx, []string{secret.Ref})
		if err != nil {
			return err
		}
		if len(stored) != 1 {
			return errors.New("the secret is not there after its insertion")
		}
		secret = stored[0]
		return nil
	})
	if err != nil {
		return controlplane.Secret{}, s.db.failed(err, "store a secret")
	}
	return secret, nil
}

// Secret returns a secret; errs.NotFound.
func (s *Secrets) Secret(ctx context.Context, ref string) (controlplane.Secret, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	found, err := readSecrets(ctx, s.db.engine.Reader(), []string{ref})
	if err == nil && len(found) == 0 {
		return controlplane.Secret{}, errs.Newf(errs.NotFound, "secret %q does not exist", ref)
	}
	if err != nil {
		return controlplane.Secret{}, s.db.failed(err, "read a secret")
	}
	return found[0], nil
}

// ReplaceSecret stores another ciphertext in the place of before; errs.Conflict when that is not what is stored.
func (s *Secrets) ReplaceSecret(ctx context.Context, ref string, before, after []byte) error {
	gone := errs.Newf(errs.Conflict, "secret %q has been changed concurrently; try again", ref)
	err := s.db.changeRow(ctx, gone, `UPDATE secret SET ciphertext = $1 WHERE ref = $2 AND ciphertext = $3`, notNil(after), ref, notNil(before))
	return s.db.failed(err, "replace a secret")
}

// RetireSecrets removes the secrets of credentials that no document has referred to since before
// t, and notes of the others since when none does. It returns how many it removed. Changes of the
// configuration wait for it: one that goes back to an old document must find its secret or not.
func (s *Secrets) RetireSecrets(ctx context.Context, t time.Time) (removed int, err error) {
	event := audit.Event{Actor: audit.System, Action: audit.ActionRemoveSecrets}
	err = s.db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE config_version SET revision = revision WHERE id = 1`); err != nil {
			return err
		}
		used, err := usedRefs(ctx, tx)
		if err != nil {
			return err
		}
		kept, err := credentialSecrets(ctx, tx)
		if err != nil {
			return err
		}
		removed = 0
		for _, secret := range kept {
			var statement string
			args := []any{secret.ref}
			switch unused := secret.unusedAt.Valid; {
			case used[secret.ref] && unused:
				statement = `UPDATE secret SET unused_at = NULL WHERE ref = $1`
			case used[secret.ref]:
				continue
			case !unused:
				statement, args = `UPDATE secret SET unused_at = $2 WHERE ref = $1`, append(args, micros(s.db.now()))
			case secret.unusedAt.Int64 < micros(t):
				statement = `DELETE FROM secret WHERE ref = $1`
				removed++
			default:
				continue
			}
			if _, err := tx.ExecContext(ctx, statement, args...); err != nil {
				return err
			}
		}
		if removed == 0 {
			return nil
		}
		event.Detail = fmt.Sprintf("%d of deleted and replaced credentials", removed)
		return s.db.appendEvent(ctx, tx, &event)
	})
	if err != nil {
		return 0, s.db.failed(err, "remove secrets that are not used any more")
	}
	if removed > 0 {
		s.db.logEvent(ctx, event)
	}
	return removed, nil
}

// usedRefs are the secrets that documents refer to now.
func usedRefs(ctx context.Context, q querier) (map[string]bool, error) {
	kinds := make([]any, len(controlplane.SecretKinds))
	for i, kind := range controlplane.SecretKinds {
		kinds[i] = string(kind)
	}
	rows, err := q.QueryContext(ctx, `SELECT kind, spec FROM resource WHERE kind IN `+placeholder.Rows(1, len(kinds)), kinds...)
	used := map[string]bool{}
	_, err = collect(rows, err, func(rows *sql.Rows) (struct{}, error) {
		var kind, spec string
		if err := rows.Scan(&kind, &spec); err != nil {
			return struct{}{}, err
		}
		doc, err := decode(controlplane.Kind(kind), spec)
		if err != nil {
			return struct{}{}, err
		}
		for _, ref := range controlplane.SecretRefs(doc) {
			used[ref] = true
		}
		return struct{}{}, nil
	})
	return used, err
}

// credentialSecret is a stored secret of a credential, and since when nobody refers to it.
type credentialSecret struct {
	ref      string
	unusedAt sql.NullInt64
}

func credentialSecrets(ctx context.Context, q querier) ([]credentialSecret, error) {
	rows, err := q.QueryContext(ctx, `SELECT ref, unused_at FROM secret WHERE ref LIKE $1`, controlplane.CredentialRef+"%")
	return collect(rows, err, func(rows *sql.Rows) (s credentialSecret, err error) {
		return s, rows.Scan(&s.ref, &s.unusedAt)
	})
}

// insertSecrets stores new secrets; a ref that is taken is an error, because a ref is
// never reused.
func insertSecrets(ctx context.Context, q querier, secrets []controlplane.Secret, at time.Time) error {
	rows := make([][]any, len(secrets))
	for i, secret := range secrets {
		rows[i] = []any{secret.Ref, notNil(secret.Ciphertext), micros(at)}
	}
	return insert(ctx, q, `INSERT INTO secret (ref, ciphertext, created_at) VALUES `, rows, ``)
}

// readSecrets reads those of the secrets that exist.
func readSecrets(ctx context.Context, q querier, refs []string) ([]controlplane.Secret, error) {
	refs = slices.Clone(refs)
	slices.Sort(refs)
	refs = slices.Compact(refs)
	var all []controlplane.Secret
	for batch := range batches(refs) {
		args := make([]any, len(batch))
		for i, ref := range batch {
			args[i] = ref
		}
		rows, err := q.QueryContext(ctx, `SELECT ref, ciphertext FROM secret WHERE ref IN `+placeholder.Rows(1, len(batch)), args...)
		found, err := collect(rows, err, func(rows *sql.Rows) (controlplane.Secret, error) {
			var s controlplane.Secret
			err := rows.Scan(&s.Ref, &s.Ciphertext)
			return s, err
		})
		if err != nil {
			return nil, fmt.Errorf("read secrets: %w", err)
		}
		all = append(all, found...)
	}
	return all, nil
}

// unknownRefs lists the secrets a document refers to that cfg does not hold.
func unknownRefs(cfg *controlplane.Config, doc proto.Message) []string {
	return slices.DeleteFunc(controlplane.SecretRefs(doc), func(ref string) bool {
		_, known := cfg.Secret(ref)
		return known
	})
}

// notNil keeps an empty ciphertext from being taken for null.
func notNil(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}
