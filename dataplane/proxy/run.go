package proxy

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/wire"
)

func itoa(n int) string { return strconv.Itoa(n) }

// probeWait is how long a request may wait to become a half-open probe.
const probeWait = 50 * time.Millisecond

// run is the attempt loop: candidates in order, each once and the last one perhaps twice, until one answers,
// the attempts are used up, or an outcome says that another try cannot help.
func (c *call) run() {
	ctx, cancel := context.WithCancelCause(c.r.Context())
	defer cancel(nil)
	policy := c.group.Members[0].Policy
	total, over := c.end(policy)
	limit := time.AfterFunc(total, func() { cancel(timeUp{over}) })
	defer limit.Stop()
	c.callerClock(cancel)
	defer c.commitClock()
	if c.envelope.Stream {
		c.h.running.enter(c, cancel)
		defer c.h.running.leave(c)
	}

	c.captureBodies()
	c.out.init(c)
	c.holdWhole(policy)
	if c.envelope.Stream && policy.StreamKeepAlive && c.endpoint.KeepsAlive() {
		c.out.keepAlive(c.h.cfg.KeepAlive)
	}
	defer c.out.close()

	queue, attempts := c.queue(), c.maxAttempts(policy)
	for len(c.record.Attempts) < attempts {
		candidate, ok := queue.next(ctx)
		if !ok {
			break
		}
		a := newAttempt(c, candidate, queue.left() == 0 || len(c.record.Attempts) == attempts-1)
		verdict, answered := a.run(ctx)
		if !answered && queue.left() == 0 && len(c.record.Attempts) < attempts {
			verdict, answered = c.again(ctx, a, verdict)
		}
		if answered {
			return
		}
		if !c.mayMove(verdict, queue) {
			break
		}
	}
	c.fail()
}

// commitClock ends the caller's own clock: the answer has begun, or there will be none.
func (c *call) commitClock() {
	if c.deadline != nil {
		c.deadline.Stop()
	}
}

// mayMove says whether the next candidate may be tried after a verdict.
func (c *call) mayMove(v dataplane.Verdict, q *queue) bool {
	rule := v.Outcome.Rule()
	if c.unsafe && !rule.NeverSent {
		return false
	}
	switch rule.Move {
	case dataplane.Next, dataplane.NextIfSafe:
		return true
	case dataplane.NextIfWide:
		q.onlyWiderThan(c.failed[len(c.failed)-1].target.ContextWindow)
		return true
	case dataplane.NextIfSet:
		return c.group.Members[0].Policy.FailOverOnContent
	}
	return false
}

// fail tells the client that nobody answered.
func (c *call) fail() {
	last := c.lastOutcome()
	c.record.Outcome = last
	if last == dataplane.ClientClosed {
		c.gone(last)
		return
	}
	c.answer(c.final(last))
}

// lastOutcome is how the last attempt ended; without any, every candidate was busy or being
// probed. What was cancelled while the node cuts its streams was cancelled by us.
func (c *call) lastOutcome() dataplane.Outcome {
	last := dataplane.TargetBusy
	if n := len(c.failed); n > 0 {
		last = c.failed[n-1].verdict.Outcome
	}
	if (last == dataplane.TargetBusy || last == dataplane.ClientClosed) && c.h.running.cut.Load() {
		return dataplane.GatewayDraining
	}
	return last
}

// final is what the client is told after the last outcome.
func (c *call) final(last dataplane.Outcome) final {
	rule := last.Rule()
	switch last {
	case dataplane.TargetBusy:
		return final{status: http.StatusServiceUnavailable, retryAfter: time.Second,
			err: wire.Error{Message: "Every provider of this group is at its limit.", Type: wire.ServerError, Code: "upstream_busy"}}
	case dataplane.GatewayDraining: // another node can
		return final{status: rule.Status, retryAfter: time.Second,
			err: wire.Error{Message: "This node of the gateway is stopping. Send the request again.", Type: rule.Type, Code: rule.Code}}
	case dataplane.KeyRevoked:
		return final{status: rule.Status, permanent: rule.Permanent,
			err: wire.Error{Message: "The API key was revoked.", Type: rule.Type, Code: rule.Code}}
	case dataplane.CallerDeadline, dataplane.DeadlineExceeded:
		return final{status: rule.Status, permanent: rule.Permanent,
			err: wire.Error{Message: "The call did not finish in time: " + rule.Name + ".", Type: rule.Type, Code: rule.Code}}
	}
	f := finalError(c.failed, c.endpoint.Errors, c.soonest())
	if c.unsafe && !rule.NeverSent {
		f.permanent = true // an SDK that repeats it is no better than we are
	}
	return f
}

// answer sends the final error: as a response, or as an event when the headers of a
// stream are out already.
func (c *call) answer(f final) {
	c.record.Status, c.record.ErrorCode = f.status, f.err.Code
	if f.body != nil {
		c.record.ErrorCode = c.record.Outcome.Rule().Code
	}
	h := c.w.Header()
	body := c.explain(f.bytes(c.endpoint.Errors, c.record.ID))
	if !c.out.fail(c.endpoint.Errors.Event(body, 0)) {
		h["X-Trunkline-Attempts"] = []string{itoa(len(c.record.Attempts))}
		f.write(c.w, body)
		return
	}
	c.abort()
}

// abort cuts the connection, so that no client takes what it has for a whole answer.
func (c *call) abort() {
	panic(http.ErrAbortHandler)
}

// soonest is how long until the first of the group's targets may be tried again.
func (c *call) soonest() time.Duration {
	now := c.h.cfg.Now()
	var soonest time.Duration
	for _, m := range c.group.Members {
		if !c.mayTry(m) {
			continue
		}
		condition := m.Target.Condition(c.h.cfg.Health.Condition)
		if condition.State != dataplane.Open {
			return time.Second
		}
		if left := condition.Until.Sub(now); soonest == 0 || left < soonest {
			soonest = left
		}
	}
	return max(soonest, time.Second)
}
