package fleet_test

import (
	"fmt"
	"testing"

	"github.com/trunkline-ai/trunkline/controlplane/fleet"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

func TestAReplicaTakesTwelveTenthsOfItsShare(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		own, total, replicas int
		want                 bool
	}{
		{1000, 1000, 1, false}, // nobody else could take it
		{0, 0, 2, false},
		{1, 1, 2, false}, // 2 of 2: 1.2 nodes, rounded up
		{1, 2, 2, false},
		{2, 2, 2, false}, // the third of three may be where it likes
		{2, 2, 3, false},
		{3, 3, 2, true}, // the fourth may not
		{59, 99, 2, false},
		{60, 99, 2, true},
		{79, 199, 3, false},
		{80, 199, 3, true},
	} {
		if got := (fleet.Balance{Own: tt.own, Total: tt.total, Replicas: tt.replicas}).AboveShare(); got != tt.want {
			t.Errorf("%d of %d nodes on one of %d replicas is above its share: %t, want %t", tt.own, tt.total, tt.replicas, got, tt.want)
		}
	}
	// However many come, somebody has room.
	for total := range 100 {
		for replicas := 2; replicas <= 5; replicas++ {
			least := total / replicas
			if (fleet.Balance{Own: least, Total: total, Replicas: replicas}).AboveShare() {
				t.Errorf("with %d nodes on %d replicas even the emptiest sends away", total, replicas)
			}
		}
	}
}

// A control plane that was killed and started again must not send its nodes to what it was.
func TestNobodyIsSentToAPredecessor(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	for i := range 4 {
		b.locals[0].connect(fmt.Sprint("node-", i), "boot", 1, 7)
	}
	if err := b.fleets[0].Round(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range 4 { // r1 is killed, r2 takes its place
		if err := b.fleets[1].Round(t.Context()); err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprint("node-", i)
		if err := b.fleets[1].Admit(name); err != nil {
			t.Fatal(err)
		}
		b.locals[1].connect(name, "boot", 2, 7)
	}
}

func TestNodesAreSentAwayTwiceAtMost(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	for i := range 4 {
		b.locals[0].connect(fmt.Sprint("node-", i), "boot", 1, 7)
	}
	b.round(b.fleets...)
	b.round(b.fleets...) // now r2 was seen to live
	for range 2 {
		if err := b.fleets[0].Admit("new"); errs.CodeOf(err) != errs.ResourceExhausted {
			t.Errorf("admitted to a crowded replica: %v", err)
		}
		if err := b.fleets[1].Admit("new"); err != nil {
			t.Errorf("the empty replica sends away: %v", err)
		}
	}
	if err := b.fleets[0].Admit("new"); err != nil {
		t.Errorf("sent away a third time: %v", err)
	}
	if err := b.fleets[0].Admit("new"); err == nil {
		t.Error("what was forgiven once is forgiven permanently")
	}
	b.pass(2 * fleet.RefusalMemory)
	if err := b.fleets[0].Admit("another"); err != nil {
		t.Errorf("sent away to a replica that nobody has heard of for two minutes: %v", err)
	}
	b.round(b.fleets...)
	if err := b.fleets[0].Admit("new"); err == nil {
		t.Error("an old refusal still counts")
	}
	if s := b.fleets[0].Stats(); s.Refused != 4 {
		t.Errorf("%d refusals counted, want 4", s.Refused)
	}
}
