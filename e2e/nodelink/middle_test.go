package nodelink

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/trunkline-ai/trunkline/controlplane/pki"
	"github.com/trunkline-ai/trunkline/internal/domain/nodeid"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// between is a man in the middle: to nodes he shows a certificate of his own, he dials the
// control plane himself, and reads all that passes.
type between struct {
	address        string
	said, answered notes // by nodes, and to them
}

// notes are bytes that may be read while they are written.
type notes struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (n *notes) Write(p []byte) (int, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.text.Write(p)
}

func (n *notes) read() []byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	return bytes.Clone(n.text.Bytes())
}

// forged is a certificate that names a control plane and is nobody's.
func forged(t *testing.T, domain string) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		URIs: []*url.URL{nodeid.ControlPlaneURI(domain, "r")}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func intercept(t *testing.T, target, domain string) *between {
	t.Helper()
	lis, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{forged(t, domain)}, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	b := &between{address: lis.Addr().String()}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			victim, err := lis.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer victim.Close()
				real, err := tls.Dial("tcp", target, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
				if err != nil {
					return
				}
				defer real.Close()
				wg.Go(func() { defer victim.Close(); io.Copy(io.MultiWriter(&b.answered, victim), real) })
				io.Copy(io.MultiWriter(&b.said, real), victim)
			})
		}
	})
	t.Cleanup(func() {
		lis.Close()
		wg.Wait()
	})
	return b
}

func TestAManInTheMiddleLearnsNothingAndIsRefused(t *testing.T) {
	t.Parallel()
	lis := listen(t, "127.0.0.1:0")
	cfg := newConfig(1, 1)
	c := serve(t, lis, cfg, newLedger())
	address, dir := lis.Addr().String(), t.TempDir()
	id, secret := c.ticket(t, 1)
	_, authority := cfg.realm.replica(t, nil)
	spy := intercept(t, address, authority.Domain())

	var d diary
	n := join(t, "a", spy.address, d.logs(known(t, with(secret, dir))))
	d.await(t, "something between node and control plane ends TLS")
	n.stop()
	if len(spy.said.read()) < 400 { // a certificate request alone has about 200 bytes
		t.Error("the spy did not see the call at all")
	}
	seen := append(spy.said.read(), spy.answered.read()...)
	key := nodeid.TokenKey(secret)
	for _, hidden := range [][]byte{[]byte(secret), []byte(secret[len(secret)-52:]), key} {
		if bytes.Contains(seen, hidden) {
			t.Error("the spy saw the token")
		}
	}
	tokens, err := c.joins.Tokens(t.Context())
	if err != nil || len(tokens[0].Uses) != 0 {
		t.Errorf("the token was used: %+v, %v", tokens, err)
	}

	// On the right way the same token works, and from then on the spy is told from the
	// control plane before anything is said.
	n = join(t, "a", address, known(t, with(secret, dir)))
	n.reaches(t, 1)
	n.stop()
	before := spy.said.read()
	var later diary
	n = join(t, "a", spy.address, later.logs(known(t, with("", dir))))
	later.await(t, "its certificate is from another issuer")
	n.stop()
	if !bytes.Equal(spy.said.read(), before) {
		t.Error("the node spoke to the spy")
	}
	if tokens, err = c.joins.Tokens(t.Context()); err != nil || tokens[0].ID != id || len(tokens[0].Uses) != 1 {
		t.Errorf("tokens %+v, %v", tokens, err)
	}
}

// impostor is a control plane that does not know the token.
type impostor struct {
	nodev1.UnimplementedNodeServiceServer
	authority *pki.Authority
}

func (i impostor) Enroll(_ context.Context, req *nodev1.EnrollRequest) (*nodev1.EnrollResponse, error) {
	leaf, err := i.authority.Issue(req.GetNode(), req.GetCertificateRequest())
	if err != nil {
		return nil, err
	}
	return &nodev1.EnrollResponse{Certificate: leaf.Raw, Authority: i.authority.Certificates()[0], Proof: make([]byte, 32)}, nil
}

func TestAnImpostorIsNotBelieved(t *testing.T) {
	t.Parallel()
	lis := listen(t, "127.0.0.1:0")
	server := grpc.NewServer(grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: []tls.Certificate{forged(t, "d")}})), grpc.WaitForHandlers(true))
	_, authority := newRealm(t).replica(t, nil) // before anybody joins: nodes may join again while the test ends
	nodev1.RegisterNodeServiceServer(server, impostor{authority: authority})
	served := make(chan error, 1)
	go func() { served <- server.Serve(lis) }()
	t.Cleanup(func() {
		server.Stop()
		<-served
	})
	dir := t.TempDir()
	var d diary
	n := join(t, "a", lis.Addr().String(), d.logs(known(t, with(token, dir))))
	d.await(t, "does not prove that it comes from a control plane that knows the join token")
	n.stop()
	if _, err := os.Stat(filepath.Join(dir, "identity.pem")); !os.IsNotExist(err) {
		t.Errorf("the node kept the impostor's certificate: %v", err)
	}
}
