package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// receive counts a batch of a node, in the transaction that stores it.
func receive(ctx context.Context, tx *sql.Tx, node string, at time.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO call_receipt (node, number, stored_us) VALUES ($1, 1, $2)
		ON CONFLICT (node) DO UPDATE SET number = call_receipt.number + 1, stored_us = excluded.stored_us`, node, micros(at))
	if err != nil {
		return fmt.Errorf("count the batch: %w", err)
	}
	return nil
}

// Receipt says what was stored of a node last; nil when that is nothing. When the node has a newer
// receipt, the database was set back since: the gap that leaves is stored once, and the count goes
// on from the node's.
func (s *CallGaps) Receipt(ctx context.Context, node string, newest *nodev1.Receipt) (*nodev1.Receipt, *nodev1.Gap, error) {
	const doing = "read what was stored of a node"
	read, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	have, err := receiptOf(read, s.db.engine.Reader(), node)
	if err != nil {
		return nil, nil, s.db.failed(err, doing)
	}
	if newest.GetNumber() <= have.GetNumber() {
		return have, nil, nil
	}
	var gap *nodev1.Gap
	err = s.db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		if gap, err = s.restored(ctx, tx, node, have, newest); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO call_receipt (node, number, stored_us) VALUES ($1, $2, $3)
			ON CONFLICT (node) DO UPDATE SET number = excluded.number, stored_us = excluded.stored_us WHERE call_receipt.number < excluded.number`,
			node, int64(newest.GetNumber()), newest.GetStoredUs())
		return err
	})
	if err != nil {
		return nil, nil, s.db.failed(err, "note that the database was set back")
	}
	return newest, gap, nil
}

// receiptOf reads a node's receipt; nil when there is none.
func receiptOf(ctx context.Context, q querier, node string) (*nodev1.Receipt, error) {
	r := &nodev1.Receipt{}
	err := q.QueryRowContext(ctx, `SELECT number, stored_us FROM call_receipt WHERE node = $1`, node).Scan(&r.Number, &r.StoredUs)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return r, err
}

// restored stores the gap that a restored database has of a node: from what it stored last, of the
// node or else of any, to what the node knows to have been stored.
func (s *CallGaps) restored(ctx context.Context, tx *sql.Tx, node string, have, newest *nodev1.Receipt) (*nodev1.Gap, error) {
	from := have.GetStoredUs()
	if have == nil {
		var last sql.NullInt64
		if err := tx.QueryRowContext(ctx, `SELECT max(stored_us) FROM call_receipt`).Scan(&last); err != nil {
			return nil, err
		}
		from = cmp.Or(last.Int64, newest.GetStoredUs())
	}
	gap := &nodev1.Gap{
		// The same for whoever finds it out.
		Id:     uuid.NewSHA1(uuid.NameSpaceOID, fmt.Appendf(nil, "%s %d %d %s", calllog.GapDatabaseRestored, newest.GetNumber(), newest.GetStoredUs(), node)).String(),
		FromUs: min(from, newest.GetStoredUs()), ToUs: newest.GetStoredUs(), Reason: calllog.GapDatabaseRestored,
	}
	record, err := marshalGap(gap)
	if err != nil {
		return nil, err
	}
	return gap, insert(ctx, tx, insertGap, [][]any{{gap.GetId(), node, gap.GetToUs(), record}}, ` ON CONFLICT DO NOTHING`)
}
