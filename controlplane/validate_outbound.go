package controlplane

import (
	"github.com/trunkline-ai/trunkline/internal/outbound"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// outbound checks the way to a provider. Whether the key belongs to the client certificate is checked
// where the key is in clear.
func (f *faults) outbound(r *Resource, doc *adminv1.Provider) {
	if text := doc.GetCaCertificates(); text != "" {
		if _, err := outbound.ParseCertificates(text); err != nil {
			f.add(r, "ca_certificates", "are not usable: %s", err)
		}
	}
	if c := doc.GetClientCertificate(); c != nil {
		if _, err := outbound.ParseCertificates(c.GetCertificate()); err != nil {
			f.add(r, "client_certificate.certificate", "is not usable: %s", err)
		}
		f.one(r, "client_certificate.secret", c.GetSecret(), c.GetSecretRef())
	}
	if p := doc.GetProxy(); p != nil {
		if _, err := outbound.ParseProxy(p.GetUrl()); err != nil {
			f.add(r, "proxy.url", "%s", err)
		}
		if p.GetUsername() != "" {
			f.one(r, "proxy.secret", p.GetSecret(), p.GetSecretRef())
		}
	}
}

// one checks that a secret is stored, sealed.
func (f *faults) one(r *Resource, field, secret, ref string) {
	if secret != "" {
		f.add(r, field, "is not sealed")
	}
	if ref == "" {
		f.add(r, field, "is required")
	}
}
