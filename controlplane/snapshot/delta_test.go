package snapshot

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/domain/docset"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

type clear struct{}

func (clear) Seal(p, _ []byte) ([]byte, error) { return p, nil }
func (clear) Open(c, _ []byte) ([]byte, error) { return c, nil }

func hashOf(n int) []byte {
	sum := sha256.Sum256(fmt.Append(nil, n))
	return sum[:]
}

// change makes random changes of every kind of document: what is served comes and goes, keys are rotated with
// and without overlap.
func change(r *rand.Rand, cfg *controlplane.Config) *controlplane.Config {
	revision := cfg.Revision + 1
	var ops []controlplane.Op
	named := map[string]bool{}
	for range 1 + r.IntN(4) {
		op := controlplane.Op{Kind: controlplane.KindAPIKey, Name: fmt.Sprintf("key-%d", r.IntN(40))}
		on := proto.Bool(r.IntN(5) > 0)
		switch r.IntN(12) {
		case 0:
			op.Kind, op.Name = controlplane.KindProvider, fmt.Sprintf("p%d", r.IntN(3))
			op.Spec = &adminv1.Provider{BaseUrl: fmt.Sprintf("https://%d.example/v1", r.IntN(3)), Enabled: on, Models: []*adminv1.Model{{Id: "m"}}}
		case 1, 2:
			op.Kind, op.Name = controlplane.KindGroup, fmt.Sprintf("g%d", r.IntN(6))
			op.Spec = &adminv1.Group{Enabled: on, Members: []*adminv1.Member{{Provider: fmt.Sprintf("p%d", r.IntN(3)), Model: "m", Priority: 1}}}
		case 3:
			op.Kind, op.Name = controlplane.KindFailureKeyword, fmt.Sprintf("k%d", r.IntN(3))
			op.Spec = &adminv1.FailureKeyword{Keyword: "x", Count: r.IntN(2) == 0, Enabled: on}
		case 4:
			op.Kind, op.Name = controlplane.KindSettings, controlplane.SettingsName
			op.Spec = &adminv1.Settings{Cors: &adminv1.Cors{AllowedOrigins: []string{fmt.Sprintf("https://%d.example", r.IntN(3))}}}
		default:
			k := &adminv1.ApiKey{Enabled: on, SecretHash: hashOf(1000*int(revision) + len(ops)), Groups: []string{fmt.Sprintf("g%d", r.IntN(6)), "g0"}}
			if old, ok := cfg.Get(op.Kind, op.Name); ok && r.IntN(2) == 0 {
				k.OldSecretHash = old.Spec.(*adminv1.ApiKey).GetSecretHash()
			} else if ok && r.IntN(2) == 0 {
				k.SecretHash = old.Spec.(*adminv1.ApiKey).GetSecretHash()
			}
			op.Spec = k
		}
		if r.IntN(8) == 0 && op.Kind != controlplane.KindProvider && op.Kind != controlplane.KindSettings {
			op.Spec = nil
		}
		if named[string(op.Kind)+op.Name] {
			continue
		}
		named[string(op.Kind)+op.Name] = true
		ops = append(ops, op)
	}
	changes := cfg.Changes(revision, time.Unix(int64(revision), 0), "test", ops, func() string { return "" })
	return cfg.With(revision, changes, nil)
}

func inflated(t *testing.T, compressed []byte) []byte {
	t.Helper()
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer decoder.Close()
	raw, err := decoder.DecodeAll(compressed, nil)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// What a replica makes from the snapshot before, another one makes from nothing, byte for byte; and what it
// sends to a node that has any of the snapshots before leads there.
func TestDeltasLeadToTheWhole(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		r := rand.New(rand.NewPCG(seed, 1))
		var rows []*controlplane.Resource
		for i := range 3 {
			rows = append(rows, &controlplane.Resource{
				Kind: controlplane.KindProvider, Name: fmt.Sprintf("p%d", i), Spec: &adminv1.Provider{Models: []*adminv1.Model{{Id: "m"}}},
			})
		}
		cfg := controlplane.NewConfig(1, "l", rows, nil)
		var last *image
		var before []past
		var nodes []*docset.Set
		deltas := 0
		for range 120 {
			cfg = change(r, cfg)
			next, err := last.follow(cfg, clear{}, []byte("pepper"))
			if err != nil {
				t.Fatal(err)
			}
			rebuilt, err := (*image)(nil).follow(cfg, clear{}, []byte("pepper"))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(next.set.Encode(), rebuilt.set.Encode()) || next.set.Digest() != rebuilt.set.Digest() {
				t.Fatalf("seed %d: following to revision %d gives other bytes than making it from nothing", seed, cfg.Revision)
			}
			if last != nil {
				before = remember(before, last.set, next.set)
			}
			v := version{newEncoded(cfg, next.set, before), ""}
			full, err := v.Full()
			if err != nil {
				t.Fatal(err)
			}
			whole, err := docset.Parse(inflated(t, full.GetSnapshotZstd()), true, nil)
			if err != nil || !bytes.Equal(full.GetDigest(), v.Digest()) || whole.Digest() != next.set.Digest() {
				t.Fatalf("the whole of revision %d is another one: %v", cfg.Revision, err)
			}
			for _, revision := range r.Perm(len(nodes))[:min(len(nodes), 4)] {
				node := nodes[revision]
				digest := node.Digest()
				d, err := v.Delta(digest[:])
				if err != nil {
					t.Fatal(err)
				}
				if d == nil {
					continue
				}
				deltas++
				c, err := docset.ParseChange(inflated(t, d.GetChangeZstd()), nil)
				if err != nil {
					t.Fatal(err)
				}
				if got := node.With(c, nil); got.Digest() != next.set.Digest() {
					t.Fatalf("seed %d: the delta from revision %d to %d leads elsewhere", seed, node.Revision(), cfg.Revision)
				}
			}
			nodes = append(nodes, whole)
			last = next
		}
		if len(before) > maxPast || deltas < 100 {
			t.Errorf("%d snapshots remembered, %d deltas", len(before), deltas)
		}
	}
}

