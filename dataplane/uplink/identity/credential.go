package identity

import (
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/trunkline-ai/trunkline/internal/domain/nodeid"
)

// credential is a certificate with its key, and by whom it was issued. It is immutable.
type credential struct {
	node, domain string
	key          *ecdsa.PrivateKey
	certificate  tls.Certificate
	authority    *x509.Certificate
	roots        *x509.CertPool
}

// newCredential checks that the parts belong together. Times are not looked at.
func newCredential(key *ecdsa.PrivateKey, certificate, authority []byte) (*credential, error) {
	leaf, err := x509.ParseCertificate(certificate)
	if err != nil {
		return nil, fmt.Errorf("the node's certificate: %w", err)
	}
	ca, err := x509.ParseCertificate(authority)
	if err != nil {
		return nil, fmt.Errorf("the certificate of the authority: %w", err)
	}
	domain, err := nodeid.Domain(ca)
	if err != nil {
		return nil, fmt.Errorf("the certificate of the authority: %w", err)
	}
	within, node, err := nodeid.Node(leaf)
	if err != nil {
		return nil, err
	}
	if within != domain || !key.PublicKey.Equal(leaf.PublicKey) {
		return nil, errors.New("the node's certificate is not for its key, or not of its authority")
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	_, err = leaf.Verify(x509.VerifyOptions{Roots: roots, CurrentTime: leaf.NotAfter, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	if err != nil {
		return nil, fmt.Errorf("the node's certificate: %w", err)
	}
	return &credential{
		node: node, domain: domain, key: key, authority: ca, roots: roots,
		certificate: tls.Certificate{Certificate: [][]byte{certificate}, PrivateKey: key, Leaf: leaf},
	}, nil
}

// renewal is when a certificate that was not got just now is due to be renewed.
func (c *credential) renewal() time.Time {
	from, until := c.certificate.Leaf.NotBefore, c.certificate.Leaf.NotAfter
	return from.Add(until.Sub(from) * 2 / 3)
}

// encode writes key, certificate and authority as PEM.
func (c *credential) encode() ([]byte, error) {
	key, err := encodeKey(c.key)
	if err != nil {
		return nil, err
	}
	for _, der := range [][]byte{c.certificate.Leaf.Raw, c.authority.Raw} {
		key = append(key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	return key, nil
}

// decode is the inverse of encode.
func decode(text []byte) (*credential, error) {
	key, rest, err := decodeKey(text)
	if err != nil {
		return nil, err
	}
	leaf, rest := pem.Decode(rest)
	authority, _ := pem.Decode(rest)
	if leaf == nil || authority == nil {
		return nil, errors.New("it is not a key and two certificates in PEM")
	}
	return newCredential(key, leaf.Bytes, authority.Bytes)
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
		return nil, nil, errors.New("it is not a key in PEM")
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
