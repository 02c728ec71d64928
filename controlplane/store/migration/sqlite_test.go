package migration

import (
	"database/sql"
	"io/fs"
	"path/filepath"
	"testing"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// TestSQLiteKeepsWhatItHas: a database from before calls were searched by more than the
// first few properties keeps every row, and providers of calls get what their calls have.
func TestSQLiteKeepsWhatItHas(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(t.TempDir(), "old.db")+"?_pragma=foreign_keys(1)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	migrations, err := fs.Sub(files, "sqlite")
	if err != nil {
		t.Fatal(err)
	}
	before, err := goose.NewProvider(goose.DialectSQLite3, db, migrations, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := before.UpTo(ctx, 3); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
			INSERT INTO call SELECT 'call-' || i, 'n', 1795449600000000 + i, 'g' || i % 3, 'k', 'ok', 200 + i % 2, x'0a' FROM n`,
		`INSERT INTO call_provider SELECT 'p', start_us, id FROM call UNION ALL SELECT 'q', start_us, id FROM call`,
		`INSERT INTO token (name, hash, last_four, created_at) VALUES ('ci', x'00', 'wxyz', 1)`,
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := SQLite(ctx, db); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string]int{
		`SELECT count(*) FROM call WHERE stored_us = 0 AND model = ''`: 1000,
		`SELECT count(*) FROM call_provider p JOIN call c ON c.id = p.call_id
			WHERE (p.group_name, p.api_key, p.outcome, p.status, p.node) = (c.group_name, c.api_key, c.outcome, c.status, c.node)`: 2000,
		`SELECT count(*) FROM token WHERE read_bodies = 0`: 1,
	} {
		var got int
		if err := db.QueryRowContext(ctx, query).Scan(&got); err != nil || got != want {
			t.Errorf("%s: %d, want %d: %v", query, got, want, err)
		}
	}
}
