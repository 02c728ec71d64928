package secrets_test

import (
	"bytes"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/secrets"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// given is what a file of keys holds at the moment, each key one byte, repeated; none: it is broken.
type given struct{ keys atomic.Pointer[[]byte] }

func (g *given) hold(keys ...byte) { g.keys.Store(&keys) }

func (g *given) load() (*secrets.Keyset, error) {
	keys := [][]byte{}
	for _, key := range *g.keys.Load() {
		keys = append(keys, bytes.Repeat([]byte{key}, secrets.KeySize))
	}
	if len(keys) == 0 {
		return nil, errors.New("the file is empty")
	}
	return secrets.NewKeyset(keys...)
}

func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never true: %s", what)
		}
	}
}

// TestAMasterKeyIsRotatedWithoutARestart: a key that is added can be chosen, one that is taken away too early
// stays until nothing is sealed under it, and a broken file changes nothing.
func TestAMasterKeyIsRotatedWithoutARestart(t *testing.T) {
	t.Parallel()
	s, file := &masterStore{}, &given{}
	file.hold(1)
	keys, err := secrets.NewKeyFile(file.load)
	if err != nil {
		t.Fatal(err)
	}
	ring, err := secrets.NewRing(keys)
	if err != nil {
		t.Fatal(err)
	}
	_, cfg := s.replica(t, 1)
	cfg.Ring, cfg.File, cfg.Look = ring, keys, time.Millisecond
	m, err := secrets.OpenMasterKeys(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.fill(t, ring, 120)
	first, second := newSealer(t, 1).InUse(), newSealer(t, 2).InUse()
	release := make(chan struct{})
	s.broken = func() error {
		select {
		case <-release:
			return nil
		default:
			return errs.Newf(errs.Unavailable, "the database is away")
		}
	}
	run(t, m)

	file.hold()
	file.hold(2, 1)
	await(t, "the new key is given", func() bool { return ring.Has(second) })
	if err := m.Rotate(t.Context(), second, "x"); err != nil {
		t.Fatal(err)
	}
	file.hold(2) // too early: nothing could be re-wrapped yet
	await(t, "the old key is kept, behind those of the file", func() bool { return slices.Equal(ring.KeyIDs(), []string{second, first}) })
	for ref, secret := range s.rows {
		if _, err := ring.Open(secret.Ciphertext, []byte(ref)); err != nil {
			t.Fatalf("%s does not open: %v", ref, err)
		}
	}
	close(release)
	awaitPending(t, m, none)
	await(t, "the old key is gone", func() bool { return slices.Equal(ring.KeyIDs(), []string{second}) })

	file.hold(3) // the one in use is never given up
	await(t, "the key in use is kept", func() bool { return slices.Equal(ring.KeyIDs(), []string{newSealer(t, 3).InUse(), second}) })
	if ring.InUse() != second {
		t.Errorf("in use is %s, want %s", ring.InUse(), second)
	}
	file.hold()
	if _, err := secrets.NewKeyFile(file.load); err == nil {
		t.Error("a file without keys was taken at the start")
	}
}
