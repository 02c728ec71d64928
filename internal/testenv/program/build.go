// Package program runs this repository's programs as child processes of tests: built once
// for a package of tests, each process in a folder of its own, killed and run again at the
// addresses it had. Only tests import it; it works on Unix.
package program

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// Set is programs that are built together, when the first of them is needed. Make one with
// Build for a whole package of tests.
type Set struct {
	race  bool
	names []string

	once sync.Once // sets the fields below
	dir  string
	err  error
}

// Build names the programs, as folders of cmd, and says whether they are built with the
// race detector.
func Build(race bool, names ...string) *Set { return &Set{race: race, names: names} }

// Main is for the package's TestMain: it runs the tests, removes what was built and
// returns the exit code.
func (s *Set) Main(m *testing.M) int {
	code := m.Run()
	if s.dir != "" {
		_ = os.RemoveAll(s.dir) // the tests have told already what they think
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
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		s.err = fmt.Errorf("go %v: %w\n%s", args, err, out)
	}
}
