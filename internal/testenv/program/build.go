// Package program runs this repository's programs as child processes of tests: built once
// for a package of tests, each process in a folder of its own, killed and run again at the
// addresses it had. Only tests import it; it works on Unix.
package program

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Set is programs that are built together, when the first of them is needed. Make one with
// Build for a whole package of tests.
type Set struct {
	race   bool
	commit string // of this repository; empty: the working tree
	names  []string

	once sync.Once // sets the fields below
	dir  string
	err  error
}

// Build names the programs, as folders of cmd, and says whether they are built with the
// race detector.
func Build(race bool, names ...string) *Set { return &Set{race: race, names: names} }

// BuildAt is Build for programs as they were at a commit of this repository.
func BuildAt(commit string, names ...string) *Set { return &Set{commit: commit, names: names} }

// Main is for the package's TestMain: it runs the tests, removes what was built, of other sets
// too, and returns the exit code.
func (s *Set) Main(m *testing.M, others ...*Set) int {
	code := m.Run()
	for _, set := range append(others, s) {
		if set.dir != "" {
			_ = os.RemoveAll(set.dir) // the tests have told already what they think
		}
	}
	return code
}

// Path is where a program lies.
func (s *Set) Path(t testing.TB, name string) string {
	t.Helper()
	s.once.Do(s.build)
	if s.err != nil {
		t.Fatal(s.err)
	}
	return filepath.Join(s.dir, name)
}

func (s *Set) build() {
	if s.dir, s.err = os.MkdirTemp("", "trunkline-programs-"); s.err != nil {
		return
	}
	args := []string{"build", "-o", s.dir + "/"}
	if s.race {
		args = append(args, "-race")
	}
	for _, name := range s.names {
		args = append(args, "github.com/trunkline-ai/trunkline/cmd/"+name)
	}
	cmd := exec.Command("go", args...)
	if s.commit != "" {
		if cmd.Dir, s.err = s.checkOut(); s.err != nil {
			return
		}
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		s.err = fmt.Errorf("go %v: %w\n%s", args, err, out)
	}
}

// checkOut writes the repository as it was at the commit into a folder of its own.
func (s *Set) checkOut() (dir string, err error) {
	dir = filepath.Join(s.dir, "source")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	top, err := exec.Command("git", "rev-parse", "--show-toplevel").Output()
	if err != nil {
		return "", fmt.Errorf("find the repository of commit %s: %w", s.commit, err)
	}
	archive := exec.Command("git", "archive", s.commit)
	archive.Dir = strings.TrimSpace(string(top))
	unpack := exec.Command("tar", "-x", "-C", dir)
	if unpack.Stdin, err = archive.StdoutPipe(); err != nil {
		return "", err
	}
	if err := unpack.Start(); err != nil {
		return "", err
	}
	if err := errors.Join(archive.Run(), unpack.Wait()); err != nil {
		return "", fmt.Errorf("check out commit %s, which needs the history of the repository: %w", s.commit, err)
	}
	return dir, nil
}
