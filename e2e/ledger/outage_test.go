package ledger

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// mustBalance wants every answer to be in the books, as a row or in a sum.
func mustBalance(t *testing.T, f *fleet, l *load) audit {
	t.Helper()
	a := f.compare(t, l.answers())
	a.report(t)
	if a.wrong != 0 || a.unserved != 0 || a.drifts != 0 {
		t.Error("the books do not balance")
	}
	return a
}

// mustBeExact wants the sums to say what the answers cost, however many rows there are.
func mustBeExact(t *testing.T, f *fleet, l *load) audit {
	t.Helper()
	a := mustBalance(t, f, l)
	if n := l.failed.Load(); n != 0 {
		t.Errorf("%d calls failed: %v", n, f.errors)
	}
	if a.total.Calls != int64(a.answered) || a.total.Cost != a.answers {
		t.Errorf("usage says %d calls and %s USD; %d calls were answered, which cost %s USD", a.total.Calls, a.total.Cost, a.answered, a.answers)
	}
	if got := a.total.Latency.Total(); got != a.total.Calls {
		t.Errorf("the histograms count %d of %d calls", got, a.total.Calls)
	}
	var told int64
	for _, g := range f.gaps() {
		if g.GetCallsUnknown() {
			continue // of a kill
		}
		if !g.GetSummed() || g.GetStartTime().AsTime().After(g.GetEndTime().AsTime()) || g.GetNode() == "" {
			t.Errorf("gap %v", g)
		}
		told += g.GetCalls()
	}
	if told != a.folded || a.lost+a.inRing != int(a.folded) {
		t.Errorf("gaps tell of %d calls without a record; %d are in sums only, %d answers have no row", told, a.folded, a.lost+a.inRing)
	}
	return a
}

// Control plane, PostgreSQL and Redis are dead and every node is killed: they serve
// again at once, from their disks, and nothing that they record until the others are
// back is lost.
func TestNodesServeOnWithEverythingElseDead(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2, true)
	before := newLoad(t, f, 3)
	before.more(t, 100)
	before.end()
	f.plane.Kill()
	f.postgres.Kill(t)
	f.redis.Kill(t)
	for i, node := range f.nodes {
		f.killNode(i)
		began := time.Now()
		node.Run()
		awaitReady(f.t, node)
		took := time.Since(began)
		t.Logf("node %d serves %s after its start", i+1, took.Round(time.Millisecond))
		if took > prompt {
			t.Errorf("node %d serves %s after its start, want at most %s", i+1, took, prompt)
		}
	}
	during := newLoad(t, f, 3)
	during.more(t, 500)
	during.end()
	if n := during.failed.Load(); n != 0 {
		t.Errorf("%d calls failed with everything else dead: %v", n, f.errors)
	}
	spooled := 0.0
	eventually(t, "the calls are on disk", func() bool {
		spooled = 0
		for _, node := range f.nodes {
			spooled += metrics(t, node)["trunkline_call_records_waiting"]
		}
		return spooled >= 500
	})
	f.redis.Restart(t)
	f.postgres.Restart(t)
	f.plane.Run()
	began := time.Now()
	f.drain()
	t.Logf("%v records were drained within %s of the control plane's return", spooled, time.Since(began).Round(time.Millisecond))
	during.lines = append(during.lines, before.lines...)
	a := mustBalance(t, f, during)
	if a.lost != 0 || a.folded != 0 || a.total.Calls != int64(a.rows) {
		t.Errorf("%d answers are lost, %d folded; usage says %d calls, there are %d", a.lost, a.folded, a.total.Calls, a.rows)
	}
}

