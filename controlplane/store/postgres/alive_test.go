package postgres

import (
	"database/sql"
	"testing"

	"github.com/jackc/pgx/v5/stdlib"

	"github.com/trunkline-ai/trunkline/internal/testenv"
)

// A server that ends every connection fails no operation, although living ones are used again without asking.
func TestConnectionsThatTheServerEndedAreNotUsed(t *testing.T) {
	t.Parallel()
	url := testenv.Postgres(t)
	a, b := openTest(t, url), openTest(t, url)
	const idle = 3
	conns := make([]*sql.Conn, idle)
	for i := range conns {
		conn, err := a.pool.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		conns[i] = conn
	}
	asks := func(what string, i int, want bool) {
		t.Helper()
		if err := conns[i].Raw(func(driver any) error {
			p := stdlib.ShouldPingParams{Conn: driver.(*stdlib.Conn).Conn(), IdleDuration: trustedFor}
			if got := mustPing(t.Context(), p); got != want {
				t.Errorf("%s: asks whether it lives is %v, want %v", what, got, want)
			}
			if p.IdleDuration++; !mustPing(t.Context(), p) {
				t.Errorf("%s, idle for long: does not ask", what)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	asks("a connection that lives", 0, false)
	var pid int
	if err := conns[0].QueryRowContext(t.Context(), `SELECT pg_backend_pid()`).Scan(&pid); err != nil {
		t.Fatal(err)
	}
	end := func(where string, args ...any) {
		t.Helper()
		if _, err := b.pool.ExecContext(t.Context(), `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
			WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid() AND `+where, args...); err != nil {
			t.Fatal(err)
		}
	}
	end(`pid = $1`, pid)
	asks("a connection that the server ended", 0, true)
	asks("another one", 1, false)
	for _, conn := range conns {
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
	}
	end(`true`)
	for range 2 * idle {
		if _, err := a.pool.ExecContext(t.Context(), `SELECT 1`); err != nil {
			t.Errorf("after the server ended every connection: %v", err)
		}
	}
}
