package calllog

import (
	"context"
	"time"
)

const (
	// keepDefault is how long calls are kept when the settings do not say.
	keepDefault = 720 * time.Hour
	// chunk is how many calls one transaction removes, so that none holds locks for long.
	chunk = 1000
	// breath is the pause between two chunks, so that calls get in between.
	breath = 50 * time.Millisecond
)

// Run removes calls that are older than the settings allow, once at the start and then
// every Interval, until ctx ends. Several replicas may run it at once.
func (l *Log) Run(ctx context.Context) error {
	for {
		l.expire(ctx)
		if !sleep(ctx, l.cfg.Interval) {
			return nil
		}
	}
}

// expire is one round. An error ends the round: the next one tries again.
func (l *Log) expire(ctx context.Context) {
	cfg := l.cfg.Source.Current()
	if cfg == nil {
		return
	}
	keep := keepDefault
	if d := cfg.Settings().GetRetention().GetCalls(); d.AsDuration() > 0 {
		keep = d.AsDuration()
	}
	before := l.cfg.Now().Add(-keep)
	removed := 0
	for {
		n, err := l.cfg.Store.DeleteCallsBefore(ctx, before, chunk)
		removed += n
		if err != nil {
			if ctx.Err() == nil {
				l.cfg.Logger.Error("old calls not removed", "before", before, "removed", removed, "error", err)
			}
			return
		}
		if n < chunk || !sleep(ctx, breath) {
			break
		}
	}
	if removed > 0 {
		l.cfg.Logger.Info("old calls removed", "before", before, "count", removed)
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
