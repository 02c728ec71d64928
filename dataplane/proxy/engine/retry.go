package engine

import (
	"context"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// The pause before the last candidate is tried again is drawn from this range: long enough
// for a restart or a burst to pass, short enough that nobody notices.
const (
	minPause = 25 * time.Millisecond
	maxPause = 250 * time.Millisecond
)

// retry tries the last candidate once more, after a pause: nobody is left who could answer
// instead, and its failure is of a kind that passes. Only few of a provider's attempts at
// a time are such retries, so that one that is down is not asked twice as often for that.
func (c *call) retry(ctx context.Context, failed *attempt, v dataplane.Verdict) (_ dataplane.Verdict, answered bool) {
	if !c.mayRetry(failed, v) || !failed.Provider.Load.Retry() {
		return v, false
	}
	defer failed.Provider.Load.EndRetry()
	cfg := &c.engine.cfg
	pause := minPause + time.Duration(cfg.Random(int((maxPause-minPause)/time.Millisecond)+1))*time.Millisecond
	cfg.Pause(ctx, pause)
	c.rec.upstream += pause
	if o, over := stopped(ctx); over {
		v = dataplane.Verdict{Outcome: o}
		c.rec.failed = append(c.rec.failed, failure{target: failed.Target, verdict: v})
		return v, false
	}
	a := newAttempt(c, candidate{Candidate: failed.Candidate}, true)
	a.record.Retry = true
	return a.run(ctx)
}

// mayRetry says whether a failure on the last candidate is worth another try: not on a
// target that is cooling, or was before, and not where the request could take effect twice.
func (c *call) mayRetry(failed *attempt, v dataplane.Verdict) bool {
	return v.Outcome.Rule().OnceMore && !c.req.Unsafe && !failed.lastResort &&
		failed.Condition(c.engine.cfg.Health.Condition).State == dataplane.Closed
}
