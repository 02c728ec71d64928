package sqlite

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/bits"
	"strings"
)

// rowsAtOnce is how many rows one statement adds. Each size has its own prepared statement, so sizes are powers of two.
const rowsAtOnce = 32

// AddRows adds rows in the transaction that conn is in, many with one prepared statement: to begin and to end one costs as
// much as a row. OR FAIL leaves the rows before a bad one to the caller, who rolls back; otherwise SQLite keeps a journal
// of what each statement changes, in a file. It asks the driver itself: database/sql, and a goroutine for each statement
// that watches the context, would cost more.
func (db *DB) AddRows(ctx context.Context, connection *sql.Conn, table string, columns []string, rows [][]any) error {
	head := "INSERT OR FAIL INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES "
	row := "(?" + strings.Repeat(", ?", len(columns)-1) + ")"
	return connection.Raw(func(raw any) error {
		c := raw.(conn)
		unwatched := context.WithoutCancel(ctx)
		args := make([]driver.NamedValue, 0, min(rowsAtOnce, len(rows))*len(columns))
		for len(rows) > 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			n := min(rowsAtOnce, 1<<(bits.Len(uint(len(rows)))-1))
			insert, err := c.statements.prepare(ctx, c.driverConn, head+row+strings.Repeat(", "+row, n-1))
			if err != nil {
				return err
			}
			if insert == nil {
				return errors.New("the driver cannot prepare the statement")
			}
			if args, err = appendArgs(args[:0], columns, rows[:n]); err != nil {
				return err
			}
			if _, err := insert.ExecContext(unwatched, args); err != nil {
				return err
			}
			rows = rows[n:]
		}
		return nil
	})
}

// appendArgs appends the values of rows as the driver takes them.
func appendArgs(args []driver.NamedValue, columns []string, rows [][]any) ([]driver.NamedValue, error) {
	for _, row := range rows {
		for i, value := range row {
			v, err := driver.DefaultParameterConverter.ConvertValue(value)
			if err != nil {
				return nil, fmt.Errorf("column %s: %w", columns[i], err)
			}
			args = append(args, driver.NamedValue{Ordinal: len(args) + 1, Value: v})
		}
	}
	return args, nil
}

// TryLock has the lock: there is one writer.
func (db *DB) TryLock(context.Context, *sql.Tx, string) (bool, error) { return true, nil }
