package secrets

import (
	"context"
	"crypto/rand"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

const (
	pepperRef  = "system/api-key-pepper"
	pepperSize = 32
)

// SecretStore keeps sealed secrets of the control plane itself.
type SecretStore interface {
	// EnsureSecret stores s unless its ref is taken, and returns what is stored now.
	EnsureSecret(ctx context.Context, s controlplane.Secret) (controlplane.Secret, error)
}

// EnsurePepper gives the database's pepper, which keys the hashes of API keys, and makes
// it on first use. Replicas that start at once get the same one. When the sealer's key is
// not the one the database was begun with, the error says so.
func EnsurePepper(ctx context.Context, store SecretStore, sealer controlplane.Sealer) ([]byte, error) {
	pepper := make([]byte, pepperSize)
	rand.Read(pepper)
	sealed, err := sealer.Seal(pepper, []byte(pepperRef))
	if err != nil {
		return nil, errs.Wrap(errs.Internal, err, "seal the pepper of API keys")
	}
	stored, err := store.EnsureSecret(ctx, controlplane.Secret{Ref: pepperRef, Ciphertext: sealed})
	if err != nil {
		return nil, err
	}
	pepper, err = sealer.Open(stored.Ciphertext, []byte(pepperRef))
	if err != nil {
		return nil, errs.Wrap(errs.FailedPrecondition, err,
			"TRUNKLINE_SECRET_KEY does not open this database; give the key it was begun with")
	}
	if len(pepper) != pepperSize {
		return nil, errs.Newf(errs.Internal, "the pepper of API keys has %d bytes, want %d", len(pepper), pepperSize)
	}
	return pepper, nil
}
