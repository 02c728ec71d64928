package migration

import (
	"database/sql"
	"io/fs"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
	"github.com/pressly/goose/v3"

	"github.com/trunkline-ai/trunkline/internal/testenv"
)

// TestCallsMoveIntoDays: a database from before calls were kept by day keeps every call
// and every provider of one.
func TestCallsMoveIntoDays(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db, err := sql.Open("pgx", testenv.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	migrations, err := fs.Sub(files, "postgres")
	if err != nil {
		t.Fatal(err)
	}
	before, err := goose.NewProvider(goose.DialectPostgres, db, migrations, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := before.UpTo(ctx, 2); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		// 5000 calls over 16 hours from 2026-11-23 16:00 on, one without a time, one from the year 275760.
		`INSERT INTO call SELECT 'call-' || i, 'n', 1795449600000000 + i::bigint * 11520000, 'g', 'k', 'ok', 200, decode(md5(i::text), 'hex') FROM generate_series(1, 5000) i`,
		`INSERT INTO call VALUES ('none', 'n', 0, 'g', 'k', 'ok', 200, 'r'), ('late', 'n', 8640000000000000000, 'g', 'k', 'ok', 200, 'r')`,
		`INSERT INTO call_provider SELECT 'p' || n, start_us, id FROM call, generate_series(1, 2) n`,
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	digest := func() (text string) {
		t.Helper()
		err := db.QueryRowContext(ctx, `SELECT
			(SELECT md5(string_agg(c::text, '|' ORDER BY id)) FROM (SELECT id, node, start_us, group_name, api_key, outcome, status, record FROM call) c) || ' ' ||
			(SELECT md5(string_agg(p::text, '|' ORDER BY call_id, provider)) FROM (SELECT provider, start_us, call_id FROM call_provider) p)`).Scan(&text)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	want := digest()
	if err := Postgres(ctx, db); err != nil {
		t.Fatal(err)
	}
	if got := digest(); got != want {
		t.Errorf("calls and providers are %s, were %s", got, want)
	}
	for table, want := range map[string]int{
		"call_20261123": 2499, "call_20261124": 2501, "call_default": 2,
		"call_provider_20261123": 4998, "call_provider_20261124": 5002, "call_provider_default": 4,
	} {
		var n int
		if err := db.QueryRowContext(ctx, `SELECT count(*) FROM `+table).Scan(&n); err != nil || n != want {
			t.Errorf("%s has %d rows, want %d: %v", table, n, want, err)
		}
	}
	for _, gone := range []string{"call_before", "call_provider_before"} {
		var there bool
		if err := db.QueryRowContext(ctx, `SELECT to_regclass($1) IS NOT NULL`, gone).Scan(&there); err != nil || there {
			t.Errorf("%s is still there: %v", gone, err)
		}
	}
}
