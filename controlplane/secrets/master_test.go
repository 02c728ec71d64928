package secrets_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/secrets"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// masterStore is a secretStore that knows which key is in use. broken is called before each Reseal.
type masterStore struct {
	secretStore
	present secrets.MasterKey
	broken  func() error
}

func (s *masterStore) MasterKey(context.Context) (secrets.MasterKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.present.ID == "" {
		return s.present, errs.Newf(errs.NotFound, "none")
	}
	return s.present, nil
}

func (s *masterStore) UseMasterKey(_ context.Context, before string, next secrets.MasterKey) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.present.ID != before {
		return errs.Newf(errs.Conflict, "another one is")
	}
	s.present = next
	return nil
}

func (s *masterStore) Sealed(context.Context) (all []secrets.Sealed, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ref := range slices.Sorted(maps.Keys(s.rows)) {
		id, _, _ := controlplane.SealedBy(s.rows[ref].Ciphertext)
		all = append(all, secrets.Sealed{Ref: ref, KeyID: id})
	}
	return all, nil
}

func (s *masterStore) SealedElsewhere(_ context.Context, keyID, after string, limit int) (found []controlplane.Secret, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ref := range slices.Sorted(maps.Keys(s.rows)) {
		if id, _, _ := controlplane.SealedBy(s.rows[ref].Ciphertext); ref > after && id != keyID && len(found) < limit {
			found = append(found, s.rows[ref])
		}
	}
	return found, nil
}

func (s *masterStore) Reseal(_ context.Context, all []secrets.Resealed) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		if err := s.broken(); err != nil {
			return err
		}
	}
	for _, r := range all {
		if bytes.Equal(s.rows[r.Ref].Ciphertext, r.Before) {
			s.rows[r.Ref] = controlplane.Secret{Ref: r.Ref, Ciphertext: r.After}
		}
	}
	return nil
}

func (s *masterStore) ForgetSealed(_ context.Context, keyIDs []string) (refs []string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ref := range slices.Sorted(maps.Keys(s.rows)) {
		if id, _, _ := controlplane.SealedBy(s.rows[ref].Ciphertext); slices.Contains(keyIDs, id) && strings.HasPrefix(ref, secrets.SystemRef) {
			delete(s.rows, ref)
			refs = append(refs, ref)
		}
	}
	return refs, nil
}

func (s *masterStore) Exclusive(ctx context.Context, _ string, do func(context.Context) error) (bool, error) {
	return true, do(ctx)
}

// replica is a control plane over the store that was given keys, each one byte, repeated.
func (s *masterStore) replica(t *testing.T, keys ...byte) (*secrets.Ring, secrets.MasterConfig) {
	t.Helper()
	ring := newSealer(t, keys...)
	return ring, secrets.MasterConfig{
		Ring: ring, Store: s, Lock: s, Logger: slog.New(slog.DiscardHandler), Follow: time.Millisecond, Round: time.Millisecond,
	}
}

func (s *masterStore) open(t *testing.T, keys ...byte) (*secrets.Ring, *secrets.MasterKeys) {
	t.Helper()
	ring, cfg := s.replica(t, keys...)
	m, err := secrets.OpenMasterKeys(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return ring, m
}

func (s *masterStore) fill(t *testing.T, ring *secrets.Ring, n int) {
	t.Helper()
	for i := range n {
		ref := fmt.Sprintf("credential/%04d", i)
		sealed, err := ring.Seal([]byte(ref), []byte(ref))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.EnsureSecret(t.Context(), controlplane.Secret{Ref: ref, Ciphertext: sealed}); err != nil {
			t.Fatal(err)
		}
	}
}

// run runs m until the test ends or stop is called.
func run(t *testing.T, m *secrets.MasterKeys) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- m.Run(ctx) }()
	var stopped bool
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return stop
}

func awaitPending(t *testing.T, m *secrets.MasterKeys, holds func(pending int) bool) secrets.Status {
	t.Helper()
	for {
		st, err := m.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if holds(st.Pending) {
			return st
		}
		time.Sleep(time.Millisecond)
	}
}

func none(n int) bool { return n == 0 }

