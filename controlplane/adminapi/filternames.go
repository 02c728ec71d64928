package adminapi

import (
	"context"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/domain/choice"
	"github.com/trunkline-ai/trunkline/internal/domain/nearest"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// filterNames knows what filters may name: what is configured and, where a list reaches back, what was there
// before it was deleted. A name that never existed is refused: a filter with a typo would find nothing, which
// looks like good news.
type filterNames struct {
	live  Live
	nodes Nodes
	calls Calls
	usage Usage
	now   func() time.Time
}

// nameFilter is a filter that names something.
type nameFilter struct {
	field, value, noun string
	is                 func() bool     // it is there
	names              func() []string // of what is there
	// was says whether something of the past has the name; nil: the past does not matter. had says what it
	// would have had.
	was func(context.Context) (bool, error)
	had string
}

// resource is a filter that names a resource, of which only those that are there can be found.
func (n filterNames) resource(field string, kind controlplane.Kind, noun, value string) nameFilter {
	return nameFilter{field: field, value: value, noun: noun, is: func() bool {
		_, ok := n.live.Current().Get(kind, value)
		return ok
	}, names: func() (names []string) {
		for _, r := range n.live.Current().List(kind) {
			names = append(names, r.Name)
		}
		return names
	}}
}

// among is a filter by one of the few words that the field of a request may hold.
func among(req proto.Message, field, value string) nameFilter {
	return oneOf(field, field, value, choice.Of(req.ProtoReflect().Descriptor().Fields().ByName(protoreflect.Name(field))))
}

func oneOf(field, noun, value string, words []string) nameFilter {
	return nameFilter{field: field, value: value, noun: noun, is: func() bool { return slices.Contains(words, value) }, names: func() []string { return words }}
}

// caller is a filter that names whose calls are meant.
func (n filterNames) caller(field, value string) nameFilter {
	names := func() (callers []string) {
		for _, r := range n.live.Current().List(controlplane.KindAPIKey) {
			if key := r.Spec.(*adminv1.ApiKey); key.GetOwner() != "" {
				callers = append(callers, "owner:"+key.GetOwner())
			} else {
				callers = append(callers, "key:"+key.GetName())
			}
		}
		slices.Sort(callers)
		return slices.Compact(callers)
	}
	return nameFilter{field: field, value: value, noun: "caller", is: func() bool { return slices.Contains(names(), value) }, names: names}
}

// since adds the past to a filter.
func (f nameFilter) since(had string, was func(context.Context) (bool, error)) nameFilter {
	f.had, f.was = had, was
	return f
}

// ofCalls are the filters of calls and of usage.
func (n filterNames) ofCalls(q calllog.UsageQuery) []nameFilter {
	of := func(f nameFilter, q calllog.UsageQuery) nameFilter {
		return f.since("calls", func(ctx context.Context) (bool, error) { return n.used(ctx, q) })
	}
	return []nameFilter{
		of(n.resource("filter.group", controlplane.KindGroup, "group", q.Group), calllog.UsageQuery{Group: q.Group}),
		of(n.resource("filter.provider", controlplane.KindProvider, "provider", q.Provider), calllog.UsageQuery{Provider: q.Provider}),
		of(n.resource("filter.api_key", controlplane.KindAPIKey, "API key", q.APIKey), calllog.UsageQuery{APIKey: q.APIKey}),
		of(nameFilter{field: "filter.model", value: q.Model, noun: "upstream model", names: n.models, is: func() bool {
			return slices.Contains(n.models(), q.Model)
		}}, calllog.UsageQuery{Model: q.Model}),
	}
}

// node is a filter that names a node, within a time.
func (n filterNames) node(field, value string, from, to time.Time) nameFilter {
	return nameFilter{field: field, value: value, noun: "node", names: n.nodeNames, is: func() bool {
		_, err := n.nodes.Node(value)
		return err == nil
	}}.since("calls", func(ctx context.Context) (bool, error) {
		calls, err := n.calls.ListCalls(ctx, calllog.Filter{Node: value, From: from, To: to, Limit: 1})
		return len(calls) > 0, err
	})
}

// checkNames refuses names that never existed.
func checkNames(ctx context.Context, filters ...nameFilter) error {
	var violations []errs.Violation
	for _, f := range filters {
		known, err := f.known(ctx)
		if err != nil {
			return err
		}
		if !known {
			violations = append(violations, f.violation())
		}
	}
	if len(violations) > 0 {
		return errs.Invalid(violations...)
	}
	return nil
}

func (f nameFilter) known(ctx context.Context) (bool, error) {
	switch {
	case f.value == "" || f.is():
		return true, nil
	case f.was == nil || !storable(f.value):
		return false, nil
	}
	return f.was(ctx)
}

func (f nameFilter) violation() errs.Violation {
	text := "names no " + f.noun + " that there is"
	if f.was != nil {
		text += ", and none that ever had " + f.had
	}
	if near := nearest.Of(f.names(), f.value, 3); len(near) > 0 {
		text += "; did you mean " + strings.Join(near, ", ") + "?"
	}
	return errs.Violation{Field: f.field, Description: text}
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

func (n filterNames) nodeNames() (names []string) {
	for _, node := range n.nodes.Nodes() {
		names = append(names, node.GetName())
	}
	return names
}
