package engine

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/domain/fieldrule"
)

// refusals remember what targets refuse of good requests: such a target is tried last by
// requests that hold the same. Only another target's answer to the same request proves that
// the request was good, and what one caller brought about concerns that caller alone until
// another one meets it too. Reading takes no lock.
type refusals struct {
	known atomic.Pointer[map[dataplane.Scope][]dataplane.Refusal]
	mu    sync.Mutex // serialises changes
}

// The memory is bounded; within a target the oldest makes room.
const (
	maxRefusing  = 1000 // targets
	maxOfATarget = 16
)

// of gives those of a target that still count.
func (r *refusals) of(target dataplane.Scope, now time.Time) []dataplane.Refusal {
	known := r.known.Load()
	if known == nil {
		return nil
	}
	all := (*known)[target]
	if slices.ContainsFunc(all, func(f dataplane.Refusal) bool { return !f.Until.After(now) }) {
		all = slices.DeleteFunc(slices.Clone(all), func(f dataplane.Refusal) bool { return !f.Until.After(now) })
	}
	return all
}

// add notes a refusal that was confirmed now; it reports whether that is news.
func (r *refusals) add(f dataplane.Refusal, now time.Time) (news bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := map[dataplane.Scope][]dataplane.Refusal{}
	if known := r.known.Load(); known != nil {
		for target := range *known {
			if live := r.of(target, now); len(live) > 0 {
				next[target] = live
			}
		}
	}
	if next[f.Target] == nil && len(next) >= maxRefusing {
		return false
	}
	f.Since, f.Until = now, now.Add(remembered)
	all := slices.Clone(next[f.Target])
	i := slices.IndexFunc(all, func(old dataplane.Refusal) bool { return old.Same(&f) })
	switch {
	case i >= 0:
		old := all[i]
		f.Since = old.Since
		if old.Caller != f.Caller {
			f.Caller = ""
		}
		news = old.Caller != f.Caller
		all[i] = f
	default:
		if len(all) >= maxOfATarget {
			oldest := slices.IndexFunc(all, func(x dataplane.Refusal) bool {
				return !slices.ContainsFunc(all, func(y dataplane.Refusal) bool { return y.Until.Before(x.Until) })
			})
			all = slices.Delete(all, oldest, oldest+1)
		}
		all, news = append(all, f), true
	}
	next[f.Target] = all
	r.known.Store(&next)
	return news
}

// forget drops what is known of targets.
func (r *refusals) forget(is func(dataplane.Scope) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if known := r.known.Load(); known != nil {
		next := maps.Clone(*known)
		maps.DeleteFunc(next, func(t dataplane.Scope, _ []dataplane.Refusal) bool { return is(t) })
		r.known.Store(&next)
	}
}

// all lists those that count now.
func (r *refusals) all(now time.Time) (out []dataplane.Refusal) {
	if known := r.known.Load(); known != nil {
		for target := range *known {
			out = append(out, r.of(target, now)...)
		}
	}
	return out
}

// refusingLast puts candidates behind the others that refuse what the request holds, each part
// in its order.
func (c *call) refusingLast(candidates []dataplane.Candidate) []dataplane.Candidate {
	if c.engine.refusals.known.Load() == nil || c.req.Body.Form != nil || len(candidates) < 2 {
		return candidates
	}
	now := c.engine.cfg.Now()
	return putLast(candidates, func(m dataplane.Candidate) bool {
		endpoint, body := c.req.Endpoint, c.req.Body.JSON
		if m.To != "" {
			d := c.translator.kept(c.engine.conversation(m.To))
			endpoint, body = d.to, d.body
		}
		return slices.ContainsFunc(c.engine.refusals.of(m.Scope, now), func(f dataplane.Refusal) bool {
			return f.Endpoint == endpoint.Path && c.meets(m.Target, &f, body)
		})
	})
}

// meets reports whether the request, as the target gets it, would be refused so once more.
func (c *call) meets(t *dataplane.Target, f *dataplane.Refusal, body []byte) bool {
	if f.Caller != "" && f.Caller != c.req.Key.Caller || fieldrule.TakeAway(t.Rules[f.Endpoint], f.Parameter) {
		return false
	}
	value, is := wire.Holds(body, f.Parameter)
	return is && (f.Value == "" || f.Value == value)
}

// refused keeps in mind what an attempt's target refused of the request, if that is there.
func (c *call) refused(a *attempt, v dataplane.Verdict) {
	path := a.endpoint.Path
	if v.Parameter == "" || c.req.Body.Form != nil || fieldrule.TakeAway(a.Rules[path], v.Parameter) {
		return
	}
	value, is := wire.Holds(a.json(), v.Parameter)
	if !is {
		return
	}
	f := dataplane.Refusal{Target: a.Scope, Endpoint: path, Parameter: v.Parameter, Caller: c.req.Key.Caller}
	if v.ByValue || v.Parameter == "response_format" || v.Parameter == "tool_choice" {
		if f.Value = value; value == "" {
			return
		}
	}
	c.shared.refusals = append(c.shared.refusals, f)
}

// confirmRefusals notes what was refused, now that an attempt has answered the same request in the same
// dialect: another one may not have been told what was refused.
func (c *call) confirmRefusals(by *attempt) {
	for _, f := range c.shared.refusals {
		if f.Target == by.Scope || f.Endpoint != by.endpoint.Path || by.record.Opaque > 0 || fieldrule.TakeAway(by.Rules[f.Endpoint], f.Parameter) {
			continue
		}
		if e := c.engine; e.refusals.add(f, e.cfg.Now()) {
			e.cfg.Logger.Warn("a target refuses what another one takes: requests that hold it are sent there last for a while",
				"provider", f.Target.Provider, "model", f.Target.Name, "endpoint", f.Endpoint, "parameter", f.Parameter, "value", f.Value, "for", remembered)
		}
	}
	c.shared.refusals = nil
}

// Refusals lists all that is learned of targets at present: parameters and values that they
// refuse, endpoints that they lack, and stream_options.
func (e *Engine) Refusals() []dataplane.Refusal {
	now := e.cfg.Now()
	out := e.refusals.all(now)
	for m, until := range e.unsupported.all(now) {
		out = append(out, dataplane.Refusal{Target: m.target, Endpoint: m.endpoint.Path, Since: until.Add(-remembered), Until: until})
	}
	for t, until := range e.noUsage.all(now) {
		out = append(out, dataplane.Refusal{Target: t, Parameter: "stream_options", Since: until.Add(-remembered), Until: until})
	}
	return out
}

// ParametersRefused is how many parameters, and values of them, targets are known to refuse.
func (e *Engine) ParametersRefused() int { return len(e.refusals.all(e.cfg.Now())) }

// Forget drops all that was learned of targets.
func (e *Engine) Forget(is func(dataplane.Scope) bool) {
	e.refusals.forget(is)
	e.unsupported.forget(func(m missing) bool { return is(m.target) })
	e.noUsage.forget(is)
}