func TestAMasterKeyIsRotatedAndTheOldOneTakenAway(t *testing.T) {
	t.Parallel()
	s := &masterStore{}
	old, _ := s.open(t, 1)
	pepper, err := secrets.EnsurePepper(t.Context(), s, old)
	if err != nil {
		t.Fatal(err)
	}
	s.fill(t, old, 120)

	ring, m := s.open(t, 1, 2)
	other, n := s.open(t, 2, 1) // the order is of no account: the database says which is in use
	if ring.InUse() != old.InUse() || other.InUse() != old.InUse() {
		t.Fatalf("in use are %s and %s, want %s", ring.InUse(), other.InUse(), old.InUse())
	}
	run(t, m)
	run(t, n)
	if err := m.Rotate(t.Context(), newSealer(t, 2).InUse(), "user:ann"); err != nil {
		t.Fatal(err)
	}
	st := awaitPending(t, n, none)
	next := newSealer(t, 2).InUse()
	if st.InUse.ID != next || st.InUse.By != "user:ann" || st.Secrets != 121 || len(st.Keys) != 2 ||
		st.Keys[0].Secrets != 121 || !st.Keys[0].InUse || st.Keys[1].Secrets != 0 || st.Keys[1].InUse {
		t.Errorf("status is %+v, want all 121 under %s", st, next)
	}
	for other.InUse() != next { // it follows
		time.Sleep(time.Millisecond)
	}
	// The old key is taken away; what it sealed opens.
	alone, _ := s.open(t, 2)
	if got, err := secrets.EnsurePepper(t.Context(), s, alone); err != nil || !bytes.Equal(got, pepper) {
		t.Errorf("the pepper is %x, %v; want %x", got, err, pepper)
	}
	for ref, secret := range s.rows {
		if ref == "system/api-key-pepper" {
			continue
		}
		if got, err := alone.Open(secret.Ciphertext, []byte(ref)); err != nil || string(got) != ref {
			t.Errorf("%s opens as %q, %v", ref, got, err)
		}
	}
	// A process with the old key alone is refused, and told which key it lacks.
	_, cfg := s.replica(t, 1)
	if _, err := secrets.OpenMasterKeys(t.Context(), cfg); errs.CodeOf(err) != errs.FailedPrecondition || !strings.Contains(err.Error(), next) {
		t.Errorf("with the old key alone: %v, want a refusal that names %s", err, next)
	}
}

func TestAnInterruptedRotationGoesOn(t *testing.T) {
	t.Parallel()
	s := &masterStore{}
	ring, m := s.open(t, 1, 2)
	s.fill(t, ring, 200)
	first := ring.InUse()
	batches := 0
	s.broken = func() error {
		if batches++; batches > 2 {
			return errs.Newf(errs.Unavailable, "the database is away")
		}
		return nil
	}
	stop := run(t, m)
	if err := m.Rotate(t.Context(), newSealer(t, 2).InUse(), "x"); err != nil {
		t.Fatal(err)
	}
	awaitPending(t, m, func(n int) bool { return n == 100 })
	stop()
	// Whoever starts now needs both keys, and says so.
	_, cfg := s.replica(t, 2)
	if _, err := secrets.OpenMasterKeys(t.Context(), cfg); errs.CodeOf(err) != errs.FailedPrecondition || !strings.Contains(err.Error(), first+" (100)") {
		t.Errorf("without the old key: %v, want a refusal that names %s (100)", err, first)
	}
	s.mu.Lock()
	s.broken = nil
	s.mu.Unlock()
	_, again := s.open(t, 1, 2)
	run(t, again)
	awaitPending(t, again, none)
}

// lateStore is a masterStore whose answer arrives after something else had the time to happen, once.
type lateStore struct {
	*masterStore
	meanwhile func()
}

func (s *lateStore) MasterKey(ctx context.Context) (secrets.MasterKey, error) {
	present, err := s.masterStore.MasterKey(ctx)
	if f := s.meanwhile; f != nil {
		s.meanwhile = nil
		f()
	}
	return present, err
}

