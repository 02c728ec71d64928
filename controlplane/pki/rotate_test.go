package pki_test

import (
	"bytes"
	"context"
	"crypto/elliptic"
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/pki"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// replicas are two processes on one database.
func replicas(t *testing.T) (v *vault, c *clock, a, b *pki.Authority) {
	t.Helper()
	v, c = &vault{}, newClock()
	for _, one := range []**pki.Authority{&a, &b} {
		var err error
		if *one, err = pki.Ensure(t.Context(), v, sealer(t, 1), c.now); err != nil {
			t.Fatal(err)
		}
	}
	return v, c, a, b
}

func roles(a *pki.Authority) (all []controlplane.AuthorityRole) {
	for _, i := range a.Keys() {
		all = append(all, i.Role)
	}
	return all
}

func do(t *testing.T, step func(context.Context) error) {
	t.Helper()
	if err := step(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func follow(t *testing.T, a *pki.Authority, want ...controlplane.AuthorityRole) {
	t.Helper()
	if changed, err := a.Follow(t.Context()); err != nil || !changed {
		t.Fatalf("changed %v: %v", changed, err)
	}
	wantRoles(t, a, want...)
	if changed, err := a.Follow(t.Context()); err != nil || changed {
		t.Fatalf("changed %v again: %v", changed, err)
	}
}

func wantRoles(t *testing.T, a *pki.Authority, want ...controlplane.AuthorityRole) {
	t.Helper()
	got := roles(a)
	if len(got) != len(want) || got[0] != want[0] || len(got) > 1 && got[1] != want[1] {
		t.Fatalf("roles %q, want %q", got, want)
	}
}

// replica is the certificate that the control plane shows.
func replica(t *testing.T, a *pki.Authority) *x509.Certificate {
	t.Helper()
	got, err := a.ServerTLS().GetCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	return got.Leaf
}

// trusts reports whether who trusts the authorities trusts a certificate.
func trusts(t *testing.T, authorities [][]byte, leaf *x509.Certificate) bool {
	t.Helper()
	roots := x509.NewCertPool()
	for _, der := range authorities {
		ca, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		roots.AddCert(ca)
	}
	_, err := leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: leaf.NotAfter, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny}})
	return err == nil
}

// At every step, whichever replica has taken it already, each side trusts what the other may show.
func TestTheKeyIsReplacedInSteps(t *testing.T) {
	t.Parallel()
	v, c, a, b := replicas(t)
	key := newKey(t, elliptic.P256())
	issue := func(from *pki.Authority) *x509.Certificate {
		leaf, err := from.Issue("n", request(t, key))
		if err != nil {
			t.Fatal(err)
		}
		return leaf
	}
	verified := func(what string, leaf *x509.Certificate, by ...*pki.Authority) {
		t.Helper()
		for _, one := range by {
			if node, err := one.Verify(leaf); err != nil || node != "n" {
				t.Errorf("%s: %q, %v", what, node, err)
			}
		}
	}
	first, before := issue(a), a.Certificates()
	old := a.Keys()[0].Fingerprint
	do(t, a.Begin)
	wantRoles(t, a, controlplane.AuthoritySigning, controlplane.AuthorityNext)
	follow(t, b, controlplane.AuthoritySigning, controlplane.AuthorityNext)
	if a.Keys()[0].Fingerprint != old || !trusts(t, before, replica(t, a)) || !trusts(t, before, issue(b)) {
		t.Error("the new key signs before everybody trusts it")
	}
	if err := b.Begin(t.Context()); errs.CodeOf(err) != errs.FailedPrecondition {
		t.Errorf("a second replacement: %v", err)
	}
	if err := b.Finish(t.Context(), old); errs.CodeOf(err) != errs.FailedPrecondition {
		t.Errorf("the last step first: %v", err)
	}
	both := b.Certificates()
	if err := b.Switch(t.Context(), old); errs.CodeOf(err) != errs.FailedPrecondition {
		t.Errorf("switched to another key than the one that is ready: %v", err)
	}

	c.advance(time.Hour)
	do(t, func(ctx context.Context) error { return b.Switch(ctx, b.Keys()[1].Fingerprint) })
	wantRoles(t, b, controlplane.AuthoritySigning, controlplane.AuthorityRetired)
	if since := b.Keys()[1].Since; !since.Equal(c.now()) {
		t.Errorf("retired since %s", since)
	}
	second := issue(b)
	if b.Keys()[1].Fingerprint != old || trusts(t, before, second) || trusts(t, before, replica(t, b)) {
		t.Error("the old key signs still")
	}
	for _, leaf := range []*x509.Certificate{second, replica(t, b), replica(t, a), issue(a)} { // a has not heard yet
		if !trusts(t, both, leaf) {
			t.Error("who trusts both keys does not trust what one of them signed")
		}
	}
	verified("the old key's", first, a, b)
	verified("the new key's", second, a, b)
	follow(t, a, controlplane.AuthoritySigning, controlplane.AuthorityRetired)
	if !trusts(t, [][]byte{a.Certificates()[0]}, replica(t, a)) {
		t.Error("a replica goes on with a certificate of the old key")
	}
	if err := a.Cancel(t.Context()); errs.CodeOf(err) != errs.FailedPrecondition {
		t.Errorf("given up although it signs: %v", err)
	}

	do(t, func(ctx context.Context) error { return a.Finish(ctx, old) })
	follow(t, b, controlplane.AuthoritySigning)
	if _, err := b.Verify(first); err == nil {
		t.Error("what the old key signed is good still")
	}
	verified("the new key's", second, a, b)
	restarted, err := pki.Ensure(t.Context(), v, sealer(t, 1), c.now)
	if err != nil {
		t.Fatal(err)
	}
	wantRoles(t, restarted, controlplane.AuthoritySigning)
	if !bytes.Equal(restarted.Certificates()[0], b.Certificates()[0]) || restarted.Domain() != a.Domain() {
		t.Error("another authority after a restart")
	}
	verified("the new key's", second, restarted)
}

