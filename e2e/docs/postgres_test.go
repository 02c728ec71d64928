package docs

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/trunkline-ai/trunkline/internal/testenv"
)

// as is the URL of a database of the same server for another user.
func as(t *testing.T, raw, user, database string) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	u.User, u.Path = url.UserPassword(user, "password"), "/"+database
	return u.String()
}

func execAll(t *testing.T, url, statements string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	for statement := range strings.SplitSeq(strings.TrimSpace(statements), ";\n") {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// TestThePostgresUsersOfTheDocuments makes the users that docs/operations.md describes: a control plane
// runs as the one, and the other reads calls and no secrets.
func TestThePostgresUsersOfTheDocuments(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(top, "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## PostgreSQL\n")
	section, _, _ = strings.Cut(section, "\n## ")
	blocks := regexp.MustCompile("(?s)```sql\n(.*?)```").FindAllStringSubmatch(section, -1)
	if len(blocks) != 2 {
		t.Fatalf("%d blocks of SQL, want 2", len(blocks))
	}
	server := testenv.NewPostgres(t)
	root := server.Database(t)
	execAll(t, root, blocks[0][1])

	plane := programs.Start(t, "trunkline-controlplane", []string{
		"ADMIN_PASSWORD=a-password-of-the-test", "DATABASE_URL=" + as(t, root, "trunkline", "trunkline"),
		"TRUNKLINE_SECRET_KEY=" + strings.Repeat("A", 43) + "=",
	}, "--listen", anyPort, "--node-listen", anyPort, "--ops-listen", anyPort)
	s := &scene{t: t, plane: plane}
	out, code := s.run("groups", "create", "--name", "made", "--username", "admin")
	if code != 0 {
		t.Errorf("a change as that user: %s", out)
	}

	rootOfTrunkline := strings.Replace(root, root[strings.LastIndexByte(root, '/'):strings.IndexByte(root, '?')], "/trunkline", 1)
	execAll(t, rootOfTrunkline, blocks[1][1])
	conn, err := pgx.Connect(t.Context(), as(t, root, "trunkline_reports", "trunkline"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	var n int
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM call").Scan(&n); err != nil {
		t.Errorf("the user for reports reads no calls: %v", err)
	}
	for _, table := range []string{"secret", "resource", "call_body", "token"} {
		if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err == nil || !strings.Contains(err.Error(), "permission denied") {
			t.Errorf("the user for reports and %s: %v, want permission denied", table, err)
		}
	}
}
