// Package pki is the control plane's private certificate authority: one for each database,
// by which nodes and control-plane replicas know each other. It issues short-lived
// certificates for keys that never leave their owners, and says whom a certificate names;
// whether that node is welcome is decided elsewhere.
//
// Names are SPIFFE ids in a trust domain of the database's own:
// spiffe://<domain>/node/<name> and spiffe://<domain>/controlplane/<replica>. Host names
// and addresses play no part: a node may dial any name, through any number of load
// balancers that pass TCP on.
package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/trunkline-ai/trunkline/internal/domain/nodeid"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

const (
	// Lifetime is for how long a node's certificate is good. Nodes renew at two thirds.
	Lifetime = 24 * time.Hour
	// authorityLifetime outlives every installation: there is no replacing an authority yet.
	authorityLifetime = 50 * 365 * 24 * time.Hour
	// skew is how far apart the clocks of replicas may be.
	skew = time.Hour
	// nodeSkew is how far a node's clock may be off for the node still to trust a replica:
	// a day fast, two days slow.
	nodeSkew = 24 * time.Hour
)

// Authority issues certificates. It is safe for concurrent use.
type Authority struct {
	domain      string
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
	roots       *x509.CertPool
	now         func() time.Time
	server      server
}

// New makes a new authority with a trust domain of its own. Ensure gives the one of a
// database.
func New(now func() time.Time) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the key of the authority: %w", err)
	}
	domain := uuid.NewString()
	template := certificate("Trunkline nodes "+domain, now().Add(-2*nodeSkew), now().Add(authorityLifetime))
	template.URIs = append(template.URIs, nodeid.AuthorityURI(domain))
	template.IsCA, template.BasicConstraintsValid, template.MaxPathLenZero = true, true, true
	template.KeyUsage = x509.KeyUsageCertSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make the certificate of the authority: %w", err)
	}
	return open(key, der, now)
}

// open takes an authority into use.
func open(key *ecdsa.PrivateKey, der []byte, now func() time.Time) (*Authority, error) {
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("certificate of the authority: %w", err)
	}
	domain, err := nodeid.Domain(cert)
	if err != nil {
		return nil, err
	}
	if !key.PublicKey.Equal(cert.PublicKey) {
		return nil, errors.New("the key of the authority does not belong to its certificate")
	}
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	return &Authority{domain: domain, key: key, certificate: cert, roots: roots, now: now}, nil
}

// Domain is the trust domain.
func (a *Authority) Domain() string { return a.domain }

// Certificate is that of the authority, in DER.
func (a *Authority) Certificate() []byte { return a.certificate.Raw }

// Issue makes a certificate for the key of a request, PKCS #10 in DER, which is named as
// told and not as the request says. The errors are errs.InvalidArgument.
func (a *Authority) Issue(node string, request []byte) (*x509.Certificate, error) {
	if err := nodeid.CheckName(node); err != nil {
		return nil, errs.Newf(errs.InvalidArgument, "%s", err)
	}
	csr, err := x509.ParseCertificateRequest(request)
	if err == nil {
		err = csr.CheckSignature()
	}
	if err != nil {
		return nil, errs.Wrap(errs.InvalidArgument, err, "the certificate request cannot be read or is not signed with its own key")
	}
	key, ok := csr.PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, errs.Newf(errs.InvalidArgument, "the key of the certificate request must be ECDSA P-256")
	}
	template := certificate("", a.now().Add(-skew), a.now().Add(Lifetime))
	template.URIs = append(template.URIs, nodeid.NodeURI(a.domain, node))
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	return a.sign(template, key)
}

func (a *Authority) sign(template *x509.Certificate, key *ecdsa.PublicKey) (*x509.Certificate, error) {
	template.KeyUsage = x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key, a.key)
	if err != nil {
		return nil, fmt.Errorf("issue a certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}

// Verify says which node a certificate names, if this authority issued it. Its time is
// not looked at: that is the caller's to judge.
func (a *Authority) Verify(cert *x509.Certificate) (node string, err error) {
	_, err = cert.Verify(x509.VerifyOptions{
		Roots:       a.roots,
		CurrentTime: cert.NotAfter,
		KeyUsages:   []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return "", fmt.Errorf("verify the node's certificate: %w", err)
	}
	domain, node, err := nodeid.Node(cert)
	if err != nil {
		return "", err
	}
	if domain != a.domain {
		return "", fmt.Errorf("the node's certificate is one of domain %s", domain)
	}
	return node, nil
}

// certificate is what all of them have in common.
func certificate(commonName string, from, until time.Time) *x509.Certificate {
	return &x509.Certificate{ // CreateCertificate makes a random serial number
		Subject:   pkix.Name{Organization: []string{"Trunkline"}, CommonName: commonName},
		NotBefore: from, NotAfter: until,
	}
}
