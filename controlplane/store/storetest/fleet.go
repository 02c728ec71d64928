package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/fleet"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// line is what a replica knows of a node's stream.
func line(node, replica, boot string, opened int64, revision uint64, seen time.Time) fleet.Line {
	return fleet.Line{
		Node:    &adminv1.Node{Name: node, Connected: true, AppliedRevision: revision, Replica: replica},
		Replica: replica, BootID: boot, Opened: opened, Seen: seen,
	}
}

// report stores lines and wants some of them lost.
func report(t *testing.T, s Store, r fleet.Report, lost ...string) {
	t.Helper()
	got, err := s.ReportFleet(t.Context(), r)
	must(t, err)
	slices.Sort(got)
	if !slices.Equal(got, lost) {
		t.Errorf("lost %q, want %q", got, lost)
	}
}

// revisions is what each node serves, and where, by what is stored.
func revisions(t *testing.T, s Store) map[string]string {
	t.Helper()
	state, err := s.Fleet(t.Context(), "", time.Time{})
	must(t, err)
	all := map[string]string{}
	for _, l := range state.Nodes {
		all[l.Node.GetName()] = fmt.Sprintf("%d at %s", l.Node.GetAppliedRevision(), l.Replica)
	}
	return all
}

// A line of an older stream never replaces that of a newer one, whatever order they come in.
func newestStreamOfANodeIsKept(t *testing.T, db Database) {
	clock := newClock()
	s := db.Open(t, clock.now)
	lines := func(all ...fleet.Line) []fleet.Line { return all }
	at := clock.kept()
	r1 := func(opened, later []fleet.Line, lost ...string) {
		t.Helper()
		report(t, s, fleet.Report{Replica: "r1", At: at, Opened: opened, Lines: later}, lost...)
	}
	r2 := func(opened, later []fleet.Line, lost ...string) {
		t.Helper()
		report(t, s, fleet.Report{Replica: "r2", At: at, Opened: opened, Lines: later, Urgent: true}, lost...)
	}
	r1(lines(line("b", "r1", "boot", 10, 1, at), line("a", "r1", "boot", 5, 1, at)), nil)
	r1(nil, lines(line("a", "r1", "boot", 5, 2, at), line("b", "r1", "boot", 10, 2, at)))
	wantEqual(t, "after r1", revisions(t, s), map[string]string{"a": "2 at r1", "b": "2 at r1"})

	// a moves to r2; what r1 still says of it is refused, that its stream is new as well.
	r2(lines(line("a", "r2", "boot", 6, 3, at)), nil)
	r1(nil, lines(line("a", "r1", "boot", 5, 9, at), line("b", "r1", "boot", 10, 4, at)), "a")
	r1(lines(line("a", "r1", "boot", 5, 9, at)), nil, "a")
	wantEqual(t, "after the move", revisions(t, s), map[string]string{"a": "3 at r2", "b": "4 at r1"})

	// It starts again: its uptime begins again, and the new start wins.
	r1(lines(line("a", "r1", "reboot", 0, 5, at)), nil)
	r2(nil, lines(line("a", "r2", "boot", 6, 9, at)), "a")
	wantEqual(t, "after the restart", revisions(t, s), map[string]string{"a": "5 at r1", "b": "4 at r1"})

	state, err := s.Fleet(t.Context(), "", at)
	must(t, err)
	if len(state.Replicas) != 2 || state.Replicas[0].ID != "r1" || state.Replicas[0].Beat != 5 || state.Replicas[1].Beat != 2 || !state.Replicas[1].Seen.Equal(at) {
		t.Errorf("replicas %+v", state.Replicas)
	}
	must(t, s.LeaveFleet(t.Context(), "r1"))
	if state, err = s.Fleet(t.Context(), "", at); err != nil || len(state.Replicas) != 1 || len(state.Nodes) != 2 {
		t.Errorf("after r1 left: %+v, %v", state, err)
	}
	want := line("a", "r1", "reboot", 0, 5, at)
	wantEqual(t, "line", state.Nodes[0], want)
}

// More lines than one statement takes are stored at once, by replicas that race.
func manyNodesOfRacingReplicas(t *testing.T, db Database) {
	const nodes = 150
	clock := newClock()
	at := clock.kept()
	stores := make([]Store, db.Replicas)
	for i := range stores {
		stores[i] = db.Open(t, time.Now)
	}
	done := make(chan error, len(stores))
	for i, s := range stores {
		go func() {
			name := fmt.Sprintf("r%d", i)
			var opened []fleet.Line
			for n := range nodes {
				opened = append(opened, line(fmt.Sprintf("node-%03d", (n*7+i*31)%nodes), name, name, 1, uint64(i), at))
			}
			_, err := s.ReportFleet(context.Background(), fleet.Report{Replica: name, At: at, Opened: opened, Urgent: true})
			done <- err
		}()
	}
	for range stores {
		must(t, <-done)
	}
	state, err := stores[0].Fleet(t.Context(), "", at)
	must(t, err)
	if len(state.Nodes) != nodes || len(state.Replicas) != len(stores) {
		t.Fatalf("%d nodes of %d replicas, want %d of %d", len(state.Nodes), len(state.Replicas), nodes, len(stores))
	}
	for _, l := range state.Nodes {
		if fmt.Sprintf("r%d", l.Node.GetAppliedRevision()) != l.Replica || l.BootID != l.Replica {
			t.Errorf("a line is mixed from two replicas: %+v", l)
		}
	}
}

