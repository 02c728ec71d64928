//go:build unix

package testenv_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"github.com/trunkline-ai/trunkline/internal/testenv"
)

// childEnv makes TestChild start servers, say where they are and hang.
const childEnv = "TRUNKLINE_TESTENV_CHILD"

func TestPostgresDatabasesAreEmptyAndApart(t *testing.T) {
	t.Parallel()
	one, two := testenv.Postgres(t), testenv.Postgres(t)
	if one == two {
		t.Fatalf("both databases are %s", one)
	}
	query(t, connect(t, one), "CREATE TABLE here (id int)")
	if n := query(t, connect(t, two), "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"); n != int64(0) {
		t.Errorf("the second database has %v tables, want 0", n)
	}
}

func TestPostgresKeepsCommittedDataThroughStopAndKill(t *testing.T) {
	t.Parallel()
	s := testenv.NewPostgres(t)
	url := s.Database(t)
	query(t, connect(t, url), "CREATE TABLE kept (id int)")
	for i, end := range []func(testing.TB){s.Stop, s.Kill, func(testing.TB) {}} {
		before := connect(t, url)
		query(t, before, "INSERT INTO kept VALUES (1)")
		end(t)
		s.Restart(t)
		if _, err := before.Exec(t.Context(), "SELECT 1"); err == nil {
			t.Error("a connection outlived its server")
		}
		if n := query(t, connect(t, url), "SELECT count(*) FROM kept"); n != int64(i+1) {
			t.Errorf("round %d: %v rows, want %d", i, n, i+1)
		}
	}
}

func TestPausedPostgresAnswersNobody(t *testing.T) {
	t.Parallel()
	s := testenv.NewPostgres(t)
	c := connect(t, s.Database(t))
	s.Pause(t)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := c.Exec(ctx, "SELECT 1"); err == nil {
		t.Error("a paused server answered")
	}
	s.Resume(t)
	if n := query(t, connect(t, s.Database(t)), "SELECT 7"); n != int64(7) {
		t.Errorf("resumed server answers %v, want 7", n)
	}
}

func TestRedis(t *testing.T) {
	t.Parallel()
	s := testenv.Redis(t)
	options, err := redis.ParseURL(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	options.MaxRetries, options.DialerRetries, options.ContextTimeoutEnabled = -1, 1, true
	c := redis.NewClient(options)
	t.Cleanup(func() { c.Close() })
	ping := func() error {
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		return c.Set(ctx, "key", "value", 0).Err()
	}

	if err := ping(); err != nil {
		t.Errorf("fresh server: %v", err)
	}
	s.Pause(t)
	if err := ping(); err == nil {
		t.Error("a paused server answered")
	}
	s.Resume(t)
	if err := ping(); err != nil {
		t.Errorf("resumed server: %v", err)
	}
	s.Kill(t)
	if err := ping(); err == nil {
		t.Error("a killed server answered")
	}
	s.Restart(t)
	if n, err := c.Exists(t.Context(), "key").Result(); err != nil || n != 0 {
		t.Errorf("restarted server has %d keys (%v), want 0", n, err)
	}
}

// TestNothingOutlivesTheProcess kills a test process that had servers running, one of
// them paused, and looks for what is left.
func TestNothingOutlivesTheProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o777); err != nil { // the servers' user must get in
		t.Fatal(err)
	}
	child := exec.Command(os.Args[0], "-test.run=^TestChild$")
	child.Env = append(os.Environ(), childEnv+"="+dir, "TMPDIR="+dir)
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	ready := filepath.Join(dir, "ready")
	eventually(t, "the child is ready", func() bool { _, err := os.Stat(ready); return err == nil })
	if n := len(processesIn(t, dir)); n < 3 {
		t.Errorf("%d processes run in %s, want at least 3 while the child lives", n, dir)
	}

	if err := child.Process.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // killed, as we know

	eventually(t, "the processes are gone", func() bool { return len(processesIn(t, dir)) == 0 })
	eventually(t, "the folders are gone", func() bool {
		left, err := filepath.Glob(filepath.Join(dir, "trunkline-*"))
		return err == nil && len(left) == 0
	})
}

// TestChild is the process that TestNothingOutlivesTheProcess kills.
func TestChild(t *testing.T) {
	dir := os.Getenv(childEnv)
	if dir == "" {
		t.Skip("only as a child process")
	}
	testenv.Postgres(t)
	testenv.Redis(t)
	paused := testenv.NewPostgres(t)
	paused.Pause(t)
	if err := os.WriteFile(filepath.Join(dir, "ready"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	<-t.Context().Done() // never: we are killed
}

// processesIn lists the processes whose working folder is below dir.
func processesIn(t *testing.T, dir string) []string {
	t.Helper()
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		t.Fatal(err)
	}
	if len(links) == 0 {
		t.Skip("needs /proc")
	}
	var found []string
	for _, link := range links {
		if cwd, err := os.Readlink(link); err == nil && strings.HasPrefix(cwd, dir) {
			found = append(found, link)
		}
	}
	return found
}

// eventually polls, for a minute at most.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatalf("connect to %s: %v", url, err)
	}
	t.Cleanup(func() { _ = c.Close(context.Background()) }) // its server may be gone
	return c
}

// query returns the first value of the first row, nil when there is none.
func query(t *testing.T, c *pgx.Conn, sql string) any {
	t.Helper()
	rows, err := c.Query(t.Context(), sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	values, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (any, error) {
		v, err := row.Values()
		if err != nil {
			return nil, err
		}
		if n, ok := v[0].(int32); ok {
			return int64(n), nil
		}
		return v[0], nil
	})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	if len(values) == 0 {
		return nil
	}
	return values[0]
}
