package hashtrie_test

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/trunkline-ai/trunkline/internal/domain/hashtrie"
)

func key(n int) hashtrie.Key {
	return sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n)))
}

func leaf(v *int) [sha256.Size]byte { return key(*v) }

// Whatever is put in and taken out, in portions of any size, a map holds what a Go map holds, its sum is
// that of one that was made at once, and maps of before stay as they were.
func TestAgainstAMap(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	m, want := hashtrie.Summed(leaf), map[hashtrie.Key]int{}
	type kept struct {
		m    hashtrie.Map[int]
		want map[hashtrie.Key]int
	}
	var earlier []kept
	for round := range 60 {
		touched := map[int]bool{}
		var edits []hashtrie.Edit[int]
		for range 1 + r.IntN(1+round*round) {
			n := r.IntN(2000)
			if touched[n] {
				continue
			}
			touched[n] = true
			k, v := key(n), r.Int()
			if r.IntN(3) == 0 {
				edits = append(edits, hashtrie.Edit[int]{Key: k, Gone: true})
				delete(want, k)
				continue
			}
			edits = append(edits, hashtrie.Edit[int]{Key: k, Value: v})
			want[k] = v
		}
		m = m.With(edits, nil)
		equal(t, m, want)
		earlier = append(earlier, kept{m, maps.Clone(want)})
	}
	for i, e := range earlier {
		equal(t, e.m, e.want)
		differ(t, e, earlier[r.IntN(len(earlier))])
		if i > 0 && e.m.Sum() == earlier[i-1].m.Sum() && !maps.Equal(e.want, earlier[i-1].want) {
			t.Errorf("maps %d and %d differ and have one sum", i-1, i)
		}
	}
	for k := range want {
		m = m.With([]hashtrie.Edit[int]{{Key: k, Gone: true}}, nil)
	}
	if m.Sum() != hashtrie.Summed(leaf).Sum() || m.Len() != 0 {
		t.Error("an emptied map is not like an empty one")
	}
}

func TestOneOfSeveralEditsOfAKeyCounts(t *testing.T) {
	t.Parallel()
	m := hashtrie.Summed(leaf).With([]hashtrie.Edit[int]{{Key: key(1), Value: 1}, {Key: key(1), Value: 1}, {Key: key(2), Value: 2}}, nil)
	equal(t, m, map[hashtrie.Key]int{key(1): 1, key(2): 2})
}

// Many edits at once make what few at a time make, however their keys are spread.
func TestManyEditsAtOnce(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]func(n int) hashtrie.Key{
		"even":           key,
		"each key twice": func(n int) hashtrie.Key { return key(n / 2) },
		"one bucket":     func(n int) hashtrie.Key { k := key(n); k[0], k[1] = 7, 9; return k },
		"the ends":       func(n int) hashtrie.Key { k := key(n); k[0], k[1] = -byte(n&1), -byte(n&1); return k },
	} {
		want := map[hashtrie.Key]int{}
		few, edits := hashtrie.Summed(leaf), []hashtrie.Edit[int]{}
		for n := range 10_000 {
			k := of(n)
			edits = append(edits, hashtrie.Edit[int]{Key: k, Value: int(k[5])})
			want[k] = int(k[5])
		}
		rand.Shuffle(len(edits), func(i, j int) { edits[i], edits[j] = edits[j], edits[i] })
		for portion := range slices.Chunk(slices.Clone(edits), 500) {
			few = few.With(portion, nil)
		}
		many := hashtrie.Summed(leaf).With(edits, nil)
		equal(t, many, want)
		if many.Sum() != few.Sum() {
			t.Errorf("%s: many edits at once give another sum than few at a time", name)
		}
	}
}

func equal(t *testing.T, m hashtrie.Map[int], want map[hashtrie.Key]int) {
	t.Helper()
	if got := maps.Collect(m.All()); !maps.Equal(got, want) || m.Len() != len(want) {
		t.Fatalf("%d keys, want %d", len(got), len(want))
	}
	var all []hashtrie.Edit[int]
	for k, v := range want {
		if got, ok := m.Get(k); !ok || got != v {
			t.Fatalf("got %d %t, want %d", got, ok, v)
		}
		all = append(all, hashtrie.Edit[int]{Key: k, Value: v})
	}
	if _, ok := m.Get(key(-1)); ok {
		t.Fatal("found what is not there")
	}
	if again := hashtrie.Summed(leaf).With(all, nil); again.Sum() != m.Sum() {
		t.Fatal("the sum depends on how the map came about")
	}
}

func differ(t *testing.T, a, b struct {
	m    hashtrie.Map[int]
	want map[hashtrie.Key]int
}) {
	t.Helper()
	got := maps.Clone(a.want)
	hashtrie.Diff(a.m, b.m, func(x, y *int) bool { return *x == *y }, func(k hashtrie.Key, before, after *int) {
		if old, had := a.want[k]; had != (before != nil) || had && *before != old {
			t.Fatalf("before is %v, want %d %t", before, old, had)
		}
		if after == nil {
			delete(got, k)
			return
		}
		got[k] = *after
	})
	if !maps.Equal(got, b.want) {
		t.Fatal("the difference does not lead from one map to the other")
	}
}

func large() hashtrie.Map[int] {
	edits := make([]hashtrie.Edit[int], 100_000)
	for i := range edits {
		edits[i] = hashtrie.Edit[int]{Key: key(i), Value: i}
	}
	return hashtrie.Summed(leaf).With(edits, nil)
}

func BenchmarkGet(b *testing.B) {
	m := large()
	keys := make([]hashtrie.Key, 1<<14)
	for i := range keys {
		keys[i] = key(i * 5)
	}
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, ok := m.Get(keys[i&(1<<14-1)]); !ok {
			b.Fatal("not found")
		}
		i++
	}
}

func BenchmarkChangeOneOfManyKeys(b *testing.B) {
	m := large()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		m = m.With([]hashtrie.Edit[int]{{Key: key(i % 100_000), Value: i}}, nil)
		i++
	}
}