// A drain is ordered for one start of a node: it outlives streams, not the start.
func drainIsOfOneStart(t *testing.T, db Database) {
	clock := newClock()
	s := db.Open(t, clock.now)
	at := clock.kept()
	wantCode(t, s.OrderDrain(t.Context(), "a", true), errs.NotFound)
	wantCode(t, s.ForgetNode(t.Context(), "a"), errs.NotFound)
	draining := func() bool {
		t.Helper()
		state, err := s.Fleet(t.Context(), "", at)
		must(t, err)
		return state.Nodes[0].Draining()
	}
	report(t, s, fleet.Report{Replica: "r1", At: at, Opened: []fleet.Line{line("a", "r1", "boot", 1, 1, at)}})
	if draining() {
		t.Error("drains without an order")
	}
	must(t, s.OrderDrain(t.Context(), "a", true))
	report(t, s, fleet.Report{Replica: "r2", At: at, Opened: []fleet.Line{line("a", "r2", "boot", 2, 1, at)}})
	if !draining() {
		t.Error("the order is lost with the stream")
	}
	must(t, s.OrderDrain(t.Context(), "a", false))
	if draining() {
		t.Error("the order is not undone")
	}
	must(t, s.OrderDrain(t.Context(), "a", true))
	report(t, s, fleet.Report{Replica: "r1", At: at, Opened: []fleet.Line{line("a", "r1", "reboot", 0, 1, at)}})
	if draining() {
		t.Error("the order outlives the start it was for")
	}
	must(t, s.ForgetNode(t.Context(), "a"))
	if n := len(revisions(t, s)); n != 0 {
		t.Errorf("%d nodes after the only one was forgotten", n)
	}
}

// An order is taken once, by whoever is first, and is gone when its time is over.
func ordersAreTakenOnce(t *testing.T, db Database) {
	clock := newClock()
	at := clock.kept()
	stores := make([]Store, db.Replicas)
	for i := range stores {
		stores[i] = db.Open(t, time.Now)
	}
	var orders []fleet.Order
	var ids []string
	for i := range 70 {
		ids = append(ids, fmt.Sprintf("order-%02d", i))
		orders = append(orders, fleet.Order{
			ID: ids[i], Node: "a", Kind: fleet.OrderResetCooldown, Provider: "p", Model: "m", ExpiresAt: at.Add(time.Minute),
		})
	}
	orders[0] = fleet.Order{ID: ids[0], Node: "b", Kind: fleet.OrderEnd, Reason: "revoked", ExpiresAt: at.Add(time.Hour)}
	must(t, stores[0].PlaceOrders(t.Context(), orders))
	state, err := stores[len(stores)-1].Fleet(t.Context(), "", at)
	must(t, err)
	wantEqual(t, "orders", state.Orders, orders)

	type result struct {
		ids []string
		err error
	}
	results := make(chan result, len(stores))
	for i, s := range stores {
		go func() {
			taken, err := s.TakeOrders(context.Background(), fmt.Sprintf("r%d", i), ids)
			results <- result{taken, err}
		}()
	}
	var taken []string
	for range stores {
		r := <-results
		must(t, r.err)
		taken = append(taken, r.ids...)
	}
	slices.Sort(taken)
	wantEqual(t, "taken", taken, ids)
	if again, err := stores[0].TakeOrders(t.Context(), "late", ids); err != nil || len(again) != 0 {
		t.Errorf("taken again: %v, %v", again, err)
	}
	state, err = stores[0].Fleet(t.Context(), "", at.Add(2*time.Minute))
	must(t, err)
	if len(state.Orders) != 1 || state.Orders[0].ID != ids[0] || state.Orders[0].TakenBy == "" {
		t.Errorf("orders after a minute: %+v", state.Orders)
	}
	must(t, stores[0].ExpireFleet(t.Context(), at, at.Add(2*time.Hour)))
	if state, err = stores[0].Fleet(t.Context(), "", time.Time{}); err != nil || len(state.Orders) != 0 {
		t.Errorf("orders after all expired: %+v, %v", state.Orders, err)
	}
}

// Nodes and replicas that nobody has heard of for long are forgotten, the others kept.
func goneNodesExpire(t *testing.T, db Database) {
	clock := newClock()
	s := db.Open(t, clock.now)
	at := clock.kept()
	report(t, s, fleet.Report{Replica: "r1", At: at, Opened: []fleet.Line{line("old", "r1", "boot", 1, 1, at)}})
	report(t, s, fleet.Report{Replica: "r2", At: at.Add(time.Hour), Opened: []fleet.Line{line("new", "r2", "boot", 1, 7, at.Add(time.Hour))}})
	must(t, s.ExpireFleet(t.Context(), at.Add(time.Second), at))
	wantEqual(t, "left", revisions(t, s), map[string]string{"new": "7 at r2"})
	state, err := s.Fleet(t.Context(), "", at)
	must(t, err)
	if len(state.Replicas) != 1 || state.Replicas[0].ID != "r2" {
		t.Errorf("replicas %+v", state.Replicas)
	}
}
