package routing

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/domain/outcome"
	"github.com/trunkline-ai/trunkline/internal/domain/routing"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Explain says in which order a call to the group would try its members now, as far as the
// nodes' health is known here, and which members no call tries. What shares the calls of
// one priority by chance or by load is listed by weight.
func (v *View) Explain(group *adminv1.Group) *adminv1.GroupRoute {
	return v.ExplainCall(group, Call{})
}

// ExplainCall says the same of calls that hold what members may refuse.
func (v *View) ExplainCall(group *adminv1.Group, call Call) *adminv1.GroupRoute {
	policy := controlplane.ResolvePolicy(v.config.Settings(), group.GetPolicy(), nil)
	e := explanation{
		group: group, call: call, refused: v.refused, tried: make([]explained, 0, len(group.GetMembers())),
		isSticky:  call.Session != 0 && group.GetSelection() == "sticky",
		threshold: policy.GetFailureThreshold(), native: policy.GetTranslation() == "off", strict: policy.GetTranslation() == "strict",
	}
	for _, m := range group.GetMembers() {
		e.add(m, v.target(m))
	}
	if e.isSticky {
		for i := range e.tried {
			e.tried[i].belong(v, call.Session)
		}
	}
	slices.SortStableFunc(e.tried, e.compare)
	e.assignRoles()
	out := &adminv1.GroupRoute{Group: group.GetName(), LeftOut: e.leftOut, Candidates: make([]*adminv1.Candidate, len(e.tried))}
	for i, t := range e.tried {
		out.Candidates[i] = t.Candidate
	}
	out.State, out.Reason = e.state()
	return out
}

// explanation is one group being explained.
type explanation struct {
	group     *adminv1.Group
	call      Call
	refused   refusals
	isSticky  bool // and it is known of which conversation the call is
	threshold int32
	native    bool // nothing is translated
	strict    bool // nothing is said in another way
	tried     []explained
	leftOut   []*adminv1.Candidate
	written   []written
}

type explained struct {
	*adminv1.Candidate
	rank routing.Rank
	own  float64 // how much the conversation belongs to it, where that decides
	last int     // behind the others: 1 cooling, 2 cooling until a person helps, from 3 on refusing what the call holds
}

// A member that refuses what the call holds is behind all others, cooling ones included, one that
// lacks the endpoint behind these, and one of which both is so behind all.
const (
	refusing = 3
	lacking  = 6
)

func (e *explanation) add(m *adminv1.Member, t *target) {
	c := &adminv1.Candidate{
		Provider: m.GetProvider(), Model: t.model, Priority: m.GetPriority(), Weight: 1,
		Price: t.price, Threshold: e.threshold, MemberModel: m.GetModel(),
	}
	if m.Weight != nil {
		c.Weight = m.GetWeight()
	}
	why := leftOut(e.group, t, m)
	if why == 0 {
		c.Refusals = e.refused[scope{provider: c.GetProvider(), model: c.GetModel()}]
		c.Dialects = ways(t.provider, c.Refusals, e.native)
		var ok bool
		if c.TranslatedTo, ok = e.call.wayOf(t.provider, c.Dialects); !ok {
			why = adminv1.LeftOutReason_LEFT_OUT_REASON_API_MISSING
		} else if c.Translation = e.preview(c, t); c.GetTranslation().GetRefused() != "" && !c.GetTranslation().GetUncertain() {
			why = adminv1.LeftOutReason_LEFT_OUT_REASON_NOT_TRANSLATABLE
		}
	}
	if why != 0 {
		c.State, c.LeftOutReason = disabled, why
		e.leftOut = append(e.leftOut, c)
		return
	}
	s := &t.health
	c.State, c.Failures, c.Nodes = s.state, s.failures, s.nodes
	if s.reason != "" {
		c.Reason, c.ReasonScope = s.reason, s.of
	}
	if s.remaining > 0 {
		c.Remaining = durationpb.New(s.remaining)
	}
	rank, last := t.rank, 0
	rank.Priority = int(c.Priority)
	if c.State == cooling {
		last = 1
		if o, _ := outcome.Named(s.reason); o.NeedsHelp {
			last = 2
		}
	}
	if c.GetTranslatedTo() == "" { // what is refused of a translated call is in other words
		last += e.call.last(c.Refusals, t)
	}
	e.tried = append(e.tried, explained{Candidate: c, rank: rank, last: last})
}

// leftOut says why no call tries a member; unspecified when calls do.
func leftOut(group *adminv1.Group, t *target, m *adminv1.Member) adminv1.LeftOutReason {
	switch {
	case !controlplane.IsEnabled(group.Enabled):
		return adminv1.LeftOutReason_LEFT_OUT_REASON_GROUP_DISABLED
	case !controlplane.IsEnabled(m.Enabled):
		return adminv1.LeftOutReason_LEFT_OUT_REASON_MEMBER_DISABLED
	case t.provider == nil:
		return adminv1.LeftOutReason_LEFT_OUT_REASON_PROVIDER_MISSING
	case !controlplane.IsEnabled(t.provider.Enabled):
		return adminv1.LeftOutReason_LEFT_OUT_REASON_PROVIDER_DISABLED
	case t.isOff:
		return adminv1.LeftOutReason_LEFT_OUT_REASON_MODEL_DISABLED
	}
	return adminv1.LeftOutReason_LEFT_OUT_REASON_UNSPECIFIED
}

// compare orders as nodes do: cooling ones last, and before that by rank. Members that
// share the calls of a rank come by weight.
func (e *explanation) compare(a, b explained) int {
	return cmp.Or(cmp.Compare(a.last, b.last), e.compareRank(a, b), cmp.Compare(b.GetWeight(), a.GetWeight()))
}

// compareRank gives 0 for members that share calls.
func (e *explanation) compareRank(a, b explained) int {
	if s := e.group.GetSelection(); s != "" && s != "cheapest" {
		return cmp.Or(cmp.Compare(a.rank.Priority, b.rank.Priority), cmp.Compare(b.own, a.own))
	}
	return cmp.Or(a.rank.Compare(b.rank), compareNative(a, b))
}

// compareNative puts members that get the call as it comes before their equals that get it translated.
func compareNative(a, b explained) int {
	return cmp.Compare(min(len(a.GetTranslatedTo()), 1), min(len(b.GetTranslatedTo()), 1))
}

// blendedPrice is what the order compares, in USD per million tokens: half of them read and
// half written, in calls of twice routing.SampleTokens. Prices are micro-USD.
func blendedPrice(input, output, perCall int64) string {
	const callsPerMillion = 1_000_000 / (2 * routing.SampleTokens)
	halves := input + output + 2*callsPerMillion*perCall // of a micro-USD
	text := fmt.Sprintf("%d.%07d", halves/2_000_000, halves%2_000_000*5)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}
