// Package routing holds the planes to one another: what the control plane explains is what
// nodes do.
package routing

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/trunkline-ai/trunkline/controlplane/routing"
	"github.com/trunkline-ai/trunkline/controlplane/snapshot"
	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/syncing"
	"github.com/trunkline-ai/trunkline/internal/domain/feature"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

const (
	cooling = adminv1.TargetState_TARGET_STATE_COOLING
	probing = adminv1.TargetState_TARGET_STATE_PROBING
)

var selections = []string{"", "cheapest", "weighted", "least_busy", "sticky"}

// explained is what the control plane says of a world, and how the node sees it.
type explained struct {
	*world
	t     *testing.T
	route *adminv1.GroupRoute
	shown map[string]*adminv1.Candidate // by name
	node  *dataplane.Group              // nil when the group is disabled
}

func explain(t *testing.T, w *world) explained {
	t.Helper()
	built, err := snapshot.Build(w.config, nil, []byte("pepper"))
	if err != nil {
		t.Fatal(err)
	}
	if refused, err := syncing.Withhold(built, feature.Known()); err != nil || refused.Count > 0 {
		t.Fatalf("the node refuses %v, %v", refused.List, err)
	}
	compiled, err := dataplane.Compile(built)
	if err != nil {
		t.Fatal(err)
	}
	e := explained{world: w, t: t, shown: map[string]*adminv1.Candidate{}}
	e.route = routing.NewView(w.config, w.reported()).Explain(w.group)
	for _, c := range e.route.GetCandidates() {
		e.shown[c.GetProvider()+"/"+c.GetModel()] = c
	}
	e.node, _ = compiled.Group("g")
	return e
}

// order is the order of one call.
func (e *explained) order(look func(dataplane.Scope) dataplane.Condition) []dataplane.Candidate {
	if e.node == nil {
		return nil
	}
	return e.node.Order(nil, look, e.IntN, 0)
}

func name(c dataplane.Candidate) string { return c.Provider.Name + "/" + c.Model }

// What is explained is the order of a call, but for those that share their rank: these are
// compared as a set.
func TestExplainAgreesWithOrder(t *testing.T) {
	t.Parallel()
	for _, selection := range selections {
		t.Run(selection, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(1, uint64(len(selection))))
			seen := map[string]int{}
			for range 2000 {
				e := explain(t, newWorld(r, selection))
				e.compareOrder()
				e.compareStates()
				if t.Failed() {
					return
				}
				seen["group "+e.route.GetState().String()]++
				for _, c := range e.route.GetCandidates() {
					seen[c.GetState().String()]++
					seen[c.GetRole().String()]++
				}
			}
			for _, want := range everyKind() {
				if seen[want] < 20 {
					t.Errorf("%s was compared only %d times", want, seen[want])
				}
			}
		})
	}
}

// everyKind lists what must have been compared: every state of candidates and of groups, and
// every role.
func everyKind() (all []string) {
	for state := range adminv1.TargetState_value {
		all = append(all, "group "+state, state)
	}
	for role := range adminv1.CandidateRole_value {
		all = append(all, role)
	}
	return slices.DeleteFunc(all, func(kind string) bool {
		return strings.HasSuffix(kind, "_UNSPECIFIED") || kind == "TARGET_STATE_DISABLED" || kind == "group TARGET_STATE_PROBING"
	})
}

// compareOrder holds what is explained to one call.
func (e *explained) compareOrder() {
	order := e.order(e.look)
	if len(order) != len(e.shown) {
		e.t.Fatalf("%d candidates are tried, %d explained", len(order), len(e.shown))
	}
	// A run is what shares one rank: the same state, priority and, where it matters, price.
	var runs, did [][]string
	last := ""
	for _, c := range e.route.GetCandidates() {
		rank := fmt.Sprint(c.GetPriority(), c.GetState() == cooling, needsHelp(c))
		if e.node.Selection == dataplane.Cheapest {
			rank += c.GetPrice()
		}
		if rank != last || len(runs) == 0 {
			runs = append(runs, nil)
		}
		last = rank
		runs[len(runs)-1] = append(runs[len(runs)-1], c.GetProvider()+"/"+c.GetModel())
	}
	for _, run := range runs {
		var names []string
		for _, c := range order[:len(run)] {
			names = append(names, name(c))
		}
		order = order[len(run):]
		slices.Sort(names)
		slices.Sort(run)
		did = append(did, names)
	}
	if fmt.Sprint(did) != fmt.Sprint(runs) {
		e.t.Errorf("explained %v, tried %v", runs, did)
	}
}