func TestANewKeyThatSignsNothingIsGivenUp(t *testing.T) {
	t.Parallel()
	_, _, a, b := replicas(t)
	if err := a.Cancel(t.Context()); errs.CodeOf(err) != errs.FailedPrecondition {
		t.Errorf("nothing is given up: %v", err)
	}
	if err := a.Switch(t.Context(), ""); errs.CodeOf(err) != errs.FailedPrecondition {
		t.Errorf("switched to nothing: %v", err)
	}
	before := a.Certificates()
	do(t, a.Begin)
	do(t, b.Cancel)
	follow(t, a, controlplane.AuthoritySigning)
	if !bytes.Equal(a.Certificates()[0], before[0]) {
		t.Error("the wrong key was given up")
	}
}

// slow is a vault on which another replica is always faster.
type slow struct {
	*vault
	first func()
}

func (s *slow) ReplaceSecret(ctx context.Context, ref string, before, after []byte) error {
	s.first()
	return s.vault.ReplaceSecret(ctx, ref, before, after)
}

func TestOfTwoReplicasOneTakesAStep(t *testing.T) {
	t.Parallel()
	v, c, a, _ := replicas(t)
	behind, err := pki.Ensure(t.Context(), &slow{v, func() { do(t, a.Begin) }}, sealer(t, 1), c.now)
	if err != nil {
		t.Fatal(err)
	}
	if err := behind.Begin(t.Context()); errs.CodeOf(err) != errs.Conflict {
		t.Errorf("both have begun: %v", err)
	}
	follow(t, behind, controlplane.AuthoritySigning, controlplane.AuthorityNext)
	if !bytes.Equal(behind.Certificates()[1], a.Certificates()[1]) {
		t.Error("two next keys")
	}
}

// late is a vault whose answers arrive after something else has happened, once.
type late struct {
	*vault
	meanwhile func()
}

func (l *late) Secret(ctx context.Context, ref string) (controlplane.Secret, error) {
	stored, err := l.vault.Secret(ctx, ref)
	if f := l.meanwhile; f != nil {
		l.meanwhile = nil
		f()
	}
	return stored, err
}

// What this process has changed is not undone by a read that began before it.
func TestAnOldReadUndoesNothing(t *testing.T) {
	t.Parallel()
	v := &late{vault: &vault{}}
	a, err := pki.Ensure(t.Context(), v, sealer(t, 1), newClock().now)
	if err != nil {
		t.Fatal(err)
	}
	v.meanwhile = func() { do(t, a.Begin) }
	if changed, err := a.Follow(t.Context()); changed || err != nil {
		t.Errorf("changed %v: %v", changed, err)
	}
	wantRoles(t, a, controlplane.AuthoritySigning, controlplane.AuthorityNext)
}

func TestAnotherDatabaseIsNotFollowed(t *testing.T) {
	t.Parallel()
	v, _, a, _ := replicas(t)
	other, _, foreign, _ := replicas(t)
	v.mu.Lock()
	for ref, row := range other.rows {
		v.rows[ref] = row
	}
	v.mu.Unlock()
	changed, err := a.Follow(t.Context())
	if changed || errs.CodeOf(err) != errs.FailedPrecondition || bytes.Equal(a.Certificates()[0], foreign.Certificates()[0]) {
		t.Errorf("changed %v: %v", changed, err)
	}
	v.mu.Lock()
	for ref, row := range v.rows {
		row.Ciphertext = row.Ciphertext[:10]
		v.rows[ref] = row
	}
	v.mu.Unlock()
	if changed, err := a.Follow(t.Context()); changed || err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("a damaged one is followed: %v, %v", changed, err)
	}
}
