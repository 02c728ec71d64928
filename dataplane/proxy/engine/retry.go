package engine

import (
	"context"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// The pause before a target is tried again is drawn from this range: long enough for a restart or a
// burst to pass, short enough that nobody notices.
const (
	minPause = 25 * time.Millisecond
	maxPause = 250 * time.Millisecond
	// soon is how quickly an attempt must have failed to be made again while others are left.
	soon = 2 * time.Second
)

// again is the attempt that tries a target once more: in another dialect, or after a pause, where the policy says so and its
// failure is of a kind that passes; see mayRetry and mayWait. Only few of a provider's attempts at a
// time are such retries, so that one that is down is not asked twice as often for that. most is how
// many attempts the call may take. Without one the verdict says what may follow.
func (c *call) again(ctx context.Context, failed *attempt, v dataplane.Verdict, most int) (*attempt, dataplane.Verdict) {
	if a := c.elsewhere(failed, v, most); a != nil {
		return a, v
	}
	others := c.left.count() > 0
	if c.tried >= most || others && (c.retried || c.tried >= most-1) { // the last attempt is another's
		return nil, v
	}
	cfg := &c.engine.cfg
	pause := minPause + time.Duration(cfg.Random(int((maxPause-minPause)/time.Millisecond)+1))*time.Millisecond
	waits := c.mayWait(failed, v, pause)
	if waits {
		pause += v.Wait
	}
	if !waits && !c.mayRetry(failed, v, others) || !failed.Provider.Load.Retry() {
		return nil, v
	}
	given := false // of the place for a retry: the attempt gives it back
	defer func() {
		if !given {
			failed.Provider.Load.EndRetry()
		}
	}()
	c.retried = c.retried || others
	cfg.Pause(ctx, pause)
	c.shared.spent += pause
	if o, over := stopped(ctx); over {
		v = dataplane.Verdict{Outcome: o}
		c.rec.failed = append(c.rec.failed, failure{target: failed.Target, verdict: v})
		return nil, v
	}
	again, ok := candidate{Candidate: failed.Candidate, credential: c.left.with}, true
	if waits {
		again, ok = c.afterWait(ctx, failed)
	}
	if !ok {
		return nil, v
	}
	a := newAttempt(c, again, !others || c.tried == most-1)
	a.record.Retry, given = true, true
	return a, v
}

// mayRetry says whether a failure is worth another try: not on a target that is cooling, or was before,
// and not where the request could take effect twice. While others are left it must have come soon, be
// one that is over in a moment, and not be hidden in a good answer, which was worked on.
func (c *call) mayRetry(failed *attempt, v dataplane.Verdict, others bool) bool {
	rule := v.Outcome.Rule()
	return failed.Policy.RetrySameTarget && rule.OnceMore && !c.req.Unsafe && !failed.lastResort &&
		(!others || rule.AtOnce && failed.record.Duration < soon && failed.record.Status/100 != 2) &&
		failed.Condition(c.engine.cfg.Health.Condition).State == dataplane.Closed
}

// mayWait says whether a wait that the target named is waited out: where the policy allows as much, which
// may be more where the conversation's prompt cache is, and the call has the time.
func (c *call) mayWait(failed *attempt, v dataplane.Verdict, pause time.Duration) bool {
	most := failed.Policy.RetryWait
	if c.affinity.isAt(failed) {
		most = max(most, failed.Policy.RetryWaitAtHome)
	}
	if v.Outcome != dataplane.RateLimited || v.Wait == 0 || v.Wait > most || failed.lastResort {
		return false
	}
	left, _ := c.req.deadline(0)
	if c.req.Timeout > 0 {
		left = min(left, c.req.Timeout-time.Second)
	}
	return v.Wait+pause < left-c.engine.cfg.Now().Sub(c.rec.Start)
}

// afterWait is the target again once its wait is over: it cools until then, so that one call alone may
// have it back, and the others go on to the next candidate.
func (c *call) afterWait(ctx context.Context, failed *attempt) (candidate, bool) {
	if failed.Condition(c.engine.cfg.Health.Condition).State == dataplane.Open {
		return candidate{}, false
	}
	return c.left.probe(ctx, failed.Candidate)
}
