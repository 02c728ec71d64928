package config_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// specs is what a configuration says, by kind and name.
func specs(c *controlplane.Config) map[string]proto.Message {
	all := map[string]proto.Message{}
	for _, kind := range controlplane.Kinds {
		for _, r := range c.List(kind) {
			all[string(kind)+" "+r.Name] = r.Spec
		}
	}
	return all
}

func TestWhatItWasBefore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var was []map[string]proto.Message
	remember := func() { was = append(was, b.content()) }
	first := b.put(t, fake("p", "m", "n"), group("g", "p/m"), &adminv1.ApiKey{Name: "app", Groups: []string{"g"}, Secret: keySecret},
		&adminv1.Settings{Failover: &adminv1.FailoverPolicy{MaxAttempts: proto.Int32(3)}})
	remember()
	b.put(t, fake("q", "m"), group("g", "q/m"), group("h", "p/n"))
	remember()
	b.drop(t, controlplane.KindAPIKey, "app")
	remember()
	b.put(t, &adminv1.ApiKey{Name: "app", Groups: []string{"h"}, Secret: keySecret + "2"}, &adminv1.Settings{})
	remember()
	b.drop(t, controlplane.KindGroup, "g")
	remember()
	b.put(t, fake("p", "n"))
	remember()
	for i, want := range was {
		c, err := b.At(t.Context(), b.Current(), first+controlplane.Revision(i))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, specs(c), protocmp.Transform()); diff != "" || c.Revision != first+controlplane.Revision(i) {
			t.Errorf("revision %d, as %d (-want +got):\n%s", int(first)+i, c.Revision, diff)
		}
	}
	if got := b.content(); !cmp.Equal(got, was[len(was)-1], protocmp.Transform()) {
		t.Error("to look back changed what there is")
	}
}

func TestWhatIsHeldBackIsEverythingButAPIKeys(t *testing.T) {
	t.Parallel()
	b := setup(t)
	base := b.put(t, &adminv1.Settings{Failover: &adminv1.FailoverPolicy{MaxAttempts: proto.Int32(3)}},
		fake("p", "m", "n"), fake("q", "m"), group("g", "p/m"), group("h", "q/m"),
		&adminv1.ApiKey{Name: "app", Groups: []string{"g"}, Secret: keySecret}, &adminv1.FailureKeyword{Name: "busy", Keyword: "overloaded"})
	want := b.content()
	created, _ := b.Current().Get(controlplane.KindGroup, "g")

	hold := func(wantTarget controlplane.Revision) *controlplane.Config {
		t.Helper()
		held, target, err := b.Held(t.Context(), b.Current(), base)
		if err != nil || target != wantTarget || (held == nil) != (wantTarget == 0) {
			t.Fatalf("held %v, target %d, %v; want target %d", held != nil, target, err, wantTarget)
		}
		return held
	}
	hold(0)
	b.put(t, &adminv1.ApiKey{Name: "later", Groups: []string{"h"}, Secret: keySecret + "2"}, &adminv1.Settings{
		Failover: &adminv1.FailoverPolicy{MaxAttempts: proto.Int32(3)}, Rollout: &adminv1.RolloutPolicy{Mode: "canary"},
	})
	hold(0) // keys, and settings that nodes do not follow, are not tried
	changed := b.put(t, fake("p", "m"), fake("r", "m"), group("g", "r/m"), &adminv1.Settings{})
	b.drop(t, controlplane.KindFailureKeyword, "busy")
	b.put(t, group("h", "p/m"))
	b.drop(t, controlplane.KindProvider, "q")
	target := b.Current().Revision
	b.drop(t, controlplane.KindAPIKey, "app")
	b.put(t, &adminv1.Settings{Rollout: &adminv1.RolloutPolicy{Mode: "canary"}}) // settings were tried before, and nodes follow nothing of this
	held := hold(target)
	if changed >= target || held.Revision != b.Current().Revision || held.Lineage != b.Current().Lineage {
		t.Errorf("held %d of %s", held.Revision, held.Lineage)
	}
	delete(want, "ApiKey app")
	now := b.content()
	want["ApiKey later"] = now["ApiKey later"]
	if diff := cmp.Diff(want, specs(held), protocmp.Transform()); diff != "" {
		t.Errorf("held (-want +got):\n%s", diff)
	}
	if g, _ := held.Get(controlplane.KindGroup, "g"); !g.CreatedAt.Equal(created.CreatedAt) {
		t.Errorf("the group was made at %s, want %s", g.CreatedAt, created.CreatedAt)
	}

	// Another replica, which was not there, holds the same back.
	other := replica(t, b.store)
	if err := other.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	again, target2, err := other.Held(t.Context(), other.Current(), base)
	if err != nil || target2 != target {
		t.Fatal(target2, err)
	}
	if diff := cmp.Diff(specs(held), specs(again), protocmp.Transform()); diff != "" {
		t.Errorf("two replicas (-one +other):\n%s", diff)
	}

	// Taking it back makes the same of the configuration, and keys stay as they are.
	settings := &adminv1.Settings{Rollout: &adminv1.RolloutPolicy{Mode: "canary", CanaryNodes: []string{"n1"}}}
	later := b.put(t, settings) // what nodes do not follow of it is not tried, and not taken back
	for _, other := range []controlplane.Revision{target - 1, later} {
		if _, err := b.TakeBack(t.Context(), "alice", base, other); errs.CodeOf(err) != errs.Conflict {
			t.Errorf("revision %d is taken back though %d is tried: %v", other, target, err)
		}
	}
	made, err := b.TakeBack(t.Context(), "alice", base, target)
	if err != nil || made != b.Current().Revision {
		t.Fatal(made, err)
	}
	hold(0)
	if got := b.Current().Settings(); !proto.Equal(got.GetRollout(), settings.GetRollout()) || got.GetFailover().GetMaxAttempts() != 3 {
		t.Errorf("settings are %v", got)
	}
	if _, there := b.Current().Get(controlplane.KindAPIKey, "app"); there {
		t.Error("a deleted key came back")
	}
	if _, there := b.Current().Get(controlplane.KindAPIKey, "later"); !there {
		t.Error("a new key is gone")
	}
	if _, _, err := b.Held(t.Context(), b.Current(), 0); err != nil {
		t.Error(err)
	}
}