// compareStates holds the states and the roles that follow from them to what a node sees.
func (e *explained) compareStates() {
	for _, c := range e.order(e.look) {
		shown := e.shown[name(c)]
		want, role := adminv1.TargetState_TARGET_STATE_HEALTHY, shown.GetRole()
		switch {
		case c.Cooling:
			want, role = cooling, adminv1.CandidateRole_CANDIDATE_ROLE_LAST_RESORT
		case c.HalfOpen:
			want, role = probing, adminv1.CandidateRole_CANDIDATE_ROLE_PROBING
		case e.failing(c.Target):
			want = adminv1.TargetState_TARGET_STATE_DEGRADED
		}
		if shown.GetState() != want || shown.GetRole() != role {
			e.t.Errorf("%s is explained as %s, %s; want %s, %s", name(c), shown.GetState(), shown.GetRole(), want, role)
		}
	}
	for _, c := range e.route.GetLeftOut() {
		if c.GetState() != adminv1.TargetState_TARGET_STATE_DISABLED || c.GetRole() != 0 || c.GetShare() != 0 || c.GetLeftOutReason() == 0 {
			e.t.Errorf("left out: %v", c)
		}
	}
	if got, want := len(e.route.GetCandidates())+len(e.route.GetLeftOut()), len(e.group.GetMembers()); got != want {
		e.t.Errorf("%d members are explained, want %d", got, want)
	}
}

// needsHelp reads the class of a cooling candidate from what is explained of it.
func needsHelp(c *adminv1.Candidate) bool {
	return c.GetState() == cooling && (c.GetReason() == "auth_failed" || c.GetReason() == "model_not_found")
}

// Who serves, who is next and how calls are shared show only in many calls.
func TestExplainAgreesWithManyCalls(t *testing.T) {
	t.Parallel()
	const calls = 1000
	for _, selection := range selections {
		t.Run(selection, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(2, uint64(len(selection))))
			shared := 0
			for range 120 {
				e := explain(t, newWorld(r, selection))
				first, next := e.observe(calls, e.look)
				if len(first) > 1 {
					shared++
				}
				e.compareRoles(calls, first, next)
				e.compareGroup(calls)
				if t.Failed() {
					return
				}
			}
			if shared < 5 {
				t.Errorf("calls were shared in only %d worlds", shared)
			}
		})
	}
}

// observe makes many calls and counts which candidate that is neither cooling nor half open
// came first, and which came right behind all that ever came first.
func (e *explained) observe(calls int, look func(dataplane.Scope) dataplane.Condition) (first, next map[string]int) {
	first, next = map[string]int{}, map[string]int{}
	orders := make([][]string, calls)
	for i := range orders {
		for _, c := range e.order(look) {
			if !c.Cooling && !c.HalfOpen {
				orders[i] = append(orders[i], name(c))
			}
		}
		if len(orders[i]) > 0 {
			first[orders[i][0]]++
		}
	}
	for _, order := range orders {
		if len(order) > len(first) {
			next[order[len(first)]]++
		}
	}
	return first, next
}

// compareRoles holds roles and shares to what was observed. A share is an average: it may be
// off by five standard deviations.
func (e *explained) compareRoles(calls int, first, next map[string]int) {
	for name, c := range e.shown {
		if c.GetState() == cooling || c.GetState() == probing {
			continue
		}
		want := adminv1.CandidateRole_CANDIDATE_ROLE_STANDBY
		switch {
		case first[name] > 0:
			want = adminv1.CandidateRole_CANDIDATE_ROLE_SERVING
		case next[name] > 0:
			want = adminv1.CandidateRole_CANDIDATE_ROLE_NEXT
		}
		if c.GetRole() != want {
			e.t.Errorf("%s is explained as %s, want %s: first %d, next %d times", name, c.GetRole(), want, first[name], next[name])
		}
		p := float64(first[name]) / float64(calls)
		if off := math.Abs(p - c.GetShare()); off > 5*math.Sqrt(p*(1-p)/float64(calls)) {
			e.t.Errorf("%s is explained with a share of %.3f, was first in %.3f of the calls", name, c.GetShare(), p)
		}
	}
	for name, c := range e.shown {
		if (c.GetState() == cooling || c.GetState() == probing) && c.GetShare() != 0 {
			e.t.Errorf("%s has a share of %.3f although it is %s", name, c.GetShare(), c.GetState())
		}
	}
}

// compareGroup holds the group's state to what would serve if everything were well.
func (e *explained) compareGroup(calls int) {
	healthy := func(dataplane.Scope) dataplane.Condition { return dataplane.Condition{} }
	want := adminv1.TargetState_TARGET_STATE_HEALTHY
	should, _ := e.observe(calls, healthy)
	for _, c := range e.order(e.look) {
		if should[name(c)] > 0 && (c.Cooling || c.HalfOpen) {
			want = adminv1.TargetState_TARGET_STATE_DEGRADED
		}
	}
	switch {
	case e.node == nil:
		want = adminv1.TargetState_TARGET_STATE_DISABLED
	case !slices.ContainsFunc(e.order(e.look), func(c dataplane.Candidate) bool { return !c.Cooling }):
		want = cooling
	}
	if got := e.route.GetState(); got != want || (e.route.GetReason() == 0) != (want == adminv1.TargetState_TARGET_STATE_HEALTHY) {
		e.t.Errorf("the group is explained as %s, %s, want %s", got, e.route.GetReason(), want)
	}
}
