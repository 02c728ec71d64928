package calllog

import (
	"context"
	"time"
)

const (
	// verifyAfter is how long after its start a process counts for the first time.
	verifyAfter = time.Hour
	// verifyHour is when it does later: the hour of the day, UTC, by which the calls of the
	// day before have arrived.
	verifyHour = 3
	// verifyJob is the name under which one replica at a time counts.
	verifyJob = "usage verification"
	// shownDrift is how many sums that differ the log names.
	shownDrift = 10
)

// nextNight is when to count next.
func nextNight(now time.Time) time.Time {
	next := now.UTC().Truncate(24 * time.Hour).Add(verifyHour * time.Hour)
	if !next.After(now) {
		next = next.Add(24 * time.Hour)
	}
	return next
}

// VerifyUsage counts the calls of a UTC day again, hour by hour, and returns the sums of usage
// that differ from them; there should be none. Hours of which calls have been removed
// already are left out. It changes nothing. ran is false when another replica is counting.
func (l *Log) VerifyUsage(ctx context.Context, day time.Time) (drifts []Drift, ran bool, err error) {
	keep, known := l.keep()
	if !known {
		return nil, false, nil
	}
	ran, err = l.exclusive(ctx, verifyJob, func(ctx context.Context) error {
		day := day.UTC().Truncate(24 * time.Hour)
		for hour := day; hour.Before(day.Add(24 * time.Hour)); hour = hour.Add(time.Hour) {
			// What expires while this runs is left out too.
			if hour.Before(l.cfg.Now().Add(l.cfg.Interval - keep)) {
				continue
			}
			found, err := l.cfg.Usage.VerifyUsage(ctx, hour)
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

// verifyYesterday counts the day before now and reports what differs.
func (l *Log) verifyYesterday(ctx context.Context, now time.Time) {
	day := now.Add(-24 * time.Hour).UTC().Truncate(24 * time.Hour)
	drifts, ran, err := l.VerifyUsage(ctx, day)
	switch {
	case err != nil && ctx.Err() == nil:
		l.cfg.Logger.Error("failed to verify usage", "day", day, "error", err)
	case err != nil || !ran:
		return
	}
	l.drift.Store(int64(len(drifts)))
	for _, d := range drifts[:min(len(drifts), shownDrift)] {
		l.cfg.Logger.Error("usage totals differ from the calls", "table", d.Table, "bucket", d.Bucket,
			"group", d.Key.Group, "provider", d.Key.Provider, "model", d.Key.Model, "outcome", d.Key.Outcome, "api_key", d.Key.APIKey,
			"stored_calls", d.Stored.Calls, "counted_calls", d.Counted.Calls,
			"stored_attempts", d.Stored.Attempts, "counted_attempts", d.Counted.Attempts, "stored_cost", d.Stored.Cost.String(), "counted_cost", d.Counted.Cost.String())
	}
	l.cfg.Logger.Info("usage verified", "day", day, "differing", len(drifts))
}
