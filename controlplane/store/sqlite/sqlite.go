// Package sqlite is what the store does differently on SQLite: opening a file, one
// writer, and naming the driver's errors. It is for one control plane on one machine.
package sqlite

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/trunkline-ai/trunkline/internal/errs"
)

// readers is how many queries may run beside each other and beside the writer.
const readers = 4

const (
	// writerOptions: a batch of calls changes more pages than SQLite keeps in memory by itself (2 MB), and
	// would write and read them again meanwhile.
	writerOptions = "_txlock=immediate&_pragma=cache_size(-4096)"
	// checkpointPages is how long the write-ahead log grows, 16 MB, before it is folded into the file: most
	// of its pages are written by batch after batch, and go into the file once.
	checkpointPages = 4096
)

// DB is one database file: a single connection that writes, and some that read. It is
// safe for concurrent use.
type DB struct {
	writer *sql.DB
	reader *sql.DB
}

// Open opens sqlite:///relative/path or sqlite:////absolute/path and has prepare bring its
// schema up to date, or check it. The file is made when it is missing, readable by its owner only, and so is
// its folder.
func Open(ctx context.Context, rawURL string, prepare func(context.Context, *sql.DB) error) (*DB, error) {
	path, err := parsePath(rawURL)
	if err != nil {
		return nil, err
	}
	if err := create(path); err != nil {
		return nil, err
	}
	writer, err := open(path, writerOptions)
	if err != nil {
		return nil, err
	}
	// SQLite has one writer at a time; waiting for it in Go is fair and needs no polling.
	writer.SetMaxOpenConns(1)
	if err := prepare(ctx, writer); err != nil {
		_ = writer.Close() // the first error says more
		return nil, fmt.Errorf("open SQLite file %s: %w", path, err)
	}
	reader, err := open(path, "_pragma=query_only(1)")
	if err != nil {
		_ = writer.Close() // the first error says more
		return nil, err
	}
	reader.SetMaxOpenConns(readers)
	reader.SetMaxIdleConns(readers)
	return &DB{writer: writer, reader: reader}, nil
}

// parsePath takes the file's path out of the URL.
func parsePath(rawURL string) (string, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Host != "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") == "" {
		return "", errs.Newf(errs.InvalidArgument,
			"the database URL %q cannot be used: want sqlite:///relative/path.db or sqlite:////absolute/path.db, without options", rawURL)
	}
	return filepath.Clean(strings.TrimPrefix(u.Path, "/")), nil
}

// create makes the file before SQLite does, which would leave it readable for others;
// SQLite gives its companions (-wal, -shm) the rights of the file.
func create(path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return errs.Wrap(errs.FailedPrecondition, err, "cannot create the folder of the database file")
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return errs.Wrap(errs.FailedPrecondition, err, "cannot open the database file for writing")
	}
	return file.Close()
}

// open makes a handle. A committed transaction survives a power cut (synchronous FULL).
func open(path, option string) (*sql.DB, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, errs.Wrap(errs.FailedPrecondition, err, "cannot resolve the path of the database file")
	}
	dsn := "file:" + (&url.URL{Path: filepath.ToSlash(absolute)}).EscapedPath() +
		"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)" +
		"&_pragma=wal_autocheckpoint(" + strconv.Itoa(checkpointPages) + ")&" + option
	handle, err := sql.Open("sqlite", dsn) // it opens nothing yet, but knows the driver
	if err != nil {
		return nil, err
	}
	defer handle.Close()
	return sql.OpenDB(connector{handle.Driver(), dsn}), nil
}

// Writer is the handle for transactions that write.
func (db *DB) Writer() *sql.DB { return db.writer }

// Reader is the handle for everything else; it sees what was committed when a query starts.
func (db *DB) Reader() *sql.DB { return db.reader }

// Announce does nothing: there is no other replica.
func (db *DB) Announce(context.Context, *sql.Tx, string) error { return nil }

// Listen waits for ctx to end: nobody announces anything.
func (db *DB) Listen(ctx context.Context, _ string, _ func()) { <-ctx.Done() }

// Append puts one binary value behind another; SQLite makes text of it in between, byte by byte.
func (db *DB) Append(value, more string) string { return "CAST(" + value + " || " + more + " AS BLOB)" }

// Concatenate is the aggregate that puts the binary values of a column one behind the
// other; SQLite's works on text only.
func (db *DB) Concatenate(column string) string { return "group_concat(hex(" + column + "), '')" }

// Concatenated reads what Concatenate returns.
func (db *DB) Concatenated(value []byte) ([]byte, error) {
	return hex.DecodeString(string(value))
}

// Lines is a text column with a line feed before and behind it.
func (db *DB) Lines(column string) string { return "(char(10) || " + column + " || char(10))" }

// KeepCalls does nothing: old calls are deleted row by row, up to t.
func (*DB) KeepCalls(context.Context, time.Time, time.Time) error { return nil }

// DeleteLimit is few: nobody else writes meanwhile.
func (*DB) DeleteLimit() int { return 1000 }

// Exclusive runs do: there is no other replica.
func (db *DB) Exclusive(ctx context.Context, _ string, do func(context.Context) error) (bool, error) {
	return true, do(ctx)
}

// Close ends every connection. The last one out folds the write-ahead log into the file.
func (db *DB) Close() error { return errors.Join(db.reader.Close(), db.writer.Close()) }
