package config

import (
	"bytes"
	"fmt"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/domain/apikey"
	"github.com/trunkline-ai/trunkline/internal/domain/visibility"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// apiKey hashes the secret that is given, keeps the stored one, or makes one.
func (in *normalizer) apiKey(t *normalized, d, before *adminv1.ApiKey) []errs.Violation {
	secret := d.GetSecret()
	d.Secret = ""
	if secret == "" && before != nil {
		visibility.Carry(d, before)
		return nil
	}
	if secret == "" {
		secret = apikey.Generate()
		t.generated = secret
	}
	if !apikey.Valid(secret) {
		text := fmt.Sprintf("must be %d to %d visible ASCII characters", apikey.MinLength, apikey.MaxLength)
		if apikey.Ours(secret) {
			text = "looks like a key that Trunkline made, but its checksum is wrong: it is mistyped or cut"
		}
		return []errs.Violation{{Field: controlplane.FieldPath(controlplane.KindAPIKey, d.GetName(), "secret"), Description: text}}
	}
	hash := apikey.Hash(in.pepper, secret)
	if before != nil && bytes.Equal(hash[:], before.GetSecretHash()) {
		visibility.Carry(d, before)
		return nil
	}
	if before.GetRevokeTime() != nil {
		return []errs.Violation{{
			Field:       controlplane.FieldPath(controlplane.KindAPIKey, d.GetName(), "secret"),
			Description: "cannot be replaced: the key is revoked; create another one",
		}}
	}
	d.SecretHash, d.Prefix, d.LastFour = hash[:], apikey.Prefix(secret), apikey.LastFour(secret)
	return nil
}
