// Package hashtrie is a map whose keys are hashes and that is never changed: a change makes a new map,
// which shares with the one before it all but the little around what changed. So a map of a hundred
// thousand may change every second while others read it without a lock, and what differs between two
// of them is found without looking at what they share.
//
// A map may carry a sum of its content, a tree of SHA-256, which costs as little to keep up to date.
package hashtrie

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"iter"
	"slices"

	"github.com/trunkline-ai/trunkline/internal/pace"
)

// Key is a hash: keys are expected to spread evenly.
type Key = [sha256.Size]byte

// fan is how many ways there are at each of the two levels above the buckets.
const fan = 64

// Map is immutable, and safe for concurrent use. The zero value is empty and carries no sum.
type Map[V any] struct {
	leaf  func(*V) [sha256.Size]byte // nil: no sums are kept
	root  *[fan]*branch[V]
	count int
	sum   [sha256.Size]byte
}

type branch[V any] struct {
	buckets [fan]*bucket[V]
	sum     [sha256.Size]byte
}

// bucket holds what shares the first bits, in the order of the keys.
type bucket[V any] struct {
	keys   []Key
	values []V
	sum    [sha256.Size]byte
}

// Summed is an empty map whose sum is made of what leaf says of each value: two maps of equal sum hold
// the same. What leaf says must depend on the key too where that matters.
func Summed[V any](leaf func(*V) [sha256.Size]byte) Map[V] {
	m := Map[V]{leaf: leaf}
	m.sum = sumOf(2, fan, func(int) (sum [sha256.Size]byte) { return sum })
	return m
}

func place(k *Key) (branch, bucket int) { return int(k[0] >> 2), int(k[1] >> 2) }

// flat is the number of the bucket among all.
func flat(k *Key) int {
	x, y := place(k)
	return x*fan + y
}

// Len is how many keys there are.
func (m Map[V]) Len() int { return m.count }

// Sum tells maps apart that keep sums.
func (m Map[V]) Sum() [sha256.Size]byte { return m.sum }

// Get finds the value of a key.
func (m Map[V]) Get(k Key) (value V, ok bool) {
	if m.root == nil {
		return value, false
	}
	x, y := place(&k)
	b := m.root[x]
	if b == nil || b.buckets[y] == nil {
		return value, false
	}
	return b.buckets[y].find(&k)
}

// find looks where the key should be, since hashes spread evenly, and goes on from there.
func (b *bucket[V]) find(k *Key) (value V, ok bool) {
	// What differs within a bucket: the low bits of the two bytes that led here, and what follows.
	head := uint64(k[0]&3)<<30 | uint64(k[1]&3)<<28 | uint64(k[2])<<20 | uint64(k[3])<<12
	i := int(head * uint64(len(b.keys)) >> 32)
	order := bytes.Compare(b.keys[i][:], k[:])
	for step := -order; order == -step && order != 0; {
		if i += step; i < 0 || i == len(b.keys) {
			return value, false
		}
		order = bytes.Compare(b.keys[i][:], k[:])
	}
	if order != 0 {
		return value, false
	}
	return b.values[i], true
}

// All gives everything, in an order that depends on the keys alone.
func (m Map[V]) All() iter.Seq2[Key, V] {
	return func(yield func(Key, V) bool) {
		if m.root == nil {
			return
		}
		for _, b := range m.root {
			if b == nil {
				continue
			}
			for _, in := range b.buckets {
				if in == nil {
					continue
				}
				for i := range in.keys {
					if !yield(in.keys[i], in.values[i]) {
						return
					}
				}
			}
		}
	}
}

// Edit gives a key a value, or takes the key out.
type Edit[V any] struct {
	Key   Key
	Value V
	Gone  bool
}

// With is the map after edits, which it may reorder. Of several of one key one counts.
func (m Map[V]) With(edits []Edit[V], p *pace.Pace) Map[V] {
	if len(edits) == 0 {
		return m
	}
	arrange(edits, p)
	next := Map[V]{leaf: m.leaf, root: &[fan]*branch[V]{}, count: m.count}
	if m.root != nil {
		*next.root = *m.root
	}
	for len(edits) > 0 {
		x, _ := place(&edits[0].Key)
		n := run(edits, func(k *Key) bool { ex, _ := place(k); return ex == x })
		var grown int
		next.root[x], grown = edited(next.root[x], edits[:n], m.leaf)
		next.count += grown
		edits = edits[n:]
		p.Step()
	}
	if m.leaf != nil {
		next.sum = sumOf(2, fan, func(i int) (sum [sha256.Size]byte) {
			if b := next.root[i]; b != nil {
				sum = b.sum
			}
			return sum
		})
	}
	return next
}

