package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// What e2e/large.ts configures.
const (
	largeProviders = 1000
	largeModels    = 10 // each
	largeGroups    = 200
	largeMembers   = 20 // each
	largeKeys      = 100_000
	largeNodes     = 200
)

// useLarge makes the calls those of e2e/large.ts instead of e2e/demo.yaml. As in life a few groups and keys have most of
// the calls; nearly all have some.
func useLarge(m *maker) {
	m.routes, m.nodes = nil, largeNodes
	for g := range largeGroups {
		var members []target
		for i := range largeMembers {
			n := g*largeMembers + i
			members = append(members, target{
				provider: fmt.Sprintf("provider-%04d", n%largeProviders), model: fmt.Sprintf("vendor/model-%02d", n/largeProviders%largeModels),
				in: 1_750_000, out: 14_000_000, ms: 1500, fails: 0.03, outcome: "rate_limited", status: 429,
			})
		}
		// Each member is the first of some calls, so that every provider has some.
		for first := range members {
			to := slices.Concat(members[first:], members[:first])
			m.routes = append(m.routes, route{group: fmt.Sprintf("group-%03d", g), stream: g%2 == 0, to: to})
		}
	}
	groups, keys := rand.NewZipf(m.random, 1.1, 4, largeGroups-1), rand.NewZipf(m.random, 1.1, 50, largeKeys-1)
	m.pick = func(random *rand.Rand) int {
		first := 0
		if random.IntN(4) == 0 {
			first = random.IntN(largeMembers)
		}
		return int(groups.Uint64())*largeMembers + first
	}
	m.key = func(*rand.Rand) string { return fmt.Sprintf("key-%06d", keys.Uint64()) }
}
