package fleet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/store"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// local is the nodes of one replica, and what they were told.
type local struct {
	mu     sync.Mutex
	lines  map[string]*controlplane.NodeLine
	told   []string
	urgent chan struct{}
}

func (l *local) Urgent() <-chan struct{} { return l.urgent }

func (l *local) Lines() (all []controlplane.NodeLine) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.lines {
		all = append(all, *line)
	}
	return all
}

func (l *local) tell(node, format string, args ...any) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	line := l.lines[node]
	if line == nil || !line.Node.GetConnected() {
		return false
	}
	l.told = append(l.told, node+" "+fmt.Sprintf(format, args...))
	return true
}

func (l *local) Reset(node, provider, model, credential string) bool {
	return l.tell(node, "reset %s/%s/%s", provider, model, credential)
}

func (l *local) End(node, reason string) bool { return l.tell(node, "end: %s", reason) }

func (l *local) Drain(node, bootID string, drain bool) { l.tell(node, "drain %s %t", bootID, drain) }

func (l *local) Supersede(node, bootID string, opened int64) {
	l.tell(node, "superseded %s %d", bootID, opened)
}

func (l *local) Forget(node string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.lines, node)
}

// heard takes what nodes were told, without drains that change nothing.
func (l *local) heard() (all []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, told := range l.told {
		if !strings.HasSuffix(told, "false") {
			all = append(all, told)
		}
	}
	l.told = nil
	return all
}

// connect opens a stream of a node.
func (l *local) connect(node, boot string, opened int64, revision uint64) {
	l.set(node, boot, opened, &adminv1.Node{Name: node, Connected: true, AppliedRevision: revision, InFlight: 3})
}

func (l *local) disconnect(node string) {
	l.mu.Lock()
	line := *l.lines[node]
	l.mu.Unlock()
	n := proto.CloneOf(line.Node)
	n.Connected = false
	l.set(node, line.BootID, line.Opened, n)
}

func (l *local) set(node, boot string, opened int64, doc *adminv1.Node) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change := uint64(1)
	if old := l.lines[node]; old != nil {
		change = old.Change + 1
	}
	l.lines[node] = &controlplane.NodeLine{Node: doc, BootID: boot, Opened: opened, Seen: time.Unix(1000, 0), Change: change}
	select {
	case l.urgent <- struct{}{}:
	default:
	}
}

// source is a configuration at a revision.
type source struct {
	mu       sync.Mutex
	revision controlplane.Revision
}

func (s *source) Current() *controlplane.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return controlplane.NewConfig(s.revision, "lineage", nil, nil)
}

func (s *source) set(r controlplane.Revision) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revision = r
}

// flaky is a store that can be away.
type flaky struct {
	controlplane.FleetStore
	mu   sync.Mutex
	away bool
}

func (s *flaky) set(away bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.away = away
}

func (s *flaky) check() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return errs.Wrap(errs.Unavailable, errors.New("gone"), "the database is not available")
	}
	return nil
}

func (s *flaky) ReportFleet(ctx context.Context, r controlplane.FleetReport) ([]string, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	return s.FleetStore.ReportFleet(ctx, r)
}

func (s *flaky) PlaceOrders(ctx context.Context, orders []controlplane.NodeOrder) error {
	if err := s.check(); err != nil {
		return err
	}
	return s.FleetStore.PlaceOrders(ctx, orders)
}

// bench is several replicas on one database, whose rounds a test runs one by one.
type bench struct {
	t      *testing.T
	clock  time.Time
	source *source
	store  *flaky
	fleets []*Fleet
	locals []*local
	mu     sync.Mutex
}

