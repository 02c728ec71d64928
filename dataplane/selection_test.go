package dataplane

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"google.golang.org/protobuf/proto"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// compiledGroup has three members of priority 1 with weights 1, 3 and 6 and falling prices,
// and one of priority 2, all at one provider.
func compiledGroup(t *testing.T, selection string) (*Snapshot, *Group) {
	t.Helper()
	return compiledGroupAfter(t, nil, selection)
}

func compiledGroupAfter(t *testing.T, before *Snapshot, selection string) (*Snapshot, *Group) {
	t.Helper()
	in := proto.CloneOf(wireSnapshot())
	in.Providers[0].Models = nil
	in.Groups[0].Members = nil
	in.Groups[0].Selection = selection
	for i, weight := range []int32{1, 3, 6, 100} {
		id := fmt.Sprintf("w%d", weight)
		in.Providers[0].Models = append(in.Providers[0].Models, &nodev1.Model{Id: id, Price: &nodev1.Price{Input: int64(10 - i)}})
		in.Groups[0].Members = append(in.Groups[0].Members, &nodev1.Member{
			Provider: "p", Model: id, Priority: 1 + int32(i/3), Weight: weight, Policy: wirePolicy(),
		})
	}
	s, err := CompileAfter(before, in, nil)
	if err != nil {
		t.Fatal(err)
	}
	g, _ := s.Group("g")
	return s, g
}

func TestSelections(t *testing.T) {
	t.Parallel()
	const calls = 20_000
	for selection, want := range map[string][3]float64{ // share of w1, w3 and w6 as the first
		"":         {0, 0, 1}, // the cheapest
		"cheapest": {0, 0, 1},
		"weighted": {0.1, 0.3, 0.6},
		// Nothing is in flight, so weight alone decides.
		"least_busy": {0.1, 0.3, 0.6},
	} {
		t.Run(selection, func(t *testing.T) {
			t.Parallel()
			_, g := compiledGroup(t, selection)
			random := rand.New(rand.NewPCG(3, 4))
			first := map[string]int{}
			for range calls {
				order := g.Order(nil, closed, random.IntN, 0)
				first[order[0].Model]++
				if len(order) != 4 || order[3].Model != "w100" {
					t.Fatalf("order %s: a later priority comes last whatever its weight", names(order))
				}
			}
			for i, model := range []string{"w1", "w3", "w6"} {
				if share := float64(first[model]) / calls; share < want[i]-0.02 || share > want[i]+0.02 {
					t.Errorf("%s came first in %.3f of the calls, want %.1f", model, share, want[i])
				}
			}
		})
	}
}

// Attempts that last long fill the targets in proportion to their weights, and the one that
// answers fastest gets the next call.
func TestLeastBusyFillsByWeight(t *testing.T) {
	t.Parallel()
	_, g := compiledGroup(t, "least_busy")
	random := rand.New(rand.NewPCG(5, 6))
	busy := map[string]int{}
	for range 1000 {
		first := g.Order(nil, closed, random.IntN, 0)[0]
		first.Load.Begin()
		busy[first.Model]++
	}
	for model, want := range map[string]int{"w1": 100, "w3": 300, "w6": 600} {
		if d := busy[model] - want; d < -2 || d > 2 {
			t.Errorf("%s has %d attempts in flight, want %d", model, busy[model], want)
		}
	}
	for _, m := range g.Members {
		if m.Model == "w1" {
			for range 20 {
				m.Load.End()
			}
		}
	}
	if got := g.Order(nil, closed, random.IntN, 0)[0].Model; got != "w1" {
		t.Errorf("%s comes first, want w1, which has room", got)
	}
}

// Cooling ones go behind the others even when they are idle.
func TestLeastBusyLeavesCoolingOnesLast(t *testing.T) {
	t.Parallel()
	_, g := compiledGroup(t, "least_busy")
	for _, m := range g.Members {
		if m.Model != "w6" {
			m.Load.Begin()
		}
	}
	look := func(s Scope) Condition {
		if s.Name == "w6" {
			return Condition{State: Open, Reason: ServerError}
		}
		return Condition{}
	}
	order := g.Order(nil, look, func(int) int { return 0 }, 0)
	if order[3].Model != "w6" || !order[3].Cooling {
		t.Errorf("order %s", names(order))
	}
}

func TestLoadsOutliveASnapshot(t *testing.T) {
	t.Parallel()
	old, g := compiledGroup(t, "least_busy")
	g.Members[0].Load.Begin()
	_, h := compiledGroupAfter(t, old, "least_busy")
	for i, m := range h.Members {
		if m.Model != g.Members[i].Model || m.Load != g.Members[i].Load {
			t.Errorf("%s does not go on with its count", m.Model)
		}
	}
	g.Members[0].Load.End()
	if n := h.Members[0].Load.n.Load(); n != 0 {
		t.Errorf("%d in flight after the last attempt ended", n)
	}
}

func TestWhatAKeyHoldsOutlivesASnapshot(t *testing.T) {
	t.Parallel()
	after := func(before *Snapshot) *Snapshot {
		s, err := CompileAfter(before, &nodev1.Snapshot{KeyPepper: []byte("pepper"), ApiKeys: []*nodev1.ApiKey{
			{Name: "a", Hash: bytes.Repeat([]byte{1}, 32)}, {Name: "a", Hash: bytes.Repeat([]byte{2}, 32)}, {Name: "b", Hash: bytes.Repeat([]byte{3}, 32)},
		}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	old := after(nil)
	next := after(old)
	for k := range old.Keys() { // of a request that began before
		k.Held.Add(map[string]int64{"a": 5, "b": 7}[k.Name])
	}
	seen := 0
	for k := range after(next).Keys() {
		seen++
		if want := map[string]int64{"a": 10, "b": 7}[k.Name]; k.Held.Load() != want { // both secrets of a
			t.Errorf("%s holds %d, want %d", k.Name, k.Held.Load(), want)
		}
	}
	if seen != 3 {
		t.Errorf("%d keys", seen)
	}
}

func TestOrderAllocatesNothing(t *testing.T) {
	for _, selection := range []string{"cheapest", "weighted", "least_busy", "sticky"} {
		_, g := compiledGroup(t, selection)
		buf := make([]Candidate, 0, 8)
		if n := testing.AllocsPerRun(100, func() { buf = g.Order(buf, closed, rand.IntN, 7) }); n != 0 {
			t.Errorf("%s: %v allocations", selection, n)
		}
	}
}

// A fifth of what is in flight may be retries, and three in any case.
func TestRetryBudget(t *testing.T) {
	t.Parallel()
	for inFlight, want := range map[int]int{0: 3, 10: 3, 15: 3, 20: 4, 100: 20} {
		var l Load
		for range inFlight {
			l.Begin()
		}
		got := 0
		for l.Retry() {
			got++
		}
		if got != want {
			t.Errorf("%d retries beside %d attempts, want %d", got, inFlight, want)
		}
		l.EndRetry()
		if !l.Retry() || l.Retry() {
			t.Error("a place that was given back is not exactly one place")
		}
	}
}
