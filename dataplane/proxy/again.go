package proxy

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

// again tries the last candidate once more, after a pause: nobody is left who could answer
// instead, and its failure is of a kind that passes. Only few of a provider's attempts at
// a time are such retries, so that one that is down is not asked twice as often for that.
func (c *call) again(ctx context.Context, failed *attempt, v dataplane.Verdict) (_ dataplane.Verdict, answered bool) {
	if !c.mayTryAgain(failed, v) || !failed.Provider.Load.Again() {
		return v, false
	}
	defer failed.Provider.Load.EndAgain()
	cfg := &c.h.cfg
	pause := minPause + time.Duration(cfg.Random(int((maxPause-minPause)/time.Millisecond)+1))*time.Millisecond
	cfg.Pause(ctx, pause)
	c.upstream += pause
	if o, over := stopped(ctx); over {
		v = dataplane.Verdict{Outcome: o}
		c.failed = append(c.failed, failure{target: failed.Target, verdict: v})
		return v, false
	}
	a := newAttempt(c, turn{Candidate: failed.Candidate}, true)
	a.again = true
	return a.run(ctx)
}

// mayTryAgain says whether a failure on the last candidate is worth another try: not on a
// target that is cooling, or was before, and not where the request could take effect twice.
func (c *call) mayTryAgain(failed *attempt, v dataplane.Verdict) bool {
	return v.Outcome.Rule().OnceMore && !c.unsafe && !failed.lastResort &&
		failed.Condition(c.h.cfg.Health.Condition).State == dataplane.Closed
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
