package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/bits"
	"path/filepath"
	"strings"
	"testing"
)

// statementsOf is how many statements the writer has prepared.
func statementsOf(t *testing.T, db *DB) int {
	t.Helper()
	c, err := db.Writer().Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	n := 0
	if err := c.Raw(func(driver any) error {
		s := driver.(conn).statements
		n = s.used.Len()
		if n != len(s.byText) {
			t.Errorf("%d statements in order, %d by text", n, len(s.byText))
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

func openTable(t *testing.T) *DB {
	t.Helper()
	db, err := Open(t.Context(), "sqlite:///"+filepath.Join(t.TempDir(), "test.db"), func(ctx context.Context, db *sql.DB) error {
		_, err := db.ExecContext(ctx, `CREATE TABLE pair (a INTEGER PRIMARY KEY, b TEXT NOT NULL) STRICT`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// add adds rows of these numbers in a transaction.
func add(t *testing.T, db *DB, from, to int64) error {
	t.Helper()
	c, err := db.Writer().Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	tx, err := c.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	var rows [][]any
	for i := from; i < to; i++ {
		rows = append(rows, []any{i, fmt.Sprint("row ", i)})
	}
	if err := db.AddRows(t.Context(), c, "pair", []string{"a", "b"}, rows); err != nil {
		return err
	}
	return tx.Commit()
}

// TestRowsTakeFewStatements, however many they are and however often they come.
func TestRowsTakeFewStatements(t *testing.T) {
	t.Parallel()
	db := openTable(t)
	from := int64(0)
	for _, n := range []int64{500, 1, 77, 64, 0, 500, 9} {
		if err := add(t, db, from, from+n); err != nil {
			t.Fatal(err)
		}
		from += n
	}
	if n, most := statementsOf(t, db), bits.Len(rowsAtOnce); n > most {
		t.Errorf("%d statements were prepared, want one for each power of two up to %d: %d", n, rowsAtOnce, most)
	}
	// A row that is there already undoes the rows before it.
	if err := add(t, db, -100, 1); err == nil {
		t.Error("a row was added twice")
	}
	var count, wrong int64
	if err := db.Reader().QueryRowContext(t.Context(), `SELECT COUNT(*), SUM(b <> 'row ' || a) FROM pair`).Scan(&count, &wrong); err != nil {
		t.Fatal(err)
	}
	if count != from || wrong != 0 {
		t.Errorf("%d rows of which %d are wrong, want %d", count, wrong, from)
	}
}

// Who gives up while rows are added gets none of them.
func TestRowsEndWithTheirContext(t *testing.T) {
	t.Parallel()
	db := openTable(t)
	c, err := db.Writer().Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err = db.AddRows(ctx, c, "pair", []string{"a", "b"}, [][]any{{1, "row 1"}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want that the context has ended", err)
	}
	if err := db.AddRows(t.Context(), c, "pair", []string{"a", "b"}, [][]any{{1, struct{}{}}}); err == nil || !strings.Contains(err.Error(), "column b") {
		t.Errorf("%v, want which column holds what no column can", err)
	}
}

// TestPreparedStatementsAreBounded, those whose rows are being read stay, and one may run twice at a time.
func TestPreparedStatementsAreBounded(t *testing.T) {
	t.Parallel()
	db := openTable(t)
	if err := add(t, db, 0, 10); err != nil {
		t.Fatal(err)
	}
	c, err := db.Writer().Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	const query = `SELECT a FROM pair WHERE a >= $1 ORDER BY a`
	outer, err := c.QueryContext(t.Context(), query, 5)
	if err != nil {
		t.Fatal(err)
	}
	for want := int64(5); outer.Next(); want++ {
		var got, inner int64
		if err := outer.Scan(&got); err != nil || got != want {
			t.Fatalf("%d, %v; want %d", got, err, want)
		}
		if err := c.QueryRowContext(t.Context(), query, want-3).Scan(&inner); err != nil || inner != want-3 {
			t.Fatalf("the inner one: %d, %v; want %d", inner, err, want-3)
		}
		for i := range maxStatements {
			if _, err := c.ExecContext(t.Context(), fmt.Sprintf(`UPDATE pair SET b = $1 WHERE a = %d`, 1000*want+int64(i)), "x"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := outer.Err(); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if n := statementsOf(t, db); n > maxStatements {
		t.Errorf("%d statements are kept prepared, want at most %d", n, maxStatements)
	}
}
