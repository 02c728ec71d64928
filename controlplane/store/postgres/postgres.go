// Package postgres is what the store does differently on PostgreSQL: opening,
// telling other replicas about a commit, and naming the driver's errors.
package postgres

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/trunkline-ai/trunkline/internal/errs"
)

// Limits of the pool. Writers of one process queue before they take a connection, so
// that these few are never all waiting for the revision row.
const (
	maxConnections = 20
	maxIdleTime    = 5 * time.Minute
	maxLifetime    = 30 * time.Minute
	connectTimeout = 5 * time.Second // per host, unless the URL has connect_timeout
)

// sessionSettings are settings of the server, unless the URL has others.
var sessionSettings = []struct{ name, value string }{
	// The limit for a transaction in which nothing happens: a replica that froze while it held
	// the revision row must not keep the others from writing forever. Operations take half
	// of it at most.
	{"idle_in_transaction_session_timeout", "60s"},
	// Compiling a query takes half a second, and longer than any query here runs.
	{"jit", "off"},
}

// DB is one pool of connections. It is safe for concurrent use.
type DB struct {
	pool   *sql.DB
	config *pgx.ConnConfig // see connect
	again  func() (string, error)
	logger *slog.Logger
	// heartbeat is how long the listener waits before it checks that its connection lives;
	// answer how long a living server takes at most for what it does at once.
	heartbeat, answer time.Duration
	// lease is how often the holder of a job's lock looks whether it still has it.
	lease time.Duration
}

// Open connects to postgres://user:password@host:port/database?sslmode=... and has prepare
// bring its schema up to date, or check it. Several hosts, and every other parameter pgx knows,
// are allowed. again, unless it is nil, reads the URL again for each connection, of which user and password
// count.
func Open(ctx context.Context, url string, again func() (string, error), logger *slog.Logger, prepare func(context.Context, *sql.DB) error) (*DB, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil || !encoded(url) {
		// The cause stays out: it may quote the URL, and the URL holds the password.
		return nil, errs.Newf(errs.InvalidArgument,
			"the database URL cannot be used: want postgres://user:password@host:port/database?sslmode=..., with special characters of the password percent-encoded, and certificate files that exist")
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	if config.RuntimeParams["application_name"] == "" {
		config.RuntimeParams["application_name"] = "trunkline"
	}
	if err := refusePooler(ctx, config); err != nil {
		return nil, err
	}
	pool := stdlib.OpenDB(*config,
		stdlib.OptionShouldPing(mustPing),
		stdlib.OptionBeforeConnect(func(_ context.Context, c *pgx.ConnConfig) error {
			refresh(c, again)
			return nil
		}),
		stdlib.OptionAfterConnect(applySettings))
	pool.SetMaxOpenConns(maxConnections)
	pool.SetMaxIdleConns(maxConnections)
	pool.SetConnMaxIdleTime(maxIdleTime)
	pool.SetConnMaxLifetime(maxLifetime)
	if err := prepare(ctx, pool); err != nil {
		_ = pool.Close() // the first error says more
		return nil, fmt.Errorf("open PostgreSQL: %w", err)
	}
	return &DB{pool: pool, config: config, again: again, logger: logger, heartbeat: 30 * time.Second, answer: 5 * time.Second, lease: 5 * time.Second}, nil
}

// connect makes a connection beside the pool.
func (db *DB) connect(ctx context.Context) (*pgx.Conn, error) {
	config := db.config.Copy()
	refresh(config, db.again)
	return pgx.ConnectConfig(ctx, config)
}

// refresh gives config the user and the password that the URL has now. A URL that cannot be read leaves
// those that there are: the server says whether they are still good.
func refresh(config *pgx.ConnConfig, again func() (string, error)) {
	if again == nil {
		return
	}
	url, err := again()
	if err != nil || !encoded(url) {
		return
	}
	if now, err := pgx.ParseConfig(url); err == nil {
		config.User, config.Password = now.User, now.Password
	}
}

// encoded reports whether nothing of the password can be taken for the host or the database: a bare
// @, / or # in it would, and errors name those.
func encoded(url string) bool {
	_, rest, isURL := strings.Cut(url, "://")
	if !isURL {
		return true // key=value pairs have quotes
	}
	_, host, found := strings.Cut(rest, "@")
	if strings.Contains(rest, "#") || strings.Contains(host, "@") {
		return false
	}
	return !found || !strings.ContainsAny(rest[:len(rest)-len(host)], "/?")
}

// Writer is the handle for transactions that write.
func (db *DB) Writer() *sql.DB { return db.pool }

// Reader is the handle for everything else.
func (db *DB) Reader() *sql.DB { return db.pool }

// Append puts one binary value behind another.
func (db *DB) Append(value, more string) string { return value + " || " + more }

// Concatenate is the aggregate that puts the binary values of a column one behind the other.
func (db *DB) Concatenate(column string) string { return "string_agg(" + column + ", ''::bytea)" }

// Concatenated reads what Concatenate returns.
func (db *DB) Concatenated(value []byte) ([]byte, error) { return value, nil }

// Lines is a text column with a line feed before and behind it.
func (db *DB) Lines(column string) string { return "(chr(10) || " + column + " || chr(10))" }

// Close ends every connection, once those in use are given back.
func (db *DB) Close() error { return db.pool.Close() }

// applySettings uses statements rather than parameters of the connection, because PgBouncer
// refuses parameters that it does not know.
func applySettings(ctx context.Context, conn *pgx.Conn) error {
	for _, setting := range sessionSettings {
		if _, set := conn.Config().RuntimeParams[setting.name]; set {
			continue
		}
		if _, err := conn.Exec(ctx, "SET "+setting.name+" = '"+setting.value+"'"); err != nil {
			return err
		}
	}
	return nil
}
