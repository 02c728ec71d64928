package routing

import (
	"cmp"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Call is what a call holds that targets may refuse. The zero call holds nothing.
type Call struct {
	Endpoint   string   // without the slash before it
	Parameters []string // name, or name=value with the value as JSON
	Caller     string
}

// meets reports whether a call would be refused so, as nodes decide.
func (c *Call) meets(r *adminv1.LearnedRefusal) bool {
	if r.GetEndpoint() != c.Endpoint || r.GetCaller() != "" && r.GetCaller() != c.Caller {
		return false
	}
	return r.GetParameter() == "" || slices.ContainsFunc(c.Parameters, func(p string) bool {
		name, value, _ := strings.Cut(p, "=")
		return name == r.GetParameter() && (r.GetValue() == "" || r.GetValue() == value)
	})
}

// last is how far back what is known of a member puts it.
func (c *Call) last(all []*adminv1.LearnedRefusal) (last int) {
	for _, r := range all {
		switch {
		case !c.meets(r):
		case r.GetParameter() == "":
			return lacking
		default:
			last = refusing
		}
	}
	return last
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
