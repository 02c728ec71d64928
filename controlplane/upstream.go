package controlplane

import (
	"maps"

	"github.com/trunkline-ai/trunkline/internal/errs"
	"github.com/trunkline-ai/trunkline/internal/outbound"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// Upstream is a provider as it is called: with its secrets in clear. They do not show in
// logs or in formatted text.
type Upstream struct {
	Provider *adminv1.Provider // in stored form; not to be changed
	// secret gives the secret of a part. What a function holds cannot be printed.
	secret func(Sealed) string
}

// NewUpstream is a provider, and what gives the secret of each of its parts.
func NewUpstream(provider *adminv1.Provider, secret func(Sealed) string) *Upstream {
	return &Upstream{Provider: provider, secret: secret}
}

// Credential gives the credential of that name, or the first enabled one for an empty name,
// and its secret. A provider without credentials gives nil.
func (u *Upstream) Credential(name string) (*adminv1.Credential, string, error) {
	for part := range SealedParts(u.Provider) {
		c, ok := part.SealedPart.(*adminv1.Credential)
		if !ok {
			continue
		}
		if name == "" && IsEnabled(c.Enabled) || name != "" && c.GetName() == name {
			return c, u.secret(part), nil
		}
	}
	switch {
	case name != "":
		return nil, "", errs.Newf(errs.FailedPrecondition, "provider %q has no credential %q", u.Provider.GetName(), name)
	case len(u.Provider.GetCredentials()) > 0:
		return nil, "", errs.Newf(errs.FailedPrecondition, "every credential of provider %q is disabled", u.Provider.GetName())
	}
	return nil, "", nil
}

// Outbound is the way to the provider.
func (u *Upstream) Outbound() outbound.Config {
	p := u.Provider
	cfg := outbound.Config{
		Authorities: p.GetCaCertificates(), Certificate: p.GetClientCertificate().GetCertificate(),
		Proxy: p.GetProxy().GetUrl(), ProxyUsername: p.GetProxy().GetUsername(), ProxyPrivate: p.GetProxy().GetAllowPrivateNetwork(),
	}
	for part := range SealedParts(p) {
		switch part.List {
		case "client_certificate":
			cfg.ClientKey = u.secret(part)
		case "proxy":
			cfg.ProxyPassword = u.secret(part)
		}
	}
	return cfg
}

// Headers are those that the provider adds to every request, secret ones too.
func (u *Upstream) Headers() map[string]string {
	return u.with(maps.Clone(u.Provider.GetHeaders()), "secret_headers")
}

// SecretQuery are the parameters that it adds to the query of its base URL.
func (u *Upstream) SecretQuery() map[string]string { return u.with(nil, "secret_query") }

func (u *Upstream) with(all map[string]string, list string) map[string]string {
	for part := range SealedParts(u.Provider) {
		if part.List != list {
			continue
		}
		if all == nil {
			all = map[string]string{}
		}
		all[part.GetName()] = u.secret(part)
	}
	return all
}
