// Package migration brings a database to the schema that this version of the store
// needs. Migrations are numbered files, each run in one transaction, and only go forward. What would keep
// others waiting for longer than an instant, such as an index of calls, and what SQL cannot add up, is a function.
// They expand first and contract a version later, so that programs of the version before
// go on, and start, while others are of this one; schema_support holds how old they may be.
package migration

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/trunkline-ai/trunkline/internal/errs"
)

//go:embed postgres/*.sql sqlite/*.sql
var files embed.FS

// Result is the schema that a database has now.
type Result struct {
	Version int64
	Applied []int64 // what was missing
	Newer   bool    // a newer program migrated it, and says that this one may use it
}

// Postgres migrates a PostgreSQL database. Replicas may start together: one migrates,
// the others wait for it, up to five minutes.
func Postgres(ctx context.Context, db *sql.DB) (Result, error) {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return Result{}, fmt.Errorf("make the migration lock: %w", err)
	}
	return up(ctx, db, goose.DialectPostgres, "postgres", goose.WithSessionLocker(locker))
}

// SQLite migrates a SQLite database.
func SQLite(ctx context.Context, db *sql.DB) (Result, error) {
	return up(ctx, db, goose.DialectSQLite3, "sqlite")
}

// up applies what is missing.
func up(ctx context.Context, db *sql.DB, dialect goose.Dialect, folder string, options ...goose.ProviderOption) (Result, error) {
	provider, err := newProvider(db, dialect, folder, options...)
	if err != nil {
		return Result{}, err
	}
	applied, err := provider.Up(ctx)
	if err != nil {
		return Result{}, fmt.Errorf("migrate: %w", err)
	}
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return Result{}, fmt.Errorf("read the schema version: %w", err)
	}
	if current > target {
		return newer(ctx, db, current, target)
	}
	result := Result{Version: current}
	for _, a := range applied {
		result.Applied = append(result.Applied, a.Source.Version)
	}
	return result, nil
}

func newProvider(db *sql.DB, dialect goose.Dialect, folder string, options ...goose.ProviderOption) (*goose.Provider, error) {
	migrations, err := fs.Sub(files, folder)
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	options = append(options, goose.WithDisableGlobalRegistry(true))
	if dialect == goose.DialectPostgres {
		options = append(options, goose.WithGoMigrations(
			goose.NewGoMigration(12, &goose.GoFunc{RunDB: callIndexes}, nil),
			goose.NewGoMigration(16, &goose.GoFunc{RunTx: attemptDays(createAttemptDaysPostgres)}, nil)))
	} else {
		options = append(options, goose.WithGoMigrations(goose.NewGoMigration(16, &goose.GoFunc{RunTx: attemptDays(createAttemptDaysSQLite)}, nil)))
	}
	provider, err := goose.NewProvider(dialect, db, migrations, options...)
	if err != nil {
		return nil, fmt.Errorf("prepare migrations: %w", err)
	}
	return provider, nil
}

// newer judges a database that is ahead of this program: a newer version wrote it, and knows
// whether an older one could damage it.
func newer(ctx context.Context, db *sql.DB, current, target int64) (Result, error) {
	var oldest int64
	if err := db.QueryRowContext(ctx, `SELECT oldest FROM schema_support`).Scan(&oldest); err != nil {
		return Result{}, fmt.Errorf("read how old programs may be: %w", err)
	}
	if target < oldest {
		return Result{}, errs.Newf(errs.FailedPrecondition,
			"the database has schema version %d and supports programs from version %d on, this one has %d: run the newer version, or restore a backup",
			current, oldest, target)
	}
	return Result{Version: current, Newer: true}, nil
}
