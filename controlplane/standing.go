package controlplane

import (
	"cmp"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// The states of a target, from good to bad.
const (
	stateHealthy  = adminv1.TargetState_TARGET_STATE_HEALTHY
	stateDegraded = adminv1.TargetState_TARGET_STATE_DEGRADED
	stateProbing  = adminv1.TargetState_TARGET_STATE_PROBING
	stateCooling  = adminv1.TargetState_TARGET_STATE_COOLING
	stateDisabled = adminv1.TargetState_TARGET_STATE_DISABLED
)

// scopeOnNode names what a node's line of health is about.
type scopeOnNode struct{ node, provider, model, credential string }

type healthIndex map[scopeOnNode]*adminv1.TargetHealth

func newHealthIndex(nodes []*adminv1.Node) healthIndex {
	index := healthIndex{}
	for _, n := range connected(nodes) {
		for _, t := range n.GetTargets() {
			index[scopeOnNode{n.GetName(), t.GetProvider(), t.GetModel(), t.GetCredential()}] = t
		}
	}
	return index
}

// connected leaves out nodes whose health is of long ago.
func connected(nodes []*adminv1.Node) []*adminv1.Node {
	return slices.DeleteFunc(slices.Clone(nodes), func(n *adminv1.Node) bool { return !n.GetConnected() })
}

// standing is how a target stands on one node.
type standing struct {
	state     adminv1.TargetState
	remaining time.Duration
	reason    string // outcome that opened the cooldown
	of        string // what stands so, when it is not the target itself
	failures  int32
}

func standingOf(t *adminv1.TargetHealth, of string) standing {
	if t == nil {
		return standing{state: stateHealthy}
	}
	return standing{t.GetState(), t.GetRemaining().AsDuration(), t.GetReason(), of, t.GetFailures()}
}

func (s standing) compare(other standing) int {
	return cmp.Or(cmp.Compare(s.state, other.state), cmp.Compare(s.remaining, other.remaining))
}

// on gives how a target stands on a node: as the worst of itself, its provider and the best
// of its credentials, which is how nodes decide.
func (h healthIndex) on(node, model string, provider *adminv1.Provider) standing {
	at := func(model, credential, of string) standing {
		return standingOf(h[scopeOnNode{node, provider.GetName(), model, credential}], of)
	}
	worst := at(model, "", "")
	derived := h[scopeOnNode{node: node, provider: provider.GetName()}].GetDerived()
	if p := at("", "", "the provider: "); p.compare(worst) > 0 && (!derived || worst.state < stateProbing) {
		worst = p
	}
	var best *standing
	for _, c := range provider.GetCredentials() {
		if c.Enabled != nil && !c.GetEnabled() {
			continue
		}
		if s := at("", c.GetName(), "every credential: "); best == nil || s.compare(*best) < 0 {
			best = &s
		}
	}
	if best != nil && best.compare(worst) > 0 {
		worst = *best
	}
	return worst
}

// stand writes into c how its target stands on the nodes together, and gives the outcome
// behind it.
func (e *explanation) stand(c *adminv1.Candidate, provider *adminv1.Provider) (reason string) {
	worst := standing{state: stateHealthy}
	all := make([]standing, len(e.connected))
	for i, n := range e.connected {
		all[i] = e.health.on(n.GetName(), c.GetModel(), provider)
		if all[i].compare(worst) > 0 {
			worst = all[i]
		}
	}
	c.State = worst.state
	for i, n := range e.connected {
		if worst.state != stateHealthy && all[i].state == worst.state {
			c.Nodes = append(c.Nodes, n.GetName())
			c.Failures = max(c.Failures, all[i].failures)
		}
	}
	if worst.reason != "" {
		c.Reason = worst.of + worst.reason
	}
	if worst.remaining > 0 {
		c.Remaining = durationpb.New(worst.remaining)
	}
	return worst.reason
}
