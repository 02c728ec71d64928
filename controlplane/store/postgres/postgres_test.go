package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"go.uber.org/goleak"

	"github.com/trunkline-ai/trunkline/controlplane/store/migration"
	"github.com/trunkline-ai/trunkline/internal/errs"
	"github.com/trunkline-ai/trunkline/internal/testenv"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Errors of the driver name host and database: no part of a password may become either.
func TestAnOddPasswordIsNotPrinted(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"postgres://u:p@sssecret@127.0.0.1:1/db",
		"postgres://u:p@s#secret@127.0.0.1:1/db",
		"postgres://u:p/secret@127.0.0.1:1/db",
		"postgres://127.0.0.1:1/secret@127.0.0.1/db",
		"postgres://u:1?secret@127.0.0.1:1/db",
		"postgresql://u:p#secret@127.0.0.1:1/db",
	} {
		_, err := Open(t.Context(), url, nil, slog.New(slog.DiscardHandler), migrate)
		if err == nil || !strings.Contains(err.Error(), "percent-encoded") || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", url, err)
		}
	}
	for _, url := range []string{"postgres://u:p%40%23@127.0.0.1:1/db?sslmode=disable", "postgres://127.0.0.1:1/db", "host=127.0.0.1 port=1 password='a@b#c'"} {
		_, err := Open(t.Context(), url, nil, slog.New(slog.DiscardHandler), migrate)
		if err == nil || strings.Contains(err.Error(), "percent-encoded") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestClassify(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		want errs.Code // empty: not an error of the driver
	}{
		{&pgconn.PgError{Code: "23505"}, errs.AlreadyExists},
		{&pgconn.PgError{Code: "23503"}, errs.FailedPrecondition},
		{&pgconn.PgError{Code: "23514", ConstraintName: "positive"}, errs.InvalidArgument},
		{&pgconn.PgError{Code: "23514"}, errs.Unavailable}, // a row's partition is on its way
		{&pgconn.PgError{Code: "22021"}, errs.InvalidArgument},
		{&pgconn.PgError{Code: "54000"}, errs.InvalidArgument},
		{&pgconn.PgError{Code: "40001"}, errs.Unavailable},
		{&pgconn.PgError{Code: "40P01"}, errs.Unavailable},
		{&pgconn.PgError{Code: "53300"}, errs.Unavailable},
		{&pgconn.PgError{Code: "55P03"}, errs.Unavailable},
		{&pgconn.PgError{Code: "57P01"}, errs.Unavailable},
		{&pgconn.PgError{Code: "25006"}, errs.Unavailable},
		{&pgconn.PgError{Code: "25P03"}, errs.Unavailable},
		{&pgconn.PgError{Code: "28P01"}, errs.FailedPrecondition},
		{&pgconn.PgError{Code: "3D000"}, errs.FailedPrecondition},
		{&pgconn.PgError{Code: "42601"}, errs.Internal},
		{&pgconn.PgError{Code: "XX000"}, ""},
		{&pgconn.PgError{}, ""},
		{fmt.Errorf("insert: %w", &pgconn.PgError{Code: "23505"}), errs.AlreadyExists},
		{&pgconn.ConnectError{}, errs.Unavailable},
		{pgconn.ErrConnClosed, errs.Unavailable},
		{io.EOF, ""},
		{sql.ErrNoRows, ""},
		{errors.New("23505"), ""},
	} {
		if got, ok := Classify(test.err); got != test.want || ok != (test.want != "") {
			t.Errorf("%#v is %q (%t), want %q", test.err, got, ok, test.want)
		}
	}
}

// TestListenerSurvivesHeartbeats: waiting in slices must not cost the connection.
func TestListenerSurvivesHeartbeats(t *testing.T) {
	t.Parallel()
	db := openTest(t, testenv.Postgres(t))
	db.heartbeat = 5 * time.Millisecond
	db.pool.SetMaxOpenConns(1) // so that the other one is the listener's
	woken, stop := listen(t, db)
	await(t, woken, "the listener connected")
	pid := listenerPID(t, db)
	for range 20 {
		time.Sleep(db.heartbeat) // what is tested is the passing of time itself
		announce(t, db)
		await(t, woken, "a transaction announced a change")
	}
	if now := listenerPID(t, db); now != pid {
		t.Errorf("the listener's connection is %d and was %d", now, pid)
	}
	stop()
}

// TestListenerNoticesASilentServer: one that hangs without closing the connection.
func TestListenerNoticesASilentServer(t *testing.T) {
	t.Parallel()
	server := testenv.NewPostgres(t)
	db := openTest(t, server.Database(t))
	db.heartbeat, db.answer = 20*time.Millisecond, 100*time.Millisecond
	lost := make(chan struct{}, 1000)
	db.logger = slog.New(lineHandler{func() { lost <- struct{}{} }})
	woken, stop := listen(t, db)
	await(t, woken, "the listener connected")
	server.Pause(t)
	await(t, lost, "the server hung")
	server.Resume(t)
	await(t, woken, "the listener connected again")
	stop()
}

