package adminapi

import (
	"cmp"
	"context"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Limits of what can be asked at once.
const (
	defaultUsageSpan   = 24 * time.Hour
	maxUsageSpan       = 2 * 366 * 24 * time.Hour
	maxUsageBuckets    = 2000
	defaultUsageSeries = 6
	defaultUsageRows   = 20
)

// Usage is what the API reads of the sums over calls and over attempts.
type Usage interface {
	Usage(ctx context.Context, q calllog.UsageQuery) ([]calllog.UsageSum, error)
	AttemptUsage(ctx context.Context, q calllog.UsageQuery) ([]calllog.AttemptSum, error)
	KeyUses
}

// usageService reads sums over calls and over attempts.
type usageService struct {
	usage Usage
	names filterNames
	now   func() time.Time
}

// calls are the sums over calls, attempts those over attempts.
func (s usageService) calls() sums[usage.Sum, *usage.Sum] {
	return sums[usage.Sum, *usage.Sum]{s.usage.Usage, s.now}
}

func (s usageService) attempts() sums[usage.Attempts, *usage.Attempts] {
	return sums[usage.Attempts, *usage.Attempts]{s.usage.AttemptUsage, s.now}
}

// SummarizeUsage sums up a time and the time before it.
func (s usageService) SummarizeUsage(ctx context.Context, req *adminv1.SummarizeUsageRequest) (*adminv1.SummarizeUsageResponse, error) {
	q, err := s.question(ctx, req.GetFilter())
	if err != nil {
		return nil, err
	}
	before := q
	before.From, before.To = q.From.Add(-q.To.Sub(q.From)), q.From
	res := &adminv1.SummarizeUsageResponse{StartTime: timestamppb.New(q.From), EndTime: timestamppb.New(q.To)}
	for _, part := range []struct {
		q  calllog.UsageQuery
		to **adminv1.UsageTotals
	}{{q, &res.Total}, {before, &res.Previous}} {
		all, err := s.calls().read(ctx, part.q)
		if err != nil {
			return nil, err
		}
		*part.to = totalsView(total[usage.Sum](all))
	}
	return res, nil
}

// BreakDownUsage sums up a time by a dimension.
func (s usageService) BreakDownUsage(ctx context.Context, req *adminv1.BreakDownUsageRequest) (*adminv1.BreakDownUsageResponse, error) {
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
	found, err := s.calls().breakDown(ctx, q, cmp.Or(int(req.GetLimit()), defaultUsageRows),
		func(a, b *usage.Sum) int { return compareUsage(a, b, req.GetOrder()) })
	if err != nil {
		return nil, err
	}
	res := &adminv1.BreakDownUsageResponse{OtherCount: int32(found.otherCount)}
	for _, row := range found.rows {
		res.Rows = append(res.Rows, &adminv1.UsageRow{Value: row.Value, Total: reader.part(totalsView(&row.Total))})
	}
	if found.other != nil {
		res.Other = reader.part(totalsView(found.other))
	}
	return res, nil
}

// wantsTimes reports whether an answer shows how long calls or attempts took, but for the mean.
func wantsTimes[T proto.Message](r reader[T]) bool { return r.wants("duration", "first_token_latency") }

// question turns the filter of a request into a query. It may be nil.
func (s usageService) question(ctx context.Context, in *adminv1.UsageFilter) (calllog.UsageQuery, error) {
	q := calllog.UsageQuery{
		Group: in.GetGroup(), Provider: in.GetProvider(), Model: in.GetModel(), APIKey: in.GetApiKey(), Outcome: in.GetOutcome(),
	}
	violations := checkOutcome("outcome", q.Outcome)
	for _, text := range []struct{ field, value string }{
		{"group", q.Group}, {"provider", q.Provider}, {"model", q.Model}, {"api_key", q.APIKey},
	} {
		if !storable(text.value) {
			violations = append(violations, errs.Violation{Field: "filter." + text.field, Description: "must not contain NUL characters"})
		}
	}
	for _, bound := range []struct {
		field string
		value *timestamppb.Timestamp
		to    *time.Time
	}{{"start_time", in.GetStartTime(), &q.From}, {"end_time", in.GetEndTime(), &q.To}} {
		if bound.value == nil {
			continue
		}
		if *bound.to = bound.value.AsTime(); bound.value.CheckValid() != nil {
			violations = append(violations, errs.Violation{Field: "filter." + bound.field, Description: "must be a time from year 1 to 9999"})
		}
	}
	if len(violations) > 0 {
		return q, errs.Invalid(violations...)
	}
	if err := checkNames(ctx, s.names.ofCalls(q)...); err != nil {
		return q, err
	}
	if in.GetEndTime() == nil {
		q.To = s.now().Truncate(time.Minute).Add(time.Minute) // with the minute that is running
	}
	if in.GetStartTime() == nil {
		q.From = q.To.Add(-defaultUsageSpan)
	}
	return s.bounded(q)
}

// bounded rounds the times of a query to what sums are kept of.
func (s usageService) bounded(q calllog.UsageQuery) (calllog.UsageQuery, error) {
	switch {
	case !q.To.After(q.From):
		return q, errs.Invalid(errs.Violation{Field: "filter.end_time", Description: "must be after start_time"})
	case q.To.Sub(q.From) > maxUsageSpan:
		return q, errs.Invalid(errs.Violation{Field: "filter.end_time", Description: "must be at most two years after start_time"})
	}
	if keyed(q) {
		q.From, q.To = q.From.Truncate(time.Hour), ceil(q.To, time.Hour)
	} else {
		q.From, q.To = q.From.Truncate(time.Minute), q.To.Truncate(time.Minute)
	}
	return q, nil
}

// keyed reports whether a query is about API keys, of which sums are kept per hour only.
func keyed(q calllog.UsageQuery) bool { return q.APIKey != "" || q.By == calllog.ByAPIKey }

func ceil(t time.Time, d time.Duration) time.Time {
	if floor := t.Truncate(d); !floor.Equal(t) {
		return floor.Add(d)
	}
	return t
}

// compareUsage puts sums in the order that a breakdown asks for.
func compareUsage(a, b *usage.Sum, order adminv1.UsageOrder) int {
	switch order {
	case adminv1.UsageOrder_USAGE_ORDER_COST:
		return cmp.Or(cmp.Compare(b.Cost.Micro, a.Cost.Micro), cmp.Compare(b.Cost.Pico, a.Cost.Pico))
	case adminv1.UsageOrder_USAGE_ORDER_TOKENS:
		return cmp.Compare(b.InputTokens+b.OutputTokens, a.InputTokens+a.OutputTokens)
	case adminv1.UsageOrder_USAGE_ORDER_FAILURES:
		return cmp.Compare(b.Calls-b.OK, a.Calls-a.OK)
	}
	return 0
}

// dimension is what a request breaks usage down by.
func dimension(by adminv1.UsageDimension) calllog.UsageBy {
	switch by {
	case adminv1.UsageDimension_USAGE_DIMENSION_GROUP:
		return calllog.ByGroup
	case adminv1.UsageDimension_USAGE_DIMENSION_PROVIDER:
		return calllog.ByProvider
	case adminv1.UsageDimension_USAGE_DIMENSION_MODEL:
		return calllog.ByModel
	case adminv1.UsageDimension_USAGE_DIMENSION_OUTCOME:
		return calllog.ByOutcome
	case adminv1.UsageDimension_USAGE_DIMENSION_API_KEY:
		return calllog.ByAPIKey
	}
	return calllog.ByNothing
}
