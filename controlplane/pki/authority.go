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
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/domain/nodeid"
	"github.com/trunkline-ai/trunkline/internal/errs"
)

const (
	// Lifetime is for how long a node's certificate is good. Nodes renew at two thirds.
	Lifetime = 24 * time.Hour
	// authorityLifetime outlives every installation: a key is replaced when somebody wants it to be.
	authorityLifetime = 50 * 365 * 24 * time.Hour
	// skew is how far apart the clocks of replicas may be.
	skew = time.Hour
	// nodeSkew is how far a node's clock may be off for the node still to trust a replica:
	// a day fast, two days slow.
	nodeSkew = 24 * time.Hour
)

// Authority issues certificates. It is safe for concurrent use.
type Authority struct {
	store  SecretStore
	sealer controlplane.Sealer
	domain string
	now    func() time.Time
	set    atomic.Pointer[set]
	server server
}

// New makes a new authority with a trust domain of its own, which is kept nowhere and whose key is not
// replaced. Ensure gives the one of a database.
func New(now func() time.Time) (*Authority, error) {
	signing, err := newIssuer("", controlplane.AuthoritySigning, now())
	if err != nil {
		return nil, err
	}
	s, err := newSet([]*issuer{signing}, nil)
	if err != nil {
		return nil, err
	}
	a := &Authority{domain: signing.domain, now: now}
	a.set.Store(s)
	return a, nil
}

// Domain is the trust domain.
func (a *Authority) Domain() string { return a.domain }

// Keys are those of the authority, the one that signs first.
func (a *Authority) Keys() (all []controlplane.AuthorityKey) {
	for _, i := range a.set.Load().issuers {
		all = append(all, i.AuthorityKey)
	}
	return all
}

// Certificates are those of the keys that are trusted now, in DER, the one that signs first.
func (a *Authority) Certificates() (all [][]byte) {
	for _, i := range a.set.Load().issuers {
		all = append(all, i.certificate.Raw)
	}
	return all
}

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
		return nil, errs.Wrap(errs.InvalidArgument, err, "the certificate request cannot be parsed or is not signed with its own key")
	}
	key, ok := csr.PublicKey.(*ecdsa.PublicKey)
	if !ok || key.Curve != elliptic.P256() {
		return nil, errs.Newf(errs.InvalidArgument, "the key of the certificate request must be ECDSA P-256")
	}
	template := certificate("", a.now().Add(-skew), a.now().Add(Lifetime))
	template.URIs = append(template.URIs, nodeid.NodeURI(a.domain, node))
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	return a.set.Load().signing.sign(template, key)
}

// IsPresent reports whether the key that signs now has signed a certificate.
func (a *Authority) IsPresent(cert *x509.Certificate) bool {
	return cert.CheckSignatureFrom(a.set.Load().signing.certificate) == nil
}

// Verify says which node a certificate names, if this authority issued it. Its time is
// not looked at: that is the caller's to judge.
func (a *Authority) Verify(cert *x509.Certificate) (node string, err error) {
	_, err = cert.Verify(x509.VerifyOptions{
		Roots:       a.set.Load().roots,
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
