package enrollment_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"log/slog"
	"maps"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/trunkline-ai/trunkline/controlplane/enrollment"
	"github.com/trunkline-ai/trunkline/controlplane/pki"
	"github.com/trunkline-ai/trunkline/controlplane/secrets"
	"github.com/trunkline-ai/trunkline/controlplane/store"
	"github.com/trunkline-ai/trunkline/internal/domain/nodeid"
	"github.com/trunkline-ai/trunkline/internal/errs"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

const preset = "a token that a person chose"

// database is a store that can go away.
type database struct {
	*store.Enrollment
	down atomic.Bool
}

func (d *database) err() error {
	if d.down.Load() {
		return errs.Newf(errs.Unavailable, "the database is away")
	}
	return nil
}

func (d *database) JoinToken(ctx context.Context, id string) (enrollment.JoinToken, error) {
	if err := d.err(); err != nil {
		return enrollment.JoinToken{}, err
	}
	return d.Enrollment.JoinToken(ctx, id)
}

func (d *database) JoinNode(ctx context.Context, id enrollment.NodeIdentity) error {
	if err := d.err(); err != nil {
		return err
	}
	return d.Enrollment.JoinNode(ctx, id)
}

func (d *database) RenewNode(ctx context.Context, node string, hash [32]byte, expires time.Time) error {
	if err := d.err(); err != nil {
		return err
	}
	return d.Enrollment.RenewNode(ctx, node, hash, expires)
}

func (d *database) NodeIdentity(ctx context.Context, node string) (enrollment.NodeIdentity, error) {
	if err := d.err(); err != nil {
		return enrollment.NodeIdentity{}, err
	}
	return d.Enrollment.NodeIdentity(ctx, node)
}

func (d *database) EnrollmentVersion(ctx context.Context) (int64, error) {
	if err := d.err(); err != nil {
		return 0, err
	}
	return d.Enrollment.EnrollmentVersion(ctx)
}

// desk is a service, and what it stands on.
type desk struct {
	*enrollment.Service
	db        *database
	authority *pki.Authority
	changes   atomic.Int32
	connected atomic.Bool // whether every node is

	mu sync.Mutex
	at time.Time // guarded by mu

	preset string // what the settings say
}

func (d *desk) now() time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.at
}

func (d *desk) advance(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at = d.at.Add(by)
}

