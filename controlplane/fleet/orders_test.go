package fleet_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/fleet"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

func TestOrdersReachNodesOfOtherReplicasOnce(t *testing.T) {
	t.Parallel()
	b := newBench(t, 3)
	b.locals[0].connect("a", "boot", 1, 7)
	b.locals[1].connect("b", "boot", 1, 7)
	b.locals[2].connect("c", "boot", 1, 7)
	b.locals[2].connect("gone", "boot", 1, 7)
	b.locals[2].disconnect("gone")
	b.round(b.fleets...)
	stop := b.run()
	defer stop()
	if told := b.fleets[0].ResetCooldown(t.Context(), "p", "m", ""); !slices.Equal(told, []string{"a", "b", "c"}) {
		t.Errorf("told %q, want all that are connected", told)
	}
	if !b.fleets[0].EndNode(t.Context(), "b", "revoked") || b.fleets[0].EndNode(t.Context(), "gone", "") || b.fleets[0].EndNode(t.Context(), "unknown", "") {
		t.Error("EndNode does not say whose stream was ended")
	}
	stop()
	for i, want := range [][]string{{"a reset p/m/"}, {"b reset p/m/", "b end: revoked"}, {"c reset p/m/"}} {
		if told := b.locals[i].takeTold(); !slices.Equal(told, want) {
			t.Errorf("nodes of r%d heard %q, want %q", i+1, told, want)
		}
	}
	if s := b.fleets[0].Stats(); s.Placed != 3 || s.Replicas != 3 || s.Nodes != 3 {
		t.Errorf("stats of r1 %+v", s)
	}
	if s := b.fleets[1].Stats(); s.Obeyed != 2 {
		t.Errorf("stats of r2 %+v", s)
	}
}

func TestOrdersThatNobodyTakesTellNobody(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	b.locals[0].connect("a", "boot", 1, 7)
	b.locals[1].connect("b", "boot", 1, 7)
	b.round(b.fleets...)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if told := b.fleets[0].ResetCooldown(ctx, "p", "", ""); !slices.Equal(told, []string{"a"}) {
		t.Errorf("told %q, want the own node only", told)
	}
	b.pass(fleet.OrderTime + time.Second)
	b.round(b.fleets...)
	if told := b.locals[1].takeTold(); len(told) != 0 {
		t.Errorf("an order that has expired was carried out: %q", told)
	}
}

func TestDrainLastsAsLongAsTheNodeRuns(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	if _, err := b.fleets[0].DrainNode(t.Context(), "a", true); errs.CodeOf(err) != errs.NotFound {
		t.Errorf("draining an unknown node: %v", err)
	}
	b.locals[1].connect("a", "boot", 1, 7)
	b.round(b.fleets...)
	b.locals[1].takeTold()
	n, err := b.fleets[0].DrainNode(t.Context(), "a", true)
	if err != nil || !n.GetDrainOrdered() || n.GetDraining() {
		t.Fatalf("drained %v, %v; want it ordered and not yet done", n, err)
	}
	b.round(b.fleets...)
	b.want("a 7 at r2 drain")
	if told := b.locals[1].takeTold(); len(told) == 0 || told[0] != "a drain boot true" {
		t.Errorf("the node heard %q", told)
	}
	b.locals[0].connect("a", "boot", 2, 7) // another stream of the same start
	b.round(b.fleets[0])
	b.locals[1].disconnect("a")
	b.round(b.fleets...)
	b.want("a 7 at r1 drain")
	if told := b.locals[0].takeTold(); len(told) == 0 || told[0] != "a drain boot true" {
		t.Errorf("over the new stream the node heard %q", told)
	}
	b.locals[0].connect("a", "reboot", 0, 7)
	b.round(b.fleets...)
	b.want("a 7 at r1")
	b.locals[0].takeTold()
	b.round(b.fleets...)
	if told := b.locals[0].takeTold(); len(told) != 0 {
		t.Errorf("after its restart the node heard %q", told)
	}
	if _, err := b.fleets[1].DrainNode(t.Context(), "a", true); err != nil {
		t.Fatal(err)
	}
	if n, err := b.fleets[1].DrainNode(t.Context(), "a", false); err != nil || n.GetDrainOrdered() {
		t.Errorf("undone: %v, %v", n, err)
	}
}

func TestForgetANodeThatIsGone(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	b.locals[0].connect("a", "boot", 1, 7)
	b.round(b.fleets...)
	if err := b.fleets[1].ForgetNode(t.Context(), "a"); errs.CodeOf(err) != errs.FailedPrecondition {
		t.Errorf("forgetting a connected node: %v", err)
	}
	b.locals[0].disconnect("a")
	b.round(b.fleets...)
	if err := b.fleets[1].ForgetNode(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	b.round(b.fleets...)
	b.want()
	if err := b.fleets[0].ForgetNode(t.Context(), "a"); errs.CodeOf(err) != errs.NotFound {
		t.Errorf("forgetting it again: %v", err)
	}
	b.locals[0].connect("a", "boot", 2, 7)
	b.round(b.fleets...)
	b.want("a 7 at r1")
}
