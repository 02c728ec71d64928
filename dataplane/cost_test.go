package dataplane

import "testing"

func TestCostCountsEachTokenOnce(t *testing.T) {
	t.Parallel()
	p := &Price{Input: 4, CachedInput: 1, CacheWrite: 5, Output: 10, PerCall: 1000}
	for _, tt := range []struct {
		usage Usage
		want  PicoUSD
	}{
		{Usage{}, 1000},
		{Usage{Input: 10, Output: 2}, 1000 + 40 + 20},
		{Usage{Input: 10, CachedInput: 4, CacheWrite: 3, Output: 2}, 1000 + 3*4 + 4 + 3*5 + 20},
		{Usage{Input: 7, CachedInput: 4, CacheWrite: 3}, 1000 + 4 + 15},
	} {
		if got := p.Cost(tt.usage); got != tt.want {
			t.Errorf("%+v costs %d, want %d", tt.usage, got, tt.want)
		}
	}
	if (*Price)(nil).Cost(Usage{Input: 5}) != 0 {
		t.Error("no price costs something")
	}
}
