package postgres

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// errLockLost is why a job's context ends before the job does.
var errLockLost = errors.New("the connection that holds the job's lock was lost: another replica may be running the job")

// Exclusive runs do while this replica alone, of all, has the job of that name; it returns
// false when another one has it. The lock is of a connection of its own, which must not go
// through a pooler that shares connections between transactions. When that connection is
// lost the context of do ends, within db.lease, for another replica may have the job by then.
func (db *DB) Exclusive(ctx context.Context, job string, do func(context.Context) error) (bool, error) {
	conn, err := db.connect(ctx)
	if err != nil {
		return false, err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), db.answer)
		defer cancel()
		_ = conn.Close(closing) // nothing was written with it
	}()
	var mine bool
	if err := db.soon(ctx, func(ctx context.Context) error {
		return conn.QueryRow(ctx, `SELECT pg_try_advisory_lock(hashtext('trunkline'), hashtext($1))`, job).Scan(&mine)
	}); err != nil || !mine {
		return false, err
	}
	locked, end := context.WithCancelCause(ctx)
	defer end(nil)
	var watch sync.WaitGroup
	watch.Go(func() { db.watchLock(locked, conn, end) })
	err = do(locked)
	if lost := context.Cause(locked); err != nil && errors.Is(lost, errLockLost) {
		err = fmt.Errorf("%w: %w", lost, err)
	}
	end(nil)
	watch.Wait()
	// The server would give it back by itself, but only soon.
	_ = db.soon(context.WithoutCancel(ctx), func(ctx context.Context) error {
		_, err := conn.Exec(ctx, `SELECT pg_advisory_unlock(hashtext('trunkline'), hashtext($1))`, job)
		return err
	})
	return true, err
}

// watchLock asks the connection for a sign of life until ctx ends, and ends ctx when there
// is none.
func (db *DB) watchLock(ctx context.Context, conn *pgx.Conn, end context.CancelCauseFunc) {
	tick := time.NewTicker(db.lease)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		// Not with ctx: its end would break the connection off.
		if err := db.soon(context.WithoutCancel(ctx), conn.Ping); err != nil {
			end(errLockLost)
			return
		}
	}
}
