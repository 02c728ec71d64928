package routing

import (
	"slices"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// ProviderHealth says how a provider stands on the connected nodes together.
func (v *View) ProviderHealth(provider *adminv1.Provider) *adminv1.ProviderHealth {
	out := &adminv1.ProviderHealth{
		Provider: provider.GetName(), ModelCount: int32(len(provider.GetModels())), Groups: v.groupsOf(provider.GetName()),
	}
	if !controlplane.IsEnabled(provider.Enabled) {
		out.State = disabled
		return out
	}
	for _, m := range enabledModels(provider) {
		out.Refusals = append(out.Refusals, v.refused[scope{provider: provider.GetName(), model: m.GetId()}]...)
	}
	out.Targets = v.parts(provider)
	whole, usable := v.whole(provider)
	if whole.state != cooling {
		whole = worstPart(out.Targets)
	}
	out.State, out.Reason, out.UsableModels = whole.state, whole.reason, int32(usable)
	if whole.remaining > 0 {
		out.Remaining = durationpb.New(whole.remaining)
	}
	return out
}

// enabledModels are those that calls may use, mostly all.
func enabledModels(provider *adminv1.Provider) []*adminv1.Model {
	isOff := func(m *adminv1.Model) bool { return !controlplane.IsEnabled(m.Enabled) }
	if !slices.ContainsFunc(provider.GetModels(), isOff) {
		return provider.GetModels()
	}
	return slices.DeleteFunc(slices.Clone(provider.GetModels()), isOff)
}

// groupsOf names the groups with a member of a provider.
func (v *View) groupsOf(provider string) []string {
	if v.usedBy == nil {
		v.usedBy = map[string][]string{}
		for _, group := range v.Groups() {
			for _, m := range group.GetMembers() {
				names := v.usedBy[m.GetProvider()]
				if len(names) == 0 || names[len(names)-1] != group.GetName() {
					v.usedBy[m.GetProvider()] = append(names, group.GetName())
				}
			}
		}
	}
	return v.usedBy[provider]
}

// whole is how the provider stands on that of the nodes where it stands worst: it cools
// there when it does by itself, or when every credential or every model of it does. usable
// counts the models that cool on no node.
func (v *View) whole(provider *adminv1.Provider) (worst health, usable int) {
	worst.state = healthy
	models := enabledModels(provider)
	accounts := v.accountsOf(provider)
	if accounts == nil {
		return worst, len(models)
	}
	others := make([]health, len(accounts)) // how models stand of which nothing is reported
	cool := 0                               // on how many nodes these cool
	for n, a := range accounts {
		if others[n] = a.of(health{state: healthy}); others[n].state == cooling {
			cool++
		}
	}
	best := make([]health, len(accounts))  // of the models that are reported of
	reported := make([]int, len(accounts)) // how many these are
	for _, m := range models {
		cools, rest := false, cool
		for _, r := range v.reports.of[scope{provider: provider.GetName(), model: m.GetId()}] {
			s := accounts[r.node].of(healthOf(r.line, adminv1.HealthScope_HEALTH_SCOPE_UNSPECIFIED))
			if reported[r.node] == 0 || s.compare(best[r.node]) < 0 {
				best[r.node] = s
			}
			reported[r.node]++
			cools = cools || s.state == cooling
			if others[r.node].state == cooling {
				rest--
			}
		}
		if !cools && rest == 0 {
			usable++
		}
	}
	for n, a := range accounts {
		worst = worse(worse(worst, a.whole), a.best)
		if reported[n] > 0 && reported[n] == len(models) {
			worst = worse(worst, best[n])
		}
	}
	return worst, usable
}

// parts lists what of a provider is not simply healthy: itself, models, credentials.
func (v *View) parts(provider *adminv1.Provider) (out []*adminv1.TargetHealth) {
	if !v.reports.providers[provider.GetName()] {
		return nil
	}
	add := func(s scope) {
		if t := v.part(s); t != nil {
			out = append(out, t)
		}
	}
	add(scope{provider: provider.GetName()})
	for _, m := range enabledModels(provider) {
		add(scope{provider: provider.GetName(), model: m.GetId()})
	}
	for _, c := range provider.GetCredentials() {
		if controlplane.IsEnabled(c.Enabled) {
			add(scope{provider: provider.GetName(), credential: c.GetName()})
		}
	}
	return out
}

// part sums up what the nodes report of one scope; nil when it is healthy on all.
func (v *View) part(s scope) *adminv1.TargetHealth {
	f := fleetHealth{health: health{state: healthy}}
	out := &adminv1.TargetHealth{Provider: s.provider, Model: s.model, Credential: s.credential}
	derived := true
	for _, r := range v.reports.of[s] {
		state := f.state
		f.add(v.nodes[r.node], healthOf(r.line, adminv1.HealthScope_HEALTH_SCOPE_UNSPECIFIED))
		if f.state != state {
			derived, out.Detail = true, ""
		}
		if out.Detail == "" && r.line.GetState() == f.state {
			out.Detail = r.line.GetDetail()
		}
		if r.line.GetState() == f.state {
			derived = derived && r.line.GetDerived()
		}
		out.Failures = max(out.Failures, r.line.GetFailures())
		out.Threshold = max(out.Threshold, r.line.GetThreshold())
	}
	if f.state == healthy {
		return nil
	}
	out.State, out.Reason, out.Nodes, out.Derived = f.state, f.reason, f.nodes, derived
	if f.remaining > 0 {
		out.Remaining = durationpb.New(f.remaining)
	}
	return out
}

// worstPart is how a provider stands that can be used although parts of it stand badly.
func worstPart(parts []*adminv1.TargetHealth) health {
	worst := health{state: healthy}
	for _, t := range parts {
		worst = worse(worst, health{state: t.GetState(), remaining: t.GetRemaining().AsDuration(), reason: t.GetReason()})
	}
	if worst.state == cooling {
		worst.state = degraded
	}
	worst.remaining = 0 // nothing to wait for
	return worst
}
