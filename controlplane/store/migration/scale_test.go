package migration

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"github.com/trunkline-ai/trunkline/internal/testenv"
)

// TestMigrationsUnderLoad fills a database of schema version 9 with calls of 30 days and brings it up to date
// while calls are stored and read, and prints for how long those had to wait for each migration. It is a measurement, not a
// test: run it with -v and a count such as TRUNKLINE_SCALE_CALLS=3000000.
func TestMigrationsUnderLoad(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("TRUNKLINE_SCALE_CALLS"))
	if n == 0 {
		t.Skip("a measurement: set TRUNKLINE_SCALE_CALLS")
	}
	db, err := sql.Open("pgx", testenv.Postgres(t))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	provider, err := newProvider(db, goose.DialectPostgres, "postgres")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), 9); err != nil {
		t.Fatal(err)
	}
	exec := func(statement string, args ...any) {
		t.Helper()
		if _, err := db.ExecContext(t.Context(), statement, args...); err != nil {
			t.Fatal(err)
		}
	}
	const days = 30
	today := time.Now().UTC().Truncate(24 * time.Hour)
	for d := range days {
		from := today.AddDate(0, 0, -d)
		exec(fmt.Sprintf(`CREATE TABLE call_%s PARTITION OF call FOR VALUES FROM (%d) TO (%d)`, from.Format("20060102"), from.UnixMicro(), from.AddDate(0, 0, 1).UnixMicro()))
	}
	const insert = `INSERT INTO call (id, node, start_us, group_name, api_key, outcome, status, record, model, stream, duration_us, stored_us, failed_over, cost_pico, attempt_outcomes)
		SELECT $1 || i, 'node-1', $2::bigint + i * ($3::bigint / $4::bigint), 'group-' || i % 20, 'key-' || i % 200, CASE WHEN i % 50 = 0 THEN 'server_error' ELSE 'ok' END,
			CASE WHEN i % 50 = 0 THEN 502 ELSE 200 END, $5::bytea, 'model-' || i % 60, 1, 900000, $2::bigint, 0, 1000, ' ok ' FROM generate_series(1, $4::bigint) i`
	record := make([]byte, 300)
	began := time.Now()
	exec(insert, "old-", today.AddDate(0, 0, 1-days).UnixMicro(), int64(days-1)*24*3_600_000_000, n, record)
	exec(`ANALYZE`)
	t.Logf("%d calls of %d days made in %s", n, days, time.Since(began).Round(time.Second))

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var slowest [2]atomic.Int64 // of a write and of a read, in nanoseconds
	var written atomic.Int64
	repeat := func(which int, do func() error) {
		for ctx.Err() == nil {
			began := time.Now()
			if err := do(); err != nil && ctx.Err() == nil {
				t.Error(err)
				return
			}
			if took := int64(time.Since(began)); took > slowest[which].Load() {
				slowest[which].Store(took)
			}
		}
	}
	batch := 0
	go repeat(0, func() error {
		batch++
		written.Add(20)
		_, err := db.ExecContext(ctx, insert, fmt.Sprintf("new-%d-", batch), today.UnixMicro(), int64(3_600_000_000), 20, record)
		return err
	})
	go repeat(1, func() error {
		var id string
		return db.QueryRowContext(ctx, `SELECT id FROM call WHERE group_name = 'group-3' ORDER BY start_us DESC LIMIT 1`).Scan(&id)
	})
	time.Sleep(2 * time.Second) // what is measured is how long things take
	t.Logf("%-10s %10s, slowest write %s, slowest read %s", "without", "", time.Duration(slowest[0].Swap(0)).Round(time.Millisecond), time.Duration(slowest[1].Swap(0)).Round(time.Millisecond))
	for {
		began := time.Now()
		r, err := provider.UpByOne(ctx)
		if err != nil {
			if err != goose.ErrNoNextVersion {
				t.Fatal(err)
			}
			break
		}
		took := time.Since(began)
		time.Sleep(time.Second)
		t.Logf("%-10d %10s, slowest write %s, slowest read %s", r.Source.Version, took.Round(time.Millisecond),
			time.Duration(slowest[0].Swap(0)).Round(time.Millisecond), time.Duration(slowest[1].Swap(0)).Round(time.Millisecond))
	}
	t.Logf("%d calls were stored meanwhile", written.Load())
}
