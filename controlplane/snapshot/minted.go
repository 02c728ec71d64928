package snapshot

import (
	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// minted says how nodes get what they send for a credential; nil: they send its secret.
func minted(c *adminv1.Credential) *nodev1.MintedCredential {
	s, is := controlplane.MintedSpec(c, "")
	if !is {
		return nil
	}
	s = s.Completed()
	return &nodev1.MintedCredential{
		Kind: s.Kind, Source: s.Source, Region: s.Region, Service: s.Service, AccessKeyId: s.AccessKeyID, RoleArn: s.RoleARN, ExternalId: s.ExternalID,
		TenantId: s.Tenant, Authority: s.Authority, TokenUrl: s.TokenURL, ClientId: s.ClientID, Scope: s.Scope, Audience: s.Audience,
		ClientAuth: s.ClientAuth, ServiceAccount: s.Account,
	}
}
