package storetest

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/enrollment"
	"github.com/trunkline-ai/trunkline/controlplane/secrets"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// masterKeys: one is in use, and is replaced only by who knows it.
func masterKeys(t *testing.T, db Database) {
	s, other := db.Open(t, time.Now), db.Open(t, time.Now)
	_, err := s.MasterKey(t.Context())
	wantCode(t, err, errs.NotFound)
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	first := secrets.MasterKey{ID: "one", Since: at}
	must(t, s.UseMasterKey(t.Context(), "", first))
	wantCode(t, other.UseMasterKey(t.Context(), "", secrets.MasterKey{ID: "two", Since: at}), errs.Conflict)
	got, err := other.MasterKey(t.Context())
	if must(t, err); got != first {
		t.Errorf("in use is %+v, want %+v", got, first)
	}
	second := secrets.MasterKey{ID: "two", Since: at.Add(time.Hour), By: "user:ann"}
	must(t, other.UseMasterKey(t.Context(), "one", second))
	wantCode(t, s.UseMasterKey(t.Context(), "one", secrets.MasterKey{ID: "three", Since: at}), errs.Conflict)
	if got, err = s.MasterKey(t.Context()); err != nil || got != second {
		t.Errorf("in use is %+v, %v, want %+v", got, err, second)
	}
}

// under is what a secret looks like that is sealed under a key.
func under(key, content string) []byte { return append(controlplane.SealedPrefix(key), content...) }

func joinTokenUnder(t *testing.T, s Store, id, key string) {
	t.Helper()
	must(t, s.CreateJoinToken(t.Context(), enrollment.JoinToken{
		ID: id, SealedKey: under(key, id), CreatedAt: time.Now(), ExpiresAt: time.Now().Add(time.Hour), MaxUses: 1,
	}))
}

// secretsAreResealed: all that is sealed is found in order, and replaced where it is what it was.
func secretsAreResealed(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	ref := controlplane.CredentialRef + "p"
	change(t, s, load(t, s), put(provider("p", 1, ref), controlplane.Secret{Ref: ref, Ciphertext: under("old", "p")}))
	for _, secret := range []controlplane.Secret{{Ref: "system/a", Ciphertext: under("old", "a")}, {Ref: "system/b", Ciphertext: under("older", "b")}, {Ref: "system/c", Ciphertext: under("new", "c")}} {
		_, err := s.EnsureSecret(t.Context(), secret)
		must(t, err)
	}
	joinTokenUnder(t, s, "token", "old")

	sealed, err := s.Sealed(t.Context())
	must(t, err)
	want := []secrets.Sealed{{Ref: ref, KeyID: "old"}, {Ref: "join-token/token", KeyID: "old"}, {Ref: "system/a", KeyID: "old"}, {Ref: "system/b", KeyID: "older"}, {Ref: "system/c", KeyID: "new"}}
	if diff := cmp.Diff(want, sealed); diff != "" {
		t.Errorf("sealed (-want +got):\n%s", diff)
	}
	var after string
	var found []string
	for {
		batch, err := s.SealedElsewhere(t.Context(), "new", after, 2)
		must(t, err)
		if len(batch) == 0 {
			break
		}
		var fresh []secrets.Resealed
		for _, one := range batch {
			found = append(found, one.Ref)
			fresh = append(fresh, secrets.Resealed{Ref: one.Ref, Before: one.Ciphertext, After: under("new", one.Ref)})
		}
		// Somebody was faster with the first one of all.
		if after == "" {
			must(t, s.Reseal(t.Context(), []secrets.Resealed{{Ref: ref, Before: batch[0].Ciphertext, After: under("old", "other")}}))
		}
		after = batch[len(batch)-1].Ref
		must(t, s.Reseal(t.Context(), fresh))
	}
	if want := []string{ref, "join-token/token", "system/a", "system/b"}; !slices.Equal(found, want) {
		t.Errorf("under other keys are %q, want %q", found, want)
	}
	left, err := s.SealedElsewhere(t.Context(), "new", "", 10)
	must(t, err)
	if len(left) != 1 || left[0].Ref != ref || string(left[0].Ciphertext) != string(under("old", "other")) {
		t.Errorf("left are %+v, want what changed meanwhile", left)
	}
	token, err := s.JoinToken(t.Context(), "token")
	if must(t, err); string(token.SealedKey) != string(under("new", "join-token/token")) {
		t.Errorf("the join token holds %q", token.SealedKey)
	}
}

// lostSecretsAreForgotten: but for those that documents refer to.
func lostSecretsAreForgotten(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	used, unused := controlplane.CredentialRef+"used", controlplane.CredentialRef+"unused"
	c := change(t, s, load(t, s), put(provider("p", 1, unused), controlplane.Secret{Ref: unused, Ciphertext: under("lost", "1")}))
	change(t, s, c, put(provider("p", 2, used), controlplane.Secret{Ref: used, Ciphertext: under("lost", "2")}))
	for _, secret := range []controlplane.Secret{{Ref: "system/a", Ciphertext: under("lost", "a")}, {Ref: "system/b", Ciphertext: under("kept", "b")}} {
		_, err := s.EnsureSecret(t.Context(), secret)
		must(t, err)
	}
	joinTokenUnder(t, s, "one", "lost")
	joinTokenUnder(t, s, "two", "kept")
	refs, err := s.ForgetSealed(t.Context(), []string{"lost", "other"})
	must(t, err)
	if want := []string{unused, "join-token/one", "system/a"}; !slices.Equal(refs, want) {
		t.Errorf("forgotten are %q, want %q", refs, want)
	}
	sealed, err := s.Sealed(t.Context())
	must(t, err)
	want := []secrets.Sealed{{Ref: used, KeyID: "lost"}, {Ref: "join-token/two", KeyID: "kept"}, {Ref: "system/b", KeyID: "kept"}}
	if diff := cmp.Diff(want, sealed); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
}
