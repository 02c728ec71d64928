package proxy

import (
	"context"
	"errors"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// clock is the one timer of an attempt. Each phase (connecting, waiting for the first
// token, silence inside a stream) arms it with its own limit and its own outcome.
type clock struct {
	cancel  context.CancelCauseFunc
	timer   *time.Timer
	outcome dataplane.Outcome
}

// timeUp is the cause with which a phase that took too long cancels the attempt.
type timeUp struct{ outcome dataplane.Outcome }

func (t timeUp) Error() string { return t.outcome.String() }

// phase starts a phase that ends the attempt with outcome o unless another phase or
// stop comes within d.
func (c *clock) phase(o dataplane.Outcome, d time.Duration) {
	c.stop()
	c.outcome = o
	c.timer = time.AfterFunc(d, func() { c.cancel(timeUp{o}) })
}

// again restarts the present phase.
func (c *clock) again(d time.Duration) { c.timer.Reset(d) }

func (c *clock) stop() {
	if c.timer != nil {
		c.timer.Stop()
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
