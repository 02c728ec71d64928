// Package routing holds the planes to one another: what the control plane explains is what
// nodes do.
package routing

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/snapshot"
	"github.com/trunkline-ai/trunkline/dataplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// world is a random configuration with one group, and how its scopes stand on a node.
type world struct {
	config *controlplane.Config
	health map[dataplane.Scope]dataplane.Condition
}

// names of cooldowns' reasons: what time heals, and what needs a person.
var reasons = []dataplane.Outcome{dataplane.ServerError, dataplane.Busy, dataplane.AuthFailed, dataplane.ModelNotFound}

func newWorld(r *rand.Rand, selection string) world {
	w := world{health: map[dataplane.Scope]dataplane.Condition{}}
	off := proto.Bool(false)
	maybeOff := func() *bool {
		if r.IntN(6) == 0 {
			return off
		}
		return nil
	}
	stand := func(s dataplane.Scope) {
		switch r.IntN(8) {
		case 0, 1:
			w.health[s] = dataplane.Condition{
				State: dataplane.Open, Until: time.Unix(1000+int64(r.IntN(100)), 0), Reason: reasons[r.IntN(len(reasons))],
			}
		case 2:
			w.health[s] = dataplane.Condition{State: dataplane.HalfOpen, Reason: dataplane.Busy}
		}
	}
	group := &adminv1.Group{Name: "g", Selection: selection}
	var resources []*controlplane.Resource
	for p := range 1 + r.IntN(4) {
		provider := &adminv1.Provider{Name: fmt.Sprintf("p%d", p), BaseUrl: "https://api.example.com", Enabled: maybeOff()}
		account := dataplane.Scope{Kind: dataplane.ScopeProvider, Provider: provider.Name}
		stand(account)
		if c := w.health[account]; c.State == dataplane.Open && r.IntN(2) == 0 {
			c.Derived = true
			w.health[account] = c
		}
		for c := range r.IntN(3) {
			credential := &adminv1.Credential{Name: fmt.Sprintf("k%d", c), Enabled: maybeOff()}
			provider.Credentials = append(provider.Credentials, credential)
			stand(dataplane.Scope{Kind: dataplane.ScopeCredential, Provider: provider.Name, Name: credential.Name})
		}
		for m := range 1 + r.IntN(4) {
			model := &adminv1.Model{Id: fmt.Sprintf("m%d", m), Alias: fmt.Sprintf("alias%d", m)}
			switch r.IntN(4) {
			case 0:
				model.Price = &adminv1.Price{Input: fmt.Sprint(r.IntN(3)), Output: fmt.Sprint(r.IntN(3))}
			case 1:
				model.Price = &adminv1.Price{PerCall: fmt.Sprintf("0.00%d", r.IntN(3))}
			case 2:
				model.Price = &adminv1.Price{}
			}
			provider.Models = append(provider.Models, model)
			stand(dataplane.Scope{Kind: dataplane.ScopeTarget, Provider: provider.Name, Name: model.Id})
			group.Members = append(group.Members, &adminv1.Member{
				Provider: provider.Name, Model: []string{model.Id, model.Alias}[r.IntN(2)], Priority: int32(r.IntN(3)),
				Weight: proto.Int32(1 + int32(r.IntN(3))), Enabled: maybeOff(),
			})
		}
		resources = append(resources, &controlplane.Resource{Kind: controlplane.KindProvider, Name: provider.Name, Spec: provider})
	}
	r.Shuffle(len(group.Members), func(i, j int) { group.Members[i], group.Members[j] = group.Members[j], group.Members[i] })
	resources = append(resources, &controlplane.Resource{Kind: controlplane.KindGroup, Name: "g", Spec: group})
	w.config = controlplane.NewConfig(1, "lineage", resources, nil)
	return w
}

// reported is the health as the node tells it to the control plane.
func (w world) reported() []*adminv1.Node {
	node := &adminv1.Node{Name: "n", Connected: true}
	for s, c := range w.health {
		line := &adminv1.TargetHealth{Provider: s.Provider, State: adminv1.TargetState_TARGET_STATE_PROBING, Reason: c.Reason.String(), Derived: c.Derived}
		if c.State == dataplane.Open {
			line.State, line.Remaining = adminv1.TargetState_TARGET_STATE_COOLING, durationpb.New(c.Until.Sub(time.Unix(0, 0)))
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

// What is explained is the order of a call, but for those that share their rank: these are
// compared as a set.
func TestExplainAgreesWithOrder(t *testing.T) {
	t.Parallel()
	for _, selection := range []string{"", "cheapest", "weighted", "least_busy"} {
		t.Run(selection, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(1, uint64(len(selection))))
			compared := 0
			for range 3000 {
				compared += agree(t, newWorld(r, selection), r)
				if t.Failed() {
					return
				}
			}
			if compared < 6000 {
				t.Errorf("only %d candidates were compared", compared)
			}
		})
	}
}

func agree(t *testing.T, w world, r *rand.Rand) (candidates int) {
	t.Helper()
	explained, err := w.config.Explain("g", w.reported())
	if err != nil {
		t.Fatal(err)
	}
	built, err := snapshot.Build(w.config, nil, []byte("pepper"))
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := dataplane.Compile(built)
	if err != nil {
		t.Fatal(err)
	}
	group, _ := compiled.Group("g")
	order := group.Order(nil, func(s dataplane.Scope) dataplane.Condition { return w.health[s] }, r.IntN)

	// A run is what shares one rank: the same state, priority and, where it is minded, price.
	shown := map[string]*adminv1.Candidate{}
	var runs [][]string
	last := ""
	for _, c := range explained.GetCandidates() {
		name := c.GetProvider() + "/" + c.GetModel()
		shown[name] = c
		rank := fmt.Sprint(c.GetPriority(), c.GetState() == adminv1.TargetState_TARGET_STATE_COOLING, w.needsHelp(c))
		if group.Selection == dataplane.Cheapest {
			rank += c.GetPrice()
		}
		if rank != last || len(runs) == 0 {
			runs = append(runs, nil)
		}
		last = rank
		runs[len(runs)-1] = append(runs[len(runs)-1], name)
	}
	if len(order) != len(shown) {
		t.Fatalf("%d candidates are tried, %d explained", len(order), len(shown))
	}
	var did [][]string
	for _, run := range runs {
		var names []string
		for _, c := range order[:len(run)] {
			names = append(names, c.Provider.Name+"/"+c.Model)
			if state := shown[names[len(names)-1]].GetState(); (state == adminv1.TargetState_TARGET_STATE_COOLING) != c.Cooling || (state == adminv1.TargetState_TARGET_STATE_PROBING) != c.HalfOpen {
				t.Errorf("%s is explained as %s; cooling %v, half open %v", names[len(names)-1], state, c.Cooling, c.HalfOpen)
			}
		}
		order = order[len(run):]
		slices.Sort(names)
		slices.Sort(run)
		did = append(did, names)
	}
	if fmt.Sprint(did) != fmt.Sprint(runs) {
		t.Errorf("explained %v, tried %v", runs, did)
	}
	return len(shown)
}

// needsHelp reads the class of a cooling candidate from what is explained of it.
func (w world) needsHelp(c *adminv1.Candidate) bool {
	return c.GetState() == adminv1.TargetState_TARGET_STATE_COOLING && (strings.HasSuffix(c.GetReason(), "auth_failed") || strings.HasSuffix(c.GetReason(), "model_not_found"))
}
