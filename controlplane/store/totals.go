package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane/store/placeholder"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

const (
	insertTotal = `INSERT INTO call_total (id, node, bucket, record) VALUES `
	insertGap   = `INSERT INTO call_gap (id, node, to_us, record) VALUES `
)

// totalRow is a total or a gap as its table holds it.
type totalRow struct {
	id      string
	columns []any
	sum     total // of a total
}

// total is a total in the form that is added to usage.
type total struct {
	us  int64
	key usage.Key
	sum *usage.Sum
}

// InsertTotals stores totals and gaps that are not stored yet, in one transaction, and
// adds the new totals to the sums of usage in the same one: each counts once, however
// often it is sent. What the database refuses by itself is returned as rejected.
func (s *CallGaps) InsertTotals(ctx context.Context, node string, totals []*nodev1.Total, gaps []*nodev1.Gap) ([]*nodev1.RejectedCall, error) {
	var rejected []*nodev1.RejectedCall
	totalRows, gapRows := make([]totalRow, 0, len(totals)), make([]totalRow, 0, len(gaps))
	for _, t := range totals {
		k, sum, err := usage.FromTotal(t)
		record, encodeErr := proto.MarshalOptions{Deterministic: true}.Marshal(t)
		if err := errors.Join(err, encodeErr); err != nil {
			rejected = append(rejected, s.db.reject(ctx, t.GetId(), err))
			continue
		}
		totalRows = append(totalRows, totalRow{
			id: t.GetId(), columns: []any{t.GetId(), node, t.GetStartUs(), record}, sum: total{t.GetStartUs(), k, sum},
		})
	}
	for _, g := range gaps {
		record, err := marshalGap(g)
		if err != nil {
			rejected = append(rejected, s.db.reject(ctx, g.GetId(), err))
			continue
		}
		gapRows = append(gapRows, totalRow{id: g.GetId(), columns: []any{g.GetId(), node, g.GetToUs(), record}})
	}
	var refused []*nodev1.RejectedCall
	err := s.db.inTx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		refused = nil
		put := func(into string, rows []totalRow) (stored []totalRow, err error) {
			for batch := range batches(sortedByID(rows)) {
				err := bisectInsert(ctx, s.db, tx, batch, func(rows []totalRow) error {
					fresh, err := insertNew(ctx, tx, into, rows)
					if err == nil {
						stored = append(stored, fresh...)
					}
					return err
				}, func(row totalRow, err error) { refused = append(refused, s.db.reject(ctx, row.id, err)) })
				if err != nil {
					return nil, err
				}
			}
			return stored, nil
		}
		if _, err := put(insertGap, gapRows); err != nil {
			return fmt.Errorf("insert gaps: %w", err)
		}
		stored, err := put(insertTotal, totalRows)
		if err != nil {
			return fmt.Errorf("insert totals: %w", err)
		}
		if err := addTotals(ctx, tx, s.db.engine, node, stored); err != nil {
			return err
		}
		return receive(ctx, tx, node, s.db.now())
	})
	if err != nil {
		return nil, s.db.failed(err, "store totals of calls")
	}
	return append(rejected, refused...), nil
}

// marshalGap is a gap as the table keeps it.
func marshalGap(g *nodev1.Gap) ([]byte, error) {
	return proto.MarshalOptions{Deterministic: true}.Marshal(g)
}

// sortedByID orders rows, each id once: transactions that insert the same ones then wait
// for each other instead of deadlocking.
func sortedByID(rows []totalRow) []totalRow {
	slices.SortStableFunc(rows, func(a, b totalRow) int { return cmp.Compare(a.id, b.id) })
	return slices.CompactFunc(rows, func(a, b totalRow) bool { return a.id == b.id })
}

// insertNew inserts rows with one statement and returns those that were not there.
func insertNew(ctx context.Context, tx *sql.Tx, into string, rows []totalRow) ([]totalRow, error) {
	args := make([]any, 0, len(rows)*len(rows[0].columns))
	for _, row := range rows {
		args = append(args, row.columns...)
	}
	returned, err := tx.QueryContext(ctx, into+placeholder.Rows(len(rows), len(rows[0].columns))+` ON CONFLICT DO NOTHING RETURNING id`, args...)
	ids, err := collect(returned, err, func(rows *sql.Rows) (string, error) {
		var id string
		err := rows.Scan(&id)
		return id, err
	})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(rows), func(row totalRow) bool { return !slices.Contains(ids, row.id) }), nil
}

// addTotals adds totals, which must be new ones of this transaction, to the sums over calls.
// They tell how many attempts there were, not on which targets and how they ended, so the
// sums over attempts are without them.
func addTotals(ctx context.Context, tx *sql.Tx, e engine, node string, rows []totalRow) error {
	if len(rows) == 0 {
		return nil
	}
	for _, r := range rollups {
		sums := map[sumKey]*usage.Sum{}
		for _, row := range rows {
			r.addTotal(sums, row.sum)
		}
		if err := addSums(ctx, tx, e, r, shardOf(node), sums, r.usageFigures); err != nil {
			return fmt.Errorf("add to %s: %w", r.table, err)
		}
	}
	return nil
}

func (r rollup) addTotal(sums map[sumKey]*usage.Sum, t total) {
	for k := range r.keysOf(t.us, t.key) {
		sumOf(sums, k).Add(t.sum)
	}
}

// countTotals adds the stored totals of [from, to) to what was counted, for each table.
func countTotals(ctx context.Context, q querier, from, to int64, counted map[string]map[sumKey]*usage.Sum) error {
	rows, err := q.QueryContext(ctx, `SELECT record FROM call_total WHERE bucket >= $1 AND bucket < $2`, from, to)
	records, err := collect(rows, err, func(rows *sql.Rows) (total, error) {
		var raw []byte
		if err := rows.Scan(&raw); err != nil {
			return total{}, err
		}
		t := &nodev1.Total{}
		if err := proto.Unmarshal(raw, t); err != nil {
			return total{}, fmt.Errorf("decode a stored total: %w", err)
		}
		k, sum, err := usage.FromTotal(t)
		return total{t.GetStartUs(), k, sum}, err
	})
	if err != nil {
		return err
	}
	for _, r := range rollups {
		for _, t := range records {
			r.addTotal(counted[r.table], t)
		}
	}
	return nil
}