// The control plane is away until the spool has overflowed more than three times, and a
// node is killed meanwhile: rows are gone, their money is not, and the gap is told.
func TestSpoolOverflowsThreeTimes(t *testing.T) {
	t.Parallel()
	const spool = 192 << 10
	f := newFleet(t, 1, false, "TRUNKLINE_CALL_SPOOL_BYTES="+strconv.Itoa(spool))
	f.pause = 0
	l := newLoad(t, f, 4)
	l.more(t, 100)
	f.plane.Kill()
	folded := func() float64 { return metrics(t, f.nodes[0])["trunkline_call_records_summed_total"] }
	kept := 0.0
	eventually(t, "the spool is full", func() bool {
		kept = max(kept, metrics(t, f.nodes[0])["trunkline_call_records_waiting"])
		return folded() > 0
	})
	eventually(t, "it has overflowed twice", func() bool { return folded() > 2*kept })
	l.end() // so that the kill costs nothing that is only in memory
	f.awaitWritten(t, l)
	f.killNode(0)
	f.nodes[0].Run()
	awaitReady(f.t, f.nodes[0])
	again := newLoad(t, f, 4)
	eventually(t, "it overflows once more", func() bool { return folded() > kept })
	again.end()
	bytes := metrics(t, f.nodes[0])["trunkline_call_spool_bytes"]
	f.plane.Run()
	f.drain()
	again.lines = append(again.lines, l.lines...)
	a := mustBeExact(t, f, again)
	if float64(a.folded) < 3*kept || bytes > 1.1*spool {
		t.Errorf("%d calls are in sums only, want three spools of %v; %v bytes on disk, want at most %d", a.folded, kept, bytes, spool)
	}
}

// awaitWritten waits until what was answered is on the node's disk or in its sums.
func (f *fleet) awaitWritten(t *testing.T, l *load) {
	t.Helper()
	eventually(t, "everything is written", func() bool {
		total := 0.0
		for _, node := range f.nodes {
			m := metrics(t, node)
			total += m["trunkline_call_records_waiting"] + m["trunkline_call_records_summed_total"] + m["trunkline_call_records_shipped_total"]
		}
		return total >= float64(l.count.Load())
	})
	time.Sleep(grace) // the queue counts as waiting; it is emptied every 20 ms
}

// The spool's disk is full, and the node ends so; then it runs on one that is read-only.
// Calls are answered as ever, and when all is well again nothing of what they cost is
// missing.
func TestSpoolDiskFullAndReadOnly(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 1, false, "TRUNKLINE_CALL_MEMORY_BYTES="+strconv.Itoa(128<<10))
	node := f.nodes[0]
	node.Stop()
	calls := filepath.Join(node.Dir, "data", "calls")
	small(t, calls)
	node.Run()
	awaitReady(f.t, node)
	f.pause = 0
	l := newLoad(t, f, 4)
	l.more(t, 100)
	f.plane.Kill()
	eventually(t, "the disk is full, and memory too", func() bool {
		m := metrics(t, node)
		return m["trunkline_call_spool_failing"] == 1 && m["trunkline_call_records_summed_total"] > 500
	})
	l.end()
	node.Stop() // what is in memory becomes a sum
	remount(t, calls, "ro")
	node.Run()
	awaitReady(f.t, node)
	again := newLoad(t, f, 4)
	eventually(t, "more is summed up in memory alone", func() bool {
		return metrics(t, node)["trunkline_call_records_summed_total"] > 500
	})
	f.plane.Run()
	again.more(t, 100)
	again.end()
	f.drain()
	remount(t, calls, "rw")
	node.Run()
	awaitReady(f.t, node)
	f.drain()
	again.lines = append(again.lines, l.lines...)
	if n := l.failed.Load(); n != 0 {
		t.Errorf("%d calls failed", n)
	}
	if a := mustBeExact(t, f, again); a.folded < 1000 || a.rows == 0 {
		t.Errorf("%d rows, %d calls in sums: the test proves little", a.rows, a.folded)
	}
}

// small makes a folder a disk of its own with little room.
func small(t *testing.T, dir string) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=17m,mode=0700", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("a small disk needs the right to mount one: %s", strings.TrimSpace(string(out)))
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", "--lazy", dir).CombinedOutput(); err != nil {
			t.Errorf("unmount %s: %s", dir, out)
		}
	})
}

// remount makes the disk read-only, "ro", or not, "rw".
func remount(t *testing.T, dir, mode string) {
	t.Helper()
	if out, err := exec.Command("mount", "-o", "remount,"+mode, dir).CombinedOutput(); err != nil {
		t.Fatalf("remount %s %s: %s", dir, mode, out)
	}
}
