// Package cases plays testdata/cases: what an upstream answers, what a client asks, and what
// the all-in-one makes of it. testdata/cases/README.md says how a case is written.
package cases

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/internal/testenv/program"
)

const (
	folder = "../../testdata/cases"
	// atOnce is how many cases are played at once. They wait more than they work, so the
	// number of CPUs says little.
	atOnce = "8"
	// limit is how long a case may take that names no limit of its own.
	limit = 90
	// slack multiplies the limits: a busy machine is no fault.
	slack = 3
)

var programs = program.Build(raceEnabled, "trunkline", "trunklinectl")

func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", atOnce); err != nil {
		panic(err)
	}
	os.Exit(programs.Main(m))
}

func TestCases(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	played := 0
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		played++
		name := entry.Name()
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, w := range play(t, name) {
				t.Error(w)
			}
		})
	}
	if played < 60 {
		t.Errorf("%d cases were found", played)
	}
}

// expectation is expect.json.
type expectation struct {
	step
	Seconds int
	Start   json.RawMessage // false, or a start
	Steps   []step
}

type start struct {
	Args []string
	Env  map[string]string
}

// run is one case as it is played.
type run struct {
	t        *testing.T
	ctx      context.Context
	dir      string
	upstream *upstream
	gateway  *gateway
	wrong    []string
}

// play plays a case and says in words what is wrong; nothing when it holds.
func play(t *testing.T, name string) []string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(folder, name))); err != nil {
		t.Fatal(err)
	}
	var e expectation
	readStrict(t, filepath.Join(dir, "expect.json"), &e)
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(slack*cmp.Or(e.Seconds, limit))*time.Second)
	t.Cleanup(cancel)
	r := &run{t: t, ctx: ctx, dir: dir, upstream: serveUpstream(t, dir)}
	if string(e.Start) != "false" {
		var s start
		if e.Start != nil {
			decodeStrict(t, "start", e.Start, &s)
		}
		r.gateway = startGateway(ctx, t, dir, s)
	}
	steps := e.Steps
	if len(steps) == 0 {
		steps = []step{e.step}
	}
	for i := range steps {
		r.step(i+1, &steps[i])
	}
	return r.wrong
}

// readStrict reads a JSON file and refuses members that nobody looks at.
func readStrict(t *testing.T, path string, to any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	decodeStrict(t, filepath.Base(path), b, to)
}

func decodeStrict(t *testing.T, name string, b []byte, to any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	d.UseNumber()
	if err := d.Decode(to); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		t.Fatalf("%s goes on behind its object", name)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
