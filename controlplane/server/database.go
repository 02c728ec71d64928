package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"syscall"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/store"
	"github.com/trunkline-ai/trunkline/internal/errs"
	"github.com/trunkline-ai/trunkline/internal/settings"
)

const (
	firstRetry = 200 * time.Millisecond
	lastRetry  = 2 * time.Second
	// reminder is how often the log says that the database is still waited for.
	reminder = 15 * time.Second
	// defaultWait is how long a database is waited for where nobody says how long.
	defaultWait = time.Minute
	// localWait is the same for one on this machine whose port nobody listens on: what starts beside us listens soon,
	// and what was mistyped should be said soon.
	localWait = 15 * time.Second
)

// DatabaseWait is how long a database is waited for that is not there yet. The zero value: not at all.
type DatabaseWait struct {
	Limit time.Duration
	// Refused bounds it too while this machine itself refuses the connection, from when something was last seen to
	// listen there.
	Refused time.Duration
}

// openDatabase opens the database, and waits for one that is not there yet or whose schema is
// still being migrated: containers start in any order. What waiting cannot fix, such as a wrong
// password, ends it at once. wait bounds only the waiting: a migration may take longer.
func openDatabase(ctx context.Context, cfg store.Config, wait DatabaseWait) (*store.DB, error) {
	begin := time.Now()
	var told time.Time
	var heard time.Duration // after which something was last seen to listen
	for pause := firstRetry; ; pause = min(2*pause, lastRetry) {
		db, err := store.Open(ctx, cfg)
		waited := time.Since(begin)
		switch {
		case err == nil:
			if !told.IsZero() {
				cfg.Logger.InfoContext(ctx, "database ready", "waited", waited.Round(time.Millisecond))
			}
			return db, nil
		case ctx.Err() != nil:
			return nil, context.Cause(ctx)
		case errs.CodeOf(err) != errs.Unavailable:
			return nil, err
		case !isRefusedHere(err):
			heard = waited
		}
		limit := wait.after(heard, err)
		if waited >= limit {
			return nil, fmt.Errorf("the database was not ready within %s (TRUNKLINE_DATABASE_WAIT): see that it runs, that DATABASE_URL names it and that nothing between blocks its port: %w", limit.Round(time.Millisecond), err)
		}
		if time.Since(told) >= reminder {
			cfg.Logger.WarnContext(ctx, "waiting for the database", "at_most", limit.Round(time.Millisecond), "left", (limit - waited).Round(time.Millisecond), "error", err)
			told = time.Now()
		}
		if err := sleep(ctx, min(pause, limit-waited)); err != nil {
			return nil, err
		}
	}
}

// after is how long a database is waited for after an error. One that listened meanwhile, and recovers or restarts, is
// no mistyped port.
func (w DatabaseWait) after(heard time.Duration, err error) time.Duration {
	if isRefusedHere(err) {
		return min(w.Limit, heard+w.Refused)
	}
	return w.Limit
}

// isRefusedHere reports whether a connection to this machine itself was refused.
func isRefusedHere(err error) bool {
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return false
	}
	op, ok := errors.AsType[*net.OpError](err)
	if !ok {
		return false
	}
	at, ok := op.Addr.(*net.TCPAddr)
	return ok && at.IP.IsLoopback()
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Migrate brings the database's schema up to date and does nothing else.
func (p *Process) Migrate(ctx context.Context, log *slog.Logger) error {
	if err := p.checkDatabase(); err != nil {
		return err
	}
	db, err := openDatabase(ctx, store.Config{URL: p.databaseURL, Again: settings.Again(p.databaseURLFile), Logger: log}, p.Wait())
	if err != nil {
		return err
	}
	log.Info("schema is up to date", "schema_version", db.SchemaVersion())
	return db.Close()
}
