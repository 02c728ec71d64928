package hashtrie

import "bytes"

// Diff calls each for every key whose values differ between two maps: before or after is nil where the
// map does not hold the key. What both maps share is passed over without being looked at.
func Diff[V any](before, after Map[V], same func(a, b *V) bool, each func(k Key, before, after *V)) {
	if before.root == after.root {
		return
	}
	var none [fan]*branch[V]
	a, b := before.root, after.root
	if a == nil {
		a = &none
	}
	if b == nil {
		b = &none
	}
	var empty branch[V]
	for x := range fan {
		if a[x] == b[x] {
			continue
		}
		from, to := a[x], b[x]
		if from == nil {
			from = &empty
		}
		if to == nil {
			to = &empty
		}
		for y := range fan {
			if from.buckets[y] != to.buckets[y] {
				diffBuckets(from.buckets[y], to.buckets[y], same, each)
			}
		}
	}
}

func diffBuckets[V any](a, b *bucket[V], same func(a, b *V) bool, each func(k Key, before, after *V)) {
	i, j := 0, 0
	for i < a.len() || j < b.len() {
		order := 0
		switch {
		case i == a.len():
			order = 1
		case j == b.len():
			order = -1
		default:
			order = bytes.Compare(a.keys[i][:], b.keys[j][:])
		}
		switch {
		case order < 0:
			each(a.keys[i], &a.values[i], nil)
			i++
		case order > 0:
			each(b.keys[j], nil, &b.values[j])
			j++
		default:
			if !same(&a.values[i], &b.values[j]) {
				each(a.keys[i], &a.values[i], &b.values[j])
			}
			i++
			j++
		}
	}
}
