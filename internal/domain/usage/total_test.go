package usage_test

import (
	"testing"

	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// TestADayOfABusyNodeIsASum: when a node has no room for finer sums it sums up whole days,
// in which 20,000 streams that are always open last 480,000 hours.
func TestADayOfABusyNodeIsASum(t *testing.T) {
	t.Parallel()
	sum := &usage.Sum{}
	const streams, hour = 20_000, 3_600_000_000 // of an hour each
	for range streams * 24 {
		sum.Count(&nodev1.Call{Outcome: "ok", DurationUs: hour, Usage: &nodev1.Usage{InputTokens: 1e6, OutputTokens: 1e6}})
	}
	key, back, err := usage.FromTotal(usage.ToTotal(usage.Key{Group: "g", Outcome: "ok"}, sum))
	if err != nil || key.Group != "g" || !back.Equal(sum) {
		t.Errorf("a day of %d calls: %v", sum.Calls, err)
	}
}
