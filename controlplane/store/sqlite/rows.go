package sqlite

import (
	"context"
	"database/sql"
	"slices"
	"strings"
)

// pieces are how many rows one statement adds: many while there are, then fewer. These few texts are
// prepared once. More rows at once do not make them faster.
var pieces = []int{64, 8, 1}

// AddRows adds rows in the transaction that conn is in. OR FAIL leaves the rows before the one that is
// refused in place, which the caller's rollback removes: SQLite then keeps no second journal for the
// statement.
func (db *DB) AddRows(ctx context.Context, conn *sql.Conn, table string, columns []string, rows [][]any) error {
	row := "(?" + strings.Repeat(", ?", len(columns)-1) + ")"
	for _, n := range pieces {
		statement := "INSERT OR FAIL INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES " + row + strings.Repeat(", "+row, n-1)
		for ; len(rows) >= n; rows = rows[n:] {
			if _, err := conn.ExecContext(ctx, statement, slices.Concat(rows[:n]...)...); err != nil {
				return err
			}
		}
	}
	return nil
}

// TryLock has the lock: there is one writer.
func (db *DB) TryLock(context.Context, *sql.Tx, string) (bool, error) { return true, nil }
