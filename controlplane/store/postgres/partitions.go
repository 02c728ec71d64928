package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	day = 24 * time.Hour
	// daysAhead is how many days to come have their tables already. A node's clock may be
	// ahead by one, and a control plane may be left alone for a weekend.
	daysAhead = 3
	// lockWait is how long a change of tables waits for those who use them: whoever comes later waits
	// behind it. It gives up at once rather, and tries again so often and after such a pause.
	lockWait  = "50ms"
	lockTries = 10
	lockPause = 100 * time.Millisecond
	// lockNotAvailable is PostgreSQL's code for having waited so long.
	lockNotAvailable = "55P03"
	// partitionJob is the name under which one replica at a time makes and drops tables.
	partitionJob = "call tables"
	dayName      = "20060102"
)

// byDay are the tables that are partitioned by the day of start_us.
var byDay = []string{"call_provider", "call"}

// KeepCalls makes the tables of yesterday to three days from now, and drops those of days
// that ended before t. Older rows that are left, in the default table and in that of t's day, are the caller's to
// delete. While another replica is at it, this one leaves it to do so.
//
// A day is dropped with a lock on the whole table, held for an instant and waited for no longer: PostgreSQL cannot
// detach a partition concurrently beside a default one, and without a default one a call
// with a wrong clock would hold up its batch.
func (db *DB) KeepCalls(ctx context.Context, now, t time.Time) error {
	_, err := db.Exclusive(ctx, partitionJob, func(ctx context.Context) error { return db.keepDays(ctx, now, t.UTC().Truncate(day)) })
	return err
}

// DeleteLimit is many: each transaction reads the providers of the whole day, and nobody waits for it.
func (*DB) DeleteLimit() int { return 20_000 }

// keepDays makes the tables around now and drops those of days before kept.
func (db *DB) keepDays(ctx context.Context, now, kept time.Time) error {
	for _, table := range byDay {
		there, err := db.partitions(ctx, table)
		if err != nil {
			return err
		}
		for i := -1; i <= daysAhead; i++ {
			d := now.UTC().Truncate(day).Add(time.Duration(i) * day)
			if there[d] || d.Before(kept) {
				continue
			}
			if err := db.change(ctx, func(tx *sql.Tx) error { return addDay(ctx, tx, table, d) }); err != nil {
				return fmt.Errorf("make the table of %s for %s: %w", table, d.Format(time.DateOnly), err)
			}
		}
		for d := range there {
			if !d.Before(kept) {
				continue
			}
			if err := db.change(ctx, func(tx *sql.Tx) error {
				_, err := tx.ExecContext(ctx, "DROP TABLE IF EXISTS "+partition(table, d))
				return err
			}); err != nil {
				return fmt.Errorf("drop the table of %s for %s: %w", table, d.Format(time.DateOnly), err)
			}
		}
	}
	return nil
}

// partition is the name of a day's table.
func partition(table string, d time.Time) string { return table + "_" + d.Format(dayName) }

// partitions lists the days that have a table.
func (db *DB) partitions(ctx context.Context, table string) (map[time.Time]bool, error) {
	rows, err := db.pool.QueryContext(ctx,
		`SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = $1::regclass`, table)
	if err != nil {
		return nil, fmt.Errorf("list the tables of %s: %w", table, err)
	}
	defer rows.Close()
	days := map[time.Time]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		if d, err := time.Parse(dayName, strings.TrimPrefix(name, table+"_")); err == nil { // the default one is no day
			days[d] = true
		}
	}
	return days, rows.Err()
}

// change runs do in a transaction that does not wait for locks, until it had them all or has tried often.
func (db *DB) change(ctx context.Context, do func(*sql.Tx) error) (err error) {
	for range lockTries {
		err = db.tryChange(ctx, do)
		if refused, ok := errors.AsType[*pgconn.PgError](err); !ok || refused.Code != lockNotAvailable {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(lockPause):
		}
	}
	return err
}

func (db *DB) tryChange(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := db.pool.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after Commit
	if _, err := tx.ExecContext(ctx, `SET LOCAL lock_timeout = '`+lockWait+`'`); err != nil {
		return err
	}
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// addDay makes a day's table and moves the day's rows into it that the default table has.
func addDay(ctx context.Context, tx *sql.Tx, table string, d time.Time) error {
	name, from, to := partition(table, d), d.UnixMicro(), d.Add(day).UnixMicro()
	var there bool
	if err := tx.QueryRowContext(ctx, `SELECT to_regclass($1) IS NOT NULL`, name).Scan(&there); err != nil || there {
		return err // made by a replica that led before
	}
	for _, statement := range []string{
		// From here on no row of the day can get into the default table.
		"LOCK TABLE " + table + "_default IN ACCESS EXCLUSIVE MODE",
		"CREATE TABLE " + name + " (LIKE " + table + " INCLUDING ALL)",
		fmt.Sprintf("WITH moved AS (DELETE FROM %s_default WHERE start_us >= %d AND start_us < %d RETURNING *) INSERT INTO %s SELECT * FROM moved",
			table, from, to, name),
		fmt.Sprintf("ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%d) TO (%d)", table, name, from, to),
	} {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}
