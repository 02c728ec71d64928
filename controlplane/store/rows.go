package store

import (
	"context"
	"database/sql"
	"iter"
	"math/bits"
	"slices"

	"github.com/trunkline-ai/trunkline/controlplane/store/placeholder"
)

// mostRows is how many rows one statement inserts. SQLite looks each parameter up among
// all others of the statement, so more rows at once would cost it more time than they save.
const mostRows = 64

// batches cuts rows into pieces of at most mostRows whose sizes are powers of two: there
// are then only seven texts of each statement, and prepared ones are found again.
func batches[T any](rows []T) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		for len(rows) > 0 {
			n := min(mostRows, 1<<(bits.Len(uint(len(rows)))-1))
			if !yield(rows[:n]) {
				return
			}
			rows = rows[n:]
		}
	}
}

// collect scans every row and closes rows.
func collect[T any](rows *sql.Rows, err error, scan func(*sql.Rows) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// insert runs an INSERT for many rows, all of the same number of columns.
func insert(ctx context.Context, q querier, into string, rows [][]any, rest string) error {
	for batch := range batches(rows) {
		if _, err := q.ExecContext(ctx, into+placeholder.Rows(len(batch), len(batch[0]))+rest, slices.Concat(batch...)...); err != nil {
			return err
		}
	}
	return nil
}
