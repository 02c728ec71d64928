package controlplane

import (
	"testing"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func TestCacheWritesHaveAPrice(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		in   *adminv1.Price
		want int64
	}{
		"a quarter more than input": {&adminv1.Price{Input: "3"}, 3_750_000},
		"rounded":                   {&adminv1.Price{Input: "0.000001"}, 1},
		"its own":                   {&adminv1.Price{Input: "3", CacheWrite: "6"}, 6_000_000},
		"free":                      {&adminv1.Price{Input: "3", CacheWrite: "0"}, 0},
		"alone":                     {&adminv1.Price{CacheWrite: "2"}, 2_000_000},
	} {
		got, err := ResolvePrice(tt.in)
		if err != nil || got.GetCacheWrite() != tt.want {
			t.Errorf("%s: %d (%v), want %d", name, got.GetCacheWrite(), err, tt.want)
		}
	}
}
