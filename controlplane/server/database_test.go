package server

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/store"
	"github.com/trunkline-ai/trunkline/internal/errs"
	"github.com/trunkline-ai/trunkline/internal/ops"
	"github.com/trunkline-ai/trunkline/internal/settings"
	"github.com/trunkline-ai/trunkline/internal/testenv"
)

// patience bounds every wait of these tests.
const patience = time.Minute

// watchedLog tells when a text was logged.
type watchedLog struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
	want string
	seen chan struct{} // closed when want was written
}

func watchLog(want string) *watchedLog { return &watchedLog{want: want, seen: make(chan struct{})} }

func (w *watchedLog) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := strings.Contains(w.text.String(), w.want)
	w.text.Write(p)
	if !before && strings.Contains(w.text.String(), w.want) {
		close(w.seen)
	}
	return len(p), nil
}

func (w *watchedLog) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.text.String()
}

func (w *watchedLog) await(t *testing.T) {
	t.Helper()
	select {
	case <-w.seen:
	case <-time.After(patience):
		t.Fatalf("never logged %q:\n%s", w.want, w)
	}
}

// opening is an openDatabase under way.
func opening(ctx context.Context, log *watchedLog, cfg store.Config, wait time.Duration) <-chan error {
	cfg.Logger = slog.New(slog.NewTextHandler(log, nil))
	done := make(chan error, 1)
	go func() {
		db, err := openDatabase(ctx, cfg, DatabaseWait{wait, wait})
		if err == nil {
			err = db.Close()
		}
		done <- err
	}()
	return done
}

func result(t *testing.T, done <-chan error) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(patience):
		t.Fatal("it does not end")
		return nil
	}
}

// TestTheDatabaseIsWaitedFor has a whole process start before its database, as containers do.
func TestTheDatabaseIsWaitedFor(t *testing.T) {
	t.Parallel()
	server := testenv.NewPostgres(t)
	p := &Process{
		Settings: Settings{AdminUsername: "admin", AdminPassword: "correct horse", DatabaseWait: patience, DatabaseWaitGiven: true},
		listen:   "127.0.0.1:0", nodeListen: "127.0.0.1:0", opsListen: "127.0.0.1:0",
		databaseURL: server.Database(t), secretKey: base64.StdEncoding.EncodeToString(make([]byte, 32)),
	}
	server.Stop(t)
	waiting, serving := watchLog("waiting for the database"), watchLog("msg=serving")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	done := make(chan error, 1)
	go func() {
		done <- p.Run(ctx, slog.New(slog.NewTextHandler(io.MultiWriter(waiting, serving), nil)), func(string) (string, bool) { return "", false })
	}()

	waiting.await(t)
	address := regexp.MustCompile(`msg=starting ops=http://(\S+)`).FindStringSubmatch(waiting.String())
	if address == nil {
		t.Fatalf("the log does not say where operators can ask:\n%s", waiting)
	}
	if err := ops.Probe(t.Context(), address[1]); err == nil || !strings.Contains(err.Error(), "starting") {
		t.Errorf("while it waits, its health is %v", err)
	}
	server.Restart(t)
	serving.await(t)
	if err := ops.Probe(t.Context(), address[1]); err != nil {
		t.Errorf("when it serves, its health is %v", err)
	}
	if text := serving.String(); !strings.Contains(text, "database ready") || !strings.Contains(text, "the database was migrated") {
		t.Errorf("the log does not say how it went on:\n%s", text)
	}
	stop()
	if err := result(t, done); err != nil {
		t.Errorf("it ended with %v", err)
	}
}

// A refused connection to this machine is told from all that may still come.
func TestWhatRefusesHere(t *testing.T) {
	t.Parallel()
	nobody, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := nobody.Close(); err != nil {
		t.Fatal(err)
	}
	for url, want := range map[string]bool{
		"postgres://u:p@" + nobody.Addr().String() + "/db": true,
		"postgres://u:p@db.invalid:5432/db":                false,
		testenv.Postgres(t) + "x":                          false, // no such database
	} {
		_, err := store.Open(t.Context(), store.Config{URL: url, Logger: slog.New(slog.DiscardHandler)})
		if err == nil || isRefusedHere(err) != want {
			t.Errorf("%s: %v, refused here %v, want %v", url, err, !want, want)
		}
	}
	if there := (&net.OpError{Op: "dial", Addr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1)}, Err: syscall.ECONNREFUSED}); isRefusedHere(there) {
		t.Error("another machine is taken for this one")
	}
}

