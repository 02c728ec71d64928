package snapshot

import (
	"errors"
	"fmt"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// secrets adds what a provider keeps sealed, in clear: nodes send it. Of several credentials those
// whose master key is not lost are served; the provider is not readable when none is left, or when
// something else of it is lost.
func (b *builder) secrets(out *nodev1.Provider, in *adminv1.Provider) (readable bool, err error) {
	lost := 0
	for part := range controlplane.SealedParts(in) {
		if c, ok := part.SealedPart.(*adminv1.Credential); ok && !controlplane.IsEnabled(c.Enabled) {
			continue
		}
		secret, err := b.open(out.GetName(), part)
		if _, unknown := errors.AsType[*controlplane.UnknownKeyError](err); unknown {
			if part.List != "credentials" {
				return false, nil
			}
			lost++
			continue
		}
		if err != nil {
			return false, fmt.Errorf("%s: %w", part.Describe(), err)
		}
		switch part.List {
		case "credentials":
			out.Credentials = append(out.Credentials, &nodev1.Credential{
				Name: part.GetName(), Secret: secret, Minted: minted(part.SealedPart.(*adminv1.Credential)),
			})
		case "secret_headers":
			out.Headers = append(out.Headers, &nodev1.Header{Name: part.GetName(), Value: secret, Secret: true})
		case "secret_query":
			out.SecretQuery = append(out.SecretQuery, &nodev1.Header{Name: part.GetName(), Value: secret, Secret: true})
		case "client_certificate":
			out.ClientCertificate, out.ClientKey = in.GetClientCertificate().GetCertificate(), secret
		case "proxy":
			out.Proxy = &nodev1.OutboundProxy{
				Url: in.GetProxy().GetUrl(), Username: in.GetProxy().GetUsername(), Password: secret,
				AllowPrivateNetwork: in.GetProxy().GetAllowPrivateNetwork(),
			}
		default:
			return false, fmt.Errorf("%s: snapshots cannot carry %s", part.Describe(), part.List)
		}
	}
	return lost == 0 || len(out.Credentials) > 0, nil
}

// open gives a secret in clear. A credential without a reference was stored without a secret,
// for an upstream that needs none.
func (b *builder) open(provider string, part controlplane.Sealed) (string, error) {
	if part.GetSecretRef() == "" {
		return "", nil
	}
	ciphertext, ok := b.cfg.Secret(part.GetSecretRef())
	if !ok {
		return "", errors.New("its stored secret is missing")
	}
	secret, err := b.sealer.Open(ciphertext, part.Binding(controlplane.KindProvider, provider))
	if err != nil {
		return "", fmt.Errorf("open its secret: %w", err)
	}
	return string(secret), nil
}
