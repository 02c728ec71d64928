package proxy

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// clock is the one timer of an attempt. Each phase (connecting, waiting for the first
// token, silence inside a stream) arms it with its own limit and its own outcome.
type clock struct {
	cancel  context.CancelCauseFunc
	timer   *time.Timer // made once, then wound up again for each phase
	running bool
	outcome atomic.Int32 // a dataplane.Outcome: that of the present phase
}

// timeUp is the cause with which a phase that took too long cancels the attempt.
type timeUp struct{ outcome dataplane.Outcome }

func (t timeUp) Error() string { return t.outcome.String() }

// phase starts a phase that ends the attempt with outcome o unless another phase or
// stop comes within d.
func (c *clock) phase(o dataplane.Outcome, d time.Duration) {
	if c.timer == nil {
		c.outcome.Store(int32(o))
		cancel := c.cancel
		c.timer = time.AfterFunc(d, func() { cancel(timeUp{dataplane.Outcome(c.outcome.Load())}) })
		c.running = true
		return
	}
	if c.running && !c.timer.Stop() {
		return // the last phase has just ended the attempt
	}
	c.outcome.Store(int32(o))
	c.timer.Reset(d)
	c.running = true
}

// begin makes the clock end what cancel cancels.
func (c *clock) begin(cancel context.CancelCauseFunc) {
	c.stop()
	c.cancel, c.timer = cancel, nil
}

func (c *clock) stop() {
	if c.running && c.timer.Stop() {
		c.running = false
	}
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
