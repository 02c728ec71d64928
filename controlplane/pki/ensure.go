package pki

import (
	"bytes"
	"context"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// secretRef is where the authority is kept.
const secretRef = "system/node-authority"

// SecretStore keeps sealed secrets of the control plane itself.
type SecretStore interface {
	// EnsureSecret stores s unless its ref is taken, and returns what is stored now.
	EnsureSecret(ctx context.Context, s controlplane.Secret) (controlplane.Secret, error)
	// Secret returns what is stored; errs.NotFound.
	Secret(ctx context.Context, ref string) (controlplane.Secret, error)
	// ReplaceSecret stores another ciphertext in the place of before; errs.Conflict when that is not
	// what is stored.
	ReplaceSecret(ctx context.Context, ref string, before, after []byte) error
}

// Ensure gives the database's authority and makes it on first use. Replicas that start at
// once get the same one. Its keys are sealed, and a backup that is restored brings the same
// authority back, so nodes know it again.
func Ensure(ctx context.Context, store SecretStore, sealer controlplane.Sealer, now func() time.Time) (*Authority, error) {
	fresh, err := New(now)
	if err != nil {
		return nil, errs.Wrap(errs.Internal, err, "create the node CA")
	}
	a := &Authority{store: store, sealer: sealer, now: now}
	sealed, err := a.seal(fresh.set.Load().issuers)
	if err != nil {
		return nil, err
	}
	stored, err := store.EnsureSecret(ctx, controlplane.Secret{Ref: secretRef, Ciphertext: sealed})
	if err != nil {
		return nil, err
	}
	s, err := a.open(stored.Ciphertext)
	if err != nil {
		return nil, err
	}
	a.domain = s.signing.domain
	a.set.Store(s)
	return a, nil
}

// Follow takes over what another replica has changed, and reports whether there was anything.
func (a *Authority) Follow(ctx context.Context) (changed bool, err error) {
	if a.store == nil { // kept nowhere
		return false, nil
	}
	// Loaded before the store is read: what this process changes in between is newer than what is read, and stays.
	before := a.set.Load()
	stored, err := a.store.Secret(ctx, secretRef)
	if err != nil {
		return false, err
	}
	if bytes.Equal(stored.Ciphertext, before.sealed) {
		return false, nil
	}
	s, err := a.open(stored.Ciphertext)
	if err != nil {
		return false, err
	}
	if s.signing.domain != a.domain {
		return false, errs.Newf(errs.FailedPrecondition, "the database now contains the node CA of another installation")
	}
	return a.set.CompareAndSwap(before, s), nil
}

func (a *Authority) seal(issuers []*issuer) ([]byte, error) {
	plain, err := encode(issuers)
	if err != nil {
		return nil, errs.Wrap(errs.Internal, err, "encode the node CA")
	}
	sealed, err := a.sealer.Seal(plain, []byte(secretRef))
	if err != nil {
		return nil, errs.Wrap(errs.Internal, err, "encrypt the node CA")
	}
	return sealed, nil
}

func (a *Authority) open(sealed []byte) (*set, error) {
	plain, err := a.sealer.Open(sealed, []byte(secretRef))
	if err != nil {
		return nil, errs.Wrap(errs.FailedPrecondition, err, "the node CA cannot be decrypted with TRUNKLINE_SECRET_KEY")
	}
	issuers, err := decode(plain)
	if err != nil {
		return nil, errs.Wrap(errs.Internal, err, "read the node CA")
	}
	s, err := newSet(issuers, sealed)
	if err != nil {
		return nil, errs.Wrap(errs.Internal, err, "read the node CA")
	}
	return s, nil
}
