// Package store keeps what the control plane owns in PostgreSQL or SQLite: the
// configuration with its change log, calls, sessions, tokens and sealed secrets. One SQL
// text serves both; what differs is in the packages postgres and sqlite. Driver errors
// end here: callers see errors of package errs.
package store

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/trunkline-ai/trunkline/controlplane/store/migration"
	"github.com/trunkline-ai/trunkline/controlplane/store/postgres"
	"github.com/trunkline-ai/trunkline/controlplane/store/sqlite"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// operationTimeout bounds every operation whose context has no earlier deadline, so that
// a database that hangs cannot hold a caller forever. Opening, which may migrate, has none.
const operationTimeout = 30 * time.Second

// What replicas announce to each other.
const (
	configChannel  = "trunkline_config"
	fleetChannel   = "trunkline_fleet"
	rolloutChannel = "trunkline_rollout"
)

// openDatabase is what Open says it cannot do.
const openDatabase = "open the database"

// Config says which database to open.
type Config struct {
	// URL is sqlite:///relative/path.db, sqlite:////absolute/path.db (file and folder are
	// made when missing) or postgres://user:password@host:port/database?sslmode=...
	URL string
	// Again reads the URL again for each connection to PostgreSQL, of which user and password count; default:
	// they never change.
	Again func() (string, error)
	// KeepSchema refuses a schema that is not the one this program needs, in place of migrating it.
	KeepSchema bool
	Logger     *slog.Logger     // required
	Now        func() time.Time // default time.Now
}

// DB is an open database. What it keeps is read and written through one small type for each
// role: Configuration, Calls, Usage and so on, each made with its New function over one DB.
// It is safe for concurrent use; several DBs, in several processes, may share one PostgreSQL
// database.
type DB struct {
	engine engine
	logger *slog.Logger
	now    func() time.Time
	closed atomic.Bool
	close  func() error
	schema int64

	pending atomic.Int64  // calls of this replica that came since the last fold, about
	foldDue chan struct{} // see Usage.FoldDue

	daysBack atomic.Int64 // see Usage.daysBehind
}

// engine is what differs between the databases.
type engine interface {
	Writer() *sql.DB
	Reader() *sql.DB
	// Announce wakes listeners of other replicas when the transaction commits.
	Announce(ctx context.Context, tx *sql.Tx, channel string) error
	// Listen calls wake after announcements of the channel until ctx ends.
	Listen(ctx context.Context, channel string, wake func())
	// KeepCalls prepares room for the calls of the days to come, and drops what it can of calls from before t at once.
	KeepCalls(ctx context.Context, now, t time.Time) error
	// DeleteLimit is how many calls are deleted in one transaction.
	DeleteLimit() int
	// Exclusive runs do unless another replica runs the job of that name.
	Exclusive(ctx context.Context, job string, do func(context.Context) error) (bool, error)
	// TryLock takes the lock of that name until the transaction ends, unless another one has it.
	TryLock(ctx context.Context, tx *sql.Tx, name string) (bool, error)
	// AddRows adds rows in the transaction that conn is in, as fast as the database can. A row that is
	// there already or that it refuses fails the transaction.
	AddRows(ctx context.Context, conn *sql.Conn, table string, columns []string, rows [][]any) error
	// Append puts one binary value behind another.
	Append(value, more string) string
	// Concatenate is the aggregate that puts the binary values of a column one behind the
	// other, as Concatenated can read it.
	Concatenate(column string) string
	Concatenated(value []byte) ([]byte, error)
	// Lines is a text column with a line feed before and behind it.
	Lines(column string) string
	// Classify says what an error of the driver means, if it is one.
	Classify(err error) (errs.Code, bool)
	Close() error
}

