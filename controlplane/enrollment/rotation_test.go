package enrollment_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"log/slog"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/enrollment"
	"github.com/trunkline-ai/trunkline/controlplane/pki"
	"github.com/trunkline-ai/trunkline/controlplane/secrets"
	"github.com/trunkline-ai/trunkline/controlplane/store"
	"github.com/trunkline-ai/trunkline/internal/domain/nodeid"
	"github.com/trunkline-ai/trunkline/internal/errs"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// rotating is a desk whose authority is kept, and whose service runs.
func rotating(t *testing.T) *desk {
	t.Helper()
	return rotatingOn(t, func(a *pki.Authority) enrollment.Authority { return a })
}

func rotatingOn(t *testing.T, use func(*pki.Authority) enrollment.Authority) *desk {
	t.Helper()
	d := &desk{at: time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)}
	log := slog.New(slog.DiscardHandler)
	db, err := store.Open(t.Context(), store.Config{URL: "sqlite:///" + filepath.Join(t.TempDir(), "db"), Logger: log, Now: d.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	sealer, err := secrets.New(bytes.Repeat([]byte{1}, secrets.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	if d.authority, err = pki.Ensure(t.Context(), store.NewSecrets(db), sealer, d.now); err != nil {
		t.Fatal(err)
	}
	d.db = &database{Enrollment: store.NewEnrollment(db)}
	d.Service, err = enrollment.New(t.Context(), enrollment.Config{
		Store: d.db, Authority: use(d.authority), Sealer: sealer, Preset: func() string { return preset }, Logger: log, Now: d.now, Poll: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return d
}

// tells is a node that tells what it trusts; the first signed its certificate.
func (d *desk) tells(certificate *x509.Certificate, authorities ...string) (renew bool) {
	return d.Told(certificate.URIs[0].Path[len("/node/"):], nodeid.KeyHash(certificate), authorities)
}

func (d *desk) awaitRotation(t *testing.T, what string, ok func(enrollment.Rotation) bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(d.Rotation()); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s: %+v", what, d.Rotation())
		}
	}
}

func waitsFor(nodes ...string) func(enrollment.Rotation) bool {
	return func(r enrollment.Rotation) bool { return len(r.Keys) == 2 && slices.Equal(r.Waiting, nodes) }
}

func signs(fingerprint string, keys int) func(enrollment.Rotation) bool {
	return func(r enrollment.Rotation) bool {
		return r.Keys[0].Fingerprint == fingerprint && len(r.Keys) == keys
	}
}

func TestAReplacementWaitsForEveryNode(t *testing.T) {
	t.Parallel()
	d := rotating(t)
	old := d.Rotation().Keys[0].Fingerprint
	a, b, gone := d.mustJoin(t, "a", preset, newKey(t)), d.mustJoin(t, "b", preset, newKey(t)), d.mustJoin(t, "gone", preset, newKey(t))
	revoked := d.mustJoin(t, "revoked", preset, newKey(t))
	if err := d.Revoke(t.Context(), "revoked", "admin"); err != nil {
		t.Fatal(err)
	}
	for _, certificate := range []*x509.Certificate{a, b, gone, revoked} {
		if d.tells(certificate, old) {
			t.Error("a node is to renew although nothing has changed")
		}
	}
	if d.tells(a) {
		t.Error("a node of an older build is to renew")
	}
	for what, err := range map[string]error{
		"advanced": d.Advance(t.Context(), nil, "admin"), "given up": d.Cancel(t.Context(), "admin"),
	} {
		if errs.CodeOf(err) != errs.FailedPrecondition {
			t.Errorf("nothing is %s: %v", what, err)
		}
	}
	if err := d.Rotate(t.Context(), "admin"); err != nil {
		t.Fatal(err)
	}
	d.advance(time.Minute)
	d.awaitRotation(t, "all are waited for", waitsFor("a", "b", "gone"))
	next := d.Rotation().Keys[1].Fingerprint
	if !d.tells(a, old) || d.tells(a, old) {
		t.Error("a node is not asked to renew, or at each moment")
	}
	d.advance(time.Minute)
	if !d.tells(a, old) {
		t.Error("a node that did not renew is not asked again")
	}
	if d.tells(a, old, next) || d.tells(gone, old, next) {
		t.Error("a node that has both is to renew")
	}
	d.awaitRotation(t, "one is waited for", waitsFor("b"))
	if err := d.Advance(t.Context(), []string{"a"}, "admin"); errs.CodeOf(err) != errs.FailedPrecondition {
		t.Errorf("a node that was not named is left behind: %v", err)
	}
	d.tells(b, old, next)
	d.awaitRotation(t, "the new key signs", signs(next, 2))

	d.advance(time.Minute)
	d.awaitRotation(t, "certificates are replaced", waitsFor("a", "b", "gone"))
	if !d.tells(a, old, next) {
		t.Error("a node with an old certificate is not asked to renew")
	}
	d.tells(a, next, old)
	d.tells(b, next, old)
	d.awaitRotation(t, "the one that is gone is waited for", waitsFor("gone"))
	d.advance(24*time.Hour + enrollment.Grace - 3*time.Minute)
	if r := d.Rotation(); len(r.Keys) != 2 {
		t.Errorf("it was not waited for: %+v", r)
	}
	d.advance(time.Hour) // it could not come back any more; the others have not renewed either
	d.awaitRotation(t, "the old key is gone", signs(next, 1))
	if !d.tells(a, next, old) || d.tells(b, next) {
		t.Error("a node that trusts the old key still is not asked to renew")
	}
}

func TestNodesAreLeftBehindByName(t *testing.T) {
	t.Parallel()
	d := rotating(t)
	d.mustJoin(t, "a", preset, newKey(t))
	d.mustJoin(t, "b", preset, newKey(t))
	if err := d.Rotate(t.Context(), "admin"); err != nil {
		t.Fatal(err)
	}
	next := d.Rotation().Keys[1].Fingerprint
	if err := d.Advance(t.Context(), []string{"b", "a"}, "admin"); err != nil {
		t.Fatal(err)
	}
	d.awaitRotation(t, "the new key signs", signs(next, 2))
	fresh := d.mustJoin(t, "c", preset, newKey(t))
	if err := d.Advance(t.Context(), []string{"a", "b", "c"}, "admin"); err != nil {
		t.Fatal(err)
	}
	d.awaitRotation(t, "the old key is gone", signs(next, 1))
	d.wantReason(t, fresh, "")
	if err := d.Rotate(t.Context(), "admin"); err != nil {
		t.Fatal(err)
	}
	if err := d.Cancel(t.Context(), "admin"); err != nil {
		t.Fatal(err)
	}
	d.awaitRotation(t, "it is given up", signs(next, 1))
}

// What nodes tell while the database is away is stored afterwards.
func TestAReplacementOutlivesADatabaseThatIsAway(t *testing.T) {
	t.Parallel()
	d := rotating(t)
	old := d.Rotation().Keys[0].Fingerprint
	a := d.mustJoin(t, "a", preset, newKey(t))
	if err := d.Rotate(t.Context(), "admin"); err != nil {
		t.Fatal(err)
	}
	next := d.Rotation().Keys[1].Fingerprint
	d.db.down.Store(true)
	d.advance(time.Minute)
	d.tells(a, old, next)
	d.db.down.Store(false)
	d.awaitRotation(t, "the new key signs", signs(next, 2))
}

// cut is an authority whose replica can be cut off from the database.
type cut struct {
	*pki.Authority
	off atomic.Bool
}

func (c *cut) Follow(ctx context.Context) (bool, error) {
	if c.off.Load() {
		return false, errs.Newf(errs.Unavailable, "the database is away")
	}
	return c.Authority.Follow(ctx)
}

// A replica that is cut off in the middle of a replacement takes nothing from a node that it needs, orders nothing, and
// hears of revocations as soon as it can.
func TestAReplicaThatIsCutOffDoesNoHarm(t *testing.T) {
	t.Parallel()
	behind := &cut{}
	d := rotatingOn(t, func(a *pki.Authority) enrollment.Authority { behind.Authority = a; return behind })
	key := newKey(t)
	certificate := d.mustJoin(t, "a", preset, key)
	old := d.Rotation().Keys[0].Fingerprint
	behind.off.Store(true)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err := d.join(t, "b", preset, newKey(t)); errs.CodeOf(err) == errs.Unavailable {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("nodes join by a key that may be old")
		}
	}
	if d.tells(certificate, "00112233aabbccdd", old) {
		t.Error("it orders a node to renew that has more than it knows")
	}
	renewed, err := d.Renew(t.Context(), certificate, &nodev1.RenewRequest{CertificateRequest: request(t, key)})
	if err != nil || len(renewed.GetAuthorities()) != 0 {
		t.Errorf("renewed with %d authorities, %v; want none, so that the node keeps what it trusts", len(renewed.GetAuthorities()), err)
	}
	ahead, err := pki.New(d.now)
	if err != nil {
		t.Fatal(err)
	}
	if behind.IsPresent(certificate) != true || ahead.IsPresent(certificate) {
		t.Error("who signed a certificate is mistaken")
	}
	if err := d.db.RevokeNode(t.Context(), "a", "admin", d.now()); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); d.Accepted("a", nodeid.KeyHash(certificate)) == nil; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the revocation is not heard of while the keys cannot be read")
		}
	}
}
