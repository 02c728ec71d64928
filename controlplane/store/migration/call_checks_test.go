package migration

import (
	"strings"
	"testing"
)

// TestCallsHaveNoChecks: the tables of calls in SQLite are as they were, but for checks.
func TestCallsHaveNoChecks(t *testing.T) {
	t.Parallel()
	db := sqlite(t)
	for table, last := range map[string]string{"call": "trace_id", "call_provider": "attempt_outcomes"} {
		var text, column, state string
		if err := db.QueryRowContext(t.Context(), `SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = $1`, table).Scan(&text); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(text, "CHECK") {
			t.Errorf("%s still has checks: %s", table, text)
		}
		if err := db.QueryRowContext(t.Context(), `SELECT name FROM pragma_table_info($1) ORDER BY cid DESC LIMIT 1`, table).Scan(&column); err != nil {
			t.Fatal(err)
		}
		if column != last {
			t.Errorf("the last column of %s is %q, want %q", table, column, last)
		}
		if err := db.QueryRowContext(t.Context(), `PRAGMA integrity_check`).Scan(&state); err != nil || state != "ok" {
			t.Errorf("integrity: %s, %v", state, err)
		}
	}
	var writable bool
	if err := db.QueryRowContext(t.Context(), `PRAGMA writable_schema`).Scan(&writable); err != nil || writable {
		t.Errorf("the schema can be written: %v, %v", writable, err)
	}
}
