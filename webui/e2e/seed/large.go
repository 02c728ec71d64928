package main

import (
	"fmt"
	"math/rand/v2"
)

// What e2e/large.ts configures.
const (
	largeProviders = 1000
	largeModels    = 10 // each
	largeGroups    = 200
	largeMembers   = 20 // each
	largeKeys      = 100_000
)

// useLarge makes the calls those of e2e/large.ts instead of e2e/demo.yaml.
func useLarge(m *maker) {
	m.routes = make([]route, largeGroups)
	for g := range m.routes {
		m.routes[g] = route{group: fmt.Sprintf("group-%03d", g), stream: g%2 == 0}
		for i := range largeMembers {
			n := g*largeMembers + i
			m.routes[g].to = append(m.routes[g].to, target{
				provider: fmt.Sprintf("provider-%04d", n%largeProviders), model: fmt.Sprintf("vendor/model-%02d", n/largeProviders%largeModels),
				in: 1_750_000, out: 14_000_000, ms: 1500, fails: 0.03, outcome: "rate_limited", status: 429,
			})
		}
	}
	m.pick = func(random *rand.Rand) int { return random.IntN(largeGroups) }
	m.key = func(random *rand.Rand) string { return fmt.Sprintf("key-%06d", random.IntN(largeKeys)) }
}
