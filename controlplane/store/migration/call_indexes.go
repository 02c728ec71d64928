package migration

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
	// lockTries is how often a change that needs the whole table for an instant is tried, and lockWait how
	// long each waits: whoever comes later waits behind it.
	lockTries = 60
	lockWait  = 500 * time.Millisecond
	// codes of PostgreSQL
	lockNotAvailable = "55P03"
	undefinedTable   = "42P01"
)

// callIndex is an index of the calls, whose table has a partition for each day.
type callIndex struct {
	name       string // begins with call_
	definition string // behind ON and the table
}

// callIndexes is migration 12 of PostgreSQL. Nearly all calls end ok, with 200: an index of all outcomes and
// statuses costs each of them and finds what the list by time finds as well. What was interrupted goes on
// with the next try.
func callIndexes(ctx context.Context, db *sql.DB) error {
	for _, i := range []callIndex{
		{"call_by_trace", `(trace_id, start_us, id) WHERE trace_id <> ''`},
		{"call_by_outcome", `(outcome, start_us, id, group_name, api_key, status) WHERE outcome <> 'ok'`},
		{"call_by_status", `(status, start_us, id, group_name, api_key, outcome) WHERE status <> 200`},
	} {
		if err := i.replace(ctx, db); err != nil {
			return fmt.Errorf("index %s: %w", i.name, err)
		}
	}
	return nil
}

// replace builds the index in the place of one of the same name that has all calls, which serves until it is done.
func (i callIndex) replace(ctx context.Context, db *sql.DB) error {
	before := i.name + "_before"
	var old bool
	if err := db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM pg_index WHERE indexrelid = to_regclass($1) AND indpred IS NULL)`, i.name).Scan(&old); err != nil {
		return err
	}
	if old {
		if err := instantly(ctx, db, "ALTER INDEX "+i.name+" RENAME TO "+before); err != nil {
			return err
		}
	}
	if err := i.build(ctx, db); err != nil {
		return err
	}
	return instantly(ctx, db, "DROP INDEX IF EXISTS "+before)
}

// build makes the index partition by partition, beside those who store calls. Partitions that are made
// meanwhile have it from the start.
func (i callIndex) build(ctx context.Context, db *sql.DB) error {
	if err := instantly(ctx, db, "CREATE INDEX IF NOT EXISTS "+i.name+" ON ONLY call "+i.definition); err != nil {
		return err
	}
	for {
		var partition string
		err := db.QueryRowContext(ctx, `SELECT p.relname FROM pg_inherits h JOIN pg_class p ON p.oid = h.inhrelid
			WHERE h.inhparent = 'call'::regclass AND NOT EXISTS (
				SELECT 1 FROM pg_inherits a JOIN pg_index x ON x.indexrelid = a.inhrelid WHERE a.inhparent = to_regclass($1) AND x.indrelid = p.oid)
			ORDER BY p.relname LIMIT 1`, i.name).Scan(&partition)
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := i.buildOne(ctx, db, partition); codeOf(err) != undefinedTable && err != nil { // else its day is over
			return err
		}
	}
}

func (i callIndex) buildOne(ctx context.Context, db *sql.DB, partition string) error {
	own := partition + strings.TrimPrefix(i.name, "call")
	for _, statement := range []string{
		"DROP INDEX CONCURRENTLY IF EXISTS " + own, // one that was interrupted
		"CREATE INDEX CONCURRENTLY " + own + " ON " + partition + " " + i.definition,
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return instantly(ctx, db, "ALTER INDEX "+i.name+" ATTACH PARTITION "+own)
}

// instantly runs a statement that needs a lock for an instant, and gives up waiting for it again and again, so that
// nobody waits behind it for long.
func instantly(ctx context.Context, db *sql.DB, statement string) error {
	for try := 1; ; try++ {
		err := attempt(ctx, db, statement)
		if codeOf(err) != lockNotAvailable || try == lockTries {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(lockWait):
		}
	}
}

func attempt(ctx context.Context, db *sql.DB, statement string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() //nolint:errcheck // after a commit it does nothing
	for _, s := range []string{fmt.Sprintf("SET LOCAL lock_timeout = %d", lockWait.Milliseconds()), statement} {
		if _, err := tx.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// codeOf is PostgreSQL's code of an error; "" when it has none.
func codeOf(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}
