package migration

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/internal/errs"
	"github.com/trunkline-ai/trunkline/internal/testenv"
)

// TestCheckOnlyLooks: whoever does not migrate refuses what is older, and what is newer and supports
// it no more, each with what to do, and leaves not even a table behind.
func TestCheckOnlyLooks(t *testing.T) {
	t.Parallel()
	for name, engine := range map[string]struct {
		driver, url, tables string
		migrate, check      func(context.Context, *sql.DB) (Result, error)
	}{
		"PostgreSQL": {"pgx", testenv.Postgres(t), `SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace`, Postgres, CheckPostgres},
		"SQLite":     {"sqlite", "file:" + filepath.Join(t.TempDir(), "new.db"), `SELECT count(*) FROM sqlite_schema`, SQLite, CheckSQLite},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nothing := func(context.Context, *sql.DB) (Result, error) { return Result{}, nil }
			db := open(t, engine.driver, engine.url, nothing)
			_, err := engine.check(t.Context(), db)
			if errs.CodeOf(err) != errs.Unavailable || !strings.Contains(err.Error(), "has schema version 0") || !strings.Contains(err.Error(), "trunkline-controlplane migrate") {
				t.Errorf("an empty database: %v", err)
			}
			var tables int
			if err := db.QueryRowContext(t.Context(), engine.tables).Scan(&tables); err != nil || tables != 0 {
				t.Errorf("the check left %d tables, %v", tables, err)
			}

			done, err := engine.migrate(t.Context(), db)
			if err != nil || done.Version < 1 || len(done.Applied) == 0 || done.Applied[len(done.Applied)-1] != done.Version {
				t.Fatalf("migrated to %+v, %v", done, err)
			}
			if again, err := engine.migrate(t.Context(), db); err != nil || again.Version != done.Version || len(again.Applied) != 0 {
				t.Errorf("migrated again: %+v, %v", again, err)
			}
			if now, err := engine.check(t.Context(), db); err != nil || now.Version != done.Version {
				t.Errorf("a migrated database: %+v, %v", now, err)
			}

			if _, err := db.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true)`); err != nil {
				t.Fatal(err)
			}
			looks := map[string]func(context.Context, *sql.DB) (Result, error){"check": engine.check, "migrate": engine.migrate}
			for what, look := range looks {
				if now, err := look(t.Context(), db); err != nil || !now.Newer || now.Version != 99999 || len(now.Applied) != 0 {
					t.Errorf("%s of a newer database that supports this program: %+v, %v", what, now, err)
				}
			}
			if _, err := db.ExecContext(t.Context(), `UPDATE schema_support SET oldest = 99998`); err != nil {
				t.Fatal(err)
			}
			for what, look := range looks {
				_, err = look(t.Context(), db)
				if errs.CodeOf(err) != errs.FailedPrecondition || !strings.Contains(err.Error(), "schema version 99999 and supports programs from version 99998") || !strings.Contains(err.Error(), "run the newer version") {
					t.Errorf("%s of a newer database: %v", what, err)
				}
			}
		})
	}
}
