package view

import (
	"strconv"

	"github.com/trunkline-ai/trunkline/cli/output"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// totalColumns are what every table of usage shows of a sum, totals their values.
func totalColumns(first ...string) []string {
	return append(first, "calls", "ok", "failed over", "saved", "tokens in", "cached", "tokens out", "cost", "p50", "p95", "p99", "first token p95")
}

func totals(u *adminv1.UsageTotals) []string {
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	return []string{
		n(u.GetCalls()), n(u.GetOkCalls()), n(u.GetFailedOverCalls()), n(u.GetSavedCalls()),
		n(u.GetInputTokens()), n(u.GetCachedInputTokens()), n(u.GetOutputTokens()), u.GetCost(),
		output.Duration(u.GetDuration().GetP50()), output.Duration(u.GetDuration().GetP95()), output.Duration(u.GetDuration().GetP99()),
		output.Duration(u.GetFirstTokenLatency().GetP95()),
	}
}

func usageRow(r *adminv1.UsageRow) []string {
	return append([]string{output.Text(r.GetValue())}, totals(r.GetTotal())...)
}

func usageSeries(s *adminv1.UsageSeries) []string {
	value := output.Text(s.GetValue())
	if s.GetOther() {
		value = "(others)"
	}
	return append([]string{value}, totals(s.GetTotal())...)
}

func usagePoint(p *adminv1.UsagePoint) []string {
	return append([]string{output.Time(p.GetStartTime())}, totals(p.GetTotal())...)
}
