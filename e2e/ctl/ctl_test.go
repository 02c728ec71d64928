// Package ctl tests trunklinectl as its users run it: the program itself, against an
// all-in-one of its own for each story, with terminals, signals and shells.
package ctl

import (
	"database/sql"
	"errors"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/trunkline-ai/trunkline/internal/fakeprovider"
	"github.com/trunkline-ai/trunkline/internal/testenv/program"
)

const adminPassword = "correct horse battery staple"

var programs = program.Build(false, "trunkline", "trunkline-controlplane", "trunkline-dataplane", "trunklinectl", "fakeprovider")

func TestMain(m *testing.M) { os.Exit(programs.Main(m)) }

// TestStories runs testdata/script.
func TestStories(t *testing.T) {
	t.Parallel()
	bin := filepath.Dir(programs.Path(t, "trunklinectl"))
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", bin+string(os.PathListSeparator)+env.Getenv("PATH"))
			env.Setenv("HOME", env.WorkDir)
			all := programs.Start(t, "trunkline", []string{"ADMIN_PASSWORD=" + adminPassword}, "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0")
			env.Setenv("ADDRESS", all.Address("console"))
			env.Setenv("PORT", all.Address("console")[strings.LastIndex(all.Address("console"), ":")+1:])
			env.Setenv("PASSWORD", adminPassword)
			upstream := httptest.NewServer(fakeprovider.New(fakeprovider.Config{}))
			env.Defer(upstream.Close)
			env.Setenv("UPSTREAM", upstream.URL)
			return nil
		},
		Condition: func(name string) (bool, error) {
			_, err := exec.LookPath(name)
			return err == nil, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code":   exitCode,
			"mode":   fileMode,
			"from":   fromOutput,
			"sqlite": makeDatabase,
		},
	})
}

// makeDatabase makes a SQLite database of a file of statements: sqlite one-api.db rows.sql
func makeDatabase(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sqlite DATABASE STATEMENTS")
	}
	db, err := sql.Open("sqlite", "file:"+ts.MkAbs(args[0]))
	ts.Check(err)
	_, err = db.Exec(ts.ReadFile(args[1]))
	ts.Check(errors.Join(err, db.Close()))
}

// exitCode runs a command and checks its exit code: code 3 trunklinectl ...
func exitCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N COMMAND...")
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		exited, ok := err.(interface{ ExitCode() int })
		if !ok {
			ts.Fatalf("run %s: %v", args[1], err)
		}
		got = exited.ExitCode()
	}
	if args[0] != strconv.Itoa(got) {
		ts.Fatalf("exit code is %d, want %s", got, args[0])
	}
}

// fileMode checks who may read a file: mode 600 FILE.
func fileMode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mode OCTAL FILE")
	}
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := strconv.FormatInt(int64(info.Mode().Perm()), 8); got != args[0] {
		ts.Fatalf("the mode of %s is %s, want %s", args[1], got, args[0])
	}
}

// fromOutput writes what a pattern finds on stdout into a file: from FILE 'revision ([0-9]+)'.
func fromOutput(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: from FILE PATTERN")
	}
	found := regexp.MustCompile(`(?m)` + args[1]).FindStringSubmatch(ts.ReadFile("stdout"))
	if len(found) != 2 {
		ts.Fatalf("stdout holds no %s:\n%s", args[1], ts.ReadFile("stdout"))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(found[1]+"\n"), 0o600))
}
