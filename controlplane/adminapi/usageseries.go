package adminapi

import (
	"cmp"
	"context"
	"slices"
	"sort"
	"time"
	_ "time/tzdata" // containers without zone files know the zones too

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// TimeSeries sums up each bucket of a time.
func (s usageService) TimeSeries(ctx context.Context, req *adminv1.TimeSeriesRequest) (*adminv1.TimeSeriesResponse, error) {
	q, err := s.question(req)
	if err != nil {
		return nil, err
	}
	zone, err := timeZone(req.GetTimeZone())
	if err != nil {
		return nil, err
	}
	q.By = dimension(req.GetBy())
	if q, err = s.bounded(q); err != nil {
		return nil, err
	}
	starts, err := s.buckets(q, req.GetBucket(), zone)
	if err != nil {
		return nil, err
	}
	sums, err := s.readBuckets(ctx, q, starts, req.GetBucket())
	if err != nil {
		return nil, err
	}
	return seriesView(sums, starts, cmp.Or(int(req.GetLimit()), defaultUsageSeries)), nil
}

// timeZone finds a zone of the IANA database.
func timeZone(name string) (*time.Location, error) {
	if name == "" {
		return time.UTC, nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil || name == "Local" { // that of this server is nobody's business
		return nil, errs.Invalid(errs.Violation{Field: "time_zone", Description: "must be a name of the IANA time zone database, such as Europe/Berlin"})
	}
	return zone, nil
}

// buckets lists when each bucket of a query begins. The first one may begin before the query.
func (s usageService) buckets(q controlplane.UsageQuery, bucket adminv1.UsageBucket, zone *time.Location) ([]time.Time, error) {
	at := q.From.In(zone)
	next := func(t time.Time) time.Time { return t.Add(time.Hour) }
	switch bucket {
	case adminv1.UsageBucket_USAGE_BUCKET_MINUTE:
		switch {
		case keyed(q):
			return nil, errs.Invalid(errs.Violation{Field: "bucket", Description: "usage of API keys is kept per hour: choose HOUR or DAY"})
		case q.From.Before(s.now().Add(-controlplane.KeepUsageMinutes)):
			return nil, errs.Invalid(errs.Violation{Field: "start_time", Description: "usage per minute is kept for 90 days"})
		}
		next = func(t time.Time) time.Time { return t.Add(time.Minute) }
	case adminv1.UsageBucket_USAGE_BUCKET_DAY:
		at = midnight(at)
		next = func(t time.Time) time.Time {
			// 36 hours after a midnight it is the next day, however long the day was.
			return midnight(t.Add(36 * time.Hour))
		}
	default:
		// Hours of the zone, which may begin at half past.
		_, offset := at.Zone()
		shift := time.Duration(offset) * time.Second
		at = at.Add(shift).Truncate(time.Hour).Add(-shift)
		if keyed(q) {
			at = q.From.Truncate(time.Hour)
		}
	}
	var starts []time.Time
	for ; at.Before(q.To); at = next(at) {
		if len(starts) == maxUsageBuckets {
			return nil, errs.Invalid(errs.Violation{Field: "end_time", Description: "must be at most 2000 buckets after start_time: choose a longer bucket"})
		}
		starts = append(starts, at)
	}
	return starts, nil
}

// midnight is when the day of a moment begins in its zone; where the clock skips midnight,
// that is the first moment after it.
func midnight(t time.Time) time.Time {
	y, m, d := t.Date()
	start := time.Date(y, m, d, 0, 0, 0, 0, t.Location())
	if start.Day() != d { // midnight does not exist, and Date took the hour before
		_, offset := start.Zone()
		_, after := start.Add(2 * time.Hour).Zone()
		start = start.Add(time.Duration(after-offset) * time.Second)
	}
	return start
}

// readBuckets reads the sums of a query with the start of their bucket.
func (s usageService) readBuckets(ctx context.Context, q controlplane.UsageQuery, starts []time.Time, bucket adminv1.UsageBucket) ([]controlplane.UsageSum, error) {
	whole := !slices.ContainsFunc(starts, func(t time.Time) bool { return !t.Truncate(time.Hour).Equal(t) })
	if bucket == adminv1.UsageBucket_USAGE_BUCKET_DAY && !whole && !keyed(q) {
		return s.readDays(ctx, q, starts)
	}
	q.PerBucket = true
	q.Minutes = bucket == adminv1.UsageBucket_USAGE_BUCKET_MINUTE ||
		!whole && !keyed(q) && !q.From.Before(s.now().Add(-controlplane.KeepUsageMinutes))
	sums, err := s.read(ctx, q)
	if err != nil {
		return nil, err
	}
	for i := range sums {
		after := sort.Search(len(starts), func(n int) bool { return starts[n].After(sums[i].Bucket) })
		sums[i].Bucket = starts[max(after-1, 0)]
	}
	return sums, nil
}

// readDays reads day by day, where days do not begin with an hour of UTC: most of each
// from the sums per hour, its ends from those per minute.
func (s usageService) readDays(ctx context.Context, q controlplane.UsageQuery, starts []time.Time) ([]controlplane.UsageSum, error) {
	var all []controlplane.UsageSum
	for i, start := range starts {
		day := q
		if start.After(q.From) {
			day.From = start
		}
		if i+1 < len(starts) {
			day.To = starts[i+1]
		}
		sums, err := s.read(ctx, day)
		if err != nil {
			return nil, err
		}
		for _, sum := range sums {
			sum.Bucket = start
			all = append(all, sum)
		}
	}
	return all, nil
}

// seriesView makes a series of each of the values with the most calls, and one of the others.
func seriesView(sums []controlplane.UsageSum, starts []time.Time, limit int) *adminv1.TimeSeriesResponse {
	res := &adminv1.TimeSeriesResponse{}
	for _, t := range starts {
		res.BucketTimes = append(res.BucketTimes, timestamppb.New(t))
	}
	values := byValue(sums, adminv1.UsageOrder_USAGE_ORDER_CALLS)
	shown := min(len(values), limit)
	place := map[string]int{}
	for i, v := range values {
		place[v.Value] = min(i, shown) // shown: the others
	}
	points := make([]map[int64]*controlplane.Usage, shown+1)
	for i := range sums {
		to := &points[place[sums[i].Value]]
		if *to == nil {
			*to = map[int64]*controlplane.Usage{}
		}
		at := sums[i].Bucket.UnixMicro()
		if (*to)[at] == nil {
			(*to)[at] = &controlplane.Usage{}
		}
		(*to)[at].Add(&sums[i].Usage)
	}
	for i, p := range points {
		if p == nil {
			continue
		}
		series := &adminv1.UsageSeries{Other: i == shown}
		sum := &controlplane.Usage{}
		if !series.Other {
			series.Value = values[i].Value
		}
		for _, t := range starts {
			if u := p[t.UnixMicro()]; u != nil {
				sum.Add(u)
				series.Points = append(series.Points, &adminv1.UsagePoint{StartTime: timestamppb.New(t), Total: totalsView(u)})
			}
		}
		series.Total = totalsView(sum)
		res.Series = append(res.Series, series)
	}
	return res
}