// After a change of most documents no delta from before it is offered, and nothing of before is kept.
func TestLargeChangesAreSentWhole(t *testing.T) {
	t.Parallel()
	config := func(revision controlplane.Revision, generation, changed int) *controlplane.Config {
		var rows []*controlplane.Resource
		for i := range 1000 {
			secret := i
			if i < changed {
				secret = 1000*generation + i
			}
			rows = append(rows, &controlplane.Resource{
				Kind: controlplane.KindAPIKey, Name: fmt.Sprintf("%04d", i), Spec: &adminv1.ApiKey{SecretHash: hashOf(secret)},
			})
		}
		return controlplane.NewConfig(revision, "l", rows, nil)
	}
	var last *image
	var before []past
	for i, tt := range []struct{ changed, remembered int }{{0, 0}, {100, 1}, {100, 2}, {600, 0}, {0, 0}, {10, 1}} {
		next, err := last.follow(config(controlplane.Revision(i+1), i, tt.changed), clear{}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if last != nil {
			before = remember(before, last.set, next.set)
			digest := last.set.Digest()
			d, err := version{newEncoded(next.cfg, next.set, before), ""}.Delta(digest[:])
			if err != nil || (d != nil) != (tt.remembered > 0) {
				t.Errorf("step %d: delta %v, %v", i, d != nil, err)
			}
		}
		if len(before) != tt.remembered {
			t.Errorf("step %d: %d remembered, want %d", i, len(before), tt.remembered)
		}
		last = next
	}
}

func manyKeys(n int) *controlplane.Config {
	rows := []*controlplane.Resource{{Kind: controlplane.KindGroup, Name: "g", Spec: &adminv1.Group{}}}
	for i := range n {
		rows = append(rows, &controlplane.Resource{
			Kind: controlplane.KindAPIKey, Name: fmt.Sprintf("key-%06d", i),
			Spec: &adminv1.ApiKey{SecretHash: hashOf(i), Groups: []string{"g"}},
		})
	}
	return controlplane.NewConfig(1, "l", rows, nil)
}

func BenchmarkOneKeyOfManyChanges(b *testing.B) {
	cfg := manyKeys(100_000)
	last, err := (*image)(nil).follow(cfg, clear{}, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		revision := controlplane.Revision(i + 2)
		ops := []controlplane.Op{{Kind: controlplane.KindAPIKey, Name: "key-000007", Spec: &adminv1.ApiKey{SecretHash: hashOf(7), Debug: i%2 == 0}}}
		b.StopTimer()
		cfg = cfg.With(revision, cfg.Changes(revision, time.Unix(1, 0), "", ops, nil), nil)
		b.StartTimer()
		next, err := last.follow(cfg, clear{}, nil)
		if err != nil {
			b.Fatal(err)
		}
		digest := last.set.Digest()
		d, err := version{newEncoded(cfg, next.set, remember(nil, last.set, next.set)), ""}.Delta(digest[:])
		if d == nil || err != nil {
			b.Fatal(err)
		}
		last = next
	}
}

func BenchmarkWholeOfManyKeys(b *testing.B) {
	cfg := manyKeys(100_000)
	b.ReportAllocs()
	for b.Loop() {
		next, err := (*image)(nil).follow(cfg, clear{}, nil)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := (version{newEncoded(cfg, next.set, nil), ""}).Full(); err != nil {
			b.Fatal(err)
		}
	}
}
