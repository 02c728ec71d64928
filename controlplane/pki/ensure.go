package pki

import (
	"context"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
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
}

// Ensure gives the database's authority and makes it on first use. Replicas that start at
// once get the same one. Its key is sealed, and a backup that is restored brings the same
// authority back, so nodes know it again.
func Ensure(ctx context.Context, store SecretStore, sealer controlplane.Sealer, now func() time.Time) (*Authority, error) {
	fresh, err := New(now)
	if err != nil {
		return nil, errs.Wrap(errs.Internal, err, "make the authority of nodes")
	}
	plain, err := fresh.encode()
	if err != nil {
		return nil, errs.Wrap(errs.Internal, err, "encode the authority of nodes")
	}
	sealed, err := sealer.Seal(plain, []byte(secretRef))
	if err != nil {
		return nil, errs.Wrap(errs.Internal, err, "seal the authority of nodes")
	}
	stored, err := store.EnsureSecret(ctx, controlplane.Secret{Ref: secretRef, Ciphertext: sealed})
	if err != nil {
		return nil, err
	}
	if plain, err = sealer.Open(stored.Ciphertext, []byte(secretRef)); err != nil {
		return nil, errs.Wrap(errs.FailedPrecondition, err, "the authority of nodes cannot be opened with TRUNKLINE_SECRET_KEY")
	}
	authority, err := decode(plain, now)
	if err != nil {
		return nil, errs.Wrap(errs.Internal, err, "read the authority of nodes")
	}
	return authority, nil
}

// encode writes the authority as PEM: its key and its certificate.
func (a *Authority) encode() ([]byte, error) {
	key, err := x509.MarshalPKCS8PrivateKey(a.key)
	if err != nil {
		return nil, err
	}
	return append(
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.certificate.Raw})...), nil
}

func decode(text []byte, now func() time.Time) (*Authority, error) {
	first, rest := pem.Decode(text)
	second, _ := pem.Decode(rest)
	if first == nil || second == nil {
		return nil, errors.New("it is not a key and a certificate in PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(first.Bytes)
	if err != nil {
		return nil, fmt.Errorf("key of the authority: %w", err)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("the key of the authority is a %T", parsed)
	}
	return open(key, second.Bytes, now)
}
