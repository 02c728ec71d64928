package routing

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/dataplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// world is a random configuration with one group, and how its scopes stand on a node.
type world struct {
	*rand.Rand
	config    *controlplane.Config
	group     *adminv1.Group
	providers map[string]*adminv1.Provider
	health    map[dataplane.Scope]dataplane.Condition
}

// Reasons of cooldowns: what time heals, and what needs a person.
var reasons = []dataplane.Outcome{dataplane.ServerError, dataplane.Busy, dataplane.AuthFailed, dataplane.ModelNotFound}

func newWorld(r *rand.Rand, selection string) *world {
	w := &world{
		Rand: r, group: &adminv1.Group{Name: "g", Selection: selection},
		providers: map[string]*adminv1.Provider{}, health: map[dataplane.Scope]dataplane.Condition{},
	}
	if r.IntN(50) == 0 {
		w.group.Enabled = proto.Bool(false)
	}
	lost := r.IntN(10) == 0 // everything cools
	for p := range 1 + r.IntN(4) {
		w.addProvider(fmt.Sprintf("p%d", p), lost)
	}
	members := w.group.Members
	r.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
	resources := []*controlplane.Resource{{Kind: controlplane.KindGroup, Name: "g", Spec: w.group}}
	for name, p := range w.providers {
		resources = append(resources, &controlplane.Resource{Kind: controlplane.KindProvider, Name: name, Spec: p})
	}
	w.config = controlplane.NewConfig(1, "lineage", resources, nil)
	return w
}

// addProvider adds a provider with credentials and models, and a member for each model.
func (w *world) addProvider(name string, lost bool) {
	provider := &adminv1.Provider{Name: name, BaseUrl: "https://api.example.com", Enabled: w.maybeOff()}
	account := dataplane.Scope{Kind: dataplane.ScopeProvider, Provider: name}
	w.stand(account, false)
	if c := w.health[account]; c.State == dataplane.Open && w.IntN(2) == 0 {
		c.Derived = true
		w.health[account] = c
	}
	for n := range w.IntN(3) {
		credential := &adminv1.Credential{Name: fmt.Sprintf("k%d", n), Enabled: w.maybeOff()}
		provider.Credentials = append(provider.Credentials, credential)
		w.stand(dataplane.Scope{Kind: dataplane.ScopeCredential, Provider: name, Name: credential.Name}, false)
	}
	for n := range 1 + w.IntN(4) {
		model := &adminv1.Model{Id: fmt.Sprintf("m%d", n), Alias: fmt.Sprintf("alias%d", n)}
		switch w.IntN(4) {
		case 0:
			model.Price = &adminv1.Price{Input: fmt.Sprint(w.IntN(3)), Output: fmt.Sprint(w.IntN(3))}
		case 1:
			model.Price = &adminv1.Price{PerCall: fmt.Sprintf("0.00%d", w.IntN(3))}
		case 2:
			model.Price = &adminv1.Price{}
		}
		provider.Models = append(provider.Models, model)
		w.stand(dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: name, Name: model.Id}, lost)
		w.group.Members = append(w.group.Members, &adminv1.Member{
			Provider: name, Model: []string{model.Id, model.Alias}[w.IntN(2)], Priority: int32(w.IntN(3)),
			Weight: proto.Int32(1 + int32(w.IntN(3))), Enabled: w.maybeOff(),
		})
	}
	w.providers[name] = provider
}

func (w *world) maybeOff() *bool {
	if w.IntN(6) == 0 {
		return proto.Bool(false)
	}
	return nil
}

// stand gives a scope a condition; half of them stay healthy.
func (w *world) stand(s dataplane.Scope, lost bool) {
	kind := w.IntN(8)
	switch {
	case kind <= 1 || lost:
		w.health[s] = dataplane.Condition{
			State: dataplane.Open, Until: time.Unix(1000+int64(w.IntN(100)), 0), Reason: reasons[w.IntN(len(reasons))],
		}
	case kind == 2:
		w.health[s] = dataplane.Condition{State: dataplane.HalfOpen, Reason: dataplane.Busy}
	case kind == 3:
		w.health[s] = dataplane.Condition{Failures: 1 + w.IntN(4)}
	}
}

// reported is the health as the node tells it to the control plane.
func (w *world) reported() []*adminv1.Node {
	node := &adminv1.Node{Name: "n", Connected: true}
	for s, c := range w.health {
		line := &adminv1.TargetHealth{Provider: s.Provider, Derived: c.Derived, Failures: int32(c.Failures)}
		switch c.State {
		case dataplane.Open:
			line.State, line.Remaining = adminv1.TargetState_TARGET_STATE_COOLING, durationpb.New(c.Until.Sub(time.Unix(0, 0)))
			line.Reason = c.Reason.String()
		case dataplane.HalfOpen:
			line.State, line.Reason = adminv1.TargetState_TARGET_STATE_PROBING, c.Reason.String()
		case dataplane.Closed:
			line.State = adminv1.TargetState_TARGET_STATE_DEGRADED
		}
		switch s.Kind {
		case dataplane.ScopeTarget:
			line.Model = s.Name
		case dataplane.ScopeCredential:
			line.Credential = s.Name
		}
		node.Targets = append(node.Targets, line)
	}
	return []*adminv1.Node{node}
}

// look is how a scope stands, as the node's memory tells it.
func (w *world) look(s dataplane.Scope) dataplane.Condition {
	c := w.health[s]
	if c.State == dataplane.Closed {
		return dataplane.Condition{} // how many failures it has is for reports only
	}
	return c
}

// failing reports whether a target that may be tried has failures: its own, its provider's
// or, when none of its credentials is without any, theirs.
func (w *world) failing(t *dataplane.Target) bool {
	for _, s := range []dataplane.Scope{t.Scope, t.Provider.Scope} {
		if c := w.health[s]; c.State == dataplane.Closed && c.Failures > 0 {
			return true
		}
	}
	return len(t.Provider.Credentials) > 0 && !slices.ContainsFunc(t.Provider.Credentials, func(c *dataplane.Credential) bool {
		return w.health[c.Scope] == dataplane.Condition{}
	})
}
