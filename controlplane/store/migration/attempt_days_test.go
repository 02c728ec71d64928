package migration

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/pressly/goose/v3"

	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	"github.com/trunkline-ai/trunkline/internal/testenv"
)

// TestAttemptsAreAddedUpByDay: the migration makes the sums of one property each of those by everything together, shards and
// histograms added up.
func TestAttemptsAreAddedUpByDay(t *testing.T) {
	t.Parallel()
	for name, engine := range map[string]struct {
		driver, url string
		dialect     goose.Dialect
	}{
		"postgres": {"pgx", testenv.Postgres(t), goose.DialectPostgres},
		"sqlite":   {"sqlite", "file:" + filepath.Join(t.TempDir(), "old.db"), goose.DialectSQLite3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db, err := sql.Open(engine.driver, engine.url)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			if name == "sqlite" {
				db.SetMaxOpenConns(1) // as the store's writer
			}
			provider, err := newProvider(db, engine.dialect, name)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := provider.UpTo(t.Context(), 15); err != nil {
				t.Fatal(err)
			}
			exec := func(statement string, args ...any) {
				t.Helper()
				if _, err := db.ExecContext(t.Context(), statement, args...); err != nil {
					t.Fatal(err)
				}
			}
			const day = 86_400_000_000
			want := map[string]*usage.Attempts{}
			for n, row := range []struct {
				bucket                          int64
				group, provider, model, outcome string
				shard                           int
			}{
				{0, "g1", "p1", "m1", "ok", 0}, {0, "g1", "p1", "m1", "ok", 3}, {0, "g1", "p1", "m1", "busy", 0},
				{0, "g2", "p1", "m2", "ok", 0}, {0, "", "p2", "m1", "ok", 0}, {7 * day, "g1", "p2", "m1", "ok", 0},
			} {
				sum := usage.Attempts{Attempts: int64(1 + n), OK: int64(n), Counted: 1, DurationUS: int64(1000 * n)}
				for range sum.Attempts {
					sum.Latency.Count(int64(100 * n))
				}
				sum.FirstToken.Count(int64(10 * n))
				// Histograms may stand one behind the other.
				first := append(sum.FirstToken.Encode(), sum.FirstToken.Encode()...)
				sum.FirstToken.Count(int64(10 * n))
				exec(`INSERT INTO attempt_day (bucket, group_name, provider, model, outcome, shard, attempts, ok_attempts, counted_failures, duration_us, latency, first_token)
					VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`, row.bucket, row.group, row.provider, row.model, row.outcome, row.shard,
					sum.Attempts, sum.OK, sum.Counted, sum.DurationUS, sum.Latency.Encode(), first)
				for _, part := range []string{"=", "group=" + row.group, "provider=" + row.provider, "model=" + row.model} {
					key := fmt.Sprint(row.bucket, " ", part, " ", row.outcome)
					if want[key] == nil {
						want[key] = &usage.Attempts{}
					}
					want[key].Add(&sum)
				}
			}
			if _, err := provider.UpTo(t.Context(), 16); err != nil {
				t.Fatal(err)
			}
			if got := attemptDaysOf(t.Context(), t, db); !slices.Equal(got, shownDays(want)) {
				t.Errorf("sums\n%q\nwant\n%q", got, shownDays(want))
			}
		})
	}
}

func shownDays(sums map[string]*usage.Attempts) []string {
	var all []string
	for key, u := range sums {
		all = append(all, fmt.Sprintf("%s: %d %d %d %d %x %x", key, u.Attempts, u.OK, u.Counted, u.DurationUS, u.Latency.Encode(), u.FirstToken.Encode()))
	}
	slices.Sort(all)
	return all
}

func attemptDaysOf(ctx context.Context, t *testing.T, db *sql.DB) []string {
	t.Helper()
	rows, err := db.QueryContext(ctx, `SELECT bucket, property, value, outcome, shard, attempts, ok_attempts, counted_failures, duration_us, latency, first_token FROM attempt_day_part`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var (
			bucket, attempts, good, counted, duration int64
			property, value, outcome                  string
			shard                                     int
			latency, first                            []byte
		)
		if err := rows.Scan(&bucket, &property, &value, &outcome, &shard, &attempts, &good, &counted, &duration, &latency, &first); err != nil {
			t.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%d %s=%s %s: %d %d %d %d %x %x", bucket, property, value, outcome, attempts, good, counted, duration, latency, first))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}
