package storetest

import (
	"bytes"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

func secretsFollowDocuments(t *testing.T, db Database) {
	writer, follower := db.Open(t, time.Now), db.Open(t, time.Now)
	seen := load(t, follower)
	one := controlplane.Secret{Ref: "one", Ciphertext: []byte{1, 0, 255}}
	two := controlplane.Secret{Ref: "two", Ciphertext: []byte("second")}

	c := change(t, writer, load(t, writer), put(provider("p", 1, "one"), one))
	c = change(t, writer, c, put(provider("p", 2, "two"), two))
	followed, err := follower.Follow(t.Context(), seen)
	must(t, err)
	wantSameConfig(t, "followed", followed, c, "one", "two")

	// A replica that started after the first secret went out of use does not hold it; a
	// change back to the old document brings it in, here and in every follower.
	late := load(t, follower)
	if _, ok := late.Secret("one"); ok {
		t.Error("a secret that no document refers to was loaded")
	}
	back := change(t, writer, late, put(provider("p", 3, "one")))
	if got, _ := back.Secret("one"); !bytes.Equal(got, one.Ciphertext) {
		t.Errorf("after going back the secret is %q, want %q", got, one.Ciphertext)
	}
	followed, err = follower.Follow(t.Context(), late)
	must(t, err)
	wantSameConfig(t, "followed back", followed, back, "one", "two")
	wantSameConfig(t, "loaded", load(t, follower), back, "one")
}

func secretRefsAreNeverReused(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	before := change(t, s, load(t, s), put(provider("p", 1, "ref"), controlplane.Secret{Ref: "ref", Ciphertext: []byte("first")}))
	_, err := s.Update(t.Context(), "tester", before,
		always(put(provider("q", 1, "ref"), controlplane.Secret{Ref: "ref", Ciphertext: []byte("second")})))
	wantCode(t, err, errs.AlreadyExists)
	wantSameConfig(t, "after the refusal", load(t, s), before, "ref")
}

// secretsAreReplaced: of two who replace the same secret one does.
func secretsAreReplaced(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	_, err := s.EnsureSecret(t.Context(), controlplane.Secret{Ref: "own", Ciphertext: []byte("one")})
	must(t, err)
	must(t, s.ReplaceSecret(t.Context(), "own", []byte("one"), []byte("two")))
	wantCode(t, s.ReplaceSecret(t.Context(), "own", []byte("one"), []byte("three")), errs.Conflict)
	wantCode(t, s.ReplaceSecret(t.Context(), "other", []byte("one"), []byte("three")), errs.Conflict)
	got, err := s.Secret(t.Context(), "own")
	must(t, err)
	wantEqual(t, "the secret", got, controlplane.Secret{Ref: "own", Ciphertext: []byte("two")})
	_, err = s.Secret(t.Context(), "other")
	wantCode(t, err, errs.NotFound)
}

// secretsAreRetired: a credential's secret goes when no document has referred to it for long enough;
// one that is referred to again stays, and the control plane's own are never looked at.
func secretsAreRetired(t *testing.T, db Database) {
	clock := newClock()
	s := db.Open(t, clock.now)
	ref := func(name string) string { return controlplane.CredentialRef + name }
	secret := func(name string) controlplane.Secret {
		return controlplane.Secret{Ref: ref(name), Ciphertext: []byte(name)}
	}
	_, err := s.EnsureSecret(t.Context(), controlplane.Secret{Ref: "pepper", Ciphertext: []byte("own")})
	must(t, err)
	c := change(t, s, load(t, s), put(provider("p", 1, ref("old")), secret("old")))
	c = change(t, s, c, put(provider("p", 2, ref("new")), secret("new")))
	c = change(t, s, c, put(provider("q", 1, ref("back")), secret("back")))
	c = change(t, s, c, put(provider("q", 2, ref("other")), secret("other")))

	retire := func(want int) {
		t.Helper()
		got, err := s.RetireSecrets(t.Context(), clock.at)
		must(t, err)
		if got != want {
			t.Errorf("%d secrets removed, want %d", got, want)
		}
	}
	retire(0) // noted: old and back
	c = change(t, s, c, put(provider("q", 3, ref("back"))))
	retire(1) // old; back is used again, and other is noted
	if _, err := s.Update(t.Context(), "tester", c, always(put(provider("p", 3, ref("old"))))); err == nil {
		t.Error("a document goes back to a secret that was removed")
	}
	retire(1) // other
	c = change(t, s, c, put(provider("q", 4)))
	retire(0) // noted: back, whose first note was taken back
	got, err := s.RetireSecrets(t.Context(), clock.at.Add(-time.Hour))
	must(t, err)
	if got != 0 {
		t.Errorf("%d secrets removed before their time", got)
	}
	wantSameConfig(t, "what is used", load(t, s), c, ref("new"))
	own, err := s.EnsureSecret(t.Context(), controlplane.Secret{Ref: "pepper", Ciphertext: []byte("another")})
	must(t, err)
	if string(own.Ciphertext) != "own" {
		t.Error("a secret of the control plane's own was removed")
	}
}

func ensureSecretHasOneWinner(t *testing.T, db Database) {
	const racers = 16
	var (
		got   [racers]controlplane.Secret
		start = make(chan struct{})
		wg    sync.WaitGroup
	)
	stores := make([]Store, max(1, db.Replicas))
	for i := range stores {
		stores[i] = db.Open(t, time.Now)
	}
	for i := range racers {
		wg.Go(func() {
			<-start
			var err error
			got[i], err = stores[i%len(stores)].EnsureSecret(t.Context(),
				controlplane.Secret{Ref: "pepper", Ciphertext: fmt.Appendf(nil, "candidate %d", i)})
			if err != nil {
				t.Errorf("racer %d: %v", i, err)
			}
		})
	}
	close(start)
	wg.Wait()
	for i, s := range got {
		if s.Ref != "pepper" || !bytes.Equal(s.Ciphertext, got[0].Ciphertext) || len(s.Ciphertext) == 0 {
			t.Errorf("racer %d got %q, racer 0 %q", i, s.Ciphertext, got[0].Ciphertext)
		}
	}
}
