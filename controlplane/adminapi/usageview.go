package adminapi

import (
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// totalsView shows a sum.
func totalsView(u *usage.Sum) *adminv1.UsageTotals {
	view := &adminv1.UsageTotals{
		Calls:             u.Calls,
		OkCalls:           u.OK,
		Attempts:          u.Attempts,
		FailedOverCalls:   u.Failovers,
		SavedCalls:        u.Saved,
		InputTokens:       u.InputTokens,
		CachedInputTokens: u.CachedInputTokens,
		OutputTokens:      u.OutputTokens,
		Cost:              u.Cost.String(),
		Duration:          quantilesView(u.Latency),
		FirstTokenLatency: quantilesView(u.FirstToken),
	}
	if u.Calls > 0 {
		view.AverageDuration = micros(u.DurationUS / u.Calls)
	}
	return view
}

// quantilesView shows a histogram; nil when it is empty.
func quantilesView(h usage.Histogram) *adminv1.UsageQuantiles {
	if h.Total() == 0 {
		return nil
	}
	return &adminv1.UsageQuantiles{P50: micros(h.Quantile(0.5)), P95: micros(h.Quantile(0.95)), P99: micros(h.Quantile(0.99))}
}
