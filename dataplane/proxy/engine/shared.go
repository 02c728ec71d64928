package engine

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// shared is what the attempts of a call have in common. Two may be under way, so mu guards it, and
// with it the record of the call.
type shared struct {
	mu     sync.Mutex
	lanes  []*lane       // under way beside each other; none outside of a race
	began  time.Time     // when the first of a race did
	spent  time.Duration // on attempts and pauses before, to tell our own part
	winner *attempt      // whose answer is the client's
	light  bool          // it is an open stream, which needs neither answers nor the body
}

// superseded ends an attempt that another one has made needless. Nobody is to blame, and the provider
// may charge for what it has done until then.
var superseded = dataplane.Verdict{Outcome: dataplane.Superseded, Reason: "another attempt had the last word"}

// isSuperseded reports whether an attempt was cancelled because of another one.
func isSuperseded(ctx context.Context) bool {
	o, ok := stopped(ctx)
	return ok && o == dataplane.Superseded
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
	c.unconfirmed.confirm(a)
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
	c.memory.releaseAnswers()
	if s.winner.sent.Load() {
		if t := s.winner.translation; t != nil {
			t.body = nil
		}
		c.translator.drafts = nil
		c.memory.releaseSent()
	}
}
