package controlplane

import (
	"sync"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// keyCounts says how many API keys may use each group. It is worked out when first asked
// for, and shared by all revisions with the same keys.
type keyCounts struct {
	once sync.Once
	of   map[string]int
}

// KeyCount returns how many API keys may use a group.
func (c *Config) KeyCount(group string) int {
	c.keyCounts.once.Do(func() {
		c.keyCounts.of = map[string]int{}
		for _, r := range c.resources[KindAPIKey] {
			for _, g := range r.Spec.(*adminv1.ApiKey).GetGroups() {
				c.keyCounts.of[g]++
			}
		}
	})
	return c.keyCounts.of[group]
}
