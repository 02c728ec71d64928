package nodelink

import (
	"bytes"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/snapshot"
	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/revocation"
	"github.com/trunkline-ai/trunkline/dataplane/uplink"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/syncing/lastgood"
	"github.com/trunkline-ai/trunkline/internal/domain/apikey"
	"github.com/trunkline-ai/trunkline/internal/sealedfile"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

const deltaKeys = 60

func deltaSecret(i, generation int) string { return fmt.Sprintf("secret-%d-%d", i, generation) }

// drift changes a configuration at random: keys come, change, are rotated and go, and now and then a group or
// the provider changes.
func drift(r *rand.Rand, cfg *controlplane.Config, generations []int) *controlplane.Config {
	revision := cfg.Revision + 1
	var ops []controlplane.Op
	for _, i := range r.Perm(deltaKeys)[:1+r.IntN(3)] {
		op := controlplane.Op{Kind: controlplane.KindAPIKey, Name: fmt.Sprintf("key-%d", i)}
		if r.IntN(4) > 0 {
			if r.IntN(4) == 0 {
				generations[i]++
			}
			hash := apikey.Hash([]byte("sixteen bytes !!"), deltaSecret(i, generations[i]))
			op.Spec = &adminv1.ApiKey{
				SecretHash: hash[:], Groups: []string{fmt.Sprintf("group-%d", r.IntN(3))}, Limits: &adminv1.KeyLimits{Concurrency: r.Int64N(5)},
			}
		}
		ops = append(ops, op)
	}
	switch r.IntN(8) {
	case 0:
		ops = append(ops, controlplane.Op{Kind: controlplane.KindGroup, Name: fmt.Sprintf("group-%d", r.IntN(3)), Spec: deltaGroup(r)})
	case 1:
		ops = append(ops, controlplane.Op{Kind: controlplane.KindProvider, Name: "p", Spec: deltaProvider(r.IntN(9))})
	}
	changes := cfg.Changes(revision, time.Unix(int64(revision), 0), "test", ops, func() string { return "uid" })
	return cfg.With(revision, changes, nil)
}

func deltaGroup(r *rand.Rand) *adminv1.Group {
	on := r.IntN(3) > 0
	return &adminv1.Group{Enabled: &on, Members: []*adminv1.Member{{Provider: "p", Model: "ok", Priority: 1}}}
}

func deltaProvider(n int) *adminv1.Provider {
	return &adminv1.Provider{Dialect: "fake", BaseUrl: fmt.Sprintf("http://%d.example/v1", n), Models: []*adminv1.Model{{Id: "ok"}}}
}

// deltaNode is a node with a disk, which knows revocations.
type deltaNode struct {
	*node
	store   *lastgood.Store
	revoked *revocation.Store
	overlay dataplane.RevokedKeys
}

func joinDeltaNode(t *testing.T, dir, target string, change func(*uplink.Config)) *deltaNode {
	t.Helper()
	sealer, err := sealedfile.New([]byte("token"), "node")
	if err != nil {
		t.Fatal(err)
	}
	n := &deltaNode{}
	log := slog.New(slog.DiscardHandler)
	if n.store, err = lastgood.Open(lastgood.Config{Dir: dir, Sealer: sealer, Logger: log}); err != nil {
		t.Fatal(err)
	}
	if n.revoked, err = revocation.New(revocation.Config{Logger: log, Apply: func(k dataplane.RevokedKeys) { n.overlay = k }}); err != nil {
		t.Fatal(err)
	}
	n.node = join(t, "node", target, func(c *uplink.Config) {
		c.Sync.Snapshots, c.Sync.Revocations = n.store, n.revoked
		if change != nil {
			change(c)
		}
	})
	return n
}

// whole is how a node serves a configuration that it was sent at once.
func whole(t *testing.T, cfg *controlplane.Config) *dataplane.Snapshot {
	t.Helper()
	built, err := snapshot.Build(cfg, noSecrets{}, []byte("sixteen bytes !!"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := dataplane.Compile(built)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// served describes what a snapshot does with every secret that there ever was.
func served(s *dataplane.Snapshot, generations []int) string {
	var out strings.Builder
	fmt.Fprintln(&out, s.Revision, s.Providers["p"].BaseURL)
	for i, newest := range generations {
		for g := 0; g <= newest; g++ {
			k, ok := s.Key(deltaSecret(i, g))
			fmt.Fprint(&out, i, g, ok)
			if ok {
				fmt.Fprint(&out, k.Name, k.Limits)
				for group := range s.GroupsOf(k) {
					fmt.Fprint(&out, group.Name, len(group.Members))
				}
			}
			fmt.Fprintln(&out)
		}
	}
	return out.String()
}

// Whatever happens to a node and its link, changes, whole snapshots, refusals, another replica, a start from
// disk, it ends up serving, and keeping on its disk, byte for byte what a node has that was sent everything at once.
func TestDeltasWhateverHappens(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 7))
			generations := make([]int, deltaKeys)
			rows := []*controlplane.Resource{{Kind: controlplane.KindProvider, Name: "p", Spec: deltaProvider(0)}}
			for i := range 3 {
				rows = append(rows, &controlplane.Resource{Kind: controlplane.KindGroup, Name: fmt.Sprintf("group-%d", i), Spec: deltaGroup(r)})
			}
			source := newConfig(1, 1)
			now := controlplane.NewConfig(1, "lineage", rows, nil)
			for range 30 {
				now = drift(r, now, generations)
			}
			source.publish(now)
			var planes [2]*control
			var targets []string
			for i := range planes {
				lis := listen(t, "127.0.0.1:0")
				planes[i], targets = serve(t, lis, source, newLedger()), append(targets, lis.Addr().String())
			}
			target, dir := strings.Join(targets, ","), t.TempDir()
			admit := known(t, nil)
			n := joinDeltaNode(t, dir, target, admit)
			changes := uint64(0)
			for range 60 {
				switch r.IntN(8) {
				case 0: // away, to this or the other replica
					for _, c := range planes {
						c.nodes.End("node", "go and come back")
					}
				case 1: // it starts again
					n.stop()
					changes += n.changes.Load()
					n = joinDeltaNode(t, dir, target, admit)
				case 2:
					n.refuse.Store(uint64(now.Revision) + 1)
				}
				for range 1 + r.IntN(2) {
					now = drift(r, now, generations)
					source.publish(now)
				}
				if r.IntN(3) == 0 {
					continue // without waiting: versions are passed over
				}
				revision := uint64(now.Revision)
				until(t, fmt.Sprintf("revision %d is served, or refused", revision), func() bool {
					return n.Revision() == revision || n.refuse.Load() == revision
				})
				if n.Revision() == revision {
					if got, want := served(n.serving.Load(), generations), served(whole(t, now), generations); got != want {
						t.Fatalf("serves\n%s\nwant\n%s", got, want)
					}
				}
			}
			n.refuse.Store(0)
			now = drift(r, now, generations)
			source.publish(now)
			until(t, "the last revision is served", func() bool { return n.Revision() == uint64(now.Revision) })
			changes += n.changes.Load()
			n.stop()
			list, err := n.store.Generations()
			if err != nil || len(list) == 0 {
				t.Fatalf("%v, %v", list, err)
			}
			kept, err := n.store.Read(list[0])
			if err != nil {
				t.Fatal(err)
			}
			for i, c := range planes {
				until(t, "both replicas have the last revision", func() bool { return c.hub.Current().Revision() == uint64(now.Revision) })
				full, err := c.hub.Current().Full()
				if err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(kept.GetSha256(), full.GetSha256()) || !bytes.Equal(kept.GetDigest(), full.GetDigest()) {
					t.Errorf("replica %d and the node's disk do not have the same bytes", i)
				}
			}
			if resyncs := planes[0].sends().Resyncs + planes[1].sends().Resyncs; changes < 20 || resyncs > 0 {
				t.Errorf("%d changes were sent as such, %d did not fit", changes, resyncs)
			}
		})
	}
}

