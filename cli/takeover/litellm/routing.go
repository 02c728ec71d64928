package litellm

import (
	"math/big"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/cli/takeover"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// groups makes a group of each model_name.
func (r *reader) groups(router *takeover.Node) {
	selection := r.selection(router.Get("routing_strategy"))
	for _, name := range r.order {
		g := r.d.Group(name)
		g.Selection = selection
		deployments := r.deployments[name]
		r.weigh(deployments, selection)
		last := int64(0)
		for _, dep := range deployments {
			if dep.order != nil {
				last = max(last, *dep.order)
			}
		}
		for _, dep := range deployments {
			priority := last + 1 // those without an order come last
			if dep.order != nil {
				priority = *dep.order
			}
			dep.member.Priority = int32(min(max(priority, 0), 1_000_000))
			g.Members = append(g.Members, dep.member)
		}
	}
}

// selection is how members of one priority share the calls.
func (r *reader) selection(n *takeover.Node) string {
	switch strategy := n.Text(); strategy {
	case "", "simple-shuffle":
		return "weighted"
	case "least-busy":
		return "least_busy"
	case "cost-based-routing":
		return "cheapest"
	default:
		r.d.Bent(n, "selection weighted: there is no selection by use or latency; least_busy comes nearest")
		return "weighted"
	}
}

// weigh gives members their weights: those that are set, else, as simple-shuffle does, what rpm or tpm say.
func (r *reader) weigh(deployments []*deployment, selection string) {
	for _, by := range []func(*deployment) *takeover.Node{
		func(d *deployment) *takeover.Node { return d.weightAt },
		func(d *deployment) *takeover.Node { return d.rpmAt },
		func(d *deployment) *takeover.Node { return d.tpmAt },
	} {
		if !slices.ContainsFunc(deployments, func(d *deployment) bool { return by(d).Given() }) {
			continue
		}
		if len(deployments) == 1 || selection != "weighted" {
			return // shares mean nothing then; what is not read is reported
		}
		for _, d := range deployments {
			w, ok := by(d).Number()
			if !ok || w.Sign() <= 0 {
				continue
			}
			scaled := new(big.Rat).Set(w)
			if !scaled.IsInt() {
				scaled.Mul(scaled, big.NewRat(1000, 1)) // shares such as 0.9 and 0.1
			}
			f, _ := scaled.Float64()
			d.member.Weight = proto.Int32(int32(min(max(f, 1), 1_000_000)))
			if by(d) != d.weightAt {
				r.d.Bent(by(d), "the weight %d among the members; it limits nothing: a provider that refuses is cooled down and passed by", d.member.GetWeight())
			}
		}
		return
	}
}

// aliases are other names of groups.
func (r *reader) aliases(n *takeover.Node) {
	for _, a := range n.Each() {
		target := a.Text()
		if a.IsMap() {
			target = a.Get("model").Text()
			r.d.Leave(a.Get("hidden"), "model lists show groups by their names, never by their aliases")
		}
		if _, there := r.deployments[target]; !there {
			r.d.Leave(a, "there is no model %s", target)
			continue
		}
		g := r.d.Group(target)
		g.Aliases = append(g.Aliases, a.Key)
		r.d.Took(a, "alias of group %s", target)
	}
}

// fallbacks appends the members of other groups, behind a group's own.
func (r *reader) fallbacks(router, library *takeover.Node) {
	own := map[string][]*adminv1.Member{} // before any fallback: they do not chain
	for _, name := range r.order {
		own[name] = slices.Clone(r.d.Group(name).GetMembers())
	}
	for _, n := range []*takeover.Node{router.Get("fallbacks"), library.Get("fallbacks")} {
		for _, entry := range n.Each() {
			for _, f := range entry.Each() {
				for _, to := range f.Each() {
					r.fallBack(f.Key, to, own)
				}
			}
		}
	}
	for _, n := range []*takeover.Node{router.Get("default_fallbacks"), library.Get("default_fallbacks")} {
		for _, to := range n.Each() {
			for _, name := range r.order {
				if name != to.Text() {
					r.fallBack(name, to, own)
				}
			}
		}
	}
	for _, section := range []*takeover.Node{router, library} {
		for _, key := range []string{"context_window_fallbacks", "content_policy_fallbacks"} {
			r.d.Leave(section.Get(key), "a group has one order for all failures: add the members where they are wanted; failover_on_content_policy decides on refusals")
		}
	}
}

func (r *reader) fallBack(name string, to *takeover.Node, own map[string][]*adminv1.Member) {
	target := to.Text()
	switch {
	case target == "" || own[target] == nil:
		r.d.Leave(to, "there is no model %s to fall back to", target)
		return
	case own[name] == nil:
		r.d.Leave(to, "there is no model %s to fall back from", name)
		return
	}
	g := r.d.Group(name)
	last := int32(0)
	for _, m := range g.GetMembers() {
		last = max(last, m.GetPriority())
	}
	lowest := int32(1_000_000)
	for _, m := range own[target] {
		lowest = min(lowest, m.GetPriority())
	}
	added := 0
	for _, m := range own[target] {
		if slices.ContainsFunc(g.GetMembers(), func(old *adminv1.Member) bool {
			return old.GetProvider() == m.GetProvider() && old.GetModel() == m.GetModel()
		}) {
			continue
		}
		next := proto.CloneOf(m)
		next.Priority = last + 1 + m.GetPriority() - lowest
		g.Members = append(g.Members, next)
		added++
	}
	r.d.Took(to, "%s of %s behind the own ones of group %s", plural(added, "member"), target, name)
}

// policy takes over what holds for all models.
func (r *reader) policy(router, library *takeover.Node) {
	if n := first(router.Get("num_retries"), library.Get("num_retries")); n.Given() {
		if tries, ok := n.Int(); ok && tries >= 0 {
			r.d.Failover().MaxAttempts = proto.Int32(int32(min(tries+1, 20)))
			r.d.Bent(n, "failover.max_attempts %d: attempts on all targets together, the first one included", r.d.Failover().GetMaxAttempts())
		}
	}
	if n := first(router.Get("allowed_fails"), library.Get("allowed_fails")); n.Given() {
		if fails, ok := n.Int(); ok && fails >= 0 {
			r.d.Failover().FailureThreshold = proto.Int32(int32(min(fails+1, 100_000)))
			r.d.Bent(n, "failover.failure_threshold %d within 60s", r.d.Failover().GetFailureThreshold())
		}
	}
	if n := first(router.Get("cooldown_time"), library.Get("cooldown_time")); n.Given() {
		if d := seconds(n); d != nil {
			r.d.Failover().Cooldown = durationpb.New(max(d.AsDuration(), 100*time.Millisecond))
			if d.AsDuration() > 300*time.Second {
				r.d.Failover().CooldownMax = r.d.Failover().GetCooldown()
			}
			r.d.Bent(n, "failover.cooldown, which grows with each repeat up to cooldown_max")
		}
	}
	if n := first(router.Get("timeout"), library.Get("request_timeout")); n.Given() {
		if d := seconds(n); d != nil {
			r.d.Failover().ResponseTimeout = d
			r.d.Bent(n, "failover.response_timeout, an hour at most; streams have timers of their own")
		}
	}
	if n := router.Get("stream_timeout"); n.Given() {
		if d := seconds(n); d != nil {
			r.d.Failover().FirstTokenTimeout = d
			r.d.Bent(n, "failover.first_token_timeout")
		}
	}
}
