package routing

import (
	"cmp"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// The states of a target, from good to bad.
const (
	healthy  = adminv1.TargetState_TARGET_STATE_HEALTHY
	degraded = adminv1.TargetState_TARGET_STATE_DEGRADED
	probing  = adminv1.TargetState_TARGET_STATE_PROBING
	cooling  = adminv1.TargetState_TARGET_STATE_COOLING
	disabled = adminv1.TargetState_TARGET_STATE_DISABLED
)

// health is that of a target, a provider or a credential on one node. The zero health is better than any.
type health struct {
	state     adminv1.TargetState
	remaining time.Duration
	reason    string              // outcome that opened the cooldown
	of        adminv1.HealthScope // what stands so
	failures  int32
}

func healthOf(line *adminv1.TargetHealth, of adminv1.HealthScope) health {
	return health{line.GetState(), line.GetRemaining().AsDuration(), line.GetReason(), of, line.GetFailures()}
}

func (s health) compare(other health) int {
	return cmp.Or(cmp.Compare(s.state, other.state), cmp.Compare(s.remaining, other.remaining))
}

// worse gives the worse of two; of equal ones the first.
func worse(a, b health) health {
	if b.compare(a) > 0 {
		return b
	}
	return a
}

// account is how a provider stands on one node, its models aside.
type account struct {
	whole   health
	derived bool   // whole says nothing of models that stand badly by themselves
	best    health // of its enabled credentials; the zero health when it has none
}

// of gives how a model of the account stands: as the worst of itself, its provider and the
// best of its credentials, which is how nodes decide.
func (a account) of(model health) health {
	if !a.derived || model.state < probing {
		model = worse(model, a.whole)
	}
	return worse(model, a.best)
}

// accountsOf gives how a provider stands on each connected node; nil when no node reports
// anything of it, which is healthy.
func (v *View) accountsOf(provider *adminv1.Provider) []account {
	name := provider.GetName()
	accounts, known := v.accounts[name]
	if known || !v.reports.providers[name] {
		return accounts
	}
	accounts = make([]account, len(v.nodes))
	for i := range accounts {
		accounts[i].whole.state = healthy
	}
	for _, r := range v.reports.of[scope{provider: name}] {
		accounts[r.node].whole, accounts[r.node].derived = healthOf(r.line, adminv1.HealthScope_HEALTH_SCOPE_PROVIDER), r.line.GetDerived()
	}
	for n, best := range v.bestCredentials(provider) {
		accounts[n].best = best
	}
	v.accounts[name] = accounts
	return accounts
}

// bestCredentials gives how the best of a provider's enabled credentials stands on each
// node; nil when there is none.
func (v *View) bestCredentials(provider *adminv1.Provider) []health {
	var best []health
	of := make([]health, len(v.nodes)) // one credential
	for _, c := range provider.GetCredentials() {
		if !controlplane.IsEnabled(c.Enabled) {
			continue
		}
		for n := range of {
			of[n] = health{state: healthy}
		}
		for _, r := range v.reports.of[scope{provider: provider.GetName(), credential: c.GetName()}] {
			of[r.node] = healthOf(r.line, adminv1.HealthScope_HEALTH_SCOPE_CREDENTIALS)
		}
		if best == nil {
			best, of = of, make([]health, len(v.nodes))
			continue
		}
		for n := range best {
			if of[n].compare(best[n]) < 0 {
				best[n] = of[n]
			}
		}
	}
	return best
}

// fleetHealth is how something stands on all connected nodes together: the worst of them.
type fleetHealth struct {
	health
	nodes []string // on which it stands so; none when it is healthy
}

// add takes in how it stands on one more node.
func (f *fleetHealth) add(node string, s health) {
	switch {
	case s.state > f.state:
		*f = fleetHealth{health: s}
	case s.state < f.state:
		return
	default:
		failures := max(f.failures, s.failures)
		f.health = worse(f.health, s)
		f.failures = failures
	}
	if s.state > healthy {
		f.nodes = append(f.nodes, node)
	}
}

// health gives that of a provider's model on all nodes together.
func (v *View) health(provider *adminv1.Provider, model string) fleetHealth {
	f := fleetHealth{health: health{state: healthy}}
	own := v.reports.of[scope{provider: provider.GetName(), model: model}]
	for n, a := range v.accountsOf(provider) {
		s := health{state: healthy}
		for len(own) > 0 && own[0].node == n {
			s, own = healthOf(own[0].line, adminv1.HealthScope_HEALTH_SCOPE_TARGET), own[1:]
		}
		f.add(v.nodes[n], a.of(s))
	}
	return f
}
