package ledger

import (
	"math/rand/v2"
	"os"
	"testing"
	"time"
)

// duration is how long things are killed: 12s, or what LEDGER says, such as LEDGER=10m.
func duration(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv("LEDGER")
	if text == "" {
		return 12 * time.Second
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("LEDGER: %v", err)
	}
	return d
}

// Control plane, nodes and PostgreSQL are killed in an order that chance has fixed, while
// clients call. Afterwards nothing is missing but what a killed node had in memory, nothing
// is there twice, and every sum agrees with the calls, to the pico-USD.
func TestBooksBalanceWhateverIsKilled(t *testing.T) {
	t.Parallel()
	f := newFleet(t, 2, false)
	l := newLoad(t, f, 4)
	random := rand.New(rand.NewPCG(2026, 11))
	l.more(t, 100)
	kills := map[string]int{}
	for end := time.Now().Add(duration(t)); time.Now().Before(end); {
		calls := int64(20 + random.IntN(200))
		switch random.IntN(5) {
		case 0, 1:
			node := random.IntN(len(f.nodes))
			kills["node"]++
			f.killNode(node)
			l.more(t, calls/4)
			f.nodes[node].Run()
			awaitReady(f.t, f.nodes[node])
		case 2:
			kills["control plane"]++
			f.plane.Kill()
			l.more(t, calls)
			f.plane.Run()
		case 3:
			kills["PostgreSQL"]++
			f.postgres.Kill(t)
			l.more(t, calls)
			f.postgres.Restart(t)
		case 4: // all of it, a node last
			kills["all"]++
			node := random.IntN(len(f.nodes))
			f.plane.Kill()
			f.postgres.Kill(t)
			l.more(t, calls)
			f.killNode(node)
			f.nodes[node].Run()
			awaitReady(f.t, f.nodes[node])
			l.more(t, calls/4)
			f.postgres.Restart(t)
			f.plane.Run()
		}
		l.more(t, calls)
	}
	l.end()
	awaitReady(f.t, f.plane)
	f.drain()
	a := f.compare(t, l.answers())
	a.report(t)
	t.Logf("killed %v; %d calls failed, all of them while a node was killed: %v", kills, l.failed.Load(), f.errors)
	if a.lost != 0 || a.wrong != 0 || a.unserved != 0 || a.drifts != 0 || a.folded != 0 {
		t.Error("the books do not balance")
	}
	if a.answered < 500 || a.rows < a.answered-a.inRing {
		t.Errorf("%d calls were answered: the test proves little", a.answered)
	}
	for _, node := range f.nodes {
		if s := node.Log(); len(s) == 0 {
			t.Error("a node said nothing")
		}
	}
}
