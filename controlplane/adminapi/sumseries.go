package adminapi

import (
	"context"
	"slices"
	"sort"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// readSeries reads the buckets of the values that are asked for; of those that are largest, where none are, and those of all others
// together. The others are what is left of everything: there may be many values, and
// reading each of them by the bucket would take long.
func (s sums[T, P]) readSeries(
	ctx context.Context, q calllog.UsageQuery, starts []time.Time, bucket adminv1.UsageBucket, limit int,
) (shown, others []calllog.SumOf[T], err error) {
	if q.By == calllog.ByNothing {
		shown, err = s.readBuckets(ctx, q, starts, bucket, keyed(q))
		return shown, nil, err
	}
	if len(q.Values) > 0 {
		shown, err = s.readBuckets(ctx, q, starts, bucket, keyed(q))
		return shown, nil, err
	}
	ranking := q
	ranking.WithoutTimes = true
	found, err := s.read(ctx, ranking)
	if err != nil {
		return nil, nil, err
	}
	values := byValue[T, P](found, valueOf, bySize)
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
	return shown, without[T, P](others, shown), nil
}

// without is what is left of everything in each bucket when parts are taken off. Parts
// must have been read before everything: calls come in meanwhile.
func without[T any, P summed[T]](everything, parts []calllog.SumOf[T]) []calllog.SumOf[T] {
	left := map[int64]*calllog.SumOf[T]{}
	for _, sum := range everything {
		at := sum.Bucket.UnixMicro()
		if left[at] == nil {
			left[at] = &calllog.SumOf[T]{Bucket: sum.Bucket}
		}
		P(&left[at].Total).Add(&sum.Total)
	}
	for _, part := range parts {
		if sum := left[part.Bucket.UnixMicro()]; sum != nil {
			P(&sum.Total).Subtract(&part.Total)
		}
	}
	var all []calllog.SumOf[T]
	for _, sum := range left {
		if P(&sum.Total).Size() > 0 {
			all = append(all, *sum)
		}
	}
	return all
}

// readBuckets reads the sums of a query with the start of their bucket. By hours means that
// an hour is never cut, as those of API keys cannot be: it counts where it begins.
func (s sums[T, P]) readBuckets(
	ctx context.Context, q calllog.UsageQuery, starts []time.Time, bucket adminv1.UsageBucket, byHours bool,
) ([]calllog.SumOf[T], error) {
	whole := !slices.ContainsFunc(starts, func(t time.Time) bool { return !t.Truncate(time.Hour).Equal(t) })
	if bucket == adminv1.UsageBucket_USAGE_BUCKET_DAY && !whole && !byHours {
		return s.readDays(ctx, q, starts)
	}
	q.PerBucket = true
	q.Days = bucket == adminv1.UsageBucket_USAGE_BUCKET_DAY && !slices.ContainsFunc(starts, func(t time.Time) bool { return !t.Truncate(24 * time.Hour).Equal(t) })
	q.Minutes = bucket == adminv1.UsageBucket_USAGE_BUCKET_MINUTE ||
		!whole && !byHours && !q.From.Before(s.now().Add(-calllog.KeepUsageMinutes))
	found, err := s.read(ctx, q)
	if err != nil {
		return nil, err
	}
	for i := range found {
		after := sort.Search(len(starts), func(n int) bool { return starts[n].After(found[i].Bucket) })
		found[i].Bucket = starts[max(after-1, 0)]
	}
	return found, nil
}

// readDays reads day by day, where days do not begin with an hour of UTC: most of each
// from the sums per hour, its ends from those per minute.
func (s sums[T, P]) readDays(ctx context.Context, q calllog.UsageQuery, starts []time.Time) ([]calllog.SumOf[T], error) {
	var all []calllog.SumOf[T]
	for i, start := range starts {
		day := q
		if start.After(q.From) {
			day.From = start
		}
		if i+1 < len(starts) {
			day.To = starts[i+1]
		}
		found, err := s.read(ctx, day)
		if err != nil {
			return nil, err
		}
		for _, sum := range found {
			sum.Bucket = start
			all = append(all, sum)
		}
	}
	return all, nil
}

// seriesOf is the sums of one value over time, or of all values that have no series.
type seriesOf[T any] struct {
	value  string
	other  bool
	total  T
	points []calllog.SumOf[T] // in order, those that sum up something
}

// series reads a series of each of the largest values, the largest first, and one of the others.
func (s sums[T, P]) series(
	ctx context.Context, q calllog.UsageQuery, starts []time.Time, bucket adminv1.UsageBucket, limit int,
) ([]*seriesOf[T], error) {
	shown, others, err := s.readSeries(ctx, q, starts, bucket, limit)
	if err != nil {
		return nil, err
	}
	var all []*seriesOf[T]
	for _, v := range byValue[T, P](shown, valueOf, bySize) {
		one := &seriesOf[T]{value: v.Value, total: v.Total}
		one.points = pointsOf[T, P](slices.DeleteFunc(slices.Clone(shown), func(sum calllog.SumOf[T]) bool { return sum.Value != v.Value }))
		all = append(all, one)
	}
	if len(others) > 0 {
		all = append(all, &seriesOf[T]{other: true, total: *total[T, P](others), points: pointsOf[T, P](others)})
	}
	return all, nil
}

// pointsOf adds the sums of each bucket up, in order.
func pointsOf[T any, P summed[T]](all []calllog.SumOf[T]) []calllog.SumOf[T] {
	slices.SortStableFunc(all, func(a, b calllog.SumOf[T]) int { return a.Bucket.Compare(b.Bucket) })
	var points []calllog.SumOf[T]
	for i := range all {
		if last := len(points) - 1; last < 0 || !points[last].Bucket.Equal(all[i].Bucket) {
			points = append(points, calllog.SumOf[T]{Bucket: all[i].Bucket})
		}
		P(&points[len(points)-1].Total).Add(&all[i].Total)
	}
	return points
}
