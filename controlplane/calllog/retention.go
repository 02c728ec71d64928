package calllog

import (
	"context"
	"sync"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
)

const (
	// retentionJob is the name under which one replica at a time removes what is old.
	retentionJob = "call retention"
	// chunk is how many bodies or totals one transaction removes, so that none holds locks for long.
	chunk = 1000
	// breath is the pause between two chunks, so that calls get in between.
	breath = 50 * time.Millisecond
)

// Run keeps the log within its bounds, once at the start and then every Interval, until
// ctx ends: it makes room for the days to come, removes calls that are older than the
// settings allow and sums that are older than is promised, folds new calls into the sums, and
// counts each day again when it is over. Of several replicas one at a time does each of these.
func (l *Log) Run(ctx context.Context) error {
	if l.cfg.Usage != nil {
		var folding sync.WaitGroup
		folding.Go(func() { l.keepFolded(ctx) })
		defer folding.Wait()
	}
	due := l.cfg.Now().Add(verifyAfter)
	for {
		_, err := l.exclusive(ctx, retentionJob, func(ctx context.Context) error {
			l.expire(ctx)
			l.expireBodies(ctx)
			l.expireTotals(ctx)
			if l.cfg.Usage != nil {
				l.expireUsage(ctx)
			}
			return nil // each has reported its own failures
		})
		if err != nil && ctx.Err() == nil {
			l.cfg.Logger.Error("job failed", "job", retentionJob, "error", err)
		}
		if l.cfg.Usage != nil {
			if now := l.cfg.Now(); !now.Before(due) {
				l.verifyYesterday(ctx, now)
				due = nextNight(now)
			}
		}
		if !sleep(ctx, l.cfg.Interval) {
			return nil
		}
	}
}

// exclusive runs do unless another replica runs the job, and reports whether it ran.
func (l *Log) exclusive(ctx context.Context, job string, do func(context.Context) error) (ran bool, err error) {
	if l.cfg.Lock == nil {
		return true, do(ctx)
	}
	return l.cfg.Lock.Exclusive(ctx, job, do)
}

// keep is how long calls are kept; false while the settings are not known.
func (l *Log) keep() (time.Duration, bool) {
	cfg := l.cfg.Source.Current()
	if cfg == nil {
		return 0, false
	}
	return controlplane.EffectiveRetention(cfg.Settings()).GetCalls().AsDuration(), true
}

// expire is one round for calls. An error ends the round: the next one tries again.
func (l *Log) expire(ctx context.Context) {
	keep, known := l.keep()
	if !known {
		return
	}
	before := l.cfg.Now().Add(-keep)
	removed := 0
	failed := func(err error) {
		if ctx.Err() == nil {
			l.cfg.Logger.Error("failed to delete old calls", "before", before, "removed", removed, "error", err)
		}
	}
	if err := l.cfg.Store.KeepCalls(ctx, before); err != nil {
		failed(err)
		return
	}
	limit := l.cfg.Store.DeleteLimit()
	for {
		n, err := l.cfg.Store.DeleteCallsBefore(ctx, before, limit)
		removed += n
		if err != nil {
			failed(err)
			return
		}
		if n < limit || !sleep(ctx, breath) {
			break
		}
	}
	if removed > 0 {
		l.cfg.Logger.Info("old calls deleted", "before", before, "count", removed)
	}
}

// expireUsage is one round for sums.
func (l *Log) expireUsage(ctx context.Context) {
	now := l.cfg.Now()
	for {
		more, err := l.cfg.Usage.DeleteUsageBefore(ctx, now.Add(-KeepUsageMinutes), now.Add(-KeepUsageHours))
		if err != nil {
			if ctx.Err() == nil {
				l.cfg.Logger.Error("failed to delete old usage", "error", err)
			}
			return
		}
		if !more || !sleep(ctx, breath) {
			return
		}
	}
}

// sleep waits for d; it returns false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
