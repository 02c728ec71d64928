package pki_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/pki"
	"github.com/trunkline-ai/trunkline/controlplane/secrets"
	"github.com/trunkline-ai/trunkline/internal/domain/nodeid"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// vault keeps the first secret of each name.
type vault struct {
	mu   sync.Mutex
	rows map[string]controlplane.Secret
}

func (v *vault) EnsureSecret(_ context.Context, s controlplane.Secret) (controlplane.Secret, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.rows == nil {
		v.rows = map[string]controlplane.Secret{}
	}
	if was, ok := v.rows[s.Ref]; ok {
		return was, nil
	}
	v.rows[s.Ref] = s
	return s, nil
}

func (v *vault) Secret(_ context.Context, ref string) (controlplane.Secret, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.rows[ref], nil
}

func (v *vault) ReplaceSecret(_ context.Context, ref string, before, after []byte) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !bytes.Equal(v.rows[ref].Ciphertext, before) {
		return errs.Newf(errs.Conflict, "it was changed")
	}
	v.rows[ref] = controlplane.Secret{Ref: ref, Ciphertext: after}
	return nil
}

func sealer(t *testing.T, key byte) controlplane.Sealer {
	t.Helper()
	s, err := secrets.New(bytes.Repeat([]byte{key}, secrets.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// clock stands still until it is set.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func request(t *testing.T, key crypto.Signer) []byte {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{DNSNames: []string{"evil.example"}}, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func newKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestReplicasThatStartAtOnceAgree(t *testing.T) {
	t.Parallel()
	v, c := &vault{}, newClock()
	all := make([]*pki.Authority, 8)
	var wg sync.WaitGroup
	for i := range all {
		wg.Go(func() {
			a, err := pki.Ensure(context.Background(), v, sealer(t, 1), c.now)
			if err != nil {
				t.Error(err)
				return
			}
			all[i] = a
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	leaf, err := all[0].Issue("n", request(t, newKey(t, elliptic.P256())))
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if !bytes.Equal(a.Certificates()[0], all[0].Certificates()[0]) || a.Domain() != all[0].Domain() {
			t.Fatal("two authorities")
		}
		if node, err := a.Verify(leaf); err != nil || node != "n" {
			t.Errorf("%q, %v", node, err)
		}
	}
	for _, row := range v.rows {
		if bytes.Contains(row.Ciphertext, []byte("PRIVATE KEY")) {
			t.Error("the key is stored in clear")
		}
	}
	if _, err := pki.Ensure(t.Context(), v, sealer(t, 2), c.now); errs.CodeOf(err) != errs.FailedPrecondition || !strings.Contains(err.Error(), "TRUNKLINE_SECRET_KEY") {
		t.Errorf("with another key: %v", err)
	}
	if other, err := pki.Ensure(t.Context(), &vault{}, sealer(t, 1), c.now); err != nil || other.Domain() == all[0].Domain() {
		t.Errorf("another database has the same domain: %v", err)
	}
}

func TestCertificatesSayWhatTheAuthorityMeans(t *testing.T) {
	t.Parallel()
	c := newClock()
	a, err := pki.New(c.now)
	if err != nil {
		t.Fatal(err)
	}
	key := newKey(t, elliptic.P256())
	leaf, err := a.Issue("tokyo/1", request(t, key))
	if err != nil {
		t.Fatal(err)
	}
	if !leaf.NotAfter.Equal(c.now().Add(24*time.Hour)) || !leaf.NotBefore.Equal(c.now().Add(-time.Hour)) {
		t.Errorf("good from %s to %s", leaf.NotBefore, leaf.NotAfter)
	}
	if len(leaf.DNSNames) != 0 || leaf.IsCA || len(leaf.ExtKeyUsage) != 1 || leaf.ExtKeyUsage[0] != x509.ExtKeyUsageClientAuth || !key.PublicKey.Equal(leaf.PublicKey) {
		t.Errorf("certificate %+v", leaf)
	}
	if domain, name, err := nodeid.Node(leaf); err != nil || domain != a.Domain() || name != "tokyo/1" {
		t.Errorf("named %q of %q: %v", name, domain, err)
	}
	if node, err := a.Verify(leaf); err != nil || node != "tokyo/1" {
		t.Errorf("verified as %q, %v", node, err)
	}
	c.advance(100 * 24 * time.Hour)
	if _, err := a.Verify(leaf); err != nil {
		t.Errorf("whatever its time: %v", err)
	}

	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	unsigned := bytes.Clone(request(t, key))
	unsigned[len(unsigned)-1] ^= 1
	for what, bad := range map[string]struct {
		node    string
		request []byte
	}{
		"no name":      {"", request(t, key)},
		"a bad name":   {"a\nb", request(t, key)},
		"no request":   {"n", nil},
		"no signature": {"n", unsigned},
		"P-384":        {"n", request(t, newKey(t, elliptic.P384()))},
		"Ed25519":      {"n", request(t, edwards)},
	} {
		if _, err := a.Issue(bad.node, bad.request); errs.CodeOf(err) != errs.InvalidArgument {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestOnlyItsOwnNodesAreVerified(t *testing.T) {
	t.Parallel()
	c := newClock()
	a, err := pki.New(c.now)
	if err != nil {
		t.Fatal(err)
	}
	b, err := pki.New(c.now)
	if err != nil {
		t.Fatal(err)
	}
	foreign, err := b.Issue("n", request(t, newKey(t, elliptic.P256())))
	if err != nil {
		t.Fatal(err)
	}
	replica, err := a.ServerTLS().GetCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	itself, err := x509.ParseCertificate(a.Certificates()[0])
	if err != nil {
		t.Fatal(err)
	}
	key := newKey(t, elliptic.P256())
	own := &x509.Certificate{NotBefore: c.now(), NotAfter: c.now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
	own.URIs = append(own.URIs, nodeid.NodeURI(a.Domain(), "n"))
	der, err := x509.CreateCertificate(rand.Reader, own, own, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	signedByItself, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	for what, cert := range map[string]*x509.Certificate{
		"another authority's": foreign, "a replica's": replica.Leaf, "the authority's own": itself, "one signed by its own key": signedByItself,
	} {
		if node, err := a.Verify(cert); err == nil {
			t.Errorf("%s is taken for node %q", what, node)
		}
	}
}

// A replica's certificate is always good for clocks a day fast and two days slow.
func TestReplicasRenewTheirCertificates(t *testing.T) {
	t.Parallel()
	c := newClock()
	a, err := pki.New(c.now)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	itself, err := x509.ParseCertificate(a.Certificates()[0])
	if err != nil {
		t.Fatal(err)
	}
	roots.AddCert(itself)
	cfg := a.ServerTLS()
	if cfg.MinVersion != tls.VersionTLS13 {
		t.Error("older than TLS 1.3")
	}
	seen := map[string]bool{}
	for range 100 {
		got, err := cfg.GetCertificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		seen[got.Leaf.SerialNumber.String()] = true
		for _, off := range []time.Duration{-48*time.Hour + time.Hour, 0, 24 * time.Hour} {
			_, err := got.Leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: c.now().Add(off), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
			if err != nil {
				t.Fatalf("a clock that is off by %s: %v", off, err)
			}
		}
		if domain, _, err := nodeid.ControlPlane(got.Leaf); err != nil || domain != a.Domain() {
			t.Fatalf("named %v: %v", got.Leaf.URIs, err)
		}
		c.advance(time.Hour)
	}
	if len(seen) < 4 || len(seen) > 6 {
		t.Errorf("%d certificates in 100 hours, want one for each day", len(seen))
	}
	c.advance(-1000 * time.Hour)
	got, err := cfg.GetCertificate(nil)
	if err != nil || got.Leaf.NotBefore.After(c.now()) {
		t.Errorf("after the clock was set back: good from %s: %v", got.Leaf.NotBefore, err)
	}
}
