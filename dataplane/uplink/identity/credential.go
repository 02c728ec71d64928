package identity

import (
	"cmp"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/trunkline-ai/trunkline/internal/domain/nodeid"
)

// credential is a certificate with its key, and by whom it was issued. It is immutable.
type credential struct {
	node, domain string
	key          *ecdsa.PrivateKey
	certificate  tls.Certificate
	authorities  []*x509.Certificate // that are trusted, the one that issued the certificate first
	roots        *x509.CertPool
}

// newCredential checks that the parts belong together. Times are not looked at.
func newCredential(key *ecdsa.PrivateKey, certificate []byte, authorities [][]byte) (*credential, error) {
	leaf, err := x509.ParseCertificate(certificate)
	if err != nil {
		return nil, fmt.Errorf("the node's certificate: %w", err)
	}
	domain, node, err := nodeid.Node(leaf)
	if err != nil {
		return nil, err
	}
	if !key.PublicKey.Equal(leaf.PublicKey) {
		return nil, errors.New("the node's certificate does not match its key")
	}
	trusted, err := parseAuthorities(domain, authorities)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	for _, ca := range trusted {
		roots.AddCert(ca)
	}
	chains, err := leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: leaf.NotAfter, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	if err != nil {
		return nil, fmt.Errorf("the node's certificate: %w", err)
	}
	issuer := chains[0][len(chains[0])-1]
	slices.SortStableFunc(trusted, func(a, b *x509.Certificate) int { return cmp.Compare(rank(a, issuer), rank(b, issuer)) })
	return &credential{
		node: node, domain: domain, key: key, authorities: trusted, roots: roots,
		certificate: tls.Certificate{Certificate: [][]byte{certificate}, PrivateKey: key, Leaf: leaf},
	}, nil
}

// rank puts the issuer first.
func rank(ca, issuer *x509.Certificate) int {
	if ca.Equal(issuer) {
		return 0
	}
	return 1
}

// parseAuthorities reads the certificates of an authority's keys, all of which are of the node's domain.
func parseAuthorities(domain string, authorities [][]byte) (all []*x509.Certificate, err error) {
	for _, der := range authorities {
		ca, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("the CA certificate: %w", err)
		}
		of, err := nodeid.Domain(ca)
		if err != nil {
			return nil, fmt.Errorf("the CA certificate: %w", err)
		}
		if of != domain {
			return nil, errors.New("the node's certificate was not issued by its CA")
		}
		all = append(all, ca)
	}
	return all, nil
}

// fingerprints tell which authorities are trusted, the issuer of the certificate first.
func (c *credential) fingerprints() []string {
	all := make([]string, len(c.authorities))
	for i, ca := range c.authorities {
		all[i] = nodeid.Fingerprint(ca.Raw)
	}
	return all
}

// renewal is when a certificate that was not got just now is due to be renewed.
func (c *credential) renewal() time.Time {
	from, until := c.certificate.Leaf.NotBefore, c.certificate.Leaf.NotAfter
	return from.Add(until.Sub(from) * 2 / 3)
}

// encode writes key, certificate and authorities as PEM.
func (c *credential) encode() ([]byte, error) {
	key, err := encodeKey(c.key)
	if err != nil {
		return nil, err
	}
	for _, cert := range append([]*x509.Certificate{c.certificate.Leaf}, c.authorities...) {
		key = append(key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})...)
	}
	return key, nil
}

// decode is the inverse of encode.
func decode(text []byte) (*credential, error) {
	key, rest, err := decodeKey(text)
	if err != nil {
		return nil, err
	}
	var certificates [][]byte
	for block, rest := pem.Decode(rest); block != nil; block, rest = pem.Decode(rest) {
		certificates = append(certificates, block.Bytes)
	}
	if len(certificates) < 2 {
		return nil, errors.New("it is not a PEM key with two certificates")
	}
	return newCredential(key, certificates[0], certificates[1:])
}

func encodeKey(key *ecdsa.PrivateKey) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

func decodeKey(text []byte) (key *ecdsa.PrivateKey, rest []byte, err error) {
	block, rest := pem.Decode(text)
	if block == nil {
		return nil, nil, errors.New("it is not a PEM key")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, nil, fmt.Errorf("the node's key: %w", err)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok {
		return nil, nil, fmt.Errorf("the node's key is a %T", parsed)
	}
	return key, rest, nil
}
