package calllog

import (
	"context"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
)

const (
	// recountAfter is how long after its start a process counts for the first time.
	recountAfter = time.Hour
	// recountHour is when it does later: the hour of the day, UTC, by which the calls of the
	// day before have arrived.
	recountHour = 3
	// recountJob is the name under which one replica at a time counts.
	recountJob = "usage recount"
	// shownDrift is how many sums that differ the log names.
	shownDrift = 10
)

// nextNight is when to count next.
func nextNight(now time.Time) time.Time {
	next := now.UTC().Truncate(24 * time.Hour).Add(recountHour * time.Hour)
	if !next.After(now) {
		next = next.Add(24 * time.Hour)
	}
	return next
}

// Recount counts the calls of a UTC day again, hour by hour, and returns the sums of usage
// that differ from them; there should be none. Hours of which calls have been removed
// already are left out. It changes nothing. ran is false when another replica is counting.
func (l *Log) Recount(ctx context.Context, day time.Time) (drifts []controlplane.Drift, ran bool, err error) {
	keep, known := l.keep()
	if !known {
		return nil, false, nil
	}
	ran, err = l.cfg.Usage.Exclusive(ctx, recountJob, func(ctx context.Context) error {
		day := day.UTC().Truncate(24 * time.Hour)
		for hour := day; hour.Before(day.Add(24 * time.Hour)); hour = hour.Add(time.Hour) {
			// What expires while this runs is left out too.
			if hour.Before(l.cfg.Now().Add(l.cfg.Interval - keep)) {
				continue
			}
			found, err := l.cfg.Usage.RecountUsage(ctx, hour)
			if err != nil {
				return err
			}
			drifts = append(drifts, found...)
		}
		return nil
	})
	return drifts, ran, err
}

// Drift is how many sums differed when this replica counted last.
func (l *Log) Drift() int { return int(l.drift.Load()) }

// recountYesterday counts the day before now and reports what differs.
func (l *Log) recountYesterday(ctx context.Context, now time.Time) {
	day := now.Add(-24 * time.Hour).UTC().Truncate(24 * time.Hour)
	drifts, ran, err := l.Recount(ctx, day)
	switch {
	case err != nil && ctx.Err() == nil:
		l.cfg.Logger.Error("usage not counted again", "day", day, "error", err)
	case err != nil || !ran:
		return
	}
	l.drift.Store(int64(len(drifts)))
	for _, d := range drifts[:min(len(drifts), shownDrift)] {
		l.cfg.Logger.Error("usage differs from the calls", "table", d.Table, "bucket", d.Bucket,
			"group", d.Key.Group, "provider", d.Key.Provider, "model", d.Key.Model, "outcome", d.Key.Outcome,
			"stored_calls", d.Stored.Calls, "counted_calls", d.Counted.Calls, "stored_cost", d.Stored.Cost.String(), "counted_cost", d.Counted.Cost.String())
	}
	l.cfg.Logger.Info("usage counted again", "day", day, "differing", len(drifts))
}
