package controlplane

import (
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func TestPricesThatAreNotSetFollowOthers(t *testing.T) {
	t.Parallel()
	got, err := ResolvePrice(&adminv1.Price{Input: "2", Output: "8", AudioInput: "40", PerSecond: "0.00003083", PerImage: "0.04"})
	want := &nodev1.Price{
		Input: 2_000_000, CachedInput: 2_000_000, CacheWrite: 2_500_000, CacheWrite_1Hr: 4_000_000, Output: 8_000_000, Reasoning: 8_000_000,
		AudioInput: 40_000_000, CachedAudioInput: 40_000_000, AudioOutput: 8_000_000, ImageInput: 2_000_000, CachedImageInput: 2_000_000,
		ImageOutput: 8_000_000, PerSecond: 30_830_000, PerImage: 40_000_000_000,
	}
	if err != nil || !proto.Equal(got, want) {
		t.Errorf("got %v %v, want %v", got, err, want)
	}
	got, err = ResolvePrice(&adminv1.Price{Input: "2", CachedInput: "0.5"})
	if err != nil || got.GetCachedImageInput() != 500_000 || got.GetCachedAudioInput() != 500_000 {
		t.Errorf("cached audio and images cost %v, %v", got, err)
	}
}

// Tiers are laid over the price and over each other, for every kind of call that they tell apart.
func TestTiersAreResolved(t *testing.T) {
	t.Parallel()
	price := &adminv1.Price{Input: "1", Output: "10", Tiers: []*adminv1.PriceTier{
		{AboveInputTokens: 200, Input: "2", Output: "15"},
		{AboveInputTokens: 500, Input: "3"},
		{ServiceTier: "flex", Input: "0.5"},
		{ServiceTier: "flex", AboveInputTokens: 500, Output: "7"},
	}}
	got, err := ResolvePrice(price)
	if err != nil {
		t.Fatal(err)
	}
	type kind struct {
		tier                 string
		above, input, output int64
	}
	var kinds []kind
	for _, tier := range got.GetTiers() {
		p := tier.GetPrice()
		kinds = append(kinds, kind{tier.GetServiceTier(), tier.GetAboveInputTokens(), p.GetInput() / 100_000, p.GetOutput() / 100_000})
	}
	want := []kind{
		{"", 500, 30, 100}, // 500 is a tier of its own: what it does not set is the price's
		{"", 200, 20, 150},
		{"flex", 500, 5, 70}, {"flex", 200, 5, 150}, {"flex", 0, 5, 100},
	}
	if !slices.Equal(kinds, want) {
		t.Errorf("got %v, want %v", kinds, want)
	}
	if p, err := ResolvePrice(&adminv1.Price{Tiers: []*adminv1.PriceTier{{ServiceTier: "flex"}}}); p != nil || err != nil {
		t.Errorf("a price without any amount is %v, %v", p, err)
	}
}

func TestPricesThatCannotBe(t *testing.T) {
	t.Parallel()
	tier := func(t *adminv1.PriceTier) *adminv1.Price { return &adminv1.Price{Tiers: []*adminv1.PriceTier{t}} }
	for _, tt := range []struct {
		price *adminv1.Price
		want  string
	}{
		{&adminv1.Price{PerSecond: "0.0000000000001"}, "per_second: must be a decimal number with at most 9 digits before and 12 after the point"},
		{&adminv1.Price{PerImage: "10000.1"}, "per_image: must be at most 10000 USD per image"},
		{&adminv1.Price{PerCharacter: "10001"}, "per_character: must be at most 10000 USD per million characters"},
		{&adminv1.Price{Reasoning: "1e3"}, "reasoning: " + errNotDecimal.Error()},
		{tier(&adminv1.PriceTier{Input: "1"}), "tiers[0]: must name a service_tier, above_input_tokens or both"},
		{tier(&adminv1.PriceTier{ServiceTier: "flex"}), "tiers[0]: must set a price"},
		{tier(&adminv1.PriceTier{ServiceTier: "default", Input: "1"}), "tiers[0].service_tier: is what the price itself is for"},
		{tier(&adminv1.PriceTier{AboveInputTokens: 1, Input: "x"}), "tiers[0].input: " + errNotDecimal.Error()},
		{tier(&adminv1.PriceTier{AboveInputTokens: 1, Output: "10001"}), "tiers[0].output: must be at most 10000 USD per million tokens"},
		{&adminv1.Price{Tiers: []*adminv1.PriceTier{{AboveInputTokens: 1, Input: "1"}, {AboveInputTokens: 1, Output: "1"}}}, "tiers[1]: is for the same calls as another tier"},
	} {
		var faults []string
		CheckPrice(tt.price, func(field, reason string) { faults = append(faults, field+": "+reason) })
		if !slices.Equal(faults, []string{tt.want}) {
			t.Errorf("%v: %q, want %q", tt.price, faults, tt.want)
		}
	}
}