// A control plane that starts again, or has passed the revision over that a node has, sends what changed since all the
// same.
func TestAControlPlaneThatNeverHadASnapshotSendsWhatChanged(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	generations := make([]int, deltaKeys)
	now := controlplane.NewConfig(1, "lineage", []*controlplane.Resource{
		{Kind: controlplane.KindProvider, Name: "p", Spec: deltaProvider(0)},
		{Kind: controlplane.KindGroup, Name: "group-0", Spec: deltaGroup(r)}, {Kind: controlplane.KindGroup, Name: "group-1", Spec: deltaGroup(r)},
		{Kind: controlplane.KindGroup, Name: "group-2", Spec: deltaGroup(r)},
	}, nil)
	for range 30 {
		now = drift(r, now, generations)
	}
	source := newConfig(1, 1)
	source.publish(now)
	lis := listen(t, "127.0.0.1:0")
	address := lis.Addr().String()
	before := serve(t, lis, source, newLedger())
	admit := known(t, nil)
	dir := t.TempDir()
	n := joinDeltaNode(t, dir, address, admit)
	n.reaches(t, uint64(now.Revision))
	before.stop()
	for range 5 {
		now = drift(r, now, generations)
		source.publish(now)
	}
	after := serve(t, listen(t, address), source, newLedger())
	n.reaches(t, uint64(now.Revision))
	if got, want := served(n.serving.Load(), generations), served(whole(t, now), generations); got != want {
		t.Fatalf("serves\n%s\nwant\n%s", got, want)
	}
	if s := after.sends(); s.Wholes != 0 || s.Deltas != 1 || s.Resyncs != 0 {
		t.Errorf("sent %+v, want one delta", s)
	}
}

