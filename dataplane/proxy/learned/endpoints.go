package learned

import (
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

// Endpoints remembers which targets do not have which endpoint: such a target gets requests to it
// translated, or is tried last there where that cannot be, and nothing is held against it elsewhere.
// Otherwise whoever asks a chat model for embeddings would take it away from everybody. For the same
// reason a target that answered there lately has the endpoint, and only another target's answer to the
// same request proves that it has not: what it does not do may be only what was asked.
type Endpoints struct{ missing Facts[missing] }

type missing struct {
	target   dataplane.Scope
	endpoint *wire.Endpoint
}

// None reports whether nothing was ever learned.
func (e *Endpoints) None() bool { return e.missing.None() }

// Lacks reports whether a target is known not to have an endpoint.
func (e *Endpoints) Lacks(t *dataplane.Target, endpoint *wire.Endpoint, now time.Time) bool {
	until, known := e.missing.Until(missing{t.Scope, endpoint}, now)
	return known && t.Load.LastAnswer(endpoint.Number).Before(until.Add(-Remembered))
}

// Has forgets that a target does not have an endpoint, now that it has answered there.
func (e *Endpoints) Has(t *dataplane.Target, endpoint *wire.Endpoint, now time.Time) {
	here := missing{t.Scope, endpoint}
	if _, known := e.missing.Until(here, now); known {
		e.missing.Forget(func(m missing) bool { return m == here })
	}
}

// Miss notes that a target does not have an endpoint; it reports whether that is news.
func (e *Endpoints) Miss(t *dataplane.Target, endpoint *wire.Endpoint, now time.Time) (news bool) {
	return now.Sub(t.Load.LastAnswer(endpoint.Number)) >= Remembered && e.missing.Add(missing{t.Scope, endpoint}, now)
}

// Count is how many endpoints are known to be missing, by target.
func (e *Endpoints) Count(now time.Time) int { return e.missing.Count(now) }
