package store_test

import (
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/store"
	"github.com/trunkline-ai/trunkline/controlplane/store/storetest"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

func TestBadURLsAreRefused(t *testing.T) {
	t.Parallel()
	for _, url := range []string{
		"", "trunkline.db", "mysql://host/db", "file:x.db",
		"sqlite://", "sqlite:///", "sqlite://data/trunkline.db", "sqlite:///x.db?mode=ro", "sqlite:///x.db#y", "sqlite:///%zz",
		"postgres://user:s3cr3t@host:port/db", "postgres://user:s3cr3t/with@host/db", "postgres://user:s3cr3t@host/db?sslmode=perhaps",
		"postgres://host/db?password=s3cr3t&sslmode=verify-full&sslrootcert=/does/not/exist",
	} {
		t.Run(url, func(t *testing.T) {
			t.Parallel()
			s, err := store.Open(t.Context(), store.Config{URL: url, Logger: slog.New(slog.DiscardHandler)})
			if err == nil {
				t.Fatalf("opened: %v", s.Close())
			}
			if errs.CodeOf(err) != errs.InvalidArgument {
				t.Errorf("error is %v, want invalid_argument", err)
			}
			if !strings.Contains(err.Error(), "database URL") {
				t.Errorf("message %q does not name the setting", err)
			}
			if strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("message %q holds the password", err)
			}
		})
	}
	if _, err := store.Open(t.Context(), store.Config{URL: "sqlite:///x.db"}); errs.CodeOf(err) != errs.InvalidArgument {
		t.Errorf("without a logger: %v, want invalid_argument", err)
	}
}

func TestSQLiteRelativePath(t *testing.T) {
	t.Chdir(t.TempDir())
	open(t, store.Config{URL: "sqlite:///./data/trunkline.db"})
	if _, err := os.Stat(filepath.Join("data", "trunkline.db")); err != nil {
		t.Error(err)
	}
}

func TestSQLiteFilesAreForTheirOwnerOnly(t *testing.T) {
	t.Parallel()
	// Characters that mean something in a URL or to SQLite.
	dir := filepath.Join(t.TempDir(), "new", "a b%20?#&ü")
	s := open(t, store.Config{URL: sqliteURL(filepath.Join(dir, "trunk?line.db"))})
	if _, err := s.Update(t.Context(), "tester", nil, func(*controlplane.Config) ([]controlplane.Op, error) { return nil, nil }); err != nil {
		t.Fatal(err)
	}
	found := 0
	err := filepath.WalkDir(filepath.Dir(dir), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		if strings.HasPrefix(entry.Name(), "trunk?line.db") {
			found++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found != 3 {
		t.Errorf("%d files found, want the database, its log and its index", found)
	}
}

func TestSQLiteRefusesWhatIsNoDatabase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("this is no database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"a text file":  text,
		"a folder":     dir,
		"below a file": filepath.Join(text, "x.db"),
	} {
		s, err := store.Open(t.Context(), store.Config{URL: sqliteURL(path), Logger: slog.New(slog.DiscardHandler)})
		if err == nil {
			t.Errorf("%s: opened: %v", name, s.Close())
			continue
		}
		if errs.CodeOf(err) != errs.FailedPrecondition {
			t.Errorf("%s: error is %v, want failed_precondition", name, err)
		}
	}
}

func TestSQLiteAndTheSchemaOfANewerVersion(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "trunkline.db")
	if err := open(t, store.Config{URL: sqliteURL(path)}).Close(); err != nil {
		t.Fatal(err)
	}
	raw := rawSQLite(t, path)
	if _, err := raw.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)`); err != nil {
		t.Fatal(err)
	}
	if err := open(t, store.Config{URL: sqliteURL(path)}).Close(); err != nil {
		t.Errorf("a newer version that only added something: %v", err)
	}
	if _, err := raw.Exec(`UPDATE schema_support SET oldest = 9999`); err != nil {
		t.Fatal(err)
	}
	_, err := store.Open(t.Context(), store.Config{URL: sqliteURL(path), Logger: slog.New(slog.DiscardHandler)})
	if errs.CodeOf(err) != errs.FailedPrecondition || !strings.Contains(err.Error(), "newer version") {
		t.Errorf("error is %v, want failed_precondition about a newer version", err)
	}
}

// TestSQLiteLockedByAnotherProcess: someone else holds the write lock, say a backup tool.
func TestSQLiteLockedByAnotherProcess(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "trunkline.db")
	s := open(t, store.Config{URL: sqliteURL(path)})
	base, err := s.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := rawSQLite(t, path).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	exec := func(statement string) {
		t.Helper()
		if _, err := conn.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	exec(`BEGIN IMMEDIATE`)
	operations := storetest.Operations(base)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if err := operations["Update"](ctx, s); errs.CodeOf(err) != errs.Unavailable {
		t.Errorf("Update: %v, want unavailable", err)
	}
	if err := operations["Load"](t.Context(), s); err != nil {
		t.Errorf("Load: %v, want readers to go on", err)
	}
	exec(`ROLLBACK`)
	if err := operations["Update"](t.Context(), s); err != nil {
		t.Errorf("Update after the lock was gone: %v", err)
	}
}

// TestOldChangeLogMayBeTrimmed: a follower that is further behind than the change log
// reaches loads everything instead.
func TestOldChangeLogMayBeTrimmed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "trunkline.db")
	s := open(t, store.Config{URL: sqliteURL(path)})
	base, err := s.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	update := storetest.Operations(nil)["Update"]
	for range 3 {
		if err := update(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := rawSQLite(t, path).Exec(`DELETE FROM change WHERE revision <= 2`); err != nil {
		t.Fatal(err)
	}
	next, err := s.Follow(t.Context(), base)
	if err != nil {
		t.Fatal(err)
	}
	if next.Revision != 3 || next.Count(controlplane.KindProvider) != 1 {
		t.Errorf("revision %d with %d providers, want 3 with 1", next.Revision, next.Count(controlplane.KindProvider))
	}
}

// TestDamagedRowsAreErrors: what cannot be decoded is an internal error, not a panic and
// not an empty configuration.
func TestDamagedRowsAreErrors(t *testing.T) {
	t.Parallel()
	for statement, want := range map[string]errs.Code{
		`UPDATE resource SET spec = '{"name": 7}'`: errs.Internal,
		`UPDATE resource SET spec = ''`:            errs.Internal,
		`UPDATE resource SET kind = 'Prophecy'`:    errs.FailedPrecondition,
	} {
		path := filepath.Join(t.TempDir(), "trunkline.db")
		s := open(t, store.Config{URL: sqliteURL(path)})
		if err := storetest.Operations(nil)["Update"](t.Context(), s); err != nil {
			t.Fatal(err)
		}
		if _, err := rawSQLite(t, path).Exec(statement); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Load(t.Context()); errs.CodeOf(err) != want {
			t.Errorf("%s: error is %v, want %s", statement, err, want)
		}
	}
}

func rawSQLite(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil && !errors.Is(err, sql.ErrConnDone) {
			t.Error(err)
		}
	})
	return db
}
