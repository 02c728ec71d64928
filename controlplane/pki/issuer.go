package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/domain/nodeid"
)

// issuer is one key of the authority with its certificate. It is immutable.
type issuer struct {
	controlplane.AuthorityKey
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
	domain      string
}

// newIssuer makes a key for a trust domain; empty: a new one.
func newIssuer(domain string, role controlplane.AuthorityRole, now time.Time) (*issuer, error) {
	if domain == "" {
		domain = uuid.NewString()
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("create the CA key: %w", err)
	}
	template := certificate("Trunkline nodes "+domain, now.Add(-2*nodeSkew), now.Add(authorityLifetime))
	template.URIs = append(template.URIs, nodeid.AuthorityURI(domain))
	template.IsCA, template.BasicConstraintsValid, template.MaxPathLenZero = true, true, true
	template.KeyUsage = x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("create the CA certificate: %w", err)
	}
	return openIssuer(key, der, role, now)
}

func openIssuer(key *ecdsa.PrivateKey, der []byte, role controlplane.AuthorityRole, since time.Time) (*issuer, error) {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("CA certificate: %w", err)
	}
	domain, err := nodeid.Domain(cert)
	if err != nil {
		return nil, err
	}
	if !key.PublicKey.Equal(cert.PublicKey) {
		return nil, errors.New("the CA key does not match its certificate")
	}
	return &issuer{
		AuthorityKey: controlplane.AuthorityKey{Role: role, Since: since, Fingerprint: nodeid.Fingerprint(der), Expires: cert.NotAfter},
		key:          key, certificate: cert, domain: domain,
	}, nil
}

// as is the same key in another role.
func (i *issuer) as(role controlplane.AuthorityRole, since time.Time) *issuer {
	changed := *i
	changed.Role, changed.Since = role, since
	return &changed
}

func (i *issuer) sign(template *x509.Certificate, key *ecdsa.PublicKey) (*x509.Certificate, error) {
	template.KeyUsage = x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, i.certificate, key, i.key)
	if err != nil {
		return nil, fmt.Errorf("issue a certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}

// What the PEM of a key tells beside it. One that tells nothing is the only one, and signs.
const (
	roleHeader  = "Role"
	sinceHeader = "Since"
)

// encode writes issuers as PEM: of each its key and its certificate.
func encode(issuers []*issuer) ([]byte, error) {
	var text []byte
	for _, i := range issuers {
		key, err := x509.MarshalPKCS8PrivateKey(i.key)
		if err != nil {
			return nil, err
		}
		text = append(text, pem.EncodeToMemory(&pem.Block{
			Type: "PRIVATE KEY", Bytes: key,
			Headers: map[string]string{roleHeader: string(i.Role), sinceHeader: i.Since.UTC().Format(time.RFC3339)},
		})...)
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: i.certificate.Raw})...)
	}
	return text, nil
}

// decode is the inverse of encode.
func decode(text []byte) (issuers []*issuer, err error) {
	for {
		first, rest := pem.Decode(text)
		if first == nil {
			break
		}
		second, rest := pem.Decode(rest)
		if second == nil {
			return nil, errors.New("a key without a certificate")
		}
		text = rest
		one, err := decodeIssuer(first, second)
		if err != nil {
			return nil, err
		}
		issuers = append(issuers, one)
	}
	if len(issuers) == 0 {
		return nil, errors.New("it is not a PEM key and certificate")
	}
	return issuers, nil
}

func decodeIssuer(private, public *pem.Block) (*issuer, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(private.Bytes)
	if err != nil {
		return nil, fmt.Errorf("CA key: %w", err)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("the CA key is a %T", parsed)
	}
	role, since := controlplane.AuthoritySigning, time.Time{}
	if said := private.Headers[roleHeader]; said != "" {
		role = controlplane.AuthorityRole(said)
		if since, err = time.Parse(time.RFC3339, private.Headers[sinceHeader]); err != nil {
			return nil, fmt.Errorf("CA key: %w", err)
		}
	}
	return openIssuer(key, public.Bytes, role, since)
}