// TestCredentialsAreReadAgain: a user that changed in the file is that of every new connection, beside the
// pool too; a file that cannot be used leaves the present one.
func TestCredentialsAreReadAgain(t *testing.T) {
	t.Parallel()
	url := testenv.Postgres(t)
	first := openTest(t, url)
	if _, err := first.pool.Exec(`DO $$ BEGIN CREATE ROLE rotated LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$`); err != nil {
		t.Fatal(err)
	}
	now, broken := url, error(nil)
	db, err := Open(t.Context(), url, func() (string, error) { return now, broken }, slog.New(slog.DiscardHandler), migrate)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.pool.SetMaxIdleConns(0) // each statement has a connection of its own
	users := func() (pooled, alone string) {
		t.Helper()
		if err := db.pool.QueryRow(`SELECT current_user`).Scan(&pooled); err != nil {
			t.Fatal(err)
		}
		conn, err := db.connect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(t.Context())
		if err := conn.QueryRow(t.Context(), `SELECT current_user`).Scan(&alone); err != nil {
			t.Fatal(err)
		}
		return pooled, alone
	}
	before, _ := users()
	for what, tt := range map[string]struct {
		url  string
		err  error
		want string
	}{
		"another user":        {regexp.MustCompile(`//[^@/]*@`).ReplaceAllString(url, "//rotated@"), nil, "rotated"},
		"a file that is gone": {"", os.ErrNotExist, before},
		"nonsense":            {"nonsense://", nil, before},
	} {
		now, broken = tt.url, tt.err
		if pooled, alone := users(); pooled != tt.want || alone != tt.want {
			t.Errorf("%s: the users are %s and %s, want %s", what, pooled, alone, tt.want)
		}
	}
}

func TestSessionSettings(t *testing.T) {
	t.Parallel()
	url := testenv.Postgres(t)
	const idle = "idle_in_transaction_session_timeout"
	for suffix, wants := range map[string]map[string]string{
		"":                          {idle: "1min", "jit": "off"},
		"&" + idle + "=7000&jit=on": {idle: "7s", "jit": "on"},
	} {
		db := openTest(t, url+suffix)
		for name, want := range wants {
			var got string
			if err := db.Reader().QueryRow("SHOW " + name).Scan(&got); err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("with %q %s is %s, want %s", suffix, name, got, want)
			}
		}
	}
}

func openTest(t *testing.T, url string) *DB {
	t.Helper()
	db, err := Open(t.Context(), url, nil, slog.New(slog.DiscardHandler), migrate)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// listen runs a listener until stop is called, or at the latest until the test ends.
func listen(t *testing.T, db *DB) (woken chan struct{}, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	woken = make(chan struct{}, 1000)
	var wg sync.WaitGroup
	wg.Go(func() { db.Listen(ctx, "trunkline_config", func() { woken <- struct{}{} }) })
	stop = func() {
		cancel()
		wg.Wait()
	}
	t.Cleanup(stop)
	return woken, stop
}

func await(t *testing.T, signal <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-signal:
	case <-time.After(30 * time.Second):
		t.Fatalf("nothing happened when %s", what)
	}
}

func announce(t *testing.T, db *DB) {
	t.Helper()
	tx, err := db.Writer().BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	if err := errors.Join(db.Announce(t.Context(), tx, "trunkline_config"), tx.Commit()); err != nil {
		t.Fatal(err)
	}
}

// listenerPID finds the connection that listens: the pool has one only, which asks.
func listenerPID(t *testing.T, db *DB) int {
	t.Helper()
	var pids []int
	rows, err := db.Reader().Query(`SELECT pid FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'trunkline' ORDER BY backend_start DESC`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var pid int
		if err := rows.Scan(&pid); err != nil {
			t.Fatal(err)
		}
		pids = append(pids, pid)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if len(pids) != 1 {
		t.Fatalf("%d other connections to the database, want the listener's alone", len(pids))
	}
	return pids[0]
}

// lineHandler calls a function for each log line.
type lineHandler struct{ line func() }

func (lineHandler) Enabled(context.Context, slog.Level) bool    { return true }
func (h lineHandler) Handle(context.Context, slog.Record) error { h.line(); return nil }
func (h lineHandler) WithAttrs([]slog.Attr) slog.Handler        { return h }
func (h lineHandler) WithGroup(string) slog.Handler             { return h }

// migrate is what the store has Open do.
func migrate(ctx context.Context, db *sql.DB) error {
	_, err := migration.Postgres(ctx, db)
	return err
}
