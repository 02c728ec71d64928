package usage_test

import (
	"math/rand/v2"
	"testing"

	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// TestSubtract: what is added and taken off again leaves no trace.
func TestSubtract(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	sum := func(n int) *usage.Sum {
		s := &usage.Sum{}
		for range n {
			c := &nodev1.Call{
				Outcome: []string{"ok", "timeout"}[r.IntN(2)], DurationUs: r.Int64N(1 << r.IntN(40)), Cost: r.Int64N(1 << 50),
				Attempts: make([]*nodev1.Attempt, r.IntN(3)), Usage: &nodev1.Usage{InputTokens: r.Int64N(1000), OutputTokens: r.Int64N(1000), CachedInputTokens: 3},
			}
			c.FirstTokenUs = c.GetDurationUs() / 3
			s.Count(c)
		}
		return s
	}
	for range 200 {
		kept, gone := sum(r.IntN(20)), sum(r.IntN(20))
		both := &usage.Sum{}
		both.Add(gone)
		both.Add(kept)
		both.Subtract(gone)
		if !both.Equal(kept) {
			t.Fatalf("%+v is left of %+v", both, kept)
		}
	}
}
