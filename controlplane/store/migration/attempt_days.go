package migration

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/trunkline-ai/trunkline/controlplane/store/placeholder"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
)

const (
	// attemptDayRows is how many sums one statement writes.
	attemptDayRows = 500
	// mostOfSum is what a stored sum stops at, as in the store.
	mostOfSum = 100_000_000_000_000_000

	// Sums over attempts of one property each, by outcome, per UTC day.
	createAttemptDaysPostgres = `CREATE TABLE attempt_day_part (LIKE attempt_hour_part INCLUDING ALL) WITH (fillfactor = 80)`
	createAttemptDaysSQLite   = `CREATE TABLE attempt_day_part (
		bucket INTEGER NOT NULL, property TEXT NOT NULL, value TEXT NOT NULL, outcome TEXT NOT NULL, shard INTEGER NOT NULL,
		attempts INTEGER NOT NULL DEFAULT 0, ok_attempts INTEGER NOT NULL DEFAULT 0, counted_failures INTEGER NOT NULL DEFAULT 0, duration_us INTEGER NOT NULL DEFAULT 0,
		latency BLOB NOT NULL, first_token BLOB NOT NULL,
		PRIMARY KEY (bucket, property, value, outcome, shard)
	) STRICT, WITHOUT ROWID`
)

// attemptDays is migration 16: attempt_day_part, which what attempt_day has is added up into, a day at a time. It writes to
// the new table only, so nobody waits for it.
func attemptDays(create string) func(context.Context, *sql.Tx) error {
	return func(ctx context.Context, tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, create); err != nil {
			return err
		}
		for before := int64(-1); ; {
			var day sql.NullInt64
			if err := tx.QueryRowContext(ctx, `SELECT MIN(bucket) FROM attempt_day WHERE bucket > $1`, before).Scan(&day); err != nil || !day.Valid {
				return err
			}
			if err := addUpDay(ctx, tx, day.Int64); err != nil {
				return fmt.Errorf("add up the attempts of a day: %w", err)
			}
			before = day.Int64
		}
	}
}

// partKey is which sum of a day.
type partKey struct{ property, value, outcome string }

func addUpDay(ctx context.Context, tx *sql.Tx, day int64) error {
	sums, err := sumsOfDay(ctx, tx, day)
	if err != nil {
		return err
	}
	var args []any
	write := func() error {
		if len(args) == 0 {
			return nil
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO attempt_day_part (bucket, property, value, outcome, shard,
			attempts, ok_attempts, counted_failures, duration_us, latency, first_token) VALUES `+placeholder.Rows(len(args)/11, 11), args...)
		args = args[:0]
		return err
	}
	for k, u := range sums {
		args = append(args, day, k.property, k.value, k.outcome, 0, min(u.Attempts, mostOfSum), min(u.OK, mostOfSum), min(u.Counted, mostOfSum),
			min(u.DurationUS, mostOfSum), u.Latency.Encode(), u.FirstToken.Encode())
		if len(args) == 11*attemptDayRows {
			if err := write(); err != nil {
				return err
			}
		}
	}
	return write()
}

// sumsOfDay adds the sums by everything together up by each property.
func sumsOfDay(ctx context.Context, tx *sql.Tx, day int64) (map[partKey]*usage.Attempts, error) {
	rows, err := tx.QueryContext(ctx, `SELECT group_name, provider, model, outcome, attempts, ok_attempts, counted_failures, duration_us, latency, first_token
		FROM attempt_day WHERE bucket = $1`, day)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	sums := map[partKey]*usage.Attempts{}
	for rows.Next() {
		var (
			group, provider, model, outcome string
			latency, firstToken             []byte
			one                             usage.Attempts
		)
		if err := rows.Scan(&group, &provider, &model, &outcome, &one.Attempts, &one.OK, &one.Counted, &one.DurationUS, &latency, &firstToken); err != nil {
			return nil, err
		}
		if err := one.Latency.AddEncoded(latency); err != nil {
			return nil, err
		}
		if err := one.FirstToken.AddEncoded(firstToken); err != nil {
			return nil, err
		}
		for _, k := range []partKey{{"", "", outcome}, {"group", group, outcome}, {"provider", provider, outcome}, {"model", model, outcome}} {
			if sums[k] == nil {
				sums[k] = &usage.Attempts{}
			}
			sums[k].Add(&one)
			sums[k].DurationUS = min(sums[k].DurationUS, mostOfSum) // many that stopped there would overflow
		}
	}
	return sums, rows.Err()
}
