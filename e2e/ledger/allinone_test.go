package ledger

import (
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/internal/testenv/program"
)

// The one process that holds everything is killed under load, again and again: what it had
// in memory may be lost, nothing else is, and the sums agree with the calls.
func TestAllInOneIsKilledUnderLoad(t *testing.T) {
	t.Parallel()
	f := &fleet{t: t, kills: map[int][]time.Time{}, errors: map[string]int{}, pause: 10 * time.Millisecond}
	f.up = programs.Start(t, "fakeprovider", nil, "--listen", anyPort, "--remember", "1000000")
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(config(f.up.Address("api"))), 0o600); err != nil {
		t.Fatal(err)
	}
	all := programs.Start(t, "trunkline", []string{"ADMIN_PASSWORD=" + adminPassword, "UPSTREAM_KEY=up-secret"},
		"--listen", anyPort, "--ops-listen", anyPort, "--apply", file)
	f.plane, f.nodes = all, []*program.Process{all}
	f.database = "sqlite:///" + (&url.URL{Path: filepath.Join(all.Dir, "data", "trunkline.db")}).EscapedPath()
	awaitReady(f.t, all)
	l := newLoad(t, f, 4)
	for range 4 {
		l.more(t, 150)
		f.killNode(0)
		all.Run()
		awaitReady(f.t, all)
	}
	l.more(t, 100)
	l.end()
	f.drain()
	a := mustBalance(t, f, l)
	if a.lost != 0 || a.folded != 0 || a.rows < a.answered-a.inRing {
		t.Errorf("%d answers are lost, %d in sums only", a.lost, a.folded)
	}
	if a.inRing > a.answered/10 {
		t.Errorf("%d of %d answers were in memory when the process was killed: the spool does nothing", a.inRing, a.answered)
	}
}