func newBench(t *testing.T, replicas int) *bench {
	t.Helper()
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	db, err := store.Open(t.Context(), store.Config{URL: "sqlite:///" + filepath.Join(t.TempDir(), "t.db"), Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	b := &bench{t: t, clock: time.Unix(2000, 0), source: &source{revision: 7}, store: &flaky{FleetStore: db}}
	for i := range replicas {
		l := &local{lines: map[string]*controlplane.NodeLine{}, urgent: make(chan struct{}, 1)}
		f, err := New(Config{
			Store: b.store, Local: l, Source: b.source, Replica: fmt.Sprintf("r%d", i+1), Logger: log, Now: b.now,
		})
		if err != nil {
			t.Fatal(err)
		}
		b.fleets, b.locals = append(b.fleets, f), append(b.locals, l)
	}
	return b
}

func (b *bench) now() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.clock
}

func (b *bench) pass(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clock = b.clock.Add(d)
}

// round runs a round of some replicas; twice, so that each has heard of the others.
func (b *bench) round(fleets ...*Fleet) {
	b.t.Helper()
	for range 2 {
		for _, f := range fleets {
			if err := f.round(b.t.Context()); err != nil {
				b.t.Fatal(err)
			}
		}
	}
}

// shown is the nodes as a replica lists them, in short.
func shown(f *Fleet) (all []string) {
	for _, n := range f.Nodes() {
		line := fmt.Sprintf("%s %d at %s", n.GetName(), n.GetAppliedRevision(), n.GetReplica())
		if !n.GetConnected() {
			line += " gone"
		}
		if n.GetDrainOrdered() {
			line += " drain"
		}
		all = append(all, line)
	}
	return all
}

func (b *bench) want(want ...string) {
	b.t.Helper()
	for _, f := range b.fleets {
		if got := shown(f); !slices.Equal(got, want) {
			b.t.Errorf("%s shows %q, want %q", f.Replica(), got, want)
		}
	}
}

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
	nodes := b.fleets[1].Nodes()
	nodes[0].Name = "changed by the caller"
	if b.fleets[1].Nodes()[0].GetName() != "a" {
		t.Error("the list is not the caller's own")
	}
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
	if told := b.locals[0].heard(); len(told) == 0 || told[0] != "a superseded boot 10" {
		t.Errorf("the older stream was told %q", told)
	}
	if told := b.locals[1].heard(); len(told) != 0 {
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
		if _, err := b.store.ReportFleet(t.Context(), controlplane.FleetReport{Replica: "behind", At: late, Opened: []controlplane.NodeLine{{
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
		if told := b.locals[i].heard(); !slices.Equal(told, want) {
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

// run lets every replica's rounds go on; stop ends that and waits.
func (b *bench) run() (stop func()) {
	ctx, cancel := context.WithCancel(b.t.Context())
	var wg sync.WaitGroup
	for _, f := range b.fleets {
		f.cfg.Interval = 5 * time.Millisecond
		wg.Go(func() {
			for ctx.Err() == nil {
				_ = f.round(ctx) // it ends with ctx
			}
		})
	}
	return sync.OnceFunc(func() {
		cancel()
		wg.Wait()
	})
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
	b.pass(orderTime + time.Second)
	b.round(b.fleets...)
	if told := b.locals[1].heard(); len(told) != 0 {
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
	b.locals[1].heard()
	n, err := b.fleets[0].DrainNode(t.Context(), "a", true)
	if err != nil || !n.GetDrainOrdered() || n.GetDraining() {
		t.Fatalf("drained %v, %v; want it ordered and not yet done", n, err)
	}
	b.round(b.fleets...)
	b.want("a 7 at r2 drain")
	if told := b.locals[1].heard(); len(told) == 0 || told[0] != "a drain boot true" {
		t.Errorf("the node heard %q", told)
	}
	b.locals[0].connect("a", "boot", 2, 7) // another stream of the same start
	b.round(b.fleets[0])
	b.locals[1].disconnect("a")
	b.round(b.fleets...)
	b.want("a 7 at r1 drain")
	if told := b.locals[0].heard(); len(told) == 0 || told[0] != "a drain boot true" {
		t.Errorf("over the new stream the node heard %q", told)
	}
	b.locals[0].connect("a", "reboot", 0, 7)
	b.round(b.fleets...)
	b.want("a 7 at r1")
	b.locals[0].heard()
	b.round(b.fleets...)
	if told := b.locals[0].heard(); len(told) != 0 {
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
		if err := f.round(t.Context()); errs.CodeOf(err) != errs.Unavailable {
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
	if err := b.fleets[0].round(t.Context()); err != nil {
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

func TestLag(t *testing.T) {
	t.Parallel()
	b := newBench(t, 1)
	f := b.fleets[0]
	b.locals[0].connect("behind", "boot", 1, 7)
	b.locals[0].connect("newest", "boot", 1, 7)
	b.round(f)
	for r := controlplane.Revision(8); r <= 10; r++ {
		b.pass(time.Second)
		b.source.set(r)
		b.round(f)
	}
	b.locals[0].connect("newest", "boot", 1, 10)
	b.locals[0].connect("nothing", "boot", 1, 0)
	b.pass(time.Second)
	for name, want := range map[string]struct {
		revisions uint64
		since     time.Duration
	}{"behind": {3, 3 * time.Second}, "newest": {0, 0}, "nothing": {10, 4 * time.Second}} {
		n, err := f.Node(name)
		if err != nil {
			t.Fatal(err)
		}
		var since *durationpb.Duration
		if want.since > 0 {
			since = durationpb.New(want.since)
		}
		if n.GetRevisionsBehind() != want.revisions || !proto.Equal(n.GetBehindFor(), since) {
			t.Errorf("%s is behind by %d for %v, want %d for %s", name, n.GetRevisionsBehind(), n.GetBehindFor().AsDuration(), want.revisions, want.since)
		}
	}
	if s := f.Stats(); s.Behind != 2 || s.MostBehind != 10 || s.LongestBehind != 4*time.Second {
		t.Errorf("stats %+v", s)
	}
}

func TestCrowdedIsAboveTwelveTenthsOfTheShare(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		own, total, replicas int
		want                 bool
	}{
		{1000, 1000, 1, false}, // nobody else could take it
		{0, 0, 2, false},
		{1, 1, 2, false}, // 2 of 2: 1.2 nodes, rounded up
		{1, 2, 2, false},
		{2, 2, 2, true},
		{59, 99, 2, false},
		{60, 99, 2, true},
		{79, 199, 3, false},
		{80, 199, 3, true},
	} {
		if got := crowded(tt.own, tt.total, tt.replicas); got != tt.want {
			t.Errorf("%d of %d nodes on one of %d replicas is crowded: %t, want %t", tt.own, tt.total, tt.replicas, got, tt.want)
		}
	}
	// However many come, somebody has room.
	for total := range 100 {
		for replicas := 2; replicas <= 5; replicas++ {
			least := total / replicas
			if crowded(least, total, replicas) {
				t.Errorf("with %d nodes on %d replicas even the emptiest sends away", total, replicas)
			}
		}
	}
}

// A control plane that was killed and started anew must not send its nodes to what it was.
func TestNobodyIsSentToAPredecessor(t *testing.T) {
	t.Parallel()
	b := newBench(t, 2)
	for i := range 4 {
		b.locals[0].connect(fmt.Sprint("node-", i), "boot", 1, 7)
	}
	if err := b.fleets[0].round(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range 4 { // r1 is killed, r2 takes its place
		if err := b.fleets[1].round(t.Context()); err != nil {
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
		t.Error("what was forgiven once is forgiven for ever")
	}
	b.pass(2 * grudge)
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
