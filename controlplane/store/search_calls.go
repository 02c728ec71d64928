package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

const (
	// firstWindow is how much time is looked through at first where a whole search takes too long: calls of so
	// long are read at once, whatever is asked for.
	firstWindow = time.Minute
	// leastWindow is the least that is tried.
	leastWindow = time.Second
)

// SearchCalls is ListCalls that looks at calls for about so long. Where that is not enough it returns those that it
// found, and the time down to which it has looked at every call: go on behind calllog.Position{StartUS: ...}
// of it. A zero time: it has looked at all, or found as many as were asked for.
//
// A search that walks an index of what it asks for takes milliseconds, so that is tried first. What never occurs
// together, and what no index knows, is looked for from the newest calls backwards, a window of time at once.
func (s *Calls) SearchCalls(ctx context.Context, f calllog.Filter, within time.Duration) (found []calllog.Call, back time.Time, err error) {
	if f.ID != "" || f.Limit < 1 {
		found, err = s.ListCalls(ctx, f)
		return found, time.Time{}, err
	}
	began := time.Now()
	if f.After.ID != "" || f.After == (calllog.Position{}) { // else this search took too long before
		if found, err = s.listWithin(ctx, f, within/2); !errors.Is(err, errTooSlow) {
			return found, time.Time{}, err
		}
	}
	return s.searchWindows(ctx, f, began.Add(within))
}

// errTooSlow is why a query was given up.
var errTooSlow = errors.New("the query took too long")

// listWithin is ListCalls that gives up.
func (s *Calls) listWithin(ctx context.Context, f calllog.Filter, within time.Duration) ([]calllog.Call, error) {
	bounded, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	found, err := s.ListCalls(bounded, f)
	if err != nil && ctx.Err() == nil && bounded.Err() != nil {
		return nil, errTooSlow
	}
	return found, err
}

// searchWindows looks through windows until the deadline, and through one at least.
func (s *Calls) searchWindows(ctx context.Context, f calllog.Filter, deadline time.Time) (found []calllog.Call, back time.Time, err error) {
	oldest, some, err := s.oldestCall(ctx)
	if err != nil || !some {
		return nil, time.Time{}, err
	}
	if f.From.After(oldest) {
		oldest = f.From
	}
	upper := s.db.now()
	switch {
	case f.After != (calllog.Position{}):
		upper = time.UnixMicro(f.After.StartUS)
	case !f.To.IsZero():
		upper = f.To
	}
	limit, budget, window := f.Limit, max(time.Until(deadline), 0), firstWindow
	for {
		part := f
		part.From, part.Limit = upper.Add(-window), limit-len(found)
		if part.From.Before(oldest) {
			part.From = oldest
		}
		// What is under way may take as long again: a window that is given up was looked through for nothing.
		patience := max(time.Until(deadline), 0) + budget/8
		if back.IsZero() {
			patience = max(patience, operationTimeout/10)
		}
		started := time.Now()
		calls, err := s.listWithin(ctx, part, patience)
		took := time.Since(started)
		switch {
		case errors.Is(err, errTooSlow) && !back.IsZero():
			return found, back, nil
		case errors.Is(err, errTooSlow) && window > leastWindow:
			window /= 8
			continue
		case errors.Is(err, errTooSlow):
			return nil, time.Time{}, errs.Wrap(errs.Unavailable, err, "the database takes too long to list calls")
		case err != nil:
			return nil, time.Time{}, err
		}
		found = append(found, calls...)
		if len(found) == limit || !part.From.After(oldest) {
			return found, time.Time{}, nil
		}
		// Calls of the windows before must not be met again, nor those at the edge be missed.
		upper, back = part.From, part.From
		f.To, f.After = part.From, calllog.Position{}
		if !time.Now().Before(deadline) {
			return found, back, nil
		}
		switch {
		case took < budget/32:
			window *= 4
		case took < budget/8:
			window *= 2
		}
	}
}

// oldestCall is when the oldest call arrived that is stored.
func (s *Calls) oldestCall(ctx context.Context) (at time.Time, some bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, operationTimeout)
	defer cancel()
	rows, err := s.db.engine.Reader().QueryContext(ctx, `SELECT start_us FROM call ORDER BY start_us, id LIMIT 1`)
	oldest, err := collect(rows, err, func(rows *sql.Rows) (us int64, err error) { return us, rows.Scan(&us) })
	if err != nil {
		return at, false, s.db.failed(err, "find the oldest call")
	}
	if len(oldest) == 0 {
		return at, false, nil
	}
	return fromMicros(oldest[0]), true, nil
}
