package migration

import (
	"context"
	"database/sql"
	"path/filepath"
	"slices"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	_ "modernc.org/sqlite"             // the driver "sqlite"

	"github.com/trunkline-ai/trunkline/internal/testenv"
)

// open opens a new database and migrates it.
func open(t *testing.T, driver, url string, migrate func(context.Context, *sql.DB) (Result, error)) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if _, err := migrate(t.Context(), db); err != nil {
		t.Fatal(err)
	}
	return db
}

func postgres(t *testing.T) *sql.DB {
	return open(t, "pgx", testenv.Postgres(t), Postgres)
}

func sqlite(t *testing.T) *sql.DB {
	return open(t, "sqlite", "file:"+filepath.Join(t.TempDir(), "new.db")+"?_pragma=foreign_keys(1)", SQLite)
}

// columns are those of every table, as a query lists them, sorted.
func columns(t *testing.T, db *sql.DB, query string) []string {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			t.Fatal(err)
		}
		all = append(all, table+"."+column)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

// TestSameTables: one SQL text serves both engines, so both have the same tables with the
// same columns; PostgreSQL's tables for the days of calls aside.
func TestSameTables(t *testing.T) {
	t.Parallel()
	onPostgres := columns(t, postgres(t), `SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
		WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
		AND a.attnum > 0 AND c.relname <> 'goose_db_version'`)
	onSQLite := columns(t, sqlite(t), `SELECT t.name, c.name FROM sqlite_schema t, pragma_table_info(t.name) c
		WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name <> 'goose_db_version'`)
	if !slices.Contains(onPostgres, "call.start_us") || !slices.Equal(onPostgres, onSQLite) {
		t.Errorf("PostgreSQL has %q, SQLite %q", onPostgres, onSQLite)
	}
}

// TestAgain: what is up to date stays as it is, with all that it holds.
func TestAgain(t *testing.T) {
	t.Parallel()
	for name, engine := range map[string]struct {
		open    func(*testing.T) *sql.DB
		migrate func(context.Context, *sql.DB) (Result, error)
	}{
		"postgres": {postgres, Postgres},
		"sqlite":   {sqlite, SQLite},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := engine.open(t)
			if _, err := db.ExecContext(t.Context(), `INSERT INTO config_version (id, revision, lineage) VALUES (1, 7, 'a')`); err != nil {
				t.Fatal(err)
			}
			if _, err := engine.migrate(t.Context(), db); err != nil {
				t.Fatal(err)
			}
			var revision int
			if err := db.QueryRowContext(t.Context(), `SELECT revision FROM config_version`).Scan(&revision); err != nil || revision != 7 {
				t.Errorf("revision %d, want 7: %v", revision, err)
			}
		})
	}
}
