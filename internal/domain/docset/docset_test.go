package docset_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/internal/domain/docset"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func hash(n int) []byte {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n)))
	return sum[:]
}

func document(t testing.TB, kind docset.Kind, m proto.Message) *docset.Document {
	t.Helper()
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	d, err := docset.New(kind, raw)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// step is a random change.
func step(t testing.TB, r *rand.Rand, revision uint64) *docset.Change {
	c := &docset.Change{Revision: revision}
	named := map[docset.ID]bool{}
	for range r.IntN(30) {
		n := r.IntN(300)
		var d *docset.Document
		switch r.IntN(5) {
		case 0:
			d = document(t, docset.Provider, &nodev1.Provider{Name: fmt.Sprint(n), BaseUrl: fmt.Sprint(r.IntN(3))})
		case 1:
			d = document(t, docset.Group, &nodev1.Group{Name: fmt.Sprint(n), CreateTime: r.Int64N(3)})
		case 2:
			d = document(t, docset.FailureKeyword, &nodev1.FailureKeyword{Name: fmt.Sprint(n), Keyword: fmt.Sprint(r.IntN(3))})
		default: // two secrets of one name
			d = document(t, docset.APIKey, &nodev1.ApiKey{Name: fmt.Sprint(n / 2), Hash: hash(n), Concurrency: r.Int64N(3)})
		}
		if named[d.ID] {
			continue
		}
		named[d.ID] = true
		if r.IntN(4) == 0 {
			c.Gone = append(c.Gone, d.ID)
			continue
		}
		c.Documents = append(c.Documents, d)
	}
	if r.IntN(6) == 0 {
		rest, err := proto.Marshal(&nodev1.Snapshot{CorsOrigins: []string{fmt.Sprint(r.IntN(3))}})
		if err != nil {
			t.Fatal(err)
		}
		c.NewRest, c.Rest = true, rest
	}
	return c
}

// Any sequence of changes, sent and read, whole or lean, leads to what is encoded at once; a change between
// any two snapshots leads from the one to the other.
func TestChangesMakeTheWhole(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	full, lean := docset.Empty(false), docset.Empty(true)
	var sets []*docset.Set
	for revision := range uint64(100) {
		next := full.With(step(t, r, revision+1), nil)
		full, lean = next, apply(t, full, next, lean)
		sets = append(sets, full)
		raw := full.Encode()
		if full.Size() != len(raw) {
			t.Fatalf("size %d of %d bytes", full.Size(), len(raw))
		}
		again, err := docset.Parse(raw, false, nil)
		if err != nil {
			t.Fatal(err)
		}
		if again.Digest() != full.Digest() || lean.Len() != full.Len() || !bytes.Equal(again.Encode(), raw) || again.Revision() != revision+1 {
			t.Fatalf("revision %d is another one after it was read", revision+1)
		}
		if lean.Digest() != full.Digest() {
			t.Fatalf("revision %d: the lean set has another digest", revision+1)
		}
		other := sets[r.IntN(len(sets))]
		if got := follow(t, other, full); !bytes.Equal(got.Encode(), raw) {
			t.Fatalf("the change from revision %d to %d leads elsewhere", other.Revision(), full.Revision())
		}
		if back := follow(t, full, other); back.Digest() != other.Digest() {
			t.Fatalf("the change back to revision %d leads elsewhere", other.Revision())
		}
	}
}

// follow applies what leads to a set as a node does that gets it over the wire.
func follow(t *testing.T, from, to *docset.Set) *docset.Set {
	t.Helper()
	return apply(t, from, to, from)
}

// apply applies what leads from one set to another to one that is equal to the first.
func apply(t *testing.T, from, to, at *docset.Set) *docset.Set {
	t.Helper()
	raw, err := docset.Between(from, to).Encode()
	if err != nil {
		t.Fatal(err)
	}
	c, err := docset.ParseChange(raw, nil)
	if err != nil {
		t.Fatal(err)
	}
	return at.With(c, nil)
}

// Every byte counts, and so does which of two kinds a document is.
func TestTheDigestTellsApart(t *testing.T) {
	t.Parallel()
	base := docset.Empty(false).With(&docset.Change{Revision: 1, Documents: []*docset.Document{document(t, docset.Group, &nodev1.Group{Name: "a"})}}, nil)
	seen := map[docset.Digest]string{base.Digest(): "base"}
	for name, c := range map[string]*docset.Change{
		"revision":   {Revision: 2},
		"rest":       {Revision: 1, NewRest: true, Rest: []byte{0x3a, 0}},
		"gone":       {Revision: 1, Gone: []docset.ID{docset.IDOf(docset.Group, "a")}},
		"other kind": {Revision: 1, Gone: []docset.ID{docset.IDOf(docset.Group, "a")}, Documents: []*docset.Document{document(t, docset.Provider, &nodev1.Provider{Name: "a"})}},
		"field":      {Revision: 1, Documents: []*docset.Document{document(t, docset.Group, &nodev1.Group{Name: "a", CreateTime: 1})}},
		"more":       {Revision: 1, Documents: []*docset.Document{document(t, docset.Group, &nodev1.Group{Name: "b"})}},
	} {
		digest := base.With(c, nil).Digest()
		if before, taken := seen[digest]; taken {
			t.Errorf("%s has the digest of %s", name, before)
		}
		seen[digest] = name
	}
}

func TestBadInput(t *testing.T) {
	t.Parallel()
	marshal := func(m proto.Message) []byte {
		raw, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	key := &nodev1.ApiKey{Name: "k", Hash: hash(1)}
	for name, tt := range map[string]struct {
		raw  []byte
		want string
	}{
		"cut":        {marshal(&nodev1.Snapshot{ApiKeys: []*nodev1.ApiKey{key}})[:10], "unexpected EOF"},
		"short hash": {marshal(&nodev1.Snapshot{ApiKeys: []*nodev1.ApiKey{{Name: "k", Hash: []byte("h")}}}), `api key "k": hash has 1 bytes instead of 32`},
		"twice":      {marshal(&nodev1.Snapshot{ApiKeys: []*nodev1.ApiKey{key, key}}), "1 documents occur twice"},
		"twice by name": {
			marshal(&nodev1.Snapshot{Groups: []*nodev1.Group{{Name: "g"}, {Name: "g", CreateTime: 1}}}), "1 documents occur twice",
		},
	} {
		if _, err := docset.Parse(tt.raw, true, nil); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
	for name, tt := range map[string]struct {
		change *nodev1.Change
		want   string
	}{
		"short id":         {&nodev1.Change{Gone: [][]byte{{1}}}, "an id of the change to revision 0 has 1 bytes"},
		"a revision":       {&nodev1.Change{Documents: marshal(&nodev1.Snapshot{Revision: 1})}, "holds what is no document"},
		"something else":   {&nodev1.Change{Documents: marshal(&nodev1.Snapshot{KeyPepper: []byte("p")})}, "holds what is no document"},
		"a broken message": {&nodev1.Change{Documents: []byte{0x2a, 9}}, "unexpected EOF"},
	} {
		if _, err := docset.ParseChange(marshal(tt.change), nil); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		}
	}
}

// Whatever comes over the wire is refused or read, and what was read encodes to what is read again.
func FuzzParse(f *testing.F) {
	f.Add([]byte{0x08, 0x01, 0x22, 0x03, 0x0a, 0x01, 'g'}, []byte{0x08, 0x02, 0x12, 0x05, 0x22, 0x03, 0x0a, 0x01, 'h'})
	f.Fuzz(func(t *testing.T, raw, change []byte) {
		set, err := docset.Parse(raw, false, nil)
		if err != nil {
			return
		}
		if c, err := docset.ParseChange(change, nil); err == nil {
			set = set.With(c, nil)
		}
		again, err := docset.Parse(set.Encode(), false, nil)
		if err != nil || again.Digest() != set.Digest() {
			t.Fatalf("%v: digest %x, then %x", err, set.Digest(), again.Digest())
		}
	})
}

func BenchmarkOneKeyOfManyChanges(b *testing.B) {
	c := &docset.Change{Revision: 1}
	for i := range 100_000 {
		c.Documents = append(c.Documents, document(b, docset.APIKey, &nodev1.ApiKey{Name: fmt.Sprint(i), Hash: hash(i)}))
	}
	set := docset.Empty(true).With(c, nil)
	changed := []*docset.Document{document(b, docset.APIKey, &nodev1.ApiKey{Name: "7", Hash: hash(7), Debug: true}), c.Documents[7]}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		set = set.With(&docset.Change{Revision: uint64(i), Documents: changed[i%2 : i%2+1]}, nil)
	}
}
