package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/trunkline-ai/trunkline/internal/domain/nodeid"
)

// server is the certificate of this replica. It exists in memory only, is made when it is
// first needed and again in time.
type server struct {
	mu       sync.Mutex // guards the fields below
	current  *tls.Certificate
	signedBy *issuer
}

// ServerTLS is what the node link is served with: TLS 1.3, and the certificate of a client
// is asked for but not judged, so that whoever is refused can be told why. The connection
// does prove that the client has the certificate's key.
func (a *Authority) ServerTLS() *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		ClientAuth:             tls.RequestClientCert,
		SessionTicketsDisabled: true, // every connection is judged again
		Time:                   a.now,
		GetCertificate:         func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return a.replica() },
	}
}

// replica gives a certificate that is good for nodes whose clocks are off by up to nodeSkew.
func (a *Authority) replica() (*tls.Certificate, error) {
	a.server.mu.Lock()
	defer a.server.mu.Unlock()
	now, signing := a.now(), a.set.Load().signing
	if c := a.server.current; c != nil && a.server.signedBy == signing && now.Add(nodeSkew).Before(c.Leaf.NotAfter) && now.After(c.Leaf.NotBefore) {
		return c, nil
	}
	made, err := makeReplica(signing, now)
	if err != nil {
		return nil, err
	}
	a.server.current, a.server.signedBy = made, signing
	return made, nil
}

func makeReplica(signing *issuer, now time.Time) (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make the key of this replica: %w", err)
	}
	template := certificate("", now.Add(-2*nodeSkew), now.Add(2*nodeSkew))
	template.URIs = append(template.URIs, nodeid.ControlPlaneURI(signing.domain, uuid.NewString()))
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	leaf, err := signing.sign(template, &key.PublicKey)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}, nil
}
