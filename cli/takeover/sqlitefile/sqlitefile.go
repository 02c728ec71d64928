// Package sqlitefile reads tables of the SQLite file of another program. It is the one place of the CLI
// that knows a database.
package sqlitefile

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"
)

// Head is how a file of SQLite begins.
const Head = "SQLite format 3\x00"

// maxValues bounds what is read of a table.
const maxValues = 2_000_000

// Table is one table. Rows are nil where it was not wanted.
type Table struct {
	Name    string
	Columns []string
	Rows    [][]*string // nil: NULL
}

// Read lists the tables of a file with the rows of those that are wanted, all of one moment. The file is not
// changed, and another program may have it open.
func Read(file string, wanted []string) (tables []Table, err error) {
	path, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?mode=ro&_pragma=query_only(1)&_pragma=busy_timeout(5000)")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	db.SetMaxOpenConns(1)
	tx, err := db.BeginTx(context.Background(), &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	defer tx.Rollback() //nolint:errcheck // nothing was written
	names, err := list(tx)
	if err != nil {
		return nil, fmt.Errorf("list the tables of the database: %w", err)
	}
	for _, name := range names {
		t := Table{Name: name}
		if slices.Contains(wanted, name) {
			if err := t.read(tx); err != nil {
				return nil, fmt.Errorf("read table %s: %w", name, err)
			}
		}
		tables = append(tables, t)
	}
	return tables, nil
}

func list(tx *sql.Tx) (names []string, err error) {
	found, err := tx.Query(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name`)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	for found.Next() {
		var name string
		if err := found.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, found.Err()
}

func (t *Table) read(tx *sql.Tx) error {
	found, err := tx.Query(`SELECT * FROM "` + strings.ReplaceAll(t.Name, `"`, `""`) + `" ORDER BY 1`)
	if err != nil {
		return err
	}
	defer found.Close()
	if t.Columns, err = found.Columns(); err != nil {
		return err
	}
	t.Rows = [][]*string{}
	values, into := make([]any, len(t.Columns)), make([]any, len(t.Columns))
	for i := range values {
		into[i] = &values[i]
	}
	for left := maxValues; found.Next(); {
		if left -= len(values); left < 0 {
			return errors.New("it has too many rows")
		}
		if err := found.Scan(into...); err != nil {
			return err
		}
		row := make([]*string, len(values))
		for i, v := range values {
			row[i] = text(v)
		}
		t.Rows = append(t.Rows, row)
	}
	return found.Err()
}

// text writes a value as JSON would have it; nil for NULL.
func text(value any) *string {
	var s string
	switch v := value.(type) {
	case nil:
		return nil
	case []byte:
		s = string(v)
	case float64:
		s = strconv.FormatFloat(v, 'f', -1, 64)
	case time.Time:
		s = v.UTC().Format(time.RFC3339)
	default: // int64, bool, string
		s = fmt.Sprint(v)
	}
	return &s
}
