package adminapi

import (
	"cmp"
	"context"
	"slices"
	"sort"
	"time"
	_ "time/tzdata" // containers without zone files know the zones too

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// GetUsageSeries sums up each bucket of a time.
func (s usageService) GetUsageSeries(ctx context.Context, req *adminv1.GetUsageSeriesRequest) (*adminv1.GetUsageSeriesResponse, error) {
	q, err := s.question(req.GetFilter())
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
	shown, others, err := s.readSeries(ctx, q, starts, req.GetBucket(), cmp.Or(int(req.GetLimit()), defaultUsageSeries))
	if err != nil {
		return nil, err
	}
	return seriesView(shown, others, starts), nil
}

// readSeries reads the buckets of the values with the most calls, and those of all others
// together. The others are what is left of everything: there may be many values, and
// reading each of them by the bucket would take long.
func (s usageService) readSeries(
	ctx context.Context, q calllog.UsageQuery, starts []time.Time, bucket adminv1.UsageBucket, limit int,
) (shown, others []calllog.UsageSum, err error) {
	if q.By == calllog.ByNothing {
		shown, err = s.readBuckets(ctx, q, starts, bucket, keyed(q))
		return shown, nil, err
	}
	sums, err := s.read(ctx, q)
	if err != nil {
		return nil, nil, err
	}
	values := byValue(sums, adminv1.UsageOrder_USAGE_ORDER_CALLS)
	top := q
	for _, v := range values[:min(len(values), limit)] {
		top.Values = append(top.Values, v.Value)
	}
	if len(top.Values) == 0 {
		return nil, nil, nil
	}
	if shown, err = s.readBuckets(ctx, top, starts, bucket, keyed(q)); err != nil || len(values) <= limit {
		return shown, nil, err
	}
	all := q
	all.By = calllog.ByNothing
	if others, err = s.readBuckets(ctx, all, starts, bucket, keyed(q)); err != nil {
		return nil, nil, err
	}
	return shown, without(others, shown), nil
}

// without is what is left of everything in each bucket when parts are taken off. Parts
// must have been read before everything: calls come in meanwhile.
func without(everything, parts []calllog.UsageSum) []calllog.UsageSum {
	left := map[int64]*calllog.UsageSum{}
	for _, sum := range everything {
		at := sum.Bucket.UnixMicro()
		if left[at] == nil {
			left[at] = &calllog.UsageSum{Bucket: sum.Bucket}
		}
		left[at].Add(&sum.Sum)
	}
	for _, part := range parts {
		if sum := left[part.Bucket.UnixMicro()]; sum != nil {
			sum.Subtract(&part.Sum)
		}
	}
	var all []calllog.UsageSum
	for _, sum := range left {
		if sum.Calls > 0 {
			all = append(all, *sum)
		}
	}
	return all
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
func (s usageService) buckets(q calllog.UsageQuery, bucket adminv1.UsageBucket, zone *time.Location) ([]time.Time, error) {
	at := q.From.In(zone)
	next := func(t time.Time) time.Time { return t.Add(time.Hour) }
	switch bucket {
	case adminv1.UsageBucket_USAGE_BUCKET_MINUTE:
		switch {
		case keyed(q):
			return nil, errs.Invalid(errs.Violation{Field: "bucket", Description: "usage of API keys is kept per hour: choose HOUR or DAY"})
		case q.From.Before(s.now().Add(-calllog.KeepUsageMinutes)):
			return nil, errs.Invalid(errs.Violation{Field: "filter.start_time", Description: "usage per minute is kept for 90 days"})
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
			return nil, errs.Invalid(errs.Violation{Field: "filter.end_time", Description: "must be at most 2000 buckets after start_time: choose a longer bucket"})
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

// readBuckets reads the sums of a query with the start of their bucket. By hours means that
// an hour is never cut, as those of API keys cannot be: it counts where it begins.
func (s usageService) readBuckets(
	ctx context.Context, q calllog.UsageQuery, starts []time.Time, bucket adminv1.UsageBucket, byHours bool,
) ([]calllog.UsageSum, error) {
	whole := !slices.ContainsFunc(starts, func(t time.Time) bool { return !t.Truncate(time.Hour).Equal(t) })
	if bucket == adminv1.UsageBucket_USAGE_BUCKET_DAY && !whole && !byHours {
		return s.readDays(ctx, q, starts)
	}
	q.PerBucket = true
	q.Minutes = bucket == adminv1.UsageBucket_USAGE_BUCKET_MINUTE ||
		!whole && !byHours && !q.From.Before(s.now().Add(-calllog.KeepUsageMinutes))
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
func (s usageService) readDays(ctx context.Context, q calllog.UsageQuery, starts []time.Time) ([]calllog.UsageSum, error) {
	var all []calllog.UsageSum
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

// seriesView makes a series of each value that is shown, the most calls first, and one of
// the others.
func seriesView(shown, others []calllog.UsageSum, starts []time.Time) *adminv1.GetUsageSeriesResponse {
	res := &adminv1.GetUsageSeriesResponse{}
	for _, t := range starts {
		res.BucketTimes = append(res.BucketTimes, timestamppb.New(t))
	}
	points := map[string]map[int64]*usage.Sum{}
	for i := range shown {
		addPoint(points, shown[i].Value, &shown[i])
	}
	for _, v := range byValue(shown, adminv1.UsageOrder_USAGE_ORDER_CALLS) {
		series := series(points[v.Value], starts)
		series.Value = v.Value
		res.Series = append(res.Series, series)
	}
	if len(others) > 0 {
		rest := map[string]map[int64]*usage.Sum{}
		for i := range others {
			addPoint(rest, "", &others[i])
		}
		series := series(rest[""], starts)
		series.Other = true
		res.Series = append(res.Series, series)
	}
	return res
}

// addPoint adds a sum to the points of a value.
func addPoint(points map[string]map[int64]*usage.Sum, value string, sum *calllog.UsageSum) {
	if points[value] == nil {
		points[value] = map[int64]*usage.Sum{}
	}
	at := sum.Bucket.UnixMicro()
	if points[value][at] == nil {
		points[value][at] = &usage.Sum{}
	}
	points[value][at].Add(&sum.Sum)
}

// series puts the points of a value in order and adds them up.
func series(points map[int64]*usage.Sum, starts []time.Time) *adminv1.UsageSeries {
	series, sum := &adminv1.UsageSeries{}, &usage.Sum{}
	for _, t := range starts {
		if u := points[t.UnixMicro()]; u != nil {
			sum.Add(u)
			series.Points = append(series.Points, &adminv1.UsagePoint{StartTime: timestamppb.New(t), Total: totalsView(u)})
		}
	}
	series.Total = totalsView(sum)
	return series
}
