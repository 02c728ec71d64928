package dataplane

import (
	"github.com/trunkline-ai/trunkline/internal/cloudauth"
	"github.com/trunkline-ai/trunkline/internal/domain/routing"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Credential is one key of a provider.
type Credential struct {
	Name   string
	Secret Secret // empty where something is minted
	Minted *Minted
	Scope  Scope
	Echoes Echoes // what a good answer must not repeat when it was sent
	Place  routing.Place

	ref reference
}

// Minted is how a credential becomes what is sent, where that is not the secret itself.
type Minted struct {
	Spec cloudauth.Spec
	Way  cloudauth.Way
	// Source has what was minted. It is set before the snapshot is in use.
	Source TokenSource
}

// TokenSource has what was minted for a credential.
type TokenSource interface {
	// Token gives what is valid now; nil: there is nothing. It neither waits nor allocates.
	Token() *Token
}

// Token is what was minted, and how it is hidden.
type Token struct {
	cloudauth.Grant
	secrets []Secret
	echoes  Echoes
}

// NewToken makes a Token of what was minted.
func NewToken(g cloudauth.Grant) *Token {
	t := &Token{Grant: g}
	for _, secret := range g.Sent() {
		t.secrets = append(t.secrets, Secret(secret))
		t.echoes = t.echoes.with(secret)
	}
	return t
}

// Secrets are the given ones and its own, those first that are longer by far.
func (t *Token) Secrets(others []Secret) []Secret {
	return append(t.secrets[:len(t.secrets):len(t.secrets)], others...)
}

// Echoes are the given ones and its own.
func (t *Token) Echoes(others Echoes) Echoes {
	return Echoes{append(t.echoes.texts[:len(t.echoes.texts):len(t.echoes.texts)], others.texts...)}
}

// compileCredentials reads a provider's credentials; the provider is complete but for them.
func (p *Provider) compileCredentials(in []*nodev1.Credential) {
	for _, c := range in {
		cred := &Credential{
			Name:  c.GetName(),
			Scope: Scope{Kind: ScopeCredential, Provider: p.Name, Name: c.GetName()},
			Place: routing.CredentialPlace(p.Name, c.GetName()),
		}
		if m := c.GetMinted(); m == nil {
			cred.Secret = Secret(c.GetSecret())
		} else {
			cred.Minted = &Minted{
				Way: cloudauth.Way{Outbound: p.Outbound, Private: p.AllowPrivateNetwork},
				Spec: cloudauth.Spec{
					Kind: m.GetKind(), Source: m.GetSource(), Secret: c.GetSecret(),
					Region: m.GetRegion(), Service: m.GetService(), AccessKeyID: m.GetAccessKeyId(), RoleARN: m.GetRoleArn(), ExternalID: m.GetExternalId(),
					Tenant: m.GetTenantId(), Authority: m.GetAuthority(), TokenURL: m.GetTokenUrl(), ClientID: m.GetClientId(),
					Scope: m.GetScope(), Audience: m.GetAudience(), ClientAuth: m.GetClientAuth(), Account: m.GetServiceAccount(),
				}.Completed(),
			}
		}
		p.Credentials = append(p.Credentials, cred)
	}
}
