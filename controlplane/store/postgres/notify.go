package postgres

import (
	"context"
	"database/sql"
	"errors"
	"math/rand/v2"
	"time"
)

const (
	reconnectFirst = 100 * time.Millisecond
	reconnectMost  = 5 * time.Second
)

// Announce wakes every listener of the channel if and when the transaction commits.
// NOTIFY takes a lock of the whole server at commit: for rare writes only. The channel is
// part of the statement: a name of ours, never one from outside.
func (db *DB) Announce(ctx context.Context, tx *sql.Tx, channel string) error {
	_, err := tx.ExecContext(ctx, "NOTIFY "+channel)
	return err
}

// Listen calls wake after each announcement of the channel, and after each time the connection was
// made, because some may have been missed before. It returns when ctx ends.
func (db *DB) Listen(ctx context.Context, channel string, wake func()) {
	wait := reconnectFirst
	for ctx.Err() == nil {
		err := db.listenOnce(ctx, channel, func() {
			wait = reconnectFirst
			wake()
		})
		if ctx.Err() != nil {
			return
		}
		pause := wait/2 + rand.N(wait/2)
		db.logger.WarnContext(ctx, "listener lost its connection", "channel", channel, "error", err, "retry_in", pause)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		wait = min(2*wait, reconnectMost)
	}
}

// listenOnce listens on one connection of its own until it breaks.
func (db *DB) listenOnce(ctx context.Context, channel string, wake func()) error {
	conn, err := db.connect(ctx)
	if err != nil {
		return err
	}
	defer func() {
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), db.answer)
		defer cancel()
		_ = conn.Close(closing) // broken or not wanted any more
	}()
	if err := db.soon(ctx, func(ctx context.Context) error {
		_, err := conn.Exec(ctx, "LISTEN "+channel)
		return err
	}); err != nil {
		return err
	}
	wake()
	for {
		waiting, cancel := context.WithTimeout(ctx, db.heartbeat)
		_, err := conn.WaitForNotification(waiting)
		cancel()
		switch {
		case err == nil:
			wake()
		case ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded):
			return err
		default:
			// A server that vanished without a word would leave us waiting forever.
			if err := db.soon(ctx, conn.Ping); err != nil {
				return err
			}
		}
	}
}

// soon runs do, which a living server answers at once, with a deadline.
func (db *DB) soon(ctx context.Context, do func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, db.answer)
	defer cancel()
	return do(ctx)
}
