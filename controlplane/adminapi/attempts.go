package adminapi

import (
	"cmp"
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// maxAttemptParts is how many parts a row of a breakdown shows.
const maxAttemptParts = 50

// GetAttemptSeries sums the attempts of each bucket of a time up.
func (s usageService) GetAttemptSeries(ctx context.Context, req *adminv1.GetAttemptSeriesRequest) (*adminv1.GetAttemptSeriesResponse, error) {
	reader, err := newReader[*adminv1.AttemptTotals](req.GetReadMask())
	if err != nil {
		return nil, err
	}
	q, err := s.attemptQuestion(ctx, req.GetFilter(), req.GetBy(), adminv1.UsageDimension_USAGE_DIMENSION_UNSPECIFIED)
	if err != nil {
		return nil, err
	}
	q.WithoutTimes = !wantsTimes(reader)
	starts, err := s.inBuckets(&q, req)
	if err != nil {
		return nil, err
	}
	series, err := s.attempts().series(ctx, q, starts, req.GetBucket(), cmp.Or(int(req.GetLimit()), defaultUsageSeries))
	if err != nil {
		return nil, err
	}
	res := &adminv1.GetAttemptSeriesResponse{BucketTimes: timesView(starts)}
	for _, one := range series {
		view := &adminv1.AttemptSeries{Value: one.value, Other: one.other, Total: reader.part(attemptsView(&one.total))}
		for _, p := range one.points {
			view.Points = append(view.Points, &adminv1.AttemptPoint{StartTime: timestamppb.New(p.Bucket), Total: reader.part(attemptsView(&p.Total))})
		}
		res.Series = append(res.Series, view)
	}
	return res, nil
}

// BreakDownAttempts sums the attempts of a time up by one dimension or two.
func (s usageService) BreakDownAttempts(ctx context.Context, req *adminv1.BreakDownAttemptsRequest) (*adminv1.BreakDownAttemptsResponse, error) {
	reader, err := newReader[*adminv1.AttemptTotals](req.GetReadMask())
	if err != nil {
		return nil, err
	}
	q, err := s.attemptQuestion(ctx, req.GetFilter(), req.GetBy(), req.GetThenBy())
	if err != nil {
		return nil, err
	}
	q.WithoutTimes = !wantsTimes(reader)
	found, err := s.attempts().breakDown(ctx, q, cmp.Or(int(req.GetLimit()), defaultUsageRows), bySize)
	if err != nil {
		return nil, err
	}
	res := &adminv1.BreakDownAttemptsResponse{OtherCount: int32(found.otherCount)}
	for _, row := range found.rows {
		view := &adminv1.AttemptRow{Value: row.Value, Total: reader.part(attemptsView(&row.Total))}
		ordered := byValue(found.parts[row.Value], partOf, bySize)
		for _, part := range ordered[:min(len(ordered), maxAttemptParts)] {
			view.Parts = append(view.Parts, &adminv1.AttemptRow{Value: part.Value, Total: reader.part(attemptsView(&part.Total))})
		}
		res.Rows = append(res.Rows, view)
	}
	if found.other != nil {
		res.Other = reader.part(attemptsView(found.other))
	}
	return res, nil
}

// attemptQuestion turns a request into a query. API keys are refused.
func (s usageService) attemptQuestion(ctx context.Context, filter *adminv1.UsageFilter, by, thenBy adminv1.UsageDimension) (calllog.UsageQuery, error) {
	var violations []errs.Violation
	for _, given := range []struct {
		field string
		keyed bool
	}{
		{"filter.api_key", filter.GetApiKey() != ""},
		{"by", by == adminv1.UsageDimension_USAGE_DIMENSION_API_KEY},
		{"then_by", thenBy == adminv1.UsageDimension_USAGE_DIMENSION_API_KEY},
	} {
		if given.keyed {
			violations = append(violations, errs.Violation{Field: given.field, Description: "attempts are not summed up by API key"})
		}
	}
	if len(violations) > 0 {
		return calllog.UsageQuery{}, errs.Invalid(violations...)
	}
	q, err := s.question(ctx, filter)
	q.By, q.ThenBy = dimension(by), dimension(thenBy)
	return q, err
}

// attemptsView shows a sum.
func attemptsView(u *usage.Attempts) *adminv1.AttemptTotals {
	view := &adminv1.AttemptTotals{
		Attempts:          u.Attempts,
		OkAttempts:        u.OK,
		CountedFailures:   u.Counted,
		Duration:          quantilesView(u.Latency),
		FirstTokenLatency: quantilesView(u.FirstToken),
	}
	if u.Attempts > 0 {
		view.AverageDuration = micros(u.DurationUS / u.Attempts)
	}
	return view
}
