package controlplane

import (
	"strings"

	"github.com/trunkline-ai/trunkline/internal/cloudauth"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// MintedSpec says how a credential becomes what is sent, and whether that is minted at all: otherwise
// it is the secret itself. Of several kinds, which validation refuses, the first counts.
func MintedSpec(c *adminv1.Credential, secret string) (s cloudauth.Spec, minted bool) {
	switch {
	case c.GetAwsSigv4() != nil:
		a := c.GetAwsSigv4()
		s = cloudauth.Spec{
			Kind: cloudauth.AWS, Source: a.GetSource(), Region: a.GetRegion(), Service: a.GetService(), AccessKeyID: a.GetAccessKeyId(),
			RoleARN: a.GetRoleArn(), ExternalID: a.GetExternalId(),
		}
	case c.GetGoogle() != nil:
		g := c.GetGoogle()
		s = cloudauth.Spec{Kind: cloudauth.Google, Source: g.GetSource(), Scope: strings.Join(g.GetScopes(), " "), Account: g.GetServiceAccount()}
	case c.GetEntra() != nil:
		e := c.GetEntra()
		s = cloudauth.Spec{
			Kind: cloudauth.Entra, Source: e.GetSource(), Tenant: e.GetTenantId(), ClientID: e.GetClientId(), Scope: e.GetScope(), Authority: e.GetAuthority(),
		}
	case c.GetOauth() != nil:
		o := c.GetOauth()
		s = cloudauth.Spec{
			Kind: cloudauth.OAuth, TokenURL: o.GetTokenUrl(), ClientID: o.GetClientId(), Scope: o.GetScope(), Audience: o.GetAudience(), ClientAuth: o.GetClientAuth(),
		}
	default:
		return s, false
	}
	s.Secret = secret
	return s, true
}

// NeedsSecret reports whether a secret belongs to a credential; one that is a machine's identity has none.
func NeedsSecret(c *adminv1.Credential) bool {
	s, minted := MintedSpec(c, "")
	return !minted || s.NeedsSecret()
}

// SecretDestination says where a credential's secret goes when that is not to the provider; a stored
// secret never goes to another one.
func SecretDestination(c *adminv1.Credential) string {
	s, minted := MintedSpec(c, "")
	if !minted {
		return ""
	}
	return s.Destination()
}
