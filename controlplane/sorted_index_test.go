package controlplane

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// names lists the groups of c, and checks that the list holds what is there.
func names(t *testing.T, c *Config) (all []string) {
	t.Helper()
	for _, r := range c.List(KindGroup) {
		all = append(all, r.Name)
		if now, _ := c.Get(KindGroup, r.Name); now != r {
			t.Fatalf("%s is listed as it was at revision %d", r.Name, r.Revision)
		}
	}
	if len(all) != c.Count(KindGroup) || !slices.IsSortedFunc(all, strings.Compare) {
		t.Fatalf("%d of %d groups are listed: %q", len(all), c.Count(KindGroup), all)
	}
	return all
}

// However a configuration came to be, its lists are whole, present and in order; those of
// the configurations before it stay as they were.
func TestListsFollowChanges(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	c := NewConfig(0, "lineage", nil, nil)
	for revision := Revision(1); revision <= 300; revision++ {
		var ops []Op
		n := 1 + random.IntN(3)
		if revision%50 == 0 {
			n = editedAtOnce + 50
		}
		taken := map[string]bool{}
		for range n {
			name := fmt.Sprintf("group-%03d", random.IntN(400))
			if taken[name] {
				continue
			}
			taken[name] = true
			op := Op{Kind: KindGroup, Name: name, Spec: &adminv1.Group{Name: name}}
			if random.IntN(3) == 0 {
				op.Spec = nil
			}
			ops = append(ops, op)
		}
		before := []string(nil)
		if asked := random.IntN(2) == 0; asked { // somebody asks only now and then
			before = names(t, c)
		}
		id := 0
		next := c.With(revision, c.Changes(revision, time.Unix(1, 0), "test", ops, func() string { id++; return fmt.Sprint(id) }), nil)
		if before != nil {
			if after := names(t, c); !slices.Equal(before, after) {
				t.Fatalf("a change changed the configuration before it: %q, then %q", before, after)
			}
			next.valid.Store(random.IntN(2) == 0)
		}
		c = next
	}
	names(t, c)
	list := c.List(KindGroup)
	_ = append(list, &Resource{Name: "appended"})
	names(t, c)
}
