//go:build unix

package testenv

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// sharedPostgres is the one server of the test process. A global, because tests have no
// other common ground; it is started by the first test that needs it.
var sharedPostgres = sync.OnceValues(startPostgres)

// Postgres returns the URL of a fresh, empty database on a server that all tests of the
// process share. The database is dropped when the test ends.
func Postgres(t testing.TB) string {
	t.Helper()
	s, err := sharedPostgres()
	require(t, "PostgreSQL", err)
	name, url := s.createDatabase(t)
	t.Cleanup(func() {
		if out, err := s.client("dropdb", "--force", name); err != nil {
			t.Errorf("drop database %s: %v: %s", name, err, out)
		}
	})
	return url
}

// PostgresPrograms is the folder of PostgreSQL's programs, such as pg_dump.
func PostgresPrograms(t testing.TB) string {
	t.Helper()
	path, err := postgresBinary("postgres")
	require(t, "PostgreSQL", err)
	return filepath.Dir(path)
}

// PostgresServer is a server of a test's own, for tests that hurt it. Its methods fail
// the test when they cannot do their job; they are for one goroutine at a time, except
// Database.
type PostgresServer struct {
	box       *sandbox
	bin       string // of the server; the other programs lie beside it
	port      int
	databases atomic.Int64
}

// NewPostgres starts a server that ends with the test. It takes about a second.
func NewPostgres(t testing.TB) *PostgresServer {
	t.Helper()
	s, err := startPostgres()
	require(t, "PostgreSQL", err)
	t.Cleanup(func() {
		s.signalChildren(syscall.SIGCONT)
		if err := s.box.close(); err != nil {
			t.Errorf("close PostgreSQL: %v", err)
		}
	})
	return s
}

// Database returns the URL of a fresh, empty database.
func (s *PostgresServer) Database(t testing.TB) string {
	t.Helper()
	_, url := s.createDatabase(t)
	return url
}

// Stop shuts the server down in an orderly way: clients are cut off, data is kept.
func (s *PostgresServer) Stop(t testing.TB) {
	t.Helper()
	s.signalChildren(syscall.SIGCONT) // they may be paused
	if err := s.box.end(syscall.SIGINT); err != nil {
		t.Fatalf("stop PostgreSQL: %v", err)
	}
}

// Kill ends every process of the server with SIGKILL. What was committed is kept.
func (s *PostgresServer) Kill(t testing.TB) {
	t.Helper()
	children := s.children()
	if err := s.box.end(syscall.SIGKILL); err != nil {
		t.Fatalf("kill PostgreSQL: %v", err)
	}
	for _, pid := range children {
		_ = syscall.Kill(pid, syscall.SIGKILL) // it may have noticed and gone
	}
}

// Restart starts the server again after Stop or Kill, or stops it first when it runs: on
// the same port, with its data.
func (s *PostgresServer) Restart(t testing.TB) {
	t.Helper()
	s.Stop(t)
	// The port, or after a Kill the shared memory, may be in use for a moment.
	var err error
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if err = s.start(); err == nil {
			return
		}
	}
	t.Fatalf("restart PostgreSQL: %v", err)
}

// Pause freezes every process of the server: connections stay open, nothing answers.
func (s *PostgresServer) Pause(t testing.TB) {
	t.Helper()
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("pausing PostgreSQL needs /proc, to find its processes")
	}
	// The parent first, so that no child is born meanwhile.
	if err := s.box.signal(syscall.SIGSTOP); err != nil {
		t.Fatalf("pause PostgreSQL: %v", err)
	}
	if err := s.box.watch(append([]int{s.box.pid}, s.children()...)...); err != nil {
		t.Fatalf("pause PostgreSQL: %v", err)
	}
	s.signalChildren(syscall.SIGSTOP)
}

// Resume ends a Pause.
func (s *PostgresServer) Resume(t testing.TB) {
	t.Helper()
	s.signalChildren(syscall.SIGCONT)
	if err := errors.Join(s.box.signal(syscall.SIGCONT), s.box.watch(s.box.pid)); err != nil {
		t.Fatalf("resume PostgreSQL: %v", err)
	}
}

// startPostgres makes a data folder and starts a server on it.
func startPostgres() (_ *PostgresServer, err error) {
	bin, err := postgresBinary("postgres")
	if err != nil {
		return nil, err
	}
	box, err := newSandbox("postgres")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, box.close())
		}
	}()
	s := &PostgresServer{box: box, bin: bin}
	initdb := box.command(filepath.Join(filepath.Dir(bin), "initdb"), "--pgdata="+s.data(), "--username=postgres",
		"--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions")
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w: %s", err, out)
	}
	for range 5 {
		if s.port, err = freePort(); err != nil {
			return nil, err
		}
		if err = s.start(); err == nil {
			return s, nil
		}
	}
	return nil, err
}

// start runs the server on its port and waits until it answers. Without fsync the data
// survives the death of the server, though not of the machine, and tests are fast.
func (s *PostgresServer) start() error {
	err := s.box.start(s.bin, "-D", s.data(), "-p", strconv.Itoa(s.port),
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
		"-c", "fsync=off", "-c", "max_connections=200", "-c", "shared_buffers=32MB")
	if err != nil {
		return err
	}
	return s.box.awaitReady(func() bool {
		_, err := s.client("pg_isready")
		return err == nil
	})
}

// createDatabase makes an empty database with a name of its own.
func (s *PostgresServer) createDatabase(t testing.TB) (name, url string) {
	t.Helper()
	name = fmt.Sprintf("test_%d", s.databases.Add(1))
	if out, err := s.client("createdb", name); err != nil {
		t.Fatalf("create database %s: %v: %s", name, err, out)
	}
	return name, fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", s.port, name)
}

// client runs one of PostgreSQL's client programs against the server.
func (s *PostgresServer) client(name string, args ...string) ([]byte, error) {
	args = append([]string{"--host=127.0.0.1", "--port=" + strconv.Itoa(s.port), "--username=postgres"}, args...)
	return s.box.command(filepath.Join(filepath.Dir(s.bin), name), args...).CombinedOutput()
}

func (s *PostgresServer) data() string { return filepath.Join(s.box.dir, "data") }

// children lists the server's processes but the first; it needs /proc and finds none
// without it.
func (s *PostgresServer) children() []int {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil || s.box.exited() {
		return nil
	}
	var pids []int
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // ended meanwhile
		}
		// "pid (name) state ppid ...", where the name may hold anything.
		fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		if len(fields) < 2 || string(fields[1]) != strconv.Itoa(s.box.pid) {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// signalChildren signals every child; one that has ended meanwhile is no error.
func (s *PostgresServer) signalChildren(sig syscall.Signal) {
	for _, pid := range s.children() {
		_ = syscall.Kill(pid, sig)
	}
}
