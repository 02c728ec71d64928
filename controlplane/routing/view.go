// Package routing answers how calls are routed now: in which order they try the members of a
// group, what serves, and how providers stand. It is the only place of the control plane that
// does; a test holds it to what nodes do.
package routing

import (
	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/domain/alias"
	"github.com/trunkline-ai/trunkline/internal/domain/routing"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// View is one configuration together with what the connected nodes report of their health.
// It remembers what it worked out, so that many groups may be asked for: make one for each
// request. Its answers share memory and must not be changed. It is not safe for concurrent
// use.
type View struct {
	config  *controlplane.Config
	nodes   []string // names of those that are connected
	reports reports
	refused refusals

	accounts map[string][]account // by provider
	targets  map[targetName]*target
	served   *alias.Index[*adminv1.Group] // groups that are served; nil: not asked for yet
	disabled alias.Index[*adminv1.Group]
	usedBy   map[string][]string // groups by provider
}

// targetName is a target as a member names it: the model by id or alias.
type targetName struct{ provider, model string }

// target is what all members that name the same provider and model have in common.
type target struct {
	provider *adminv1.Provider // nil when it does not exist
	isOff    bool              // the model is disabled
	model    string            // upstream id
	rank     routing.Rank      // without a priority
	price    string
	health   fleetHealth
}

// NewView looks at nodes with the eyes of config. Nodes that are not connected say nothing:
// what they reported is of long ago.
func NewView(config *controlplane.Config, nodes []*adminv1.Node) *View {
	v := &View{config: config, accounts: map[string][]account{}, targets: map[targetName]*target{}}
	v.nodes, v.reports = readReports(nodes)
	v.refused = readRefusals(nodes)
	return v
}

// Group finds a group by its name, or by what a client would name it: as nodes do, disabled ones last.
func (v *View) Group(name string) (*adminv1.Group, bool) {
	if r, ok := v.config.Get(controlplane.KindGroup, name); ok {
		group, ok := r.Spec.(*adminv1.Group)
		return group, ok
	}
	if v.served == nil {
		v.served = new(alias.Index[*adminv1.Group])
		for _, group := range v.Groups() {
			names := v.served
			if !controlplane.IsEnabled(group.Enabled) {
				names = &v.disabled
			}
			names.AddName(group.GetName(), group)
			for _, other := range group.GetAliases() {
				names.AddAlias(other, group)
			}
		}
	}
	if group, ok := v.served.Find(name); ok {
		return group, ok
	}
	return v.disabled.Find(name)
}

// Provider finds a provider by its name.
func (v *View) Provider(name string) (*adminv1.Provider, bool) {
	r, ok := v.config.Get(controlplane.KindProvider, name)
	if !ok {
		return nil, false
	}
	provider, ok := r.Spec.(*adminv1.Provider)
	return provider, ok
}

// Groups lists all groups in name order.
func (v *View) Groups() []*adminv1.Group {
	return specs[*adminv1.Group](v.config, controlplane.KindGroup)
}

// Providers lists all providers in name order.
func (v *View) Providers() []*adminv1.Provider {
	return specs[*adminv1.Provider](v.config, controlplane.KindProvider)
}

func specs[T any](config *controlplane.Config, kind controlplane.Kind) []T {
	resources := config.List(kind)
	out := make([]T, 0, len(resources))
	for _, r := range resources {
		if spec, ok := r.Spec.(T); ok {
			out = append(out, spec)
		}
	}
	return out
}

// target gives what a member refers to.
func (v *View) target(m *adminv1.Member) *target {
	name := targetName{m.GetProvider(), m.GetModel()}
	t, known := v.targets[name]
	if known {
		return t
	}
	t = &target{model: name.model, health: fleetHealth{health: health{state: healthy}}}
	v.targets[name] = t
	provider, ok := v.Provider(name.provider)
	if !ok {
		return t
	}
	t.provider = provider
	if model := controlplane.ModelNamed(t.provider, name.model); model != nil {
		t.model, t.isOff = model.GetId(), !controlplane.IsEnabled(model.Enabled)
		if price, err := controlplane.ResolvePrice(model.GetPrice()); err == nil && price != nil {
			t.rank = routing.Rank{Priced: true, Cost: routing.SampleCost(price.GetInput(), price.GetOutput(), price.GetPerCall())}
			t.price = blendedPrice(price.GetInput(), price.GetOutput(), price.GetPerCall())
		}
	}
	t.health = v.health(t.provider, t.model)
	return t
}
