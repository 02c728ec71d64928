package fleet_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/controlplane/fleet"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func TestEveryReplicaShowsEveryNode(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	b.locals[0].connect("a", "boot-a", 1, 7)
	b.locals[1].connect("b", "boot-b", 1, 5)
	if got := shown(b.fleets[0]); !slices.Equal(got, []string{"a 7 at r1"}) {
		t.Errorf("before the first round r1 shows %q, want its own node", got)
	}
	b.round(b.fleets...)
	b.want("a 7 at r1", "b 5 at r2")
	if diff := cmp.Diff(b.fleets[0].Nodes(), b.fleets[1].Nodes(), protocmp.Transform()); diff != "" {
		t.Errorf("replicas answer differently:\n%s", diff)
	}
	b.locals[1].connect("b", "boot-b", 1, 7)
	b.round(b.fleets...)
	b.want("a 7 at r1", "b 7 at r2")
	b.locals[1].disconnect("b")
	b.round(b.fleets...)
	b.want("a 7 at r1", "b 7 at r2 gone")
	if n := b.fleets[0].Nodes()[0]; n.GetInFlight() != 3 {
		t.Errorf("own node %v", n)
	}
	nodes := b.fleets[0].Nodes()
	again := b.fleets[0].Nodes()
	if again[0] != nodes[0] {
		t.Error("a node of which nothing is new was made again")
	}
	nodes[0] = nil
	if again = b.fleets[0].Nodes(); again[0].GetName() != "a" {
		t.Error("the list is not the caller's own")
	}
	one, err := b.fleets[0].Node("a")
	if err != nil {
		t.Fatal(err)
	}
	if one.Name = "changed by the caller"; again[0].GetName() != "a" {
		t.Error("a single node is not the caller's own")
	}
}

// A report in which nothing is new costs the database nothing, unless somebody waits for what the node says.
func TestReportsThatAreAwaitedAreTold(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	awaited := map[string]bool{}
	b.fleets[0].Await(func(node string) bool { return awaited[node] })
	report := func(uptime time.Duration) {
		for _, name := range []string{"a", "b"} {
			b.locals[0].set(name, "boot", 1, &adminv1.Node{Name: name, Connected: true, AppliedRevision: 7, Uptime: durationpb.New(uptime)})
		}
		b.round(b.fleets...)
	}
	heard := func(want ...time.Duration) {
		t.Helper()
		for i, n := range b.fleets[1].Nodes() {
			if got := n.GetUptime().AsDuration(); got != want[i] {
				t.Errorf("of %s the other replica heard when it was up for %s, want %s", n.GetName(), got, want[i])
			}
		}
	}
	report(time.Second)
	heard(time.Second, time.Second)
	report(5 * time.Second)
	heard(time.Second, time.Second)
	awaited["a"] = true
	report(10 * time.Second)
	heard(10*time.Second, time.Second)
	awaited["a"] = false
	report(15 * time.Second)
	heard(10*time.Second, time.Second)
}

func TestNodeThatMovesIsShownWhereItIs(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	b.locals[0].connect("a", "boot", 10, 7)
	b.round(b.fleets...)
	b.locals[1].connect("a", "boot", 20, 7) // its old stream is not yet found dead
	b.round(b.fleets[1])
	b.locals[0].connect("a", "boot", 10, 6) // and still says something
	b.round(b.fleets...)
	if told := b.locals[0].takeTold(); len(told) == 0 || told[0] != "a superseded boot 10" {
		t.Errorf("the older stream was told %q", told)
	}
	if told := b.locals[1].takeTold(); len(told) != 0 {
		t.Errorf("the newer stream was told %q", told)
	}
	b.locals[0].disconnect("a")
	b.round(b.fleets...)
	b.want("a 7 at r2")
}

func TestNodesOfAReplicaThatDiedAreGoneAfterTenSeconds(t *testing.T) {
	t.Parallel()
	b := newBench(t, 3)
	b.locals[0].connect("a", "boot", 1, 7)
	b.locals[1].connect("b", "boot", 1, 7)
	b.round(b.fleets...)
	survivors := b.fleets[1:] // r1 is killed: it says nothing any more
	for range 4 {
		b.pass(2 * time.Second)
		b.round(survivors...)
	}
	b.fleets = survivors
	b.want("a 7 at r1", "b 7 at r2")
	b.pass(2 * time.Second)
	b.round(survivors...)
	b.want("a 7 at r1 gone", "b 7 at r2")
	if n := b.fleets[1].Nodes()[0]; n.GetInFlight() != 0 {
		t.Errorf("a node that is gone has %d calls in flight", n.GetInFlight())
	}
	if n := b.fleets[0].Replicas(); n != 2 {
		t.Errorf("%d replicas live, want 2", n)
	}
	// The node finds another replica.
	b.locals[2].connect("a", "boot", 2, 7)
	b.round(survivors...)
	b.want("a 7 at r3", "b 7 at r2")
}

