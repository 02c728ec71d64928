package config

import (
	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/cloudauth"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// needsSecret reports whether a secret belongs to a part; a credential that is a machine's identity
// has none.
func needsSecret(part controlplane.Sealed) bool {
	c, ok := part.SealedPart.(*adminv1.Credential)
	return !ok || controlplane.NeedsSecret(c)
}

// destination says where the secret of a part goes when that is not to the provider.
func destination(part controlplane.Sealed) string {
	c, ok := part.SealedPart.(*adminv1.Credential)
	if !ok {
		return ""
	}
	return controlplane.SecretDestination(c)
}

// isFile reports whether a secret is a file of several lines, which no header holds.
func isFile(part controlplane.Sealed) bool {
	c, ok := part.SealedPart.(*adminv1.Credential)
	return part.List == "client_certificate" || ok && c.GetGoogle() != nil
}

// mintedFault says what is wrong with the secret of a credential that is minted; empty: nothing.
func mintedFault(part controlplane.Sealed, secret string) (fault string) {
	c, ok := part.SealedPart.(*adminv1.Credential)
	if !ok {
		return ""
	}
	spec, minted := controlplane.MintedSpec(c, secret)
	if !minted {
		return ""
	}
	spec.Check(func(field, reason string) {
		if field == cloudauth.SecretField {
			fault = reason
		}
	})
	return fault
}
