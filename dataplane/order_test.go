package dataplane

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// target makes a member of a group named by its model.
func target(model string, priority, weight int, price *Price, credentials ...string) *Member {
	p := &Provider{Name: "of-" + model, Scope: Scope{Kind: ScopeProvider, Provider: "of-" + model}}
	for _, c := range credentials {
		p.Credentials = append(p.Credentials, &Credential{Name: c, Scope: Scope{Kind: ScopeCredential, Provider: p.Name, Name: c}})
	}
	return &Member{Priority: priority, Weight: weight, Target: &Target{
		Provider: p, Model: model, Price: price, Scope: Scope{Kind: ScopeTarget, Provider: p.Name, Name: model},
	}}
}

func groupOf(members ...*Member) *Group {
	g := &Group{Members: members}
	slices.SortStableFunc(g.Members, byRank)
	g.ties = true
	return g
}

func names(c []Candidate) string {
	var out []string
	for _, m := range c {
		out = append(out, m.Model)
	}
	return strings.Join(out, " ")
}

func closed(Scope) Condition { return Condition{} }

func TestOrderIsPriorityThenPrice(t *testing.T) {
	t.Parallel()
	cheap, dear := &Price{Rates: Rates{Input: 1, Output: 2}}, &Price{Rates: Rates{Input: 2, Output: 2}}
	g := groupOf(
		target("last", 9, 1, cheap), target("unpriced", 1, 1, nil), target("dear", 1, 1, dear),
		target("free", 1, 1, &Price{}), target("cheap", 1, 1, cheap), target("first", 0, 1, nil),
	)
	if got := names(g.Order(nil, closed, rand.IntN, 0)); got != "first free cheap dear unpriced last" {
		t.Errorf("order %s", got)
	}
}

func TestEqualsShareTheCallsByWeight(t *testing.T) {
	t.Parallel()
	g := groupOf(target("one", 1, 1, nil), target("three", 1, 3, nil), target("none", 2, 100, nil))
	random := rand.New(rand.NewPCG(1, 2))
	first := map[string]int{}
	for range 4000 {
		order := g.Order(nil, closed, random.IntN, 0)
		first[order[0].Model]++
		if order[2].Model != "none" || len(order) != 3 {
			t.Fatalf("order %s", names(order))
		}
	}
	if first["three"] < 2850 || first["three"] > 3150 || first["one"]+first["three"] != 4000 {
		t.Errorf("first %v, want about 1000 and 3000", first)
	}
}

func TestCoolingOnesGoLastNeverAway(t *testing.T) {
	t.Parallel()
	g := groupOf(target("a", 1, 1, nil, "k"), target("b", 2, 1, nil), target("c", 3, 1, nil), target("d", 4, 1, nil))
	open := map[string]Outcome{"a": AuthFailed, "b": ServerError}
	look := func(s Scope) Condition {
		for model, reason := range open {
			if s.Kind == ScopeTarget && s.Name == model {
				return Condition{State: Open, Reason: reason, Until: time.Unix(100, 0)}
			}
		}
		return Condition{}
	}
	order := g.Order(nil, look, rand.IntN, 0)
	if got := names(order); got != "c d b a" {
		t.Errorf("order %s: what a person must fix comes after what passes by itself", got)
	}
	if order[0].Cooling || !order[2].Cooling || !order[3].Cooling {
		t.Errorf("cooling %v %v %v %v", order[0].Cooling, order[1].Cooling, order[2].Cooling, order[3].Cooling)
	}
	open["c"], open["d"] = ServerError, QuotaExhausted
	if got := names(g.Order(nil, look, rand.IntN, 0)); got != "b c a d" {
		t.Errorf("all cooling: order %s", got)
	}
}

func TestATargetStandsAsItsWorstPartAndItsBestCredential(t *testing.T) {
	t.Parallel()
	m := target("m", 1, 1, nil, "k1", "k2")
	stand := func(states map[Scope]State) State {
		return m.Target.Condition(func(s Scope) Condition { return Condition{State: states[s]} }).State
	}
	k1, k2 := m.Provider.Credentials[0].Scope, m.Provider.Credentials[1].Scope
	tests := []struct {
		states map[Scope]State
		want   State
	}{
		{nil, Closed},
		{map[Scope]State{m.Scope: Open}, Open},
		{map[Scope]State{m.Provider.Scope: HalfOpen}, HalfOpen},
		{map[Scope]State{k1: Open}, Closed},
		{map[Scope]State{k1: Open, k2: HalfOpen}, HalfOpen},
		{map[Scope]State{k1: Open, k2: Open}, Open},
		{map[Scope]State{m.Scope: HalfOpen, k1: Open, k2: Open}, Open},
	}
	for i, tt := range tests {
		if got := stand(tt.states); got != tt.want {
			t.Errorf("case %d: %v, want %v", i, got, tt.want)
		}
	}
}
