package migration

import (
	"database/sql"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"

	"github.com/trunkline-ai/trunkline/internal/testenv"
)

// TestIndexesOfCallsAreBuiltBesideThem: the migration that replaces indexes of calls waits for who stores some, and
// keeps nobody from storing more; it goes on after it was interrupted, and leaves each partition with them, valid.
func TestIndexesOfCallsAreBuiltBesideThem(t *testing.T) {
	t.Parallel()
	db, err := sql.Open("pgx", testenv.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	provider, err := newProvider(db, goose.DialectPostgres, "postgres")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), 11); err != nil {
		t.Fatal(err)
	}
	exec := func(statement string) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	exec(`CREATE TABLE call_20260101 PARTITION OF call FOR VALUES FROM (0) TO (1000)`)
	exec(`INSERT INTO call (id, node, start_us, group_name, api_key, outcome, status, record, model, stream, duration_us, stored_us, failed_over, cost_pico, attempt_outcomes)
		SELECT 'c' || i, 'n', i * 10, 'g', 'k', CASE WHEN i % 2 = 0 THEN 'ok' ELSE 'busy' END, 200 + i % 2, '', 'm', 0, 1, 1, 0, 0, '' FROM generate_series(1, 200) i`)
	// What an interrupted try leaves: the old index renamed, the new one on the table alone, and one of a partition.
	exec(`ALTER INDEX call_by_outcome RENAME TO call_by_outcome_before`)
	exec(`CREATE INDEX call_by_outcome ON ONLY call (outcome, start_us, id, group_name, api_key, status) WHERE outcome <> 'ok'`)
	exec(`CREATE INDEX call_20260101_by_outcome ON call_20260101 (outcome, start_us, id, group_name, api_key, status) WHERE outcome <> 'ok'`)

	// It waits for this transaction, which may go on storing calls, as may others.
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	store := func(id string) {
		t.Helper()
		if _, err := tx.ExecContext(t.Context(), `INSERT INTO call (id, node, start_us, group_name, api_key, outcome, status, record, model, stream, duration_us, stored_us, failed_over, cost_pico, attempt_outcomes)
			VALUES ($1, 'n', 999, 'g', 'k', 'busy', 429, '', 'm', 0, 1, 1, 0, 0, '')`, id); err != nil {
			t.Fatal(err)
		}
	}
	store("first")
	done := make(chan error, 1)
	go func() {
		_, err := provider.Up(t.Context())
		done <- err
	}()
	waiting := func() (n int) {
		if err := db.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'CREATE INDEX%' AND wait_event_type = 'Lock' AND pid <> pg_backend_pid()`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for waiting() == 0 {
		select {
		case err := <-done:
			t.Fatalf("the migration ended beside a transaction: %v", err)
		default:
		}
	}
	store("second")
	exec(`INSERT INTO call SELECT * FROM call WHERE false`)
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}

	for _, index := range []string{"call_by_trace", "call_by_outcome", "call_by_status"} {
		var definition string
		var valid bool
		var parts, validParts int
		if err := db.QueryRowContext(t.Context(), `SELECT pg_get_indexdef(x.indexrelid), x.indisvalid, count(p.indexrelid), count(*) FILTER (WHERE p.indisvalid)
			FROM pg_index x JOIN pg_inherits h ON h.inhparent = x.indexrelid JOIN pg_index p ON p.indexrelid = h.inhrelid
			WHERE x.indexrelid = to_regclass($1) GROUP BY x.indexrelid, x.indisvalid`, index).Scan(&definition, &valid, &parts, &validParts); err != nil {
			t.Fatalf("%s: %v", index, err)
		}
		if !valid || parts != 2 || validParts != 2 || !strings.Contains(definition, "WHERE") {
			t.Errorf("%s: valid %v, of %d partitions, %d valid: %s", index, valid, parts, validParts, definition)
		}
	}
	var left, busy int
	if err := db.QueryRowContext(t.Context(), `SELECT (SELECT count(*) FROM pg_class WHERE relname LIKE '%_before'), (SELECT count(*) FROM call WHERE outcome = 'busy')`).Scan(&left, &busy); err != nil {
		t.Fatal(err)
	}
	if left != 0 || busy != 102 {
		t.Errorf("%d old indexes are left, %d calls found; want 0 and 102", left, busy)
	}
}
