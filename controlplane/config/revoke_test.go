package config_test

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/config"
	"github.com/trunkline-ai/trunkline/internal/domain/apikey"
	"github.com/trunkline-ai/trunkline/internal/errs"
	"github.com/trunkline-ai/trunkline/internal/errs/errstest"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

const keySecret = "my-own-secret-0123456789"

func hashOf(secret string) controlplane.SecretHash { return apikey.Hash(pepper, secret) }

// withKey is a setup with one key, app, whose secret is keySecret.
func withKey(t *testing.T) *bundle {
	t.Helper()
	b := setup(t)
	b.create(t, fake("p", "m"))
	b.create(t, group("g", "p/m"))
	b.create(t, &adminv1.ApiKey{Name: "app", Groups: []string{"g"}, Secret: keySecret})
	return b
}

func (b *bundle) key(t *testing.T, name string) *adminv1.ApiKey {
	t.Helper()
	r, ok := b.Current().Get(controlplane.KindAPIKey, name)
	if !ok {
		t.Fatalf("API key %q does not exist", name)
	}
	return r.Spec.(*adminv1.ApiKey)
}

// reason is why the configuration does not accept a secret; empty when it was never revoked.
func (b *bundle) reason(secret string) controlplane.RevokeReason {
	r, _ := b.Current().Revocation(hashOf(secret))
	return r.Reason
}

func TestARevokedKeyIsRevokedForGood(t *testing.T) {
	t.Parallel()
	b := withKey(t)
	r, err := b.RevokeKey(t.Context(), "alice", "app", true)
	if err != nil {
		t.Fatal(err)
	}
	public := config.Public(r).(*adminv1.ApiKey)
	if public.GetEnabled() || !public.GetRevokeTime().AsTime().Equal(noonUTC) || !public.GetRevokeCutStreams() || r.Revision != 4 {
		t.Errorf("the key is %v at revision %d", public, r.Revision)
	}
	list := b.Current().RevokedAfter(3, 10)
	want := controlplane.Revocation{
		Hash: hashOf(keySecret), Key: "app", UID: r.UID, Revision: 4, Reason: controlplane.RevokeForGood, Cut: true,
	}
	if !slices.Equal(list, []controlplane.Revocation{want}) {
		t.Errorf("revocations %+v, want %+v", list, want)
	}

	again, err := b.RevokeKey(t.Context(), "bob", "app", false)
	if err != nil || again.Revision != 4 || !b.key(t, "app").GetRevokeCutStreams() {
		t.Errorf("revoked again: revision %d, %v; want nothing to change", again.Revision, err)
	}
	_, err = b.Update(t.Context(), "alice", &adminv1.ApiKey{Name: "app", Groups: []string{"g"}})
	if got := errstest.Violations(t, err); len(got) != 1 || got[0] != `api_keys["app"].enabled: must be false: the key was revoked permanently at 2026-11-23T12:00:00Z; create another one` {
		t.Errorf("enabled again: %q", got)
	}
	_, err = b.Update(t.Context(), "alice", &adminv1.ApiKey{Name: "app", Secret: "another-secret-0123456789", Enabled: proto.Bool(false)})
	if got := errstest.Violations(t, err); len(got) != 1 || got[0] != `api_keys["app"].secret: cannot be replaced: the key is revoked; create another one` {
		t.Errorf("with another secret: %q", got)
	}
	_, _, err = b.RotateKey(t.Context(), "alice", "app", 0)
	refusal(t, err, errs.FailedPrecondition, "is revoked")

	spent := []string{`api_keys["other"].secret: is the secret of API key "app", which was revoked at revision 4; use another`}
	_, _, err = b.Create(t.Context(), "alice", &adminv1.ApiKey{Name: "other", Secret: keySecret})
	if got := errstest.Violations(t, err); !slices.Contains(got, spent[0]) {
		t.Errorf("another key with the secret: %q", got)
	}
	if err := b.Delete(t.Context(), "alice", controlplane.KindAPIKey, "app", ""); err != nil {
		t.Fatal(err)
	}
	if got := b.reason(keySecret); got != controlplane.RevokeForGood {
		t.Errorf("the deleted key's secret is %q, want it revoked still", got)
	}
	for name, c := range map[string]*bundle{"here": b, "on a replica that loads": replica(t, b.store)} {
		if err := c.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, _, err = c.Create(t.Context(), "alice", &adminv1.ApiKey{Name: "other", Secret: keySecret})
		if got := errstest.Violations(t, err); !slices.Equal(got, spent) {
			t.Errorf("%s, another key with the deleted one's secret: %q", name, got)
		}
	}
}

