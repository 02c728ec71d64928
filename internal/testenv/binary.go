//go:build unix

package testenv

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// errMissing says that a server is not installed on this machine.
var errMissing = errors.New("not installed")

// postgresFolders are where distributions put PostgreSQL's server binaries, which are
// often not on the PATH. The star is the major version.
var postgresFolders = []string{
	"/usr/lib/postgresql/*/bin",            // Debian, Ubuntu
	"/usr/pgsql-*/bin",                     // Red Hat
	"/usr/libexec/postgresql*",             // Alpine
	"/opt/homebrew/opt/postgresql@*/bin",   // macOS, Apple silicon
	"/usr/local/opt/postgresql@*/bin",      // macOS, Intel
	"/Applications/Postgres.app/*/*/*/bin", // Postgres.app
}

// postgresEnv names a folder of PostgreSQL's programs, to test with another version than the newest installed.
const postgresEnv = "TRUNKLINE_TEST_POSTGRES"

// postgresBinary finds one of PostgreSQL's programs, of the newest version installed.
func postgresBinary(name string) (string, error) {
	if folder := os.Getenv(postgresEnv); folder != "" {
		path, err := exec.LookPath(filepath.Join(folder, name))
		if err != nil {
			return "", fmt.Errorf("look for %s in %s: %w", name, postgresEnv, err)
		}
		return path, nil
	}
	var found []string
	for _, folder := range postgresFolders {
		matches, err := filepath.Glob(filepath.Join(folder, name))
		if err != nil {
			return "", fmt.Errorf("look for %s: %w", name, err)
		}
		found = append(found, matches...)
	}
	if len(found) > 0 {
		return slices.MaxFunc(found, func(a, b string) int { return majorVersion(a) - majorVersion(b) }), nil
	}
	return binary(name)
}

// majorVersion is the first number in a path: 15 in /usr/lib/postgresql/15/bin/initdb.
func majorVersion(path string) int {
	isDigit := func(r rune) bool { return r >= '0' && r <= '9' }
	from := strings.IndexFunc(path, isDigit)
	if from < 0 {
		return 0
	}
	digits := path[from:]
	if to := strings.IndexFunc(digits, func(r rune) bool { return !isDigit(r) }); to >= 0 {
		digits = digits[:to]
	}
	n, _ := strconv.Atoi(digits) // only digits, and too many of them is no version
	return n
}

// binary finds a program on the PATH.
func binary(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%s: %w", name, errMissing)
	}
	return path, nil
}

// require ends the test unless err is nil: with a skip where the server is not
// installed, unless this is a build server.
func require(t testing.TB, server string, err error) {
	t.Helper()
	switch {
	case err == nil:
	case errors.Is(err, errMissing) && os.Getenv("CI") != "true":
		t.Skipf("needs %s on this machine: %v", server, err)
	default:
		t.Fatalf("start %s: %v", server, err)
	}
}
