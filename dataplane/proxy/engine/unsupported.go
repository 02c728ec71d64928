package engine

import (
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// unsupported remembers which targets do not have which endpoint: such a target gets requests to it
// translated, or is tried last there where that cannot be, and nothing is held against it elsewhere. Otherwise whoever asks a chat
// model for embeddings would take it away from everybody. For the same reason a target that
// answered there lately has the endpoint, and only another target's answer to the same request
// proves that it has not: what it does not do may be only what was asked.
type unsupported = learned[missing]

type missing struct {
	target   dataplane.Scope
	endpoint *wire.Endpoint
}

// lackingLast puts candidates without the endpoint behind the others, each part in its order.
func (e *Engine) lackingLast(candidates []dataplane.Candidate, endpoint *wire.Endpoint) []dataplane.Candidate {
	if e.unsupported.none() {
		return candidates
	}
	now := e.cfg.Now()
	return putLast(candidates, func(c dataplane.Candidate) bool {
		return c.To == "" && e.lacksAt(c.Target, endpoint, now)
	})
}

// lacks reports whether a target is known not to have an endpoint.
func (e *Engine) lacks(t *dataplane.Target, endpoint *wire.Endpoint) bool {
	return endpoint != nil && !e.unsupported.none() && e.lacksAt(t, endpoint, e.cfg.Now())
}

func (e *Engine) lacksAt(t *dataplane.Target, endpoint *wire.Endpoint, now time.Time) bool {
	until, known := e.unsupported.until(missing{t.Scope, endpoint}, now)
	return known && t.Load.LastAnswer(endpoint.Number).Before(until.Add(-remembered))
}

// confirmLacking notes which targets do not have the endpoint, now that another one has
// answered the same request: it was no nonsense of the caller's. In another dialect it is the same
// only for the same target, and if all of it was said.
func (c *call) confirmLacking(by *attempt) {
	for _, l := range c.shared.lacking {
		if by.endpoint == l.endpoint || by.Target == l.target && by.translation != nil && by.translation.complete {
			c.engine.noteUnsupported(l.target, l.endpoint)
		}
	}
	c.shared.lacking = nil
}

// hasEndpoint forgets that a target does not have an endpoint, now that it has answered there.
func (e *Engine) hasEndpoint(t *dataplane.Target, endpoint *wire.Endpoint) {
	if e.unsupported.none() {
		return
	}
	here := missing{t.Scope, endpoint}
	if _, known := e.unsupported.until(here, e.cfg.Now()); known {
		e.unsupported.forget(func(m missing) bool { return m == here })
	}
}

// EndpointsMissing is how many endpoints are known to be missing at present, by target.
func (e *Engine) EndpointsMissing() int { return e.unsupported.count(e.cfg.Now()) }

// noteUnsupported notes that a target does not have an endpoint, and says so once.
func (e *Engine) noteUnsupported(t *dataplane.Target, endpoint *wire.Endpoint) {
	now := e.cfg.Now()
	if now.Sub(t.Load.LastAnswer(endpoint.Number)) < remembered {
		return
	}
	if e.unsupported.add(missing{t.Scope, endpoint}, now) {
		e.cfg.Logger.Warn("a target does not have an endpoint: it is asked last there for a while",
			"provider", t.Provider.Name, "model", t.Model, "endpoint", endpoint.Path, "for", remembered)
	}
}