// What listened meanwhile, and recovers or restarts, is waited for longer than a port on which nobody ever listened.
func TestHowLongADatabaseIsWaitedFor(t *testing.T) {
	t.Parallel()
	refused := &net.OpError{Op: "dial", Addr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}, Err: syscall.ECONNREFUSED}
	recovers := errors.New("the database system is starting up")
	for _, tt := range []struct {
		given string // as TRUNKLINE_DATABASE_WAIT; empty: not set
		heard time.Duration
		err   error
		want  time.Duration
	}{
		{"", 0, refused, localWait},
		{"", 10 * time.Second, recovers, defaultWait},
		{"", 20 * time.Second, refused, 35 * time.Second},
		{"", 50 * time.Second, refused, defaultWait},
		{"1m", 0, refused, time.Minute}, // the default, but somebody asked for it
		{"2m", 0, refused, 2 * time.Minute},
		{"1s", 0, refused, time.Second},
		{"0s", 0, refused, 0},
	} {
		var s Settings
		set := settings.New(settings.Config{Program: "test", LookupEnv: func(name string) (string, bool) {
			value := map[string]string{"TRUNKLINE_DATABASE_WAIT": tt.given}[name]
			return value, value != ""
		}, DotEnv: filepath.Join(t.TempDir(), ".env")})
		s.Register(set)
		if err := set.Parse(nil); err != nil {
			t.Fatal(err)
		}
		if got := s.Wait().after(tt.heard, tt.err); got != tt.want {
			t.Errorf("of %q, heard after %s, %v: %s, want %s", tt.given, tt.heard, tt.err, got, tt.want)
		}
	}
}

// TestTheSchemaIsWaitedFor: a server that does not migrate waits for the one who does.
func TestTheSchemaIsWaitedFor(t *testing.T) {
	t.Parallel()
	url := testenv.Postgres(t)
	log := watchLog("trunkline-controlplane migrate")
	done := opening(t.Context(), log, store.Config{URL: url, KeepSchema: true}, patience)
	log.await(t)
	migrate := &Process{databaseURL: url}
	if err := migrate.Migrate(t.Context(), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	if err := result(t, done); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(log.String(), "the database was migrated") {
		t.Errorf("a server that was told not to migrated:\n%s", log)
	}
}

func TestWaitingEnds(t *testing.T) {
	t.Parallel()
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := "postgres://trunkline:hunter2@" + nobody.Addr().String() + "/db"
	if err := nobody.Close(); err != nil {
		t.Fatal(err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	there := testenv.Postgres(t)
	tests := map[string]struct {
		ctx   context.Context
		cfg   store.Config
		wait  time.Duration
		code  errs.Code
		wants []string
	}{
		"nobody answers":    {t.Context(), store.Config{URL: gone}, 300 * time.Millisecond, errs.Unavailable, []string{"within 300ms", "TRUNKLINE_DATABASE_WAIT", "DATABASE_URL"}},
		"no waiting":        {t.Context(), store.Config{URL: gone}, 0, errs.Unavailable, []string{"within 0s"}},
		"nobody migrates":   {t.Context(), store.Config{URL: there, KeepSchema: true}, 0, errs.Unavailable, []string{"trunkline-controlplane migrate"}},
		"no such database":  {t.Context(), store.Config{URL: strings.Replace(there, "/test_", "/no_such_", 1)}, patience, errs.FailedPrecondition, []string{"does not exist"}},
		"no URL of ours":    {t.Context(), store.Config{URL: "mysql://x"}, patience, errs.InvalidArgument, []string{"postgres://"}},
		"stopped meanwhile": {stopped, store.Config{URL: gone}, patience, "", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			log := watchLog("never")
			err := result(t, opening(tt.ctx, log, tt.cfg, tt.wait))
			if tt.code == "" {
				if !errors.Is(err, context.Canceled) {
					t.Errorf("got %v, want the context's error", err)
				}
				return
			}
			if errs.CodeOf(err) != tt.code {
				t.Fatalf("got %v, want %s", err, tt.code)
			}
			for _, want := range tt.wants {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q lacks %q", err, want)
				}
			}
			if strings.Contains(err.Error()+log.String(), "hunter2") {
				t.Errorf("the password is shown: %v\n%s", err, log)
			}
		})
	}
}
