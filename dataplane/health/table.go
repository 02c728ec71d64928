package health

import (
	"maps"
	"slices"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// table is what the request path reads. It is immutable.
type table struct {
	// open holds every open and half-open scope.
	open map[dataplane.Scope]opening
	// down holds the providers of which several models are open: it is the provider that
	// is in trouble, and its other models are better left alone too. A provider stays down
	// for as long as two of its models are open.
	down map[string]opening
}

// with is the table after a change of one scope; t is nil when the scope is forgotten.
func (old *table) with(s dataplane.Scope, t *tracker) *table {
	next := &table{open: maps.Clone(old.open), down: old.down}
	if next.open == nil {
		next.open = make(map[dataplane.Scope]opening)
	}
	if t != nil && t.open {
		next.open[s] = t.opening()
	} else {
		delete(next.open, s)
	}
	if s.Kind == dataplane.ScopeTarget {
		next.down = maps.Clone(old.down)
		next.judge(s.Provider)
	}
	return next
}

// judge finds out whether a provider is down: models that cool for limits, quotas or because
// they do not exist say nothing of it.
func (t *table) judge(provider string) {
	delete(t.down, provider)
	var last, last2 opening // the two of its models that are open for longest
	for s, o := range t.open {
		if s.Kind != dataplane.ScopeTarget || s.Provider != provider || o.reason.Rule().OthersFine {
			continue
		}
		if o.until.After(last.until) {
			last, o = o, last
		}
		if o.until.After(last2.until) {
			last2 = o
		}
	}
	if last2.until.IsZero() {
		return
	}
	if t.down == nil {
		t.down = make(map[string]opening)
	}
	t.down[provider] = opening{until: last2.until, reason: last.reason}
}

// condition says how a scope stands.
func (t *table) condition(s dataplane.Scope, now time.Time) dataplane.Condition {
	if o, ok := t.open[s]; ok {
		if c := o.condition(now); c.State != dataplane.Closed {
			return c
		}
	}
	if s.Kind == dataplane.ScopeProvider {
		return t.downCondition(s.Provider, now)
	}
	return dataplane.Condition{}
}

func (t *table) downCondition(provider string, now time.Time) dataplane.Condition {
	o, ok := t.down[provider]
	if !ok || !now.Before(o.until) {
		return dataplane.Condition{}
	}
	return dataplane.Condition{State: dataplane.Open, Until: o.until, Reason: o.reason, Derived: true}
}

// addDown adds the providers that are down to a snapshot's lines.
func (t *table) addDown(lines []dataplane.ScopeHealth, now time.Time) []dataplane.ScopeHealth {
	for provider := range t.down {
		s := dataplane.Scope{Kind: dataplane.ScopeProvider, Provider: provider}
		c := t.condition(s, now)
		if !c.Derived {
			continue
		}
		i := slices.IndexFunc(lines, func(l dataplane.ScopeHealth) bool { return l.Scope == s })
		if i < 0 {
			lines = append(lines, dataplane.ScopeHealth{Scope: s, Condition: c})
			continue
		}
		c.Failures = lines[i].Condition.Failures
		lines[i].Condition = c
	}
	return lines
}
