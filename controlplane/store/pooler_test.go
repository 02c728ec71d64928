package store_test

import (
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/store"
	"github.com/trunkline-ai/trunkline/internal/errs"
	"github.com/trunkline-ai/trunkline/internal/testenv"
)

// bouncer starts a PgBouncer before a database and returns the URL that leads through it.
func bouncer(t *testing.T, database, settings string) string {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		if program = "/usr/sbin/pgbouncer"; !exists(program) {
			if os.Getenv("CI") == "true" {
				t.Fatal("pgbouncer is not installed: run scripts/setup-test.sh")
			}
			t.Skip("pgbouncer is not installed")
		}
	}
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := lis.Addr().(*net.TCPAddr)
	_ = lis.Close()
	host, port := u.Hostname(), u.Port()
	if at := u.Query().Get("host"); at != "" {
		host, port = at, u.Query().Get("port")
	}
	if port == "" {
		port = "5432"
	}
	dir, err := os.MkdirTemp("", "pgbouncer")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if password != "" {
		password = " password=" + password
	}
	name := strings.TrimPrefix(u.Path, "/")
	file := filepath.Join(dir, "pgbouncer.ini")
	config := fmt.Sprintf("[databases]\n%s = host=%s port=%s dbname=%s user=%s%s\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %d\nunix_socket_dir =\nauth_type = any\n%s\n",
		name, host, port, name, u.User.Username(), password, address.Port, settings)
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{file}
	if os.Geteuid() == 0 { // it refuses to be root
		args = []string{"-u", "nobody", file}
	}
	cmd := exec.Command(program, args...)
	var log strings.Builder
	cmd.Stderr = &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("pgbouncer: %s", log.String())
		}
	})
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", address.String())
		if err == nil {
			_ = conn.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	return fmt.Sprintf("postgres://anybody@%s/%s?sslmode=disable", address, name)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// A pooler that gives a connection of its own to each client serves; any other is refused with words.
func TestPoolers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		settings string
		works    bool
	}{
		"session":                  {"pool_mode = session", true},
		"transaction":              {"pool_mode = transaction", false},
		"transaction, round robin": {"pool_mode = transaction\nserver_round_robin = 1", false},
		"transaction, a pool of 1": {"pool_mode = transaction\ndefault_pool_size = 1", false},
		"statement":                {"pool_mode = statement", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := store.Open(t.Context(), store.Config{URL: bouncer(t, testenv.Postgres(t), tt.settings), Logger: slog.New(slog.DiscardHandler)})
			if err == nil {
				defer s.Close()
			}
			if tt.works && err != nil {
				t.Errorf("refused: %v", err)
			}
			if !tt.works && (errs.CodeOf(err) != errs.FailedPrecondition || !strings.Contains(err.Error(), "pool_mode=session")) {
				t.Errorf("%v, want it refused with what to do", err)
			}
		})
	}
}
