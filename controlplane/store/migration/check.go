package migration

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/pressly/goose/v3"

	"github.com/trunkline-ai/trunkline/internal/errs"
)

// CheckPostgres wants a PostgreSQL database to have the schema that this program needs, and
// changes nothing. One that is behind is errs.Unavailable: somebody may be migrating it.
func CheckPostgres(ctx context.Context, db *sql.DB) (Result, error) {
	return check(ctx, db, goose.DialectPostgres, "postgres", `SELECT to_regclass('`+goose.DefaultTablename+`') IS NOT NULL`)
}

// CheckSQLite is CheckPostgres for SQLite.
func CheckSQLite(ctx context.Context, db *sql.DB) (Result, error) {
	return check(ctx, db, goose.DialectSQLite3, "sqlite", `SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = '`+goose.DefaultTablename+`')`)
}

// check compares the version; exists is the query that tells whether the database was ever migrated.
func check(ctx context.Context, db *sql.DB, dialect goose.Dialect, folder, exists string) (Result, error) {
	provider, err := newProvider(db, dialect, folder)
	if err != nil {
		return Result{}, err
	}
	sources := provider.ListSources()
	target := sources[len(sources)-1].Version
	current, err := version(ctx, db, exists)
	switch {
	case err != nil:
		return Result{}, fmt.Errorf("read the schema version: %w", err)
	case current > target:
		return newer(ctx, db, current, target)
	case current < target:
		return Result{}, errs.Newf(errs.Unavailable,
			"the database has schema version %d, this program needs %d: run `trunkline-controlplane migrate`, or start without --no-migrate", current, target)
	}
	return Result{Version: current}, nil
}

// version reads the schema's version without making goose's table, which its provider would do:
// whoever only looks may lack the right, or be in the way of the one who migrates.
func version(ctx context.Context, db *sql.DB, exists string) (current int64, err error) {
	var migrated bool
	if err := db.QueryRowContext(ctx, exists).Scan(&migrated); err != nil || !migrated {
		return 0, err
	}
	err = db.QueryRowContext(ctx, `SELECT coalesce(max(version_id), 0) FROM `+goose.DefaultTablename).Scan(&current)
	return current, err
}
