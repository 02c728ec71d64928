package engine

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// clock is the one timer of an attempt. Each phase (connecting, waiting for the first
// token, silence inside a stream) has its own limit and its own outcome.
//
// A stream begins a phase with each read, and nearly none of them ends by its limit. So a
// phase only notes when it would: the timer is left as it is unless that is earlier than it
// rings, and a timer that rings too early is wound up for the rest.
type clock struct {
	mu      sync.Mutex
	cancel  context.CancelCauseFunc
	timer   *time.Timer // made once
	rings   time.Time   // when it does; zero: never
	running bool        // a phase is
	outcome dataplane.Outcome
	end     time.Time     // of the phase
	last    bool          // no candidate is left behind the attempt
	longer  time.Duration // what the phase has more where none is; below zero: it has no end then
}

// endless is a limit that there is not.
const endless time.Duration = -1

// timeUp is the cause with which a phase that took too long cancels the attempt.
type timeUp struct{ outcome dataplane.Outcome }

func (t timeUp) Error() string { return t.outcome.String() }

// phase starts a phase that ends the attempt with outcome o unless another phase or
// stop comes within d.
func (c *clock) phase(o dataplane.Outcome, d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.phaseLocked(o, d)
}

// wait is a phase that lasts for alone, or is endless, where no candidate is left behind the
// attempt, be it only later.
func (c *clock) wait(o dataplane.Outcome, d, alone time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case !c.last:
		c.phaseLocked(o, d)
		if c.longer = endless; alone != endless {
			c.longer = alone - d
		}
	case alone == endless:
		c.stopLocked()
	default:
		c.phaseLocked(o, alone)
	}
}

// becomeLast notes that no candidate is left behind the attempt any more.
func (c *clock) becomeLast() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last {
		return
	}
	c.last = true
	if c.longer == endless {
		c.stopLocked()
	}
	c.end = c.end.Add(max(c.longer, 0))
}

func (c *clock) isLast() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

func (c *clock) phaseLocked(o dataplane.Outcome, d time.Duration) {
	c.running, c.outcome, c.end, c.longer = true, o, time.Now().Add(d), 0
	switch {
	case c.timer == nil:
		c.timer = time.AfterFunc(d, c.ring)
	case c.rings.IsZero() || c.end.Before(c.rings):
		c.timer.Reset(d)
	default:
		return
	}
	c.rings = c.end
}

// ring ends the attempt if its phase has lasted too long.
func (c *clock) ring() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rings = time.Time{}
	if !c.running {
		return
	}
	if left := time.Until(c.end); left > 0 {
		c.timer.Reset(left)
		c.rings = c.end
		return
	}
	c.running = false
	c.cancel(timeUp{c.outcome})
}

// begin makes the clock end what cancel cancels.
func (c *clock) begin(cancel context.CancelCauseFunc) {
	c.stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cancel = cancel
}

func (c *clock) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopLocked()
}

func (c *clock) stopLocked() {
	if c.running && c.timer != nil {
		c.timer.Stop()
	}
	c.running, c.rings, c.longer = false, time.Time{}, 0
}

// stopped gives the outcome of an attempt that was cancelled: a phase that took too
// long, the call's deadline, or the client leaving. ok is false when none of these ended it.
func stopped(ctx context.Context) (o dataplane.Outcome, ok bool) {
	if ctx.Err() == nil {
		return 0, false
	}
	cause := context.Cause(ctx)
	if t, is := errors.AsType[timeUp](cause); is {
		return t.outcome, true
	}
	return dataplane.ClientClosed, true
}

// deadlines are the ends of a whole call.
type deadlines struct {
	call   *time.Timer
	caller *time.Timer // the client's own clock, until the commit; nil: it has none
}

// start bounds the call by its own deadline and by the client's clock; the answer of a client
// that knows when it hangs up comes one second before.
func (d *deadlines) start(c *call, cancel context.CancelCauseFunc) {
	age := c.engine.cfg.Now().Sub(c.rec.Start)
	total, over := c.req.deadline(age)
	d.call = time.AfterFunc(total, func() { cancel(timeUp{over}) })
	if c.req.Timeout > 0 {
		d.caller = time.AfterFunc(c.req.Timeout-time.Second-age, func() { cancel(timeUp{dataplane.CallerDeadline}) })
	}
}

// stopCaller ends the client's own clock: the answer has begun, or there will be none.
func (d *deadlines) stopCaller() {
	if d.caller != nil {
		d.caller.Stop()
	}
}

func (d *deadlines) stop() {
	d.call.Stop()
	d.stopCaller()
}
