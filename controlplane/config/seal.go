package config

import (
	"github.com/google/uuid"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

// seal seals a secret for the place that binding names, to be stored with the document, and
// gives the reference to it.
func (in *normalizer) seal(t *normalized, binding []byte, secret string) (ref string, err error) {
	sealed, err := in.sealer.Seal([]byte(secret), binding)
	if err != nil {
		return "", errs.Wrap(errs.Internal, err, "seal a secret")
	}
	ref = controlplane.CredentialRef + uuid.NewString()
	t.secrets = append(t.secrets, controlplane.Secret{Ref: ref, Ciphertext: sealed})
	return ref, nil
}

// isStored reports whether secret is the one that ref refers to. One that cannot be opened
// counts as another, and is sealed again.
func (in *normalizer) isStored(c *controlplane.Config, ref string, binding []byte, secret string) bool {
	sealed, ok := c.Secret(ref)
	if !ok {
		return false
	}
	plain, err := in.sealer.Open(sealed, binding)
	return err == nil && string(plain) == secret
}
