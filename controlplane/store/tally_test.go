package store

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// summed is what sums need of a call.
func summed(c *nodev1.Call) *nodev1.Call {
	s := &nodev1.Call{
		StartUs: c.GetStartUs(), ApiKey: c.GetApiKey(), Group: c.GetGroup(), Provider: c.GetProvider(), UpstreamModel: c.GetUpstreamModel(),
		Outcome: c.GetOutcome(), Status: c.GetStatus(), Cost: c.GetCost(), DurationUs: c.GetDurationUs(), FirstTokenUs: c.GetFirstTokenUs(),
		Usage: &nodev1.Usage{
			InputTokens: c.GetUsage().GetInputTokens(), CachedInputTokens: c.GetUsage().GetCachedInputTokens(), OutputTokens: c.GetUsage().GetOutputTokens(),
		},
	}
	for _, a := range c.GetAttempts() {
		s.Attempts = append(s.Attempts, &nodev1.Attempt{
			Provider: a.GetProvider(), Model: a.GetModel(), Outcome: a.GetOutcome(), Blame: a.GetBlame(), DurationUs: a.GetDurationUs(), FirstTokenUs: a.GetFirstTokenUs(),
		})
	}
	return s
}

// TestTally: calls come out as they went in, absurd ones too.
func TestTally(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	calls := []*nodev1.Call{
		{},
		{StartUs: math.MaxInt64, Cost: math.MinInt64, DurationUs: math.MaxInt64, Status: math.MinInt32, ApiKey: "\x00 é"},
		{StartUs: math.MinInt64, Attempts: []*nodev1.Attempt{{}, {Blame: "target", DurationUs: -1}}},
	}
	for n := range 500 {
		calls = append(calls, busyCall(r, n, today))
	}
	for _, part := range [][]*nodev1.Call{nil, calls[:1], calls} {
		var got []*nodev1.Call
		if err := eachTallied(newTally(part), func(c *nodev1.Call) { got = append(got, proto.CloneOf(c)) }); err != nil {
			t.Fatal(err)
		}
		if !slices.EqualFunc(got, part, func(got, sent *nodev1.Call) bool { return proto.Equal(got, summed(sent)) }) {
			t.Errorf("%d calls came out otherwise", len(part))
		}
	}
	if raw := newTally(calls); len(raw) > 50*len(calls) {
		t.Errorf("%d bytes for %d calls", len(raw), len(calls))
	}
}

// TestDamagedTally: nothing is counted of one that is cut short, and nothing panics.
func TestDamagedTally(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	raw := newTally([]*nodev1.Call{busyCall(r, 1, today), busyCall(r, 2, today)})
	ignore := func(*nodev1.Call) {}
	for n := range raw {
		if eachTallied(raw[:n], ignore) == nil {
			t.Errorf("the first %d of %d bytes are taken for a whole", n, len(raw))
		}
	}
	if eachTallied(append(slices.Clone(raw), 0), ignore) == nil {
		t.Error("a byte too many is not noticed")
	}
	for range 20_000 {
		damaged := slices.Clone(raw)
		damaged[r.IntN(len(damaged))] ^= byte(1 << r.IntN(8))
		_ = eachTallied(damaged, ignore)
	}
}