// bucketSortFrom is from how many edits on it pays to put them into their buckets one by one.
const bucketSortFrom = fan * fan

// arrange orders edits by bucket and key.
func arrange[V any](edits []Edit[V], p *pace.Pace) {
	if len(edits) < bucketSortFrom {
		slices.SortFunc(edits, func(a, b Edit[V]) int {
			return cmp.Or(flat(&a.Key)-flat(&b.Key), bytes.Compare(a.Key[:], b.Key[:]))
		})
		return
	}
	var ends, at [fan * fan]int // of each bucket, and up to where it holds what belongs there
	for i := range edits {
		ends[flat(&edits[i].Key)]++
	}
	sum := 0
	for i, n := range ends {
		at[i], sum = sum, sum+n
		ends[i] = sum
	}
	begin, moved := 0, 0
	for bucket, end := range &ends {
		for at[bucket] < end {
			belongs := flat(&edits[at[bucket]].Key)
			if belongs != bucket {
				edits[at[bucket]], edits[at[belongs]] = edits[at[belongs]], edits[at[bucket]]
			}
			at[belongs]++
			p.Count(moved) // while the first bucket is filled, nearly all of the others are
			moved++
		}
		slices.SortFunc(edits[begin:end], func(a, b Edit[V]) int { return bytes.Compare(a.Key[:], b.Key[:]) })
		p.Count(bucket)
		begin = end
	}
}

// run is how many edits there are at the beginning whose key is meant.
func run[V any](edits []Edit[V], meant func(*Key) bool) int {
	n := 1
	for n < len(edits) && meant(&edits[n].Key) {
		n++
	}
	return n
}

// edited is a branch after edits; nil when nothing is left of it.
func edited[V any](old *branch[V], edits []Edit[V], leaf func(*V) [sha256.Size]byte) (next *branch[V], grown int) {
	next = &branch[V]{}
	if old != nil {
		next.buckets = old.buckets
	}
	for len(edits) > 0 {
		_, y := place(&edits[0].Key)
		n := run(edits, func(k *Key) bool { _, ey := place(k); return ey == y })
		before := next.buckets[y].len()
		next.buckets[y] = merged(next.buckets[y], edits[:n], leaf)
		grown += next.buckets[y].len() - before
		edits = edits[n:]
	}
	if !slices.ContainsFunc(next.buckets[:], func(b *bucket[V]) bool { return b != nil }) {
		return nil, grown
	}
	if leaf != nil {
		next.sum = sumOf(1, fan, func(i int) (sum [sha256.Size]byte) {
			if b := next.buckets[i]; b != nil {
				sum = b.sum
			}
			return sum
		})
	}
	return next, grown
}

func (b *bucket[V]) len() int {
	if b == nil {
		return 0
	}
	return len(b.keys)
}

// merged is a bucket after edits; nil when it is empty.
func merged[V any](old *bucket[V], edits []Edit[V], leaf func(*V) [sha256.Size]byte) *bucket[V] {
	if old == nil {
		old = &bucket[V]{}
	}
	size := len(old.keys)
	for i := range edits {
		if !edits[i].Gone {
			size++
		}
	}
	next := &bucket[V]{keys: make([]Key, 0, size), values: make([]V, 0, size)}
	take := func(k Key, v V) { next.keys, next.values = append(next.keys, k), append(next.values, v) }
	i := 0
	for e := range edits {
		for i < len(old.keys) && bytes.Compare(old.keys[i][:], edits[e].Key[:]) < 0 {
			take(old.keys[i], old.values[i])
			i++
		}
		if i < len(old.keys) && old.keys[i] == edits[e].Key {
			i++
		}
		if e+1 < len(edits) && edits[e+1].Key == edits[e].Key {
			continue
		}
		if !edits[e].Gone {
			take(edits[e].Key, edits[e].Value)
		}
	}
	for ; i < len(old.keys); i++ {
		take(old.keys[i], old.values[i])
	}
	if len(next.keys) == 0 {
		return nil
	}
	if leaf != nil {
		next.sum = sumOf(0, len(next.values), func(i int) [sha256.Size]byte { return leaf(&next.values[i]) })
	}
	return next
}

// sumOf is the sum of one node of the tree: level is 0 for a bucket, so that none passes for another.
func sumOf(level byte, parts int, part func(i int) [sha256.Size]byte) [sha256.Size]byte {
	var room [1 + fan*sha256.Size]byte
	all := append(room[:0], level)
	for i := range parts {
		p := part(i)
		all = append(all, p[:]...)
	}
	return sha256.Sum256(all)
}
