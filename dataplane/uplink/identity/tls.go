package identity

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc/credentials"

	"github.com/trunkline-ai/trunkline/internal/domain/nodeid"
)

// Credentials are those of a link as this node: it shows its certificate, and talks to no
// one but the control plane it has joined.
func (i *Identity) Credentials() credentials.TransportCredentials {
	return credentials.NewTLS(i.config(true))
}

// joinCredentials are those of a connection on which the node joins: it shows nothing. A
// node that has never joined cannot verify who answers, so the answer has to prove itself.
func (i *Identity) joinCredentials() credentials.TransportCredentials {
	return credentials.NewTLS(i.config(false))
}

func (i *Identity) config(show bool) *tls.Config {
	i.mu.Lock()
	c := i.current
	i.mu.Unlock()
	cfg := &tls.Config{
		MinVersion: tls.VersionTLS13,
		// Names are no host names, so the verifying is ours.
		InsecureSkipVerify: true,
	}
	if c == nil {
		return cfg
	}
	cfg.VerifyConnection = func(state tls.ConnectionState) error { return i.verify(c, state) }
	if show {
		cfg.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &c.certificate, nil }
	}
	return cfg
}

// verify accepts the replicas of the control plane that the node has joined.
func (i *Identity) verify(c *credential, state tls.ConnectionState) error {
	if len(state.PeerCertificates) == 0 {
		return errors.New("the control plane presented no certificate")
	}
	leaf := state.PeerCertificates[0]
	domain, _, err := nodeid.ControlPlane(leaf)
	if err != nil {
		return fmt.Errorf("the server is not the control plane that this node has joined: %w", err)
	}
	if domain != c.domain {
		return fmt.Errorf("this is another control plane, %s; the node has joined %s: give it the right address, or remove %s to let it join this one",
			domain, c.domain, i.where())
	}
	_, err = leaf.Verify(x509.VerifyOptions{Roots: c.roots, CurrentTime: leaf.NotAfter, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	if err != nil {
		return fmt.Errorf("the server is not the control plane that this node has joined; its certificate is from another issuer: %w", err)
	}
	if now := i.cfg.Now(); now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) {
		return fmt.Errorf("the clock of this node says %s, but the control plane's certificate is valid from %s to %s: one of the clocks is far off",
			now.UTC().Format(time.RFC3339), leaf.NotBefore.Format(time.RFC3339), leaf.NotAfter.Format(time.RFC3339))
	}
	return nil
}

// where names what holds the identity, for people.
func (i *Identity) where() string {
	if i.folder == "" {
		return "what the node keeps in memory (restart it)"
	}
	return "the folder " + string(i.folder)
}
