package secrets

import (
	"context"
	"crypto/rand"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// SystemRef begins the Ref of the control plane's own secrets.
const SystemRef = "system/"

const (
	pepperRef  = SystemRef + "api-key-pepper"
	bodyKeyRef = SystemRef + "body-key"
)

// SecretStore keeps sealed secrets of the control plane itself.
type SecretStore interface {
	// EnsureSecret stores s unless its ref is taken, and returns what is stored now.
	EnsureSecret(ctx context.Context, s controlplane.Secret) (controlplane.Secret, error)
}

// EnsurePepper gives the database's pepper, which keys the hashes of API keys, and makes
// it on first use. Replicas that start at once get the same one.
func EnsurePepper(ctx context.Context, store SecretStore, sealer controlplane.Sealer) ([]byte, error) {
	return ensure(ctx, store, sealer, pepperRef)
}

// EnsureBodies gives the sealer of the bodies of calls. It works under a key of the database's own,
// so that no body need be touched when the master key is rotated, however many there are.
func EnsureBodies(ctx context.Context, store SecretStore, sealer controlplane.Sealer) (BodySealer, error) {
	key, err := ensure(ctx, store, sealer, bodyKeyRef)
	if err != nil {
		return BodySealer{}, err
	}
	ring, err := New(key)
	if err != nil {
		return BodySealer{}, err
	}
	return Bodies(ring), nil
}

// ensure gives a random secret of KeySize bytes.
func ensure(ctx context.Context, store SecretStore, sealer controlplane.Sealer, ref string) ([]byte, error) {
	fresh := make([]byte, KeySize)
	rand.Read(fresh) // never fails
	sealed, err := sealer.Seal(fresh, []byte(ref))
	if err != nil {
		return nil, errs.Wrap(errs.Internal, err, "seal "+ref)
	}
	stored, err := store.EnsureSecret(ctx, controlplane.Secret{Ref: ref, Ciphertext: sealed})
	if err != nil {
		return nil, err
	}
	plain, err := sealer.Open(stored.Ciphertext, []byte(ref))
	if err != nil {
		return nil, CannotOpen(ref, err)
	}
	if len(plain) != KeySize {
		return nil, errs.Newf(errs.Internal, "%s has %d bytes, want %d", ref, len(plain), KeySize)
	}
	return plain, nil
}

// CannotOpen says that one of the control plane's own secrets does not open.
func CannotOpen(ref string, cause error) error {
	return errs.Wrap(errs.FailedPrecondition, cause,
		"TRUNKLINE_SECRET_KEY does not open "+ref+" of this database; give the key that it is sealed under")
}
