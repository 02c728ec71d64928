package controlplane

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/trunkline-ai/trunkline/internal/domain/routing"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Explain says in which order a call to the group would try its members now, as far as the
// nodes' health is known here, and which members no call tries. What shares the calls of
// one priority by chance or by load is listed by weight. The group may be named by an
// alias; the error for an unknown one is NotFound.
func (c *Config) Explain(name string, nodes []*adminv1.Node) (*adminv1.GroupRoute, error) {
	group, ok := c.groupNamed(name)
	if !ok {
		return nil, errs.Newf(errs.NotFound, "%s %q does not exist", KindGroup, name)
	}
	e := explanation{
		config: c, group: group, connected: connected(nodes),
		health: newHealthIndex(nodes),
	}
	for _, m := range group.GetMembers() {
		e.add(m)
	}
	slices.SortStableFunc(e.tried, e.compare)
	e.assignRoles()
	out := &adminv1.GroupRoute{Group: group.GetName(), LeftOut: e.leftOut}
	for _, t := range e.tried {
		out.Candidates = append(out.Candidates, t.Candidate)
	}
	out.State, out.Reason = e.state()
	return out, nil
}

// explanation is one group being explained.
type explanation struct {
	config    *Config
	group     *adminv1.Group
	connected []*adminv1.Node
	health    healthIndex
	tried     []explained
	leftOut   []*adminv1.Candidate
}

type explained struct {
	*adminv1.Candidate
	rank routing.Rank
	last int // behind the others: 1 cooling, 2 cooling until a person helps
}

func (e *explanation) add(m *adminv1.Member) {
	c := &adminv1.Candidate{Provider: m.GetProvider(), Model: m.GetModel(), Priority: m.GetPriority(), Weight: 1, State: stateHealthy, MemberModel: m.GetModel()}
	if m.Weight != nil {
		c.Weight = m.GetWeight()
	}
	provider, model := e.config.target(m)
	t := explained{Candidate: c, rank: routing.Rank{Priority: int(c.Priority)}}
	if model != nil {
		c.Model = model.GetId()
		if price, err := ResolvePrice(model.GetPrice()); err == nil && price != nil {
			t.rank.Priced, t.rank.Cost = true, routing.SampleCost(price.GetInput(), price.GetOutput(), price.GetPerCall())
			c.Price = blendedPrice(price.GetInput(), price.GetOutput(), price.GetPerCall())
		}
	}
	c.Threshold = ResolvePolicy(e.config.settingsOrNone(), e.group.GetPolicy(), provider.GetTimeouts()).GetFailureThreshold()
	if why := leftOut(e.group, provider, m); why != "" {
		c.State, c.Reason = stateDisabled, why
		e.leftOut = append(e.leftOut, c)
		return
	}
	reason := e.stand(c, provider)
	if c.State == stateCooling {
		t.last = 1
		if routing.NeedsHelp(reason) {
			t.last = 2
		}
	}
	e.tried = append(e.tried, t)
}

// leftOut says why no call tries a member; empty when calls do.
func leftOut(group *adminv1.Group, provider *adminv1.Provider, m *adminv1.Member) string {
	switch {
	case group.Enabled != nil && !group.GetEnabled():
		return "the group is disabled"
	case m.Enabled != nil && !m.GetEnabled():
		return "the member is disabled"
	case provider == nil:
		return "the provider does not exist"
	case provider.Enabled != nil && !provider.GetEnabled():
		return "the provider is disabled"
	}
	return ""
}

// compare orders as nodes do: cooling ones last, and before that by rank. Members that
// share the calls of a rank come by weight.
func (e *explanation) compare(a, b explained) int {
	return cmp.Or(cmp.Compare(a.last, b.last), e.compareRank(a, b), cmp.Compare(b.GetWeight(), a.GetWeight()))
}

// compareRank gives 0 for members that share calls.
func (e *explanation) compareRank(a, b explained) int {
	if s := e.group.GetSelection(); s != "" && s != "cheapest" {
		return cmp.Compare(a.rank.Priority, b.rank.Priority)
	}
	return a.rank.Compare(b.rank)
}

// groupNamed finds a group by its name or an alias.
func (c *Config) groupNamed(name string) (*adminv1.Group, bool) {
	r, ok := c.Get(KindGroup, name)
	if !ok {
		r, ok = c.Get(KindGroup, groupAliases(c.resources[KindGroup])[name])
	}
	if !ok {
		return nil, false
	}
	group, ok := r.Spec.(*adminv1.Group)
	return group, ok
}

// target finds what a member refers to; an id wins over another model's alias.
func (c *Config) target(m *adminv1.Member) (provider *adminv1.Provider, model *adminv1.Model) {
	r, ok := c.Get(KindProvider, m.GetProvider())
	if !ok {
		return nil, nil
	}
	provider, _ = r.Spec.(*adminv1.Provider)
	return provider, modelNamed(provider, m.GetModel())
}

// ModelID gives the upstream id of the provider's model that an id or alias names.
func ModelID(provider *adminv1.Provider, name string) (id string, ok bool) {
	m := modelNamed(provider, name)
	return m.GetId(), m != nil
}

func modelNamed(provider *adminv1.Provider, name string) *adminv1.Model {
	var byAlias *adminv1.Model
	for _, m := range provider.GetModels() {
		switch name {
		case m.GetId():
			return m
		case m.GetAlias():
			byAlias = m
		}
	}
	return byAlias
}

// blendedPrice is what the order compares, in USD per million tokens: half of them read and
// half written, in calls of twice routing.SampleTokens. Prices are micro-USD.
func blendedPrice(input, output, perCall int64) string {
	const callsPerMillion = 1_000_000 / (2 * routing.SampleTokens)
	halves := input + output + 2*callsPerMillion*perCall // of a micro-USD
	text := fmt.Sprintf("%d.%07d", halves/2_000_000, halves%2_000_000*5)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}
