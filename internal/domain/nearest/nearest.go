// Package nearest finds what somebody may have meant who named something that does not exist.
package nearest

import (
	"cmp"
	"slices"
	"strings"
)

// Of gives the n names that are most like one that is none of them, the best first: those that have it
// as a part, then those with the fewest letters to change.
func Of(names []string, name string, n int) []string {
	type ranked struct {
		name     string
		part     bool
		distance int
	}
	all := make([]ranked, len(names))
	for i, other := range names {
		all[i] = ranked{other, strings.Contains(other, name), distance(name, other)}
	}
	slices.SortStableFunc(all, func(a, b ranked) int { return cmp.Or(compareBool(b.part, a.part), cmp.Compare(a.distance, b.distance)) })
	best := make([]string, min(n, len(all)))
	for i := range best {
		best[i] = all[i].name
	}
	return best
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// distance is how many letters must be put in, taken out or changed to make b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			changed := before
			if a[i] != b[j] {
				changed++
			}
			before = row[j+1]
			row[j+1] = min(changed, before+1, row[j]+1)
		}
	}
	return row[len(b)]
}
