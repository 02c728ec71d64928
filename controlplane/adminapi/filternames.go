package adminapi

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/domain/nearest"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// filterNames knows what the filters of calls may name: what is configured, and what has calls from
// before it was deleted. A name that never existed is refused: a filter with a typo would find
// nothing, which looks like good news.
type filterNames struct {
	live  Live
	nodes Nodes
	calls Calls
	usage Usage
	now   func() time.Time
}

// namedFilter is the names of a filter; empty ones do not filter.
type namedFilter struct {
	group, provider, model, apiKey, node string
	from, to                             time.Time // within which calls of the node are looked for
}

// check refuses names that never existed.
func (n filterNames) check(ctx context.Context, f namedFilter) error {
	var violations []errs.Violation
	for _, one := range []struct {
		field, value, noun string
		configured         func() bool
		names              func() []string
		query              calllog.UsageQuery
	}{
		{"group", f.group, "group", n.has(controlplane.KindGroup, f.group), n.list(controlplane.KindGroup), calllog.UsageQuery{Group: f.group}},
		{"provider", f.provider, "provider", n.has(controlplane.KindProvider, f.provider), n.list(controlplane.KindProvider), calllog.UsageQuery{Provider: f.provider}},
		{"api_key", f.apiKey, "API key", n.has(controlplane.KindAPIKey, f.apiKey), n.list(controlplane.KindAPIKey), calllog.UsageQuery{APIKey: f.apiKey}},
		{"model", f.model, "upstream model", func() bool { return slices.Contains(n.models(), f.model) }, n.models, calllog.UsageQuery{Model: f.model}},
	} {
		if one.value == "" || !storable(one.value) || one.configured() {
			continue
		}
		switch used, err := n.used(ctx, one.query); {
		case err != nil:
			return err
		case !used:
			violations = append(violations, unknownName(one.field, one.value, one.noun, one.names()))
		}
	}
	if f.node != "" && storable(f.node) {
		known, err := n.hasNode(ctx, f)
		if err != nil {
			return err
		}
		if !known {
			violations = append(violations, unknownName("node", f.node, "node", n.nodeNames()))
		}
	}
	if len(violations) > 0 {
		return errs.Invalid(violations...)
	}
	return nil
}

func (n filterNames) has(kind controlplane.Kind, name string) func() bool {
	return func() bool {
		_, ok := n.live.Current().Get(kind, name)
		return ok
	}
}

func (n filterNames) list(kind controlplane.Kind) func() []string {
	return func() (names []string) {
		for _, r := range n.live.Current().List(kind) {
			names = append(names, r.Name)
		}
		return names
	}
}

// models are the upstream models of all providers.
func (n filterNames) models() (ids []string) {
	for _, r := range n.live.Current().List(controlplane.KindProvider) {
		if p, ok := r.Spec.(*adminv1.Provider); ok {
			for _, m := range p.GetModels() {
				ids = append(ids, m.GetId())
			}
		}
	}
	return ids
}

// checkNode refuses a node of which nobody knows anything: it is not there, and has no gaps and no calls from before.
func (n filterNames) checkNode(ctx context.Context, gaps Gaps, node string) error {
	if node == "" {
		return nil
	}
	had, err := gaps.ListGaps(ctx, calllog.GapFilter{Node: node, Limit: 1})
	if err != nil || len(had) > 0 {
		return err
	}
	known, err := n.hasNode(ctx, namedFilter{node: node})
	if err != nil || known {
		return err
	}
	v := unknownName("node", node, "node", n.nodeNames())
	v.Field = "node"
	return errs.Invalid(v)
}

// recently is how far back calls are looked at themselves, which may not be in the sums yet.
const recently = time.Hour

// used reports whether calls or attempts were ever counted for a name.
func (n filterNames) used(ctx context.Context, q calllog.UsageQuery) (bool, error) {
	late, err := n.calls.ListCalls(ctx, calllog.Filter{
		Group: q.Group, Provider: q.Provider, Model: q.Model, APIKey: q.APIKey, From: n.now().Add(-recently), Limit: 1,
	})
	if err != nil || len(late) > 0 {
		return len(late) > 0, err
	}
	q.To = ceil(n.now().Add(24*time.Hour), time.Hour) // the clocks of nodes may be ahead
	q.From = q.To.Add(-calllog.KeepUsageHours)
	calls, err := n.usage.Usage(ctx, q)
	if err != nil || len(calls) > 0 {
		return len(calls) > 0, err
	}
	if q.APIKey != "" { // of which attempts know nothing
		return false, nil
	}
	attempts, err := n.usage.AttemptUsage(ctx, q)
	return len(attempts) > 0, err
}

// hasNode reports whether a node is known, or has calls from before it was removed.
func (n filterNames) hasNode(ctx context.Context, f namedFilter) (bool, error) {
	if _, err := n.nodes.Node(f.node); err == nil {
		return true, nil
	}
	calls, err := n.calls.ListCalls(ctx, calllog.Filter{Node: f.node, From: f.from, To: f.to, Limit: 1})
	return len(calls) > 0, err
}

func (n filterNames) nodeNames() (names []string) {
	for _, node := range n.nodes.Nodes() {
		names = append(names, node.GetName())
	}
	return names
}

func unknownName(field, value, noun string, names []string) errs.Violation {
	text := "names no " + noun + " that there is, and none that ever had calls"
	if near := nearest.Of(names, value, 3); len(near) > 0 {
		text += "; did you mean " + strings.Join(near, ", ") + "?"
	}
	return errs.Violation{Field: "filter." + field, Description: text}
}
