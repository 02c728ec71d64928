package validation

import (
	"github.com/trunkline-ai/trunkline/internal/outbound"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// checkOutbound checks the way to a provider. Whether the key belongs to the client certificate is checked
// where the key is in clear.
func checkOutbound(d document, doc *adminv1.Provider) {
	if text := doc.GetCaCertificates(); text != "" {
		if _, err := outbound.ParseCertificates(text); err != nil {
			d.add("ca_certificates", "are not usable: %s", err)
		}
	}
	if c := doc.GetClientCertificate(); c != nil {
		if _, err := outbound.ParseCertificates(c.GetCertificate()); err != nil {
			d.add("client_certificate.certificate", "is not usable: %s", err)
		}
		checkSealed(d, "client_certificate.secret", c)
	}
	if p := doc.GetProxy(); p != nil {
		if _, err := outbound.ParseProxy(p.GetUrl()); err != nil {
			d.add("proxy.url", "%s", err)
		}
		if p.GetUsername() != "" {
			checkSealed(d, "proxy.secret", p)
		}
	}
}
