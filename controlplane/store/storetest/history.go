package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/access"
	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

func bulkChangeIsOneRevision(t *testing.T, db Database) {
	const n = 1000 // several statements, the last ones not full
	s := db.Open(t, time.Now)
	names := numbered("provider-%04d", n)
	ops := make([]controlplane.Op, 0, n+1)
	for i, name := range names {
		ref := "ref-" + name
		ops = append(ops, put(provider(name, int32(i), ref), controlplane.Secret{Ref: ref, Ciphertext: []byte(name)}))
	}
	ops = append(ops, put(group("all", names...)))
	created := change(t, s, load(t, s), ops...)
	if created.Revision != 1 || created.Count(controlplane.KindProvider) != n {
		t.Errorf("revision %d with %d providers, want 1 with %d", created.Revision, created.Count(controlplane.KindProvider), n)
	}
	wantSameConfig(t, "loaded", load(t, s), created, "ref-"+names[0], "ref-"+names[n-1])
	changes := changesOf(t, s)
	if len(changes) != n+1 {
		t.Fatalf("%d lines in the change log, want %d", len(changes), n+1)
	}
	for i, ch := range changes {
		if ch.Name != ops[i].Name {
			t.Fatalf("line %d of the change log is of %s, want %s: the order of the ops is lost", i, ch.Name, ops[i].Name)
		}
	}
}

func restartKeepsEverything(t *testing.T, db Database) {
	first := db.Open(t, time.Now)
	c := change(t, first, load(t, first), put(provider("p", 1, "ref"), controlplane.Secret{Ref: "ref", Ciphertext: []byte("sealed")}))
	c = change(t, first, c, put(group("g", "p")))
	changes := changesOf(t, first)
	insertAll(t, first, makeCalls(10))
	must(t, first.CreateToken(t.Context(), access.Token{Name: "t", Hash: [32]byte{1}, CreatedAt: time.Unix(1, 0)}))
	must(t, first.Close())
	must(t, first.Close()) // twice is no harm

	second := db.Open(t, time.Now)
	wantSameConfig(t, "reopened", load(t, second), c, "ref")
	wantEqual(t, "change log", changesOf(t, second), changes)
	if n := len(listAll(t, second, calllog.Filter{})); n != 10 {
		t.Errorf("%d calls, want 10", n)
	}
	if _, err := second.TokenByHash(t.Context(), [32]byte{1}); err != nil {
		t.Errorf("token: %v", err)
	}
	if next := change(t, second, c, put(provider("p", 2, "ref"))); next.Revision != c.Revision+1 {
		t.Errorf("revision %d follows on %d", next.Revision, c.Revision)
	}
}

// followEqualsLoad makes a history by chance and follows it from many points.
func followEqualsLoad(t *testing.T, db Database) {
	const revisions = 80
	writer, follower := db.Open(t, time.Now), db.Open(t, time.Now)
	r := rand.New(rand.NewPCG(1, 2))
	states := []*controlplane.Config{load(t, writer)}
	var refs []string
	for len(states) <= revisions {
		ops := randomOps(r, len(states))
		for _, op := range ops {
			for _, s := range op.Secrets {
				refs = append(refs, s.Ref)
			}
		}
		last := states[len(states)-1]
		// Bases lag behind by chance, as those of replicas do.
		next := change(t, writer, states[max(0, len(states)-1-r.IntN(5))], ops...)
		if next.Revision != last.Revision {
			states = append(states, next)
		}
	}
	want := load(t, writer)
	used := referred(want, refs)
	for _, base := range states {
		got, err := follower.Follow(t.Context(), base)
		must(t, err)
		wantSameConfig(t, fmt.Sprintf("followed from revision %d", base.Revision), got, want, used...)
	}
	wantSameConfig(t, "returned by the last Update", states[len(states)-1], want, used...)
}

// randomOps puts or removes some of ten providers, with credentials of their own.
func randomOps(r *rand.Rand, seed int) []controlplane.Op {
	var ops []controlplane.Op
	for _, i := range r.Perm(10)[:1+r.IntN(3)] {
		name := fmt.Sprintf("p%d", i)
		if r.IntN(3) == 0 {
			ops = append(ops, remove(controlplane.KindProvider, name))
			continue
		}
		ref := fmt.Sprintf("ref-%d-%s-%d", seed, name, r.Uint64())
		ops = append(ops, put(provider(name, int32(seed), ref), controlplane.Secret{Ref: ref, Ciphertext: []byte(ref)}))
	}
	return ops
}

// referred lists those of the refs that providers of c use.
func referred(c *controlplane.Config, refs []string) []string {
	var used []string
	for _, ref := range refs {
		if _, ok := c.Secret(ref); ok {
			used = append(used, ref)
		}
	}
	return used
}

func followIsIdleWithoutChanges(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	base := change(t, s, load(t, s), put(provider("p", 1)))
	if got, err := s.Follow(t.Context(), base); err != nil || got != base {
		t.Errorf("Follow returned another configuration (%v), want base itself", err)
	}
}

// baseOfAnotherHistoryIsRefused covers a database that was replaced by another one, or by
// an older backup of itself, under a running process.
func baseOfAnotherHistoryIsRefused(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	present := change(t, s, load(t, s), put(provider("p", 1)))
	for name, base := range map[string]*controlplane.Config{
		"newer than the database": controlplane.NewConfig(present.Revision+1, present.Lineage, nil, nil),
		"of another database":     controlplane.NewConfig(present.Revision, "another", nil, nil),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.Follow(t.Context(), base)
			wantCode(t, err, errs.FailedPrecondition)
			_, err = s.Update(t.Context(), "tester", base, func(*controlplane.Config) ([]controlplane.Op, error) {
				t.Error("decide was asked")
				return nil, nil
			})
			wantCode(t, err, errs.FailedPrecondition)
		})
	}
	wantSameConfig(t, "after the refusals", load(t, s), present)
}

func changesNeverCutARevision(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	c := load(t, s)
	for _, sizes := range []int{2, 1, 5, 1, 1, 3} { // lines per revision
		ops := make([]controlplane.Op, sizes)
		for i := range ops {
			ops[i] = put(provider(fmt.Sprintf("p%d", i), int32(c.Revision)))
		}
		c = change(t, s, c, ops...)
	}
	all := changesOf(t, s)
	if len(all) != 13 {
		t.Fatalf("%d lines, want 13", len(all))
	}
	for _, test := range []struct {
		after controlplane.Revision
		limit int
		want  []controlplane.Change
	}{
		{after: 0, limit: 100, want: all},
		{after: 0, limit: 13, want: all},
		{after: 0, limit: 12, want: all[:10]}, // revision 6 does not fit
		{after: 0, limit: 3, want: all[:3]},
		{after: 0, limit: 4, want: all[:3]},
		{after: 0, limit: 1, want: all[:2]}, // revision 1 does not fit, and comes whole
		{after: 2, limit: 2, want: all[3:8]},
		{after: 5, limit: 1, want: all[10:]},
		{after: 6, limit: 10, want: nil},
		{after: 99, limit: 10, want: nil},
	} {
		got, err := s.Changes(t.Context(), test.after, test.limit)
		must(t, err)
		wantEqual(t, fmt.Sprintf("changes after %d, at most %d", test.after, test.limit), got, test.want)
	}
	_, err := s.Changes(t.Context(), 0, 0)
	wantCode(t, err, errs.InvalidArgument)
}

func notifyEndsWithItsContext(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Notify(ctx, func() {}) }()
	cancel()
	select {
	case err := <-ended:
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("Notify returned %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("Notify goes on after its context ended")
	}
}