// A key that this replica puts into use is not taken back by a read that began before.
func TestAnOldReadTakesNoMasterKeyBack(t *testing.T) {
	t.Parallel()
	s := &masterStore{}
	late := &lateStore{masterStore: s}
	ring, cfg := s.replica(t, 1, 2)
	var log bytes.Buffer
	cfg.Store, cfg.Logger, cfg.Follow = late, slog.New(slog.NewTextHandler(&log, nil)), time.Hour
	m, err := secrets.OpenMasterKeys(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	next, rotated := ring.KeyIDs()[1], make(chan error, 1)
	late.meanwhile = func() { // in the first round of Run
		go func() { rotated <- m.Rotate(t.Context(), next, "admin") }()
		select {
		case err := <-rotated:
			rotated <- err
		case <-time.After(20 * time.Millisecond): // it waits for the reader
		}
	}
	stop := run(t, m)
	if err := <-rotated; err != nil {
		t.Fatal(err)
	}
	awaitPending(t, m, none)
	stop()
	if ring.InUse() != next || strings.Contains(log.String(), "by another replica") {
		t.Errorf("in use is %s, want %s: %s", ring.InUse(), next, &log)
	}
}

func TestRotationsThatAreRefused(t *testing.T) {
	t.Parallel()
	s := &masterStore{}
	ring, cfg := s.replica(t, 1, 2, 3)
	second, third := newSealer(t, 2).InUse(), newSealer(t, 3).InUse()
	cfg.Lacking = func(id string) []string {
		if id == second {
			return []string{"replica-b"}
		}
		return nil
	}
	m, err := secrets.OpenMasterKeys(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]string{
		"deadbeef": "lacks master key deadbeef",
		second:     "replica-b",
	} {
		if err := m.Rotate(t.Context(), id, "x"); errs.CodeOf(err) != errs.FailedPrecondition || !strings.Contains(err.Error(), want) {
			t.Errorf("rotating to %q: %v, want %q", id, err, want)
		}
	}
	before := s.present
	if err := m.Rotate(t.Context(), ring.InUse(), "x"); err != nil || s.present != before {
		t.Errorf("rotating to the one in use: %v, in use is %+v", err, s.present)
	}
	if err := m.Rotate(t.Context(), third, "x"); err != nil || s.present.ID != third {
		t.Errorf("rotating to the third: %v, in use is %+v", err, s.present)
	}
}

func TestALostMasterKeyIsGivenUp(t *testing.T) {
	t.Parallel()
	s := &masterStore{}
	ring, _ := s.open(t, 1)
	pepper, err := secrets.EnsurePepper(t.Context(), s, ring)
	if err != nil {
		t.Fatal(err)
	}
	s.fill(t, ring, 3)
	lost := ring.InUse()

	fresh, cfg := s.replica(t, 2)
	if _, err := secrets.OpenMasterKeys(t.Context(), cfg); errs.CodeOf(err) != errs.FailedPrecondition || !strings.Contains(err.Error(), lost) {
		t.Fatalf("without --lost-master-keys: %v", err)
	}
	cfg.Lost = []string{lost}
	m, err := secrets.OpenMasterKeys(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if s.present.ID != fresh.InUse() {
		t.Errorf("in use is %s, want %s", s.present.ID, fresh.InUse())
	}
	if again, err := secrets.EnsurePepper(t.Context(), s, fresh); err != nil || bytes.Equal(again, pepper) {
		t.Errorf("the pepper is %x, %v; want a new one", again, err)
	}
	unreadable, err := m.Unreadable(t.Context())
	if err != nil || len(unreadable) != 3 || unreadable[0] != (secrets.Sealed{Ref: "credential/0000", KeyID: lost}) {
		t.Errorf("unreadable are %+v, %v; want the three credentials", unreadable, err)
	}
	_, cfg = s.replica(t, 2, 1)
	cfg.Lost = []string{lost}
	if _, err := secrets.OpenMasterKeys(t.Context(), cfg); errs.CodeOf(err) != errs.InvalidArgument {
		t.Errorf("a key that is given and lost: %v", err)
	}
}

func TestRewrappingKeepsTheBinding(t *testing.T) {
	t.Parallel()
	ring := newSealer(t, 1, 2)
	sealed, err := ring.Seal([]byte("secret"), []byte("here"))
	if err != nil {
		t.Fatal(err)
	}
	second := newSealer(t, 2)
	if err := ring.Use(second.InUse()); err != nil {
		t.Fatal(err)
	}
	fresh, err := ring.Rewrap(sealed)
	if err != nil || bytes.Equal(fresh, sealed) {
		t.Fatalf("re-wrapped: %v", err)
	}
	if got, err := second.Open(fresh, []byte("here")); err != nil || string(got) != "secret" {
		t.Errorf("opens as %q, %v", got, err)
	}
	if _, err := second.Open(fresh, []byte("there")); err == nil {
		t.Error("it opens elsewhere")
	}
	if _, err := second.Rewrap(sealed); err == nil || !strings.Contains(err.Error(), newSealer(t, 1).InUse()) {
		t.Errorf("without the old key: %v", err)
	}
}
