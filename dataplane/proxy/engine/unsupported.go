package engine

import (
	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/learned"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// lackingLast puts candidates without the endpoint behind the others, each part in its order.
func (e *Engine) lackingLast(candidates []dataplane.Candidate, endpoint *wire.Endpoint) []dataplane.Candidate {
	if e.learned.Endpoints.None() {
		return candidates
	}
	now := e.cfg.Now()
	return putLast(candidates, func(c dataplane.Candidate) bool {
		return c.To == "" && e.learned.Endpoints.Lacks(c.Target, endpoint, now)
	})
}

// lacks reports whether a target is known not to have an endpoint.
func (e *Engine) lacks(t *dataplane.Target, endpoint *wire.Endpoint) bool {
	return endpoint != nil && !e.learned.Endpoints.None() && e.learned.Endpoints.Lacks(t, endpoint, e.cfg.Now())
}

// misses notes that a target does not have an endpoint, and says so once.
func (e *Engine) misses(t *dataplane.Target, endpoint *wire.Endpoint) {
	if e.learned.Endpoints.Miss(t, endpoint, e.cfg.Now()) {
		e.cfg.Logger.Warn("a target lacks an endpoint; such requests are sent to it last for a while",
			"provider", t.Provider.Name, "model", t.Model, "endpoint", endpoint.Path, "for", learned.Remembered)
	}
}

// answers notes that a target has an endpoint, now that it has answered there.
func (e *Engine) answers(t *dataplane.Target, endpoint *wire.Endpoint) {
	if !e.learned.Endpoints.None() {
		e.learned.Endpoints.Has(t, endpoint, e.cfg.Now())
	}
}
