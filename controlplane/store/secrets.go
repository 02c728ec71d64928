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
		rows, err := q.QueryContext(ctx, `SELECT ref, ciphertext FROM secret WHERE ref IN `+placeholders(1, len(batch)), args...)
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
	return slices.DeleteFunc(secretRefs(doc), func(ref string) bool {
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
