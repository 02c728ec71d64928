package dataplane

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/internal/domain/apikey"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func secretOf(n int) string { return fmt.Sprintf("secret-%d", n) }

func keyOf(n int, groups ...string) *nodev1.ApiKey {
	hash := apikey.Hash([]byte("pepper"), secretOf(n))
	return &nodev1.ApiKey{Name: fmt.Sprint("key-", n/2), Hash: hash[:], Groups: groups}
}

// describe is what a snapshot does with the secrets of a test.
func describe(s *Snapshot, secrets int) string {
	var out strings.Builder
	fmt.Fprintln(&out, s.Revision, len(s.Providers), s.keys.Len())
	for n := range secrets {
		k, ok := s.Key(secretOf(n))
		fmt.Fprint(&out, n, ok, s.Unsupported(secretOf(n)))
		if ok {
			fmt.Fprint(&out, k.Name, k.Caller, k.Limits, k.hash == KeyHash(apikey.Hash([]byte("pepper"), secretOf(n))))
			for g := range s.GroupsOf(k) {
				fmt.Fprint(&out, g.Name, len(g.Members), k.Allows(g))
			}
		}
		fmt.Fprintln(&out)
	}
	return out.String()
}

// A snapshot that followed any number of changes is the one that is compiled at once.
func TestChangesAreLikeTheWhole(t *testing.T) {
	t.Parallel()
	const secrets = 60
	r := rand.New(rand.NewPCG(5, 6))
	whole := &nodev1.Snapshot{Revision: 1, KeyPepper: []byte("pepper")}
	s, err := Compile(whole)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[int]*nodev1.ApiKey{}
	groups := map[string]bool{}
	held := map[string]any{}
	for revision := uint64(2); revision < 300; revision++ {
		c := &Change{Revision: revision}
		if r.IntN(4) == 0 {
			name := fmt.Sprint("g", r.IntN(4))
			if groups[name] = !groups[name]; !groups[name] {
				delete(groups, name)
			}
			c.Rest = &nodev1.Snapshot{KeyPepper: []byte("pepper")}
			for _, g := range []string{"g0", "g1", "g2", "g3"} {
				if groups[g] {
					c.Rest.Groups = append(c.Rest.Groups, &nodev1.Group{Name: g, Selection: "cheapest"})
				}
			}
			for n, k := range keys { // those that lost a group
				if i := slices.Index(k.GetGroups(), name); i >= 0 && !groups[name] {
					keys[n] = proto.CloneOf(k)
					keys[n].Groups = slices.Delete(keys[n].Groups, i, i+1)
					c.Keys = append(c.Keys, keys[n])
				}
			}
		}
		for range r.IntN(5) {
			n := r.IntN(secrets)
			hash := apikey.Hash([]byte("pepper"), secretOf(n))
			if slices.ContainsFunc(c.Keys, func(k *nodev1.ApiKey) bool { return string(k.GetHash()) == string(hash[:]) }) || slices.Contains(c.Gone, KeyHash(hash)) {
				continue
			}
			if r.IntN(3) == 0 {
				delete(keys, n)
				c.Gone = append(c.Gone, KeyHash(hash))
				continue
			}
			var some []string
			for g := range groups {
				if r.IntN(2) == 0 {
					some = append(some, g)
				}
			}
			keys[n] = keyOf(n, some...)
			keys[n].Concurrency = r.Int64N(3)
			if r.IntN(5) == 0 {
				keys[n] = &nodev1.ApiKey{Name: keys[n].GetName(), Hash: hash[:], RequiredFeatures: []string{"key.new"}}
			}
			c.Keys = append(c.Keys, keys[n])
		}
		before := describe(s, secrets)
		next, err := s.With(c, nil)
		if err != nil {
			t.Fatal(err)
		}
		if describe(s, secrets) != before {
			t.Fatal("the snapshot before has changed")
		}
		s = next
		whole = &nodev1.Snapshot{Revision: revision, KeyPepper: []byte("pepper")}
		for _, g := range []string{"g0", "g1", "g2", "g3"} {
			if groups[g] {
				whole.Groups = append(whole.Groups, &nodev1.Group{Name: g, Selection: "cheapest"})
			}
		}
		for _, k := range keys {
			whole.ApiKeys = append(whole.ApiKeys, k)
		}
		rebuilt, err := Compile(whole)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := describe(s, secrets), describe(rebuilt, secrets); got != want {
			t.Fatalf("revision %d:\n%s\nwant\n%s", revision, got, want)
		}
		for k := range s.Keys() { // what requests hold is counted on, for all secrets of a name
			if was, ok := held[k.Name]; ok && was != any(k.Held) {
				t.Fatalf("key %q has another counter", k.Name)
			}
			held[k.Name] = k.Held
		}
	}
}

func TestAChangeIsRefused(t *testing.T) {
	t.Parallel()
	s, err := Compile(&nodev1.Snapshot{
		Revision: 1, KeyPepper: []byte("pepper"), Groups: []*nodev1.Group{{Name: "g", Selection: "cheapest"}}, ApiKeys: []*nodev1.ApiKey{keyOf(1, "g")},
	})
	if err != nil {
		t.Fatal(err)
	}
	short := keyOf(3)
	short.Hash = short.Hash[:5]
	limit := keyOf(3)
	limit.Concurrency = -1
	for name, tt := range map[string]struct {
		change *Change
		want   string
	}{
		"a group that is not there": {&Change{Keys: []*nodev1.ApiKey{keyOf(3, "h")}}, `api key "key-1": group "h" does not exist`},
		"no hash":                   {&Change{Keys: []*nodev1.ApiKey{short}}, "hash has 5 bytes instead of 32"},
		"a limit below 0":           {&Change{Keys: []*nodev1.ApiKey{limit}}, "a limit is below 0"},
		"a group that a key needs":  {&Change{Rest: &nodev1.Snapshot{}}, `api key "key-0": group "g" does not exist`},
		"a broken rest":             {&Change{Rest: &nodev1.Snapshot{Groups: []*nodev1.Group{{Name: "g", Selection: "odd"}}}}, `group "g"`},
	} {
		if _, err := s.With(tt.change, nil); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
	if _, ok := s.Key(secretOf(1)); !ok || s.Revision != 1 {
		t.Error("a refused change has changed the snapshot")
	}
}

func many(b *testing.B) *Snapshot {
	in := &nodev1.Snapshot{Revision: 1, KeyPepper: []byte("pepper"), Groups: []*nodev1.Group{{Name: "g", Selection: "cheapest"}}}
	for i := range 100_000 {
		hash := sha256.Sum256(fmt.Append(nil, i))
		in.ApiKeys = append(in.ApiKeys, &nodev1.ApiKey{Name: fmt.Sprint("key-", i), Hash: hash[:], Groups: []string{"g"}})
	}
	s, err := Compile(in)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func BenchmarkOneKeyOfManyChanges(b *testing.B) {
	s := many(b)
	changed := []*nodev1.ApiKey{keyOf(7, "g")}
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if s, err = s.With(&Change{Revision: 2, Keys: changed}, nil); err != nil {
			b.Fatal(err)
		}
	}
}