// Open opens the database and brings its schema up to date. The errors are
// errs.InvalidArgument for a URL that cannot be used, errs.Unavailable for a database
// that does not answer or whose schema is yet to be migrated, and errs.FailedPrecondition for one that refuses us or that a
// newer version of the program migrated too far for this one.
func Open(ctx context.Context, cfg Config) (*DB, error) {
	if cfg.Logger == nil {
		return nil, errs.Newf(errs.InvalidArgument, "the store needs a logger")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	var schema migration.Result
	engine, err := openEngine(ctx, cfg, &schema)
	if err != nil {
		return nil, err
	}
	db := &DB{engine: engine, logger: cfg.Logger, now: cfg.Now, close: sync.OnceValue(engine.Close), schema: schema.Version, foldDue: make(chan struct{}, 1)}
	if len(schema.Applied) > 0 {
		cfg.Logger.InfoContext(ctx, "the database was migrated", "schema_version", schema.Version, "applied", schema.Applied)
	}
	if schema.Newer {
		cfg.Logger.WarnContext(ctx, "the database was migrated by a newer version; upgrade this program too", "schema_version", schema.Version)
	}
	if err := db.initialise(ctx); err != nil {
		_ = engine.Close() // the first error says more
		return nil, db.failed(err, openDatabase)
	}
	if err := engine.KeepCalls(ctx, cfg.Now(), time.Time{}); err != nil {
		// Calls have a place without it, and the call log's rounds try again.
		cfg.Logger.WarnContext(ctx, "failed to create the call partitions of the next days", "error", err)
	}
	return db, nil
}

// openEngine opens the database that the URL's scheme names.
func openEngine(ctx context.Context, cfg Config, schema *migration.Result) (engine, error) {
	prepare := func(migrate, check func(context.Context, *sql.DB) (migration.Result, error)) func(context.Context, *sql.DB) error {
		return func(ctx context.Context, db *sql.DB) (err error) {
			if cfg.KeepSchema {
				migrate = check
			}
			*schema, err = migrate(ctx, db)
			return err
		}
	}
	scheme, _, _ := strings.Cut(cfg.URL, "://")
	switch scheme {
	case "postgres", "postgresql":
		db, err := postgres.Open(ctx, cfg.URL, cfg.Again, cfg.Logger, prepare(migration.Postgres, migration.CheckPostgres))
		if err != nil {
			return nil, translate(err, postgres.Classify, openDatabase)
		}
		return db, nil
	case "sqlite":
		db, err := sqlite.Open(ctx, cfg.URL, prepare(migration.SQLite, migration.CheckSQLite))
		if err != nil {
			return nil, translate(err, sqlite.Classify, openDatabase)
		}
		return db, nil
	}
	// Without the URL: it may hold a password.
	return nil, errs.Newf(errs.InvalidArgument, "the database URL must start with sqlite:/// or postgres://")
}

// initialise gives a new database its identity; of several replicas the first one wins.
func (db *DB) initialise(ctx context.Context) error {
	_, err := db.engine.Writer().ExecContext(ctx,
		`INSERT INTO config_version (id, revision, lineage) VALUES (1, 0, $1) ON CONFLICT (id) DO NOTHING`, uuid.NewString())
	return err
}

// SchemaVersion is the number of the newest migration that the database has.
func (db *DB) SchemaVersion() int64 { return db.schema }

// Close ends the connections, each when the operation that uses it is done. Operations
// that come later fail with errs.Unavailable. Closing again does nothing.
func (db *DB) Close() error {
	db.closed.Store(true)
	return db.failed(db.close(), "close the database")
}

// Ping reports whether the database answers.
func (db *DB) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	_, err := readVersion(ctx, db.engine.Reader())
	return db.failed(err, "ping the database")
}

// querier is a handle or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// exec runs one statement by itself and returns how many rows it touched.
func (db *DB) exec(ctx context.Context, statement string, args ...any) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	result, err := db.engine.Writer().ExecContext(ctx, statement, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// inTx runs do in a transaction that writes; an error rolls back.
func (db *DB) inTx(ctx context.Context, do func(ctx context.Context, tx *sql.Tx) error) error {
	return transact(ctx, db.engine.Writer(), nil, do)
}

// inReadTx runs do in a transaction in which every query sees the same state.
func (db *DB) inReadTx(ctx context.Context, do func(ctx context.Context, tx *sql.Tx) error) error {
	return transact(ctx, db.engine.Reader(), &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}, do)
}

// beginner is a handle, or one of its connections.
type beginner interface {
	BeginTx(ctx context.Context, options *sql.TxOptions) (*sql.Tx, error)
}

func transact(ctx context.Context, db beginner, options *sql.TxOptions, do func(context.Context, *sql.Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	tx, err := db.BeginTx(ctx, options)
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer tx.Rollback() // does nothing after Commit
	if err := do(ctx, tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// micros is a time as the database keeps it, which is all the precision there is.
func micros(t time.Time) int64 { return t.UnixMicro() }

func fromMicros(us int64) time.Time { return time.UnixMicro(us).UTC() }
