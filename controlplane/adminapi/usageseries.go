package adminapi

import (
	"cmp"
	"context"
	"fmt"
	"time"
	_ "time/tzdata" // containers without zone files know the zones too

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// GetUsageSeries sums up each bucket of a time.
func (s usageService) GetUsageSeries(ctx context.Context, req *adminv1.GetUsageSeriesRequest) (*adminv1.GetUsageSeriesResponse, error) {
	reader, err := newReader[*adminv1.UsageTotals](req.GetReadMask())
	if err != nil {
		return nil, err
	}
	q, err := s.question(ctx, req.GetFilter())
	if err != nil {
		return nil, err
	}
	q.By = dimension(req.GetBy())
	if q, err = s.bounded(q); err != nil {
		return nil, err
	}
	q.WithoutTimes = !wantsTimes(reader)
	starts, err := s.inBuckets(&q, req)
	if err != nil {
		return nil, err
	}
	series, err := s.calls().series(ctx, q, starts, req.GetBucket(), cmp.Or(int(req.GetLimit()), defaultUsageSeries))
	if err != nil {
		return nil, err
	}
	res := &adminv1.GetUsageSeriesResponse{BucketTimes: timesView(starts)}
	for _, one := range series {
		view := &adminv1.UsageSeries{Value: one.value, Other: one.other, Total: reader.part(totalsView(&one.total))}
		for _, p := range one.points {
			view.Points = append(view.Points, &adminv1.UsagePoint{StartTime: timestamppb.New(p.Bucket), Total: reader.part(totalsView(&p.Total))})
		}
		res.Series = append(res.Series, view)
	}
	return res, nil
}

// seriesRequest is what requests for series of calls and of attempts have in common.
type seriesRequest interface {
	GetBucket() adminv1.UsageBucket
	GetTimeZone() string
	GetBy() adminv1.UsageDimension
	GetValues() []string
}

// inBuckets bounds a query to the values that are asked for, and lists when each of its buckets begins.
func (s usageService) inBuckets(q *calllog.UsageQuery, req seriesRequest) ([]time.Time, error) {
	zone, err := timeZone(req.GetTimeZone())
	if err != nil {
		return nil, err
	}
	if q.Values, err = values(req.GetBy(), req.GetValues()); err != nil {
		return nil, err
	}
	return s.buckets(*q, req.GetBucket(), zone)
}

// values are the only ones that a series is asked of.
func values(by adminv1.UsageDimension, given []string) ([]string, error) {
	if len(given) > 0 && dimension(by) == calllog.ByNothing {
		return nil, errs.Invalid(errs.Violation{Field: "values", Description: "needs what they are values of in by"})
	}
	for i, value := range given {
		if !storable(value) {
			return nil, errs.Invalid(errs.Violation{Field: fmt.Sprintf("values[%d]", i), Description: "must not contain NUL characters"})
		}
	}
	return given, nil
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

func timesView(times []time.Time) []*timestamppb.Timestamp {
	views := make([]*timestamppb.Timestamp, len(times))
	for i, t := range times {
		views[i] = timestamppb.New(t)
	}
	return views
}
