package engine

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
	"github.com/trunkline-ai/trunkline/dataplane/wire/buffer"
)

// shared is what the attempts of a call have in common. Two may be under way, so mu guards it, and
// with it the record of the call and what its body is held by.
type shared struct {
	mu       sync.Mutex
	lanes    []*lane             // under way beside each other; none outside of a race
	began    time.Time           // when the first of a race did
	spent    time.Duration       // on attempts and pauses before, to tell our own part
	winner   *attempt            // whose answer is the client's
	light    bool                // it is an open stream, which needs neither answers nor the body
	answers  kept                // of attempts, that are needed until the end
	lacking  []lack              // what targets said that they do not have
	refusals []dataplane.Refusal // of what the request holds, not confirmed yet

	translated int64            // bytes that translated requests have taken of the share
	written    []*buffer.Buffer // those requests
	leaked     bool             // somebody may go on reading what was sent
}

// lack is an endpoint that a target said it does not have.
type lack struct {
	target   *dataplane.Target
	endpoint *wire.Endpoint
	path     bool // its status says that nothing is there, or that nothing is taken there
}

// lacks reports whether a target said that it does not have an endpoint.
func (s *shared) lacks(t *dataplane.Target) bool {
	return slices.ContainsFunc(s.lacking, func(l lack) bool { return l.target == t })
}

// superseded ends an attempt that another one has made needless. Nobody is to blame, and the provider
// may charge for what it has done until then.
var superseded = dataplane.Verdict{Outcome: dataplane.Superseded, Reason: "another attempt had the last word"}

// isSuperseded reports whether an attempt was cancelled because of another one.
func isSuperseded(ctx context.Context) bool {
	o, ok := stopped(ctx)
	return ok && o == dataplane.Superseded
}

// keep holds the memory of an answer until the end of the call.
func (c *call) keep(lent *buffer.Buffer, claim buffer.Claim) []byte {
	c.shared.mu.Lock()
	defer c.shared.mu.Unlock()
	return c.shared.answers.keep(lent, claim)
}

// leak notes that an upstream may read the request's body for longer than its attempt lasts.
func (c *call) leak() {
	c.shared.mu.Lock()
	defer c.shared.mu.Unlock()
	c.shared.leaked = true
	c.req.Body.Leak()
}

// learn keeps in mind what a failed attempt tells of its target: that it does not have the endpoint,
// or refuses a part of the request. What else a request asks for says nothing about the endpoint.
func (c *call) learn(a *attempt, v dataplane.Verdict) {
	c.shared.mu.Lock()
	defer c.shared.mu.Unlock()
	if v.Outcome == dataplane.Unsupported && !v.Feature {
		c.shared.lacking = append(c.shared.lacking, lack{a.Target, a.endpoint, a.record.Status == http.StatusNotFound || a.record.Status == http.StatusMethodNotAllowed})
	}
	c.refused(a, v)
}

// add writes an attempt that is over into the record.
func (c *call) add(record *dataplane.Attempt, v dataplane.Verdict, answered bool) {
	c.shared.mu.Lock()
	defer c.shared.mu.Unlock()
	if answered {
		c.rec.answered(record, v.Outcome)
	}
	c.rec.add(*record)
	if c.shared.began.IsZero() {
		c.shared.spent += record.Duration
	}
}

// explain adds to an error body what the key may see of the attempts.
func (c *call) explain(body []byte, last ...dataplane.Attempt) []byte {
	c.shared.mu.Lock()
	defer c.shared.mu.Unlock()
	return c.rec.explain(c.req.Key, body, last...)
}

// won makes an attempt the one that answers the client, and ends the other one if there is one. Its
// conversation stays with it where it has to.
func (c *call) won(a *attempt, upstream http.Header, now time.Time) {
	s := &c.shared
	s.mu.Lock()
	defer s.mu.Unlock()
	s.winner = a
	for _, l := range s.lanes {
		if l.attempt != a {
			l.cancel(timeUp{dataplane.Superseded})
		}
	}
	c.stay(a)
	c.engine.answers(a.Target, a.endpoint)
	c.confirmLacking(a)
	c.confirmRefusals(a)
	began := a.started
	if !s.began.IsZero() {
		began = s.began
	}
	c.answerHeaders(a, upstream, s.spent+now.Sub(began))
}

// lighten gives back what a stream that has just become the client's does not need.
func (c *call) lighten() {
	c.shared.mu.Lock()
	defer c.shared.mu.Unlock()
	c.shared.light = true
	c.lightenLocked()
}

// lightenLocked does so once no other attempt needs it.
func (c *call) lightenLocked() {
	s := &c.shared
	if !s.light || slices.ContainsFunc(s.lanes, func(l *lane) bool { return l.attempt != s.winner }) {
		return
	}
	s.answers.release()
	if s.winner.sent.Load() {
		c.req.Body.Sent()
		if t := s.winner.translation; t != nil {
			t.body = nil
		}
		c.translator.drafts = nil
		c.releaseWritten()
	}
}

// lend gives memory for a translated request, until the end of the call or until it is sent.
func (c *call) lend(size int) []byte {
	lent := c.engine.cfg.Pool.Get(size)
	c.shared.mu.Lock()
	defer c.shared.mu.Unlock()
	c.shared.written = append(c.shared.written, lent)
	return lent.B
}

// releaseWritten gives it back, unless somebody may still read it. It may be called again.
func (c *call) releaseWritten() {
	if !c.shared.leaked {
		for _, lent := range c.shared.written {
			c.engine.cfg.Pool.Put(lent)
		}
	}
	c.shared.written = nil
}