func TestWhatTakesASecretOutOfUse(t *testing.T) {
	t.Parallel()
	update := func(change func(*adminv1.ApiKey)) func(*testing.T, *bundle) {
		return func(t *testing.T, b *bundle) {
			doc := &adminv1.ApiKey{Name: "app", Groups: []string{"g"}}
			change(doc)
			if _, err := b.Update(t.Context(), "alice", doc); err != nil {
				t.Fatal(err)
			}
		}
	}
	remove := func(t *testing.T, b *bundle) {
		if err := b.Delete(t.Context(), "alice", controlplane.KindAPIKey, "app", ""); err != nil {
			t.Fatal(err)
		}
	}
	disable := update(func(k *adminv1.ApiKey) { k.Enabled = proto.Bool(false) })
	rotate := func(overlap time.Duration) func(*testing.T, *bundle) {
		return func(t *testing.T, b *bundle) {
			if _, _, err := b.RotateKey(t.Context(), "alice", "app", overlap); err != nil {
				t.Fatal(err)
			}
		}
	}
	apply := func(docs ...proto.Message) func(*testing.T, *bundle) {
		return func(t *testing.T, b *bundle) {
			docs := append([]proto.Message{fake("p", "m"), group("g", "p/m")}, docs...)
			if _, err := b.Apply(t.Context(), "alice", docs, config.ApplyOptions{Prune: true}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, tc := range map[string]struct {
		do   []func(*testing.T, *bundle)
		want controlplane.RevokeReason
	}{
		"nothing":                      {nil, ""},
		"another limit":                {[]func(*testing.T, *bundle){update(func(k *adminv1.ApiKey) { k.Debug = true })}, ""},
		"disabled":                     {[]func(*testing.T, *bundle){disable}, controlplane.RevokeDisabled},
		"disabled and enabled":         {[]func(*testing.T, *bundle){disable, update(func(*adminv1.ApiKey) {})}, ""},
		"disabled and deleted":         {[]func(*testing.T, *bundle){disable, remove}, controlplane.RevokeDeleted},
		"deleted":                      {[]func(*testing.T, *bundle){remove}, controlplane.RevokeDeleted},
		"another secret":               {[]func(*testing.T, *bundle){update(func(k *adminv1.ApiKey) { k.Secret = "another-secret-0123456789" })}, controlplane.RevokeRotated},
		"the same secret given again":  {[]func(*testing.T, *bundle){update(func(k *adminv1.ApiKey) { k.Secret = keySecret })}, ""},
		"rotated":                      {[]func(*testing.T, *bundle){rotate(0)}, controlplane.RevokeRotated},
		"rotated with overlap":         {[]func(*testing.T, *bundle){rotate(time.Hour)}, ""},
		"rotated twice with overlap":   {[]func(*testing.T, *bundle){rotate(time.Hour), rotate(time.Hour)}, controlplane.RevokeRotated},
		"overlap, and then disabled":   {[]func(*testing.T, *bundle){rotate(time.Hour), disable}, controlplane.RevokeDisabled},
		"overlap, and then deleted":    {[]func(*testing.T, *bundle){rotate(time.Hour), remove}, controlplane.RevokeDeleted},
		"deleted and created again":    {[]func(*testing.T, *bundle){remove, apply(&adminv1.ApiKey{Name: "new", Secret: keySecret})}, ""},
		"given to another key at once": {[]func(*testing.T, *bundle){apply(&adminv1.ApiKey{Name: "aaa", Secret: keySecret})}, ""},
		"pruned":                       {[]func(*testing.T, *bundle){apply()}, controlplane.RevokeDeleted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := withKey(t)
			for _, do := range tc.do {
				do(t, b)
			}
			if got := b.reason(keySecret); got != tc.want {
				t.Errorf("the secret is %q, want %q", got, tc.want)
			}
			other := replica(t, b.store)
			if err := other.Load(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := other.reason(keySecret); got != tc.want {
				t.Errorf("after a restart the secret is %q, want %q", got, tc.want)
			}
			if _, err := b.RevokeKey(t.Context(), "alice", "nobody", false); errs.CodeOf(err) != errs.NotFound {
				t.Errorf("revoking what does not exist: %v", err)
			}
		})
	}
}

func TestRotation(t *testing.T) {
	t.Parallel()
	b := withKey(t)
	r, first, err := b.RotateKey(t.Context(), "alice", "app", 36*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	k, old := b.key(t, "app"), hashOf(keySecret)
	switch {
	case !apikey.Valid(first) || hashOf(first) != controlplane.SecretHash(k.GetSecretHash()) || k.GetLastFour() != apikey.LastFour(first):
		t.Errorf("the new secret does not fit the key %v", k)
	case controlplane.SecretHash(k.GetOldSecretHash()) != old || !k.GetOldSecretExpireTime().AsTime().Equal(noonUTC.Add(36*time.Hour)):
		t.Errorf("the old secret does not work on for 36h: %v", k)
	}
	if public := config.Public(r).(*adminv1.ApiKey); public.GetOldSecretHash() != nil || public.GetSecretHash() != nil || public.GetOldLastFour() == "" {
		t.Errorf("shown as %v", public)
	}
	// An update keeps the overlap, and callers cannot make one up.
	_, err = b.Update(t.Context(), "alice", &adminv1.ApiKey{Name: "app", Groups: []string{"g"}, Debug: true, OldSecretHash: []byte("x"), OldLastFour: "evil"})
	if k := b.key(t, "app"); err != nil || controlplane.SecretHash(k.GetOldSecretHash()) != old || k.GetOldLastFour() != apikey.LastFour(keySecret) {
		t.Errorf("after an update: %v, %v", k, err)
	}
	// Nobody else may have the secret while it works.
	_, _, err = b.Create(t.Context(), "alice", &adminv1.ApiKey{Name: "other", Secret: keySecret})
	if got := errstest.Violations(t, err); len(got) != 1 {
		t.Errorf("another key with the old secret: %q", got)
	}
	if _, second, err := b.RotateKey(t.Context(), "alice", "app", 0); err != nil || second == first {
		t.Errorf("the second rotation: %v", err)
	}
	if k := b.key(t, "app"); k.GetOldSecretHash() != nil || k.GetOldSecretExpireTime() != nil || k.GetOldLastFour() != "" {
		t.Errorf("without overlap the old secret is kept: %v", k)
	}
	if b.reason(keySecret) != controlplane.RevokeRotated || b.reason(first) != controlplane.RevokeRotated {
		t.Errorf("the old secrets are %q and %q", b.reason(keySecret), b.reason(first))
	}
	for _, overlap := range []time.Duration{-time.Second, config.MaxOverlap + 1} {
		_, _, err := b.RotateKey(t.Context(), "alice", "app", overlap)
		refusal(t, err, errs.InvalidArgument, "30 days")
	}
	_, _, err = b.RotateKey(t.Context(), "alice", "nobody", 0)
	refusal(t, err, errs.NotFound, "nobody")
}

func TestDialectFakeIsOfTheAllInOneOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.create(t, fake("old", "m"))
	b.create(t, &adminv1.FailureKeyword{Name: "k", Keyword: "overloaded"})
	if err := b.Delete(t.Context(), "alice", controlplane.KindProvider, "old", ""); err != nil {
		t.Fatal(err)
	}
	live, err := config.New(config.Options{
		Store: b.store, Sealer: b.sealer, Pepper: pepper, Logger: discard(),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := live.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := func(name string) []string {
		return []string{`providers["` + name + `"].dialect: fake is the scripted upstream of the all-in-one (trunkline); nodes have none`}
	}
	_, _, err = config.NewEditor(live).Create(t.Context(), "alice", fake("p", "m"))
	if got := errstest.Violations(t, err); !slices.Equal(got, want("p")) {
		t.Errorf("create: %q", got)
	}
	_, err = config.NewEditor(live).Apply(t.Context(), "alice", []proto.Message{fake("p", "m")}, config.ApplyOptions{})
	if got := errstest.Violations(t, err); !slices.Equal(got, want("p")) {
		t.Errorf("apply: %q", got)
	}
	_, err = config.NewHistory(live).Rollback(t.Context(), "alice", 2, false)
	if got := errstest.Violations(t, err); !slices.Equal(got, want("old")) {
		t.Errorf("rollback: %q", got)
	}
}