// A replica whose clock is wrong lives all the same; one that died before we came does not.
func TestClocksOfReplicasDoNotMatter(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	late := b.now().Add(-24 * time.Hour)
	report := func() {
		t.Helper()
		if _, err := b.store.ReportFleet(t.Context(), fleet.Report{Replica: "behind", At: late, Opened: []fleet.Line{{
			Node: &adminv1.Node{Name: "n", Connected: true}, Replica: "behind", BootID: "boot", Seen: late,
		}}}); err != nil {
			t.Fatal(err)
		}
	}
	report()
	b.round(b.fleets...)
	b.want("n 0 at behind gone")
	report()
	b.round(b.fleets...)
	b.want("n 0 at behind")
}

func TestADatabaseThatIsAwayCostsTheNewsOfOthersOnly(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	b.locals[0].connect("a", "boot", 1, 7)
	b.locals[1].connect("b", "boot", 1, 7)
	b.round(b.fleets...)
	if why := b.fleets[0].Incomplete(); why != "" {
		t.Errorf("incomplete: %q", why)
	}
	changed, cancel := b.fleets[0].Subscribe()
	defer cancel()
	for len(changed) > 0 {
		<-changed
	}
	b.store.set(true)
	for _, f := range b.fleets {
		if err := f.Round(t.Context()); errs.CodeOf(err) != errs.Unavailable {
			t.Errorf("round: %v", err)
		}
	}
	if len(changed) == 0 {
		t.Error("nobody was told that the list is incomplete now")
	}
	b.pass(time.Minute)
	b.locals[0].connect("a", "boot", 1, 8)
	b.locals[0].connect("new", "boot", 1, 8)
	if got := shown(b.fleets[0]); !slices.Equal(got, []string{"a 8 at r1", "b 7 at r2", "new 8 at r1"}) {
		t.Errorf("shown without a database: %q", got)
	}
	if b.fleets[0].Incomplete() == "" {
		t.Error("nothing is said about the others' nodes")
	}
	b.locals[0].disconnect("new")
	if got := shown(b.fleets[0]); !slices.Equal(got, []string{"a 8 at r1", "b 7 at r2", "new 8 at r1 gone"}) {
		t.Errorf("shown after a node left: %q", got)
	}
	if _, err := b.fleets[0].DrainNode(t.Context(), "a", true); errs.CodeOf(err) != errs.Unavailable {
		t.Errorf("draining: %v", err)
	}
	if told := b.fleets[0].ResetCooldown(t.Context(), "p", "", ""); !slices.Equal(told, []string{"a"}) {
		t.Errorf("told %q, want the own node", told)
	}
	b.store.set(false)
	// Nobody could give a sign of life meanwhile: that must make nobody seem dead.
	if err := b.fleets[0].Round(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := shown(b.fleets[0]); !slices.Equal(got, []string{"a 8 at r1", "b 7 at r2", "new 8 at r1 gone"}) {
		t.Errorf("shown when the database is back: %q", got)
	}
	b.round(b.fleets...)
	b.want("a 8 at r1", "b 7 at r2", "new 8 at r1 gone")
}

func TestLeavingIsTold(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	b.locals[0].connect("a", "boot", 1, 7)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.fleets[0].Run(ctx) }()
	for deadline := time.Now().Add(20 * time.Second); b.fleets[1].Replicas() != 2; {
		b.round(b.fleets[1])
		if time.Now().After(deadline) {
			t.Fatal("the replica that runs is never seen")
		}
	}
	b.locals[0].disconnect("a")
	stop()
	if err := <-ended; err != nil {
		t.Errorf("Run: %v", err)
	}
	b.round(b.fleets[1])
	if n := b.fleets[1].Replicas(); n != 1 {
		t.Errorf("%d replicas live, want this one", n)
	}
	b.fleets = b.fleets[1:]
	b.want("a 7 at r1 gone")
}
