package config

import (
	"slices"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/errs"
	"github.com/trunkline-ai/trunkline/internal/outbound"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// moved says why a provider's secrets could go to somebody else than before; empty: they cannot.
// A proxy reads what is sent to a provider in clear, and with an authority of somebody's own it could
// read what is sent over TLS. Taking either away leads back to the provider itself.
func moved(now, before *adminv1.Provider) string {
	switch {
	case before == nil:
		return ""
	case !slices.Contains(controlplane.Origins(before), controlplane.Origin(now.GetBaseUrl())):
		return "base_url moves to another scheme, host or port"
	case !within(controlplane.Origins(now), controlplane.Origins(before)):
		return "an endpoint's base_url names a scheme, host or port that the provider did not have"
	case proxyOf(now) != "" && proxyOf(now) != proxyOf(before):
		return "the proxy is another one"
	case usable(now.GetCaCertificates()) && now.GetCaCertificates() != before.GetCaCertificates():
		return "ca_certificates are others"
	}
	return ""
}

// within reports whether all of some origins are among others.
func within(some, others []string) bool {
	return !slices.ContainsFunc(some, func(origin string) bool { return !slices.Contains(others, origin) })
}

// usable reports whether there are authorities; what is none of it is refused anyway.
func usable(authorities string) bool {
	_, err := outbound.ParseCertificates(authorities)
	return err == nil
}

// proxyOf is the address of a provider's proxy; empty: there is none, or what is none and is refused anyway.
func proxyOf(p *adminv1.Provider) string {
	if p.GetProxy() == nil {
		return ""
	}
	u, err := outbound.ParseProxy(p.GetProxy().GetUrl())
	if err != nil {
		return ""
	}
	return u.String()
}

// clientCertificate refuses a certificate whose key, given now or stored, is another one.
func (in *normalizer) clientCertificate(c *controlplane.Config, t *normalized, d *adminv1.Provider) []errs.Violation {
	for part := range controlplane.SealedParts(d) {
		if part.List != "client_certificate" || part.GetSecretRef() == "" {
			continue
		}
		sealed, _ := c.Secret(part.GetSecretRef())
		for _, fresh := range t.secrets {
			if fresh.Ref == part.GetSecretRef() {
				sealed = fresh.Ciphertext
			}
		}
		key, err := in.sealer.Open(sealed, part.Binding(controlplane.KindProvider, d.GetName()))
		if err == nil {
			_, err = outbound.Config{Certificate: d.GetClientCertificate().GetCertificate(), ClientKey: string(key)}.TLS()
		}
		if err != nil {
			return []errs.Violation{{
				Field:       controlplane.FieldPath(controlplane.KindProvider, d.GetName(), part.Path()),
				Description: "is not the key of this certificate, or one of them is not PEM",
			}}
		}
	}
	return nil
}