func open(t *testing.T) *desk {
	t.Helper()
	d := &desk{at: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC), preset: preset}
	log := slog.New(slog.DiscardHandler)
	db, err := store.Open(t.Context(), store.Config{URL: "sqlite:///" + filepath.Join(t.TempDir(), "db"), Logger: log, Now: d.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	d.db = &database{Enrollment: store.NewEnrollment(db)}
	if d.authority, err = pki.New(d.now); err != nil {
		t.Fatal(err)
	}
	sealer, err := secrets.New(bytes.Repeat([]byte{1}, secrets.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	d.Service, err = enrollment.New(t.Context(), enrollment.Config{
		Store: d.db, Authority: d.authority, Sealer: sealer, Preset: func() string { return d.preset },
		Connected: func(string) bool { return d.connected.Load() },
		Changed:   func() { d.changes.Add(1) }, Logger: log, Now: d.now, Poll: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func request(t *testing.T, key *ecdsa.PrivateKey) []byte {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// join joins as a node with the token does.
func (d *desk) join(t *testing.T, node, secret string, key *ecdsa.PrivateKey) (*x509.Certificate, error) {
	t.Helper()
	channel, csr := []byte("a connection"), request(t, key)
	tokenKey := nodeid.TokenKey(secret)
	response, err := d.Join(t.Context(), nodeid.TokenID(secret), nodeid.NodeProof(tokenKey, channel, node, csr), channel,
		&nodev1.EnrollRequest{Node: node, CertificateRequest: csr})
	if err != nil {
		return nil, err
	}
	want := nodeid.ControlPlaneProof(tokenKey, channel, node, response.GetCertificate(), append([][]byte{response.GetAuthority()}, response.GetOtherAuthorities()...)...)
	if !nodeid.Equal(want, response.GetProof()) || !bytes.Equal(response.GetAuthority(), d.authority.Certificates()[0]) {
		t.Error("the answer is not proved, or of another authority")
	}
	certificate, err := x509.ParseCertificate(response.GetCertificate())
	if err != nil {
		t.Fatal(err)
	}
	return certificate, nil
}

func (d *desk) mustJoin(t *testing.T, node, secret string, key *ecdsa.PrivateKey) *x509.Certificate {
	t.Helper()
	certificate, err := d.join(t, node, secret, key)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

func (d *desk) wantReason(t *testing.T, certificate *x509.Certificate, want nodeid.Reason) {
	t.Helper()
	_, err := d.Identify(t.Context(), certificate)
	if got := nodeid.ReasonOf(err); got != want || (err == nil) != (want == "") {
		t.Errorf("reason %q (%v), want %q", got, err, want)
	}
}

func TestWhoCannotProveATokenUsesNone(t *testing.T) {
	t.Parallel()
	d := open(t)
	token, secret, err := d.CreateToken(t.Context(), enrollment.NewToken{By: "admin", TTL: time.Hour, Uses: 1})
	if err != nil {
		t.Fatal(err)
	}
	stored, err := d.db.Enrollment.JoinToken(t.Context(), token.ID)
	if err != nil || bytes.Contains(stored.SealedKey, nodeid.TokenKey(secret)) {
		t.Errorf("the database holds what joins: %v", err)
	}
	csr, channel := request(t, newKey(t)), []byte("a connection")
	right := nodeid.NodeProof(nodeid.TokenKey(secret), channel, "n", csr)
	for name, try := range map[string]struct {
		id             string
		proof, channel []byte
		node           string
		csr            []byte
		want           errs.Code
	}{
		"another connection":    {token.ID, right, []byte("another"), "n", csr, errs.Unauthenticated},
		"another node":          {token.ID, right, channel, "m", csr, errs.Unauthenticated},
		"another key":           {token.ID, right, channel, "n", request(t, newKey(t)), errs.Unauthenticated},
		"another token":         {"aaaaaaaa", right, channel, "n", csr, errs.Unauthenticated},
		"the preset one":        {"preset", right, channel, "n", csr, errs.Unauthenticated},
		"what is stored":        {token.ID, nodeid.NodeProof(stored.SealedKey, channel, "n", csr), channel, "n", csr, errs.Unauthenticated},
		"nothing":               {token.ID, nil, channel, "n", csr, errs.Unauthenticated},
		"a request far too big": {token.ID, right, channel, "n", make([]byte, 5000), errs.InvalidArgument},
	} {
		_, err := d.Join(t.Context(), try.id, try.proof, try.channel, &nodev1.EnrollRequest{Node: try.node, CertificateRequest: try.csr})
		if errs.CodeOf(err) != try.want {
			t.Errorf("%s: %v, want %s", name, err, try.want)
		}
	}
	junk := []byte("not a request, but proved")
	_, err = d.Join(t.Context(), token.ID, nodeid.NodeProof(nodeid.TokenKey(secret), channel, "n", junk), channel,
		&nodev1.EnrollRequest{Node: "n", CertificateRequest: junk})
	if errs.CodeOf(err) != errs.InvalidArgument {
		t.Errorf("junk: %v", err)
	}
	if n := len(d.Identities()); n != 0 || d.changes.Load() != 0 {
		t.Errorf("%d nodes have joined", n)
	}
	d.mustJoin(t, "n", secret, newKey(t)) // it is still good
}

func TestJoinsAreBounded(t *testing.T) {
	t.Parallel()
	d := open(t)
	refused := 0
	for range 1000 {
		_, err := d.Join(t.Context(), "aaaaaaaa", nil, nil, &nodev1.EnrollRequest{})
		if errs.CodeOf(err) == errs.ResourceExhausted {
			refused++
		}
	}
	if refused != 800 {
		t.Errorf("%d of 1000 were refused within a moment, want 800", refused)
	}
	d.advance(time.Second)
	d.mustJoin(t, "n", preset, newKey(t))
}

func TestThePresetTokenIsTheOneOfTheMoment(t *testing.T) {
	t.Parallel()
	d := open(t)
	d.mustJoin(t, "n", preset, newKey(t))
	d.preset = "another token that a person chose"
	d.mustJoin(t, "m", d.preset, newKey(t))
	for _, now := range []string{d.preset, ""} {
		d.preset = now
		if _, err := d.join(t, "o", preset, newKey(t)); errs.CodeOf(err) != errs.Unauthenticated {
			t.Errorf("the token of before, while %q is in the settings: %v", now, err)
		}
	}
}

func TestCertificatesExpireAndAreRenewedWithinAWeek(t *testing.T) {
	t.Parallel()
	d := open(t)
	key := newKey(t)
	certificate := d.mustJoin(t, "n", preset, key)
	d.wantReason(t, certificate, "")
	d.advance(24 * time.Hour)
	d.wantReason(t, certificate, "")
	d.advance(time.Nanosecond)
	d.wantReason(t, certificate, nodeid.Expired)
	d.advance(7*24*time.Hour - time.Nanosecond)
	d.wantReason(t, certificate, nodeid.Expired)

	if _, err := d.Renew(t.Context(), certificate, &nodev1.RenewRequest{CertificateRequest: request(t, newKey(t))}); errs.CodeOf(err) != errs.PermissionDenied {
		t.Errorf("renewed for another key: %v", err)
	}
	for what, csr := range map[string][]byte{"nothing": nil, "too much": make([]byte, 5000)} {
		if _, err := d.Renew(t.Context(), certificate, &nodev1.RenewRequest{CertificateRequest: csr}); errs.CodeOf(err) != errs.InvalidArgument {
			t.Errorf("renewed for %s: %v", what, err)
		}
	}
	response, err := d.Renew(t.Context(), certificate, &nodev1.RenewRequest{CertificateRequest: request(t, key)})
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := x509.ParseCertificate(response.GetCertificate())
	if err != nil {
		t.Fatal(err)
	}
	d.wantReason(t, fresh, "")
	if id, err := d.db.NodeIdentity(t.Context(), "n"); err != nil || !id.ExpiresAt.Equal(fresh.NotAfter) {
		t.Errorf("identity %+v, %v; want it until %s", id, err, fresh.NotAfter)
	}
	d.advance(time.Nanosecond)
	d.wantReason(t, certificate, nodeid.TooLate)
}

func TestEachReasonToRefuse(t *testing.T) {
	t.Parallel()
	d := open(t)
	d.wantReason(t, open(t).mustJoin(t, "n", preset, newKey(t)), nodeid.Foreign)
	stranger, err := d.authority.Issue("stranger", request(t, newKey(t)))
	if err != nil {
		t.Fatal(err)
	}
	d.wantReason(t, stranger, nodeid.Unknown)
	first := d.mustJoin(t, "n", preset, newKey(t))
	second := d.mustJoin(t, "n", preset, newKey(t))
	d.wantReason(t, first, nodeid.Replaced)
	d.wantReason(t, second, "")
	if err := d.Revoke(t.Context(), "nobody", "admin"); errs.CodeOf(err) != errs.NotFound {
		t.Errorf("revoked nobody: %v", err)
	}
	before := d.changes.Load()
	if err := d.Revoke(t.Context(), "n", "admin"); err != nil {
		t.Fatal(err)
	}
	if d.changes.Load() == before {
		t.Error("nobody is told of the revocation")
	}
	d.wantReason(t, second, nodeid.Revoked)
	d.wantReason(t, first, nodeid.Replaced)
	d.advance(100 * 24 * time.Hour) // what is revoked is not merely old
	d.wantReason(t, second, nodeid.Revoked)
	if status.Code(d.Accepted("n", nodeid.KeyHash(second))) != codes.Unauthenticated {
		t.Error("the refusal has no code")
	}
	if _, err := d.join(t, "n", preset, newKey(t)); errs.CodeOf(err) != errs.PermissionDenied {
		t.Errorf("the preset token undoes the revocation: %v", err)
	}
}

// A node whose certificate is ours and whom the database does not know, after a restore say, is remembered for 24 hours
// behind the last time it came, until it has joined again. A foreign one and one that is known are not.
func TestOrphansAreRemembered(t *testing.T) {
	t.Parallel()
	d := open(t)
	come := func(node string) {
		t.Helper()
		certificate, err := d.authority.Issue(node, request(t, newKey(t)))
		if err != nil {
			t.Fatal(err)
		}
		d.wantReason(t, certificate, nodeid.Unknown)
	}
	orphans := func(want map[string]time.Time) {
		t.Helper()
		if got := d.Orphans(); !maps.EqualFunc(got, want, time.Time.Equal) {
			t.Errorf("orphans %v, want %v", got, want)
		}
	}
	d.wantReason(t, open(t).mustJoin(t, "foreign", preset, newKey(t)), nodeid.Foreign)
	d.mustJoin(t, "known", preset, newKey(t))
	d.wantReason(t, d.mustJoin(t, "known", preset, newKey(t)), "")
	orphans(nil)

	come("a")
	come("b")
	begun := d.now()
	orphans(map[string]time.Time{"a": begun, "b": begun})
	d.Orphans()["c"] = begun // the result is the caller's
	d.advance(24 * time.Hour)
	come("b")
	orphans(map[string]time.Time{"a": begun, "b": d.now()})
	d.advance(time.Nanosecond)
	orphans(map[string]time.Time{"b": begun.Add(24 * time.Hour)})
	d.mustJoin(t, "b", preset, newKey(t))
	orphans(nil)
}

// While the database is away, who is known stays welcome and may renew; nobody joins.
func TestKnownNodesOutliveTheDatabase(t *testing.T) {
	t.Parallel()
	d := open(t)
	key := newKey(t)
	certificate := d.mustJoin(t, "n", preset, key)
	d.db.down.Store(true)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	d.wantReason(t, certificate, "")
	if _, err := d.Renew(t.Context(), certificate, &nodev1.RenewRequest{CertificateRequest: request(t, key)}); err != nil {
		t.Errorf("renew: %v", err)
	}
	if _, err := d.join(t, "m", preset, newKey(t)); errs.CodeOf(err) != errs.Unavailable {
		t.Errorf("join: %v", err)
	}
	stranger, err := d.authority.Issue("m", request(t, newKey(t)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Identify(t.Context(), stranger); errs.CodeOf(err) != errs.Unavailable {
		t.Errorf("who is not known is told %v, want to try again", err)
	}

	// It comes back with a revocation of another replica.
	if err := d.db.Enrollment.RevokeNode(t.Context(), "n", "admin", d.now()); err != nil {
		t.Fatal(err)
	}
	before := d.changes.Load()
	d.db.down.Store(false)
	for deadline := time.Now().Add(20 * time.Second); d.changes.Load() == before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the revocation is never noticed")
		}
	}
	d.wantReason(t, certificate, nodeid.Revoked)
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// ticket makes a token and returns its text.
func (d *desk) ticket(t *testing.T, node string) string {
	t.Helper()
	_, secret, err := d.CreateToken(t.Context(), enrollment.NewToken{By: "admin", TTL: time.Hour, Uses: 10, Node: node})
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func TestATokenForANodeIsForNoOther(t *testing.T) {
	t.Parallel()
	d := open(t)
	bound := d.ticket(t, "n")
	if _, err := d.join(t, "m", bound, newKey(t)); errs.CodeOf(err) != errs.PermissionDenied {
		t.Errorf("another node joins with it: %v", err)
	}
	d.mustJoin(t, "n", bound, newKey(t))
}

// The name of a node that serves is not for everyone who may join.
func TestTheNameOfAConnectedNodeIsKept(t *testing.T) {
	t.Parallel()
	d := open(t)
	key := newKey(t)
	present := d.mustJoin(t, "n", preset, key)
	d.connected.Store(true)
	for name, secret := range map[string]string{"the preset token": preset, "a token for any node": d.ticket(t, "")} {
		if _, err := d.join(t, "n", secret, newKey(t)); errs.CodeOf(err) != errs.FailedPrecondition || !strings.Contains(err.Error(), "--node n") {
			t.Errorf("with %s: %v", name, err)
		}
	}
	d.mustJoin(t, "n", preset, key) // it may repeat its own join
	d.wantReason(t, present, "")
	d.mustJoin(t, "other", preset, newKey(t)) // a name that nobody has
	d.mustJoin(t, "n", d.ticket(t, "n"), newKey(t))
	d.wantReason(t, present, nodeid.Replaced)
	d.connected.Store(false)
	d.mustJoin(t, "n", preset, newKey(t))
}

// A flood of made-up tokens uses up what strangers may ask, and nobody with a real token waits.
func TestAFloodOfJoinsStarvesNoValidToken(t *testing.T) {
	t.Parallel()
	d := open(t)
	secret := d.ticket(t, "")
	refused := 0
	for range 1000 {
		_, made := nodeid.NewToken()
		if _, err := d.join(t, "flood", made, newKey(t)); errs.CodeOf(err) == errs.ResourceExhausted {
			refused++
		} else if errs.CodeOf(err) != errs.Unauthenticated {
			t.Fatal(err)
		}
	}
	if refused == 0 {
		t.Error("strangers may ask the database without end")
	}
	d.mustJoin(t, "n", secret, newKey(t))
	d.mustJoin(t, "m", preset, newKey(t))
}

func TestTokensHaveBounds(t *testing.T) {
	t.Parallel()
	d := open(t)
	for _, bad := range []struct {
		ttl  time.Duration
		uses int
	}{{0, 1}, {-time.Hour, 1}, {24*time.Hour + 1, 1}, {time.Hour, 0}, {time.Hour, 1001}} {
		if _, _, err := d.CreateToken(t.Context(), enrollment.NewToken{By: "admin", TTL: bad.ttl, Uses: bad.uses}); errs.CodeOf(err) != errs.InvalidArgument {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if _, err := enrollment.New(t.Context(), enrollment.Config{}); err == nil || !strings.Contains(err.Error(), "required") {
		t.Errorf("a service of nothing: %v", err)
	}
}
