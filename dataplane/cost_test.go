package dataplane

import "testing"

func TestCostCountsEachTokenOnce(t *testing.T) {
	t.Parallel()
	p := &Price{Rates: Rates{Input: 4, CachedInput: 1, CacheWrite: 5, Output: 10, PerCall: 1000}}
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

// What a call costs is in its tier's prices; a tier that says nothing of a call leaves the
// price as it is.
func TestTiersArePricesOfTheWholeCall(t *testing.T) {
	t.Parallel()
	p := &Price{Rates: Rates{Input: 1}, Tiers: []PriceTier{
		{Above: 200, Rates: Rates{Input: 3}},
		{Above: 100, Rates: Rates{Input: 2}},
		{ServiceTier: "flex", Above: 100, Rates: Rates{Input: 20}},
		{ServiceTier: "flex", Rates: Rates{Input: 10}},
	}}
	for _, tt := range []struct {
		tier  string
		input int64
		want  PicoUSD
	}{
		{"", 100, 100}, {"", 101, 202}, {"", 200, 400}, {"", 201, 603}, {"flex", 100, 1000}, {"flex", 201, 4020}, {"scale", 100, 100}, {"scale", 101, 202},
	} {
		if got := p.Cost(Usage{Input: tt.input, ServiceTier: tt.tier}); got != tt.want {
			t.Errorf("%d tokens in %q cost %d, want %d", tt.input, tt.tier, got, tt.want)
		}
	}
}

// No upstream can make a call cost less than nothing by telling of more than there is.
func TestCostHasAnEnd(t *testing.T) {
	t.Parallel()
	dear := Rates{Input: 1e10, Output: 1e10, PerSecond: 1e16, PerImage: 1e16}
	for _, u := range []Usage{{Input: 1e9}, {Input: 9e8, Output: 9e8}, {AudioMS: 1e9}, {Images: 1e9, AudioMS: 999}} {
		if got := dear.Cost(u); got != maxPicoUSD {
			t.Errorf("%+v costs %d", u, got)
		}
	}
	if got := (&Rates{PerSecond: 3_083_000}).Cost(Usage{AudioMS: 1_999}); got != 3_083_000+3_079_917 {
		t.Errorf("1.999 seconds cost %d", got)
	}
}