// An API key that is revoked is refused at once, ahead of the change that takes it out.
func TestRevocationsGoAheadOfDeltas(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 1))
	hash := apikey.Hash([]byte("sixteen bytes !!"), deltaSecret(0, 0))
	now := controlplane.NewConfig(1, "lineage", []*controlplane.Resource{
		{Kind: controlplane.KindProvider, Name: "p", Spec: deltaProvider(0)},
		{Kind: controlplane.KindGroup, Name: "group-0", Spec: deltaGroup(r)},
		{Kind: controlplane.KindAPIKey, Name: "key-0", Spec: &adminv1.ApiKey{SecretHash: hash[:]}},
	}, nil)
	source := newConfig(1, 1)
	source.publish(now)
	lis, change := inMemory()
	serve(t, lis, source, newLedger())
	n := joinDeltaNode(t, t.TempDir(), lis.Addr().String(), change)
	n.reaches(t, 1)
	n.refuse.Store(2) // the change itself is refused
	off := false
	ops := []controlplane.Op{{Kind: controlplane.KindAPIKey, Name: "key-0", Spec: &adminv1.ApiKey{SecretHash: hash[:], Enabled: &off}}}
	now = now.With(2, now.Changes(2, time.Unix(2, 0), "test", ops, nil), nil)
	source.publish(now)
	until(t, "the key is known to be revoked", func() bool {
		return slices.ContainsFunc(n.revoked.All(), func(x revocation.Revocation) bool { return x.Hash == dataplane.KeyHash(hash) })
	})
	if n.Revision() != 1 {
		t.Errorf("serves revision %d", n.Revision())
	}
	now = now.With(3, nil, nil)
	source.publish(now)
	n.reaches(t, 3)
	if _, ok := n.serving.Load().Key(deltaSecret(0, 0)); ok {
		t.Error("the key is served")
	}
}
