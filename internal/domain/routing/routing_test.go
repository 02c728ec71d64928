package routing

import (
	"math"
	"slices"
	"testing"
)

func TestRanksOrderByPriorityThenPrice(t *testing.T) {
	t.Parallel()
	want := []Rank{
		{Priority: 0},
		{Priority: 1, Priced: true},
		{Priority: 1, Priced: true, Cost: 5},
		{Priority: 1, Priced: true, Cost: math.MaxInt64},
		{Priority: 1},
		{Priority: 1, Cost: 1}, // a cost without a price says nothing, yet the order is total
		{Priority: 2, Priced: true},
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, Rank.Compare)
	if !slices.Equal(got, want) {
		t.Errorf("order %+v", got)
	}
	for i, a := range want {
		for j, b := range want {
			if c := a.Compare(b); (c < 0) != (i < j) || (c == 0) != (i == j) {
				t.Errorf("%+v to %+v: %d", a, b, c)
			}
		}
	}
}

func TestSampleCost(t *testing.T) {
	t.Parallel()
	// 0.15 and 0.60 USD per million tokens, 0.01 USD per call, in pico-USD.
	if got, want := SampleCost(150_000, 600_000, 10_000), int64(750_000_000+10_000_000_000); got != want {
		t.Errorf("cost %d, want %d", got, want)
	}
	// The highest prices that the configuration takes do not overflow.
	if got := SampleCost(10_000_000_000, 10_000_000_000, 1_000_000_000_000); got < 1e18 {
		t.Errorf("cost %d", got)
	}
}
