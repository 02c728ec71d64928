package engine

import (
	"net/http"
	"slices"
	"sync"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/learned"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/internal/domain/fieldrule"
)

// unconfirmed is what targets that failed in a call told of themselves. It is believed once another
// attempt has answered the same request: it was no nonsense of the caller's then.
type unconfirmed struct {
	engine *Engine
	req    *Request

	mu       sync.Mutex
	lacking  []lack
	refusals []dataplane.Refusal // of what the request holds
}

// lack is an endpoint that a target said it does not have.
type lack struct {
	target   *dataplane.Target
	endpoint *wire.Endpoint
	path     bool // its status says that nothing is there, or that nothing is taken there
}

// note keeps in mind what a failed attempt tells of its target: that it does not have the endpoint,
// or refuses a part of the request. What else a request asks for says nothing about the endpoint.
func (u *unconfirmed) note(a *attempt, v dataplane.Verdict) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if v.Outcome == dataplane.Unsupported && !v.Feature {
		u.lacking = append(u.lacking, lack{a.Target, a.endpoint, a.record.Status == http.StatusNotFound || a.record.Status == http.StatusMethodNotAllowed})
	}
	if f, is := u.refusal(a, v); is {
		u.refusals = append(u.refusals, f)
	}
}

// refusal is what an attempt's target refused of the request, if that is there.
func (u *unconfirmed) refusal(a *attempt, v dataplane.Verdict) (f dataplane.Refusal, is bool) {
	path := a.endpoint.Path
	if v.Parameter == "" || u.req.Body.Form != nil || fieldrule.TakeAway(a.Rules[path], v.Parameter) {
		return f, false
	}
	value, is := wire.Holds(a.json(), v.Parameter)
	if !is {
		return f, false
	}
	f = dataplane.Refusal{Target: a.Scope, Endpoint: path, Parameter: v.Parameter, Caller: u.req.Key.Caller}
	if v.ByValue || v.Parameter == "response_format" || v.Parameter == "tool_choice" {
		f.Value = value
		return f, value != ""
	}
	return f, true
}

// lacks reports whether a target said that it does not have an endpoint.
func (u *unconfirmed) lacks(t *dataplane.Target) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.ContainsFunc(u.lacking, func(l lack) bool { return l.target == t })
}

// confirm believes what an attempt that answers has confirmed, and forgets the rest.
func (u *unconfirmed) confirm(by *attempt) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.confirmLacking(by)
	u.confirmRefusals(by)
	u.lacking, u.refusals = nil, nil
}

// confirmLacking notes which targets do not have the endpoint. In another dialect a request is the same
// only for the same target, and if all of it was said, or if what the target said is about its path alone.
func (u *unconfirmed) confirmLacking(by *attempt) {
	for _, l := range u.lacking {
		if by.endpoint == l.endpoint || by.Target == l.target && by.translation != nil && (by.translation.complete || l.path) {
			u.engine.misses(l.target, l.endpoint)
		}
	}
}

// confirmRefusals notes what was refused, if the request was the same in the same dialect: another attempt
// may not have been told what was refused.
func (u *unconfirmed) confirmRefusals(by *attempt) {
	for _, f := range u.refusals {
		if f.Target == by.Scope || f.Endpoint != by.endpoint.Path || by.record.Opaque > 0 || fieldrule.TakeAway(by.Rules[f.Endpoint], f.Parameter) {
			continue
		}
		if e := u.engine; e.learned.Refusals.Add(f, e.cfg.Now()) {
			e.cfg.Logger.Warn("a target refuses something that another one accepts; such requests are sent to it last for a while",
				"provider", f.Target.Provider, "model", f.Target.Name, "endpoint", f.Endpoint, "parameter", f.Parameter, "value", f.Value, "for", learned.Remembered)
		}
	}
}
