package store

import (
	"context"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// AttemptUsage returns sums over attempts, by bucket and values in no particular order. To
// ask for an API key, of which they know nothing, is errs.InvalidArgument.
func (s *Usage) AttemptUsage(ctx context.Context, q calllog.UsageQuery) ([]calllog.AttemptSum, error) {
	pieces, err := attemptPieces(q)
	if err != nil {
		return nil, err
	}
	return sumsOf(ctx, s, q, pieces, attemptFigures, countAttempts)
}

// attemptPropertyOf is the property that a question about attempts is about, its outcomes apart;
// false when it is about several.
func attemptPropertyOf(q calllog.UsageQuery) (property calllog.UsageBy, one bool) {
	q.Outcome = ""
	for _, by := range []*calllog.UsageBy{&q.By, &q.ThenBy} {
		if *by == calllog.ByOutcome {
			*by = calllog.ByNothing
		}
	}
	if q.By == calllog.ByNothing {
		q.By, q.ThenBy = q.ThenBy, calllog.ByNothing
	}
	return propertyOf(q)
}

// attemptPieces cuts a question into pieces, each for the smallest table that can answer.
func attemptPieces(q calllog.UsageQuery) ([]usagePiece, error) {
	for _, by := range []calllog.UsageBy{q.By, q.ThenBy} {
		if _, known := usageColumns[by]; !known || by == calllog.ByAPIKey {
			return nil, errs.Newf(errs.InvalidArgument, "attempts cannot be broken down by %q", by)
		}
	}
	if q.APIKey != "" {
		return nil, errs.Newf(errs.InvalidArgument, "totals of attempts have no API keys")
	}
	r, days := attemptsPerHour, attemptsPerDay
	if _, one := attemptPropertyOf(q); one {
		r, days = attemptPartsByHour, attemptPartsByDay
	}
	if q.Minutes {
		r = attemptsPerMinute
	}
	from, to := floor(micros(q.From), r.width), floor(micros(q.To), r.width)
	firstDay, lastDay := floor(from+days.width.Microseconds()-1, days.width), floor(to, days.width)
	if r.width < time.Hour || q.PerBucket && !q.Days || firstDay >= lastDay {
		return []usagePiece{{r, from, to}}, nil
	}
	return []usagePiece{{r, from, firstDay}, {days, firstDay, lastDay}, {r, lastDay, to}}, nil
}
