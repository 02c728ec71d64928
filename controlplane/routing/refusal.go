package routing

import (
	"cmp"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/domain/fieldrule"
	"github.com/trunkline-ai/trunkline/internal/domain/routing"
	"github.com/trunkline-ai/trunkline/internal/wire/form"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Call is what a call holds that targets may refuse. The zero call holds nothing.
type Call struct {
	Endpoint   string   // without the slash before it
	Parameters []string // name, or name=value with the value as JSON
	Caller     string
	Session    routing.Session // the conversation that it belongs to; zero: not known
	request    *form.Request   // nil: not known
}

// meets reports whether a call would be refused so, as nodes decide: rules are the field rules of
// its endpoint at the target. A call that holds a part of an object holds the object.
func (c *Call) meets(r *adminv1.LearnedRefusal, rules []*fieldrule.Rule) bool {
	if r.GetEndpoint() != c.Endpoint || r.GetCaller() != "" && r.GetCaller() != c.Caller {
		return false
	}
	if r.GetParameter() == "" {
		return true
	}
	return !fieldrule.TakeAway(rules, r.GetParameter()) && slices.ContainsFunc(c.Parameters, func(p string) bool {
		name, value, _ := strings.Cut(p, "=")
		if r.GetValue() == "" {
			return name == r.GetParameter() || strings.HasPrefix(name, r.GetParameter()+".")
		}
		return name == r.GetParameter() && r.GetValue() == value
	})
}

// last is how far back what is known of a target puts it.
func (c *Call) last(all []*adminv1.LearnedRefusal, t *target) int {
	if len(all) == 0 {
		return 0
	}
	rules, lacks, refuses := t.rules(c.Endpoint), 0, 0
	for _, r := range all {
		switch {
		case !c.meets(r, rules):
		case r.GetParameter() == "":
			lacks = lacking
		default:
			refuses = refusing
		}
	}
	return lacks + refuses
}

// rules are the field rules that calls of an endpoint to the target meet.
func (t *target) rules(endpoint string) []*fieldrule.Rule {
	var own []*fieldrule.Rule
	if model := controlplane.ModelNamed(t.provider, t.model); model != nil {
		own = readRules(model.GetFieldRules())
	}
	return slices.DeleteFunc(fieldrule.Merge(readRules(t.provider.GetFieldRules()), own), func(r *fieldrule.Rule) bool {
		return !slices.Contains(r.Endpoints, endpoint)
	})
}

// readRules reads rules that were checked when they were stored.
func readRules(in []*adminv1.FieldRule) (out []*fieldrule.Rule) {
	for _, r := range in {
		rule, fault := fieldrule.New(fieldrule.Given{Field: r.GetField(), Action: r.GetAction(), To: r.GetTo(), Value: r.GetValue(), Endpoints: r.GetEndpoints()})
		if fault == nil {
			out = append(out, &rule)
		}
	}
	return out
}

// refusals are what nodes have learned of each model, what several tell of the same as one.
type refusals map[scope][]*adminv1.LearnedRefusal

func readRefusals(nodes []*adminv1.Node) refusals {
	out := refusals{}
	for _, n := range nodes {
		if n.GetConnected() {
			for _, r := range n.GetRefusals() {
				out.add(n.GetName(), r)
			}
		}
	}
	for _, all := range out {
		slices.SortFunc(all, func(a, b *adminv1.LearnedRefusal) int {
			return cmp.Or(cmp.Compare(a.GetEndpoint(), b.GetEndpoint()), cmp.Compare(a.GetParameter(), b.GetParameter()), cmp.Compare(a.GetValue(), b.GetValue()))
		})
	}
	return out
}

func (m refusals) add(node string, r *adminv1.LearnedRefusal) {
	s := scope{provider: r.GetProvider(), model: r.GetModel()}
	i := slices.IndexFunc(m[s], func(o *adminv1.LearnedRefusal) bool {
		return o.GetEndpoint() == r.GetEndpoint() && o.GetParameter() == r.GetParameter() && o.GetValue() == r.GetValue()
	})
	if i < 0 {
		r = proto.CloneOf(r)
		r.Nodes = []string{node}
		m[s] = append(m[s], r)
		return
	}
	old := m[s][i]
	old.Nodes = append(old.Nodes, node)
	if old.GetCaller() != r.GetCaller() {
		old.Caller = "" // two callers met it
	}
	if r.GetSinceTime().AsTime().Before(old.GetSinceTime().AsTime()) {
		old.SinceTime = r.GetSinceTime()
	}
	if r.GetUntilTime().AsTime().After(old.GetUntilTime().AsTime()) {
		old.UntilTime = r.GetUntilTime()
	}
}
