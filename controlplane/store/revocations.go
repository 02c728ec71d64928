package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/store/placeholder"
)

// writeRevocations keeps which secrets the changes take out of use, and forgets those that
// they bring back.
func writeRevocations(ctx context.Context, tx *sql.Tx, changes []controlplane.Change) error {
	gone, back := controlplane.Retire(changes)
	for batch := range batches(back) {
		args := make([]any, len(batch), len(batch)+1)
		for i, hash := range batch {
			args[i] = hash[:]
		}
		query := `DELETE FROM revocation WHERE hash IN ` + placeholder.Rows(1, len(batch)) + ` AND reason <> $` + strconv.Itoa(len(batch)+1)
		if _, err := tx.ExecContext(ctx, query, append(args, controlplane.RevokeForGood)...); err != nil {
			return err
		}
	}
	rows := make([][]any, len(gone))
	for i, r := range gone {
		cut := 0
		if r.Cut {
			cut = 1
		}
		rows[i] = []any{r.Hash[:], r.Key, r.UID, r.Revision, r.Reason, cut}
	}
	return insert(ctx, tx, `INSERT INTO revocation (hash, key_name, uid, revision, reason, cut) VALUES `, rows,
		` ON CONFLICT (hash) DO UPDATE SET key_name = excluded.key_name, uid = excluded.uid, revision = excluded.revision,
		reason = excluded.reason, cut = excluded.cut`)
}

func readRevocations(ctx context.Context, q querier) ([]controlplane.Revocation, error) {
	rows, err := q.QueryContext(ctx, `SELECT hash, key_name, uid, revision, reason, cut FROM revocation`)
	return collect(rows, err, func(rows *sql.Rows) (controlplane.Revocation, error) {
		var (
			r    controlplane.Revocation
			hash []byte
			cut  int
		)
		if err := rows.Scan(&hash, &r.Key, &r.UID, &r.Revision, &r.Reason, &cut); err != nil {
			return r, err
		}
		if len(hash) != len(r.Hash) {
			return r, fmt.Errorf("a revoked secret has a hash of %d bytes", len(hash))
		}
		copy(r.Hash[:], hash)
		r.Cut = cut != 0
		return r, nil
	})
}
