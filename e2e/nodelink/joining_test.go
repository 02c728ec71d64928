package nodelink

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/trunkline-ai/trunkline/dataplane/uplink"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/identity"
	"github.com/trunkline-ai/trunkline/internal/nodeid"
	"github.com/trunkline-ai/trunkline/internal/testenv"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// diary is what a node logged, to wait for.
type diary struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (d *diary) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text.Write(p)
}

func (d *diary) says(text string) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Contains(d.text.String(), text)
}

func (d *diary) await(t *testing.T, text string) {
	t.Helper()
	until(t, "the node logs "+text, func() bool { return d.says(text) })
}

// logs lets a node write a diary.
func (d *diary) logs(change func(*uplink.Config)) func(*uplink.Config) {
	return func(c *uplink.Config) {
		c.Logger = slog.New(slog.NewTextHandler(d, nil))
		change(c)
	}
}

// with is an identity of a token, in a folder.
func with(secret, dir string, more ...func(*identity.Config)) func(*identity.Config) {
	return func(i *identity.Config) {
		i.JoinToken, i.Dir = secret, dir
		for _, change := range more {
			change(i)
		}
	}
}

// ticket makes a join token.
func (c *control) ticket(t *testing.T, uses int) (id, secret string) {
	t.Helper()
	made, secret, err := c.joins.CreateToken(t.Context(), "admin", "of the test", time.Hour, uses)
	if err != nil {
		t.Fatal(err)
	}
	return made.ID, secret
}

func TestANodeJoinsOnceWithATokenAndReturnsWithoutIt(t *testing.T) {
	t.Parallel()
	lis := listen(t, "127.0.0.1:0")
	c := serve(t, lis, newConfig(1, 1), newLedger())
	address, dir := lis.Addr().String(), t.TempDir()
	id, secret := c.ticket(t, 1)

	n := join(t, "a", address, known(t, with(secret, dir)))
	n.reaches(t, 1)
	n.stop()
	var second diary
	stranger := join(t, "b", address, second.logs(known(t, with(secret, ""))))
	second.await(t, "join token "+id+` is used up: node \"a\" joined with it`)
	stranger.stop()

	n = join(t, "a", address, known(t, with("", dir)))
	n.reaches(t, 1)
	tokens, err := c.joins.Tokens(t.Context())
	if err != nil || len(tokens) != 1 || len(tokens[0].Uses) != 1 || tokens[0].Uses[0].Node != "a" || tokens[0].CreatedBy != "admin" {
		t.Errorf("tokens %+v, %v", tokens, err)
	}
	if len(c.nodes.Nodes()) != 1 {
		t.Errorf("nodes %v", c.nodes.Nodes())
	}
	if _, err := identity.Open(identity.Config{Node: "c", Logger: slog.New(slog.DiscardHandler)}); !errors.Is(err, identity.ErrNoToken) {
		t.Errorf("a node with nothing to show: %v", err)
	}
	if _, err := identity.Open(identity.Config{Dir: dir, Node: "c", Logger: slog.New(slog.DiscardHandler)}); err == nil || !strings.Contains(err.Error(), `that of node "a"`) {
		t.Errorf("another name in the same folder: %v", err)
	}
}

// The clock moves past the token's hour; then the token is deleted.
func TestTokensThatCannotBeUsedSayWhy(t *testing.T) {
	t.Parallel()
	lis := listen(t, "127.0.0.1:0")
	cfg := newConfig(1, 1)
	c := serve(t, lis, cfg, newLedger())
	id, secret := c.ticket(t, 5)
	cfg.realm.advance(time.Hour)
	for _, step := range []struct {
		secret, want string
		change       func()
	}{
		{secret, "join token " + id + " expired at ", func() {}},
		{secret, "join token " + id + " is unknown here", func() {
			if err := c.joins.DeleteToken(t.Context(), id, "admin"); err != nil {
				t.Fatal(err)
			}
		}},
		{"tl-join-" + id + "-" + strings.Repeat("a", 52), "join token " + id + " is unknown here", func() {}},
		{"tl-join-typo", "the proof of the join token does not fit", func() {}},
	} {
		step.change()
		var d diary
		n := join(t, "n", lis.Addr().String(), d.logs(known(t, with(step.secret, "", cfg.realm.identity))))
		d.await(t, step.want)
		n.stop()
	}
}

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
	later.await(t, "somebody with a certificate of their own")
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
	c *realm
	t *testing.T
}

func (i impostor) Enroll(_ context.Context, req *nodev1.EnrollRequest) (*nodev1.EnrollResponse, error) {
	_, authority := i.c.replica(i.t, nil)
	leaf, err := authority.Issue(req.GetNode(), req.GetCertificateRequest())
	if err != nil {
		return nil, err
	}
	return &nodev1.EnrollResponse{Certificate: leaf.Raw, Authority: authority.Certificate(), Proof: make([]byte, 32)}, nil
}

func TestAnImpostorIsNotBelieved(t *testing.T) {
	t.Parallel()
	lis := listen(t, "127.0.0.1:0")
	server := grpc.NewServer(grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: []tls.Certificate{forged(t, "d")}})), grpc.WaitForHandlers(true))
	nodev1.RegisterNodeServiceServer(server, impostor{c: newRealm(t), t: t})
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

func TestCertificatesAreRenewedInTime(t *testing.T) {
	t.Parallel()
	lis := listen(t, "127.0.0.1:0")
	cfg := newConfig(1, 1)
	c := serve(t, lis, cfg, newLedger())
	dir := t.TempDir()
	var d diary
	often := func(change func(*uplink.Config)) func(*uplink.Config) {
		return func(c *uplink.Config) { c.RenewCheck = 5 * time.Millisecond; change(c) }
	}
	n := join(t, "a", lis.Addr().String(), d.logs(often(known(t, with(token, dir, cfg.realm.identity)))))
	n.reaches(t, 1)
	first := n.CertificateExpires()
	if left := first.Sub(cfg.realm.now()); left < 23*time.Hour || left > 24*time.Hour {
		t.Errorf("the certificate is good for %s", left)
	}
	cfg.realm.advance(15 * time.Hour) // not yet two thirds
	n.flush(t)
	if d.says("certificate renewed") {
		t.Error("renewed after 15 h")
	}
	cfg.realm.advance(2 * time.Hour)
	d.await(t, "certificate renewed")
	until(t, "a newer certificate", func() bool { return n.CertificateExpires().Sub(first) > 16*time.Hour })
	renewed := n.CertificateExpires()
	if got := c.joins.Identities()["a"].ExpiresAt; !got.Equal(first.UTC()) && !got.Equal(renewed.UTC()) {
		t.Errorf("the control plane knows of %s", got)
	}
	if d.says("control plane lost") {
		t.Error("the link was cut")
	}
	n.stop()

	// Cut off for 6 days beyond its end it still renews; without a token.
	cfg.realm.advance(7 * 24 * time.Hour)
	var back diary
	n = join(t, "a", lis.Addr().String(), back.logs(known(t, with("", dir, cfg.realm.identity))))
	n.reaches(t, 1)
	back.await(t, "certificate renewed")
	if !n.CertificateExpires().After(cfg.realm.now()) {
		t.Errorf("certificate expires %s", n.CertificateExpires())
	}
	n.stop()

	// And for 8 days it does not. With a token it joins again.
	cfg.realm.advance(9 * 24 * time.Hour)
	var late diary
	n = join(t, "a", lis.Addr().String(), late.logs(known(t, with("", dir, cfg.realm.identity))))
	late.await(t, "too long ago to be renewed")
	n.stop()
	n = join(t, "a", lis.Addr().String(), known(t, with(token, dir, cfg.realm.identity)))
	n.reaches(t, 1)
}

// A node whose clock is slow learns from the control plane that its certificate is over.
func TestASlowClockDoesNotLockANodeOut(t *testing.T) {
	t.Parallel()
	lis := listen(t, "127.0.0.1:0")
	cfg := newConfig(1, 1)
	serve(t, lis, cfg, newLedger())
	dir := t.TempDir()
	var slow clock
	n := join(t, "a", lis.Addr().String(), known(t, with(token, dir, slow.identity)))
	n.reaches(t, 1)
	n.stop()
	cfg.realm.advance(30 * time.Hour) // the node's stands still
	var d diary
	n = join(t, "a", lis.Addr().String(), d.logs(known(t, with("", dir, slow.identity))))
	n.reaches(t, 1)
	if !d.says("must be renewed; if the node thinks otherwise, its clock is wrong") || !d.says("certificate renewed") {
		t.Errorf("log:\n%s", &d.text)
	}
	n.stop()

	cfg.realm.advance(4 * 24 * time.Hour)
	var far diary
	n = join(t, "a", lis.Addr().String(), far.logs(known(t, with("", dir, slow.identity))))
	far.await(t, "one of the clocks is far off")
	n.stop()
}

func TestARevokedNodeIsCutAndJoinsOnlyWithANewToken(t *testing.T) {
	t.Parallel()
	lis := listen(t, "127.0.0.1:0")
	c := serve(t, lis, newConfig(1, 1), newLedger())
	address, dir := lis.Addr().String(), t.TempDir()
	_, before := c.ticket(t, 10)
	var d diary
	n := join(t, "a", address, d.logs(known(t, with(before, dir))))
	other := join(t, "b", address, known(t, nil))
	n.reaches(t, 1)
	other.reaches(t, 1)
	if err := c.joins.Revoke(t.Context(), "a", "admin"); err != nil {
		t.Fatal(err)
	}
	d.await(t, "the node was revoked at ")
	d.await(t, "it joins again only with a join token made after that") // for its old token
	until(t, "it is gone", func() bool {
		nodes := c.nodes.Nodes()
		return len(nodes) == 2 && !nodes[0].GetConnected() && nodes[1].GetConnected()
	})
	if n.serving.Load() == nil || n.Revision() != 1 {
		t.Error("it does not serve what it has")
	}
	n.stop()

	_, after := c.ticket(t, 1)
	n = join(t, "a", address, known(t, with(after, dir)))
	n.reaches(t, 1)
	n.stop()
	n = join(t, "a", address, known(t, with("", dir)))
	n.reaches(t, 1)
}

func TestTheNodeThatJoinedLastHasTheName(t *testing.T) {
	t.Parallel()
	lis := listen(t, "127.0.0.1:0")
	c := serve(t, lis, newConfig(1, 1), newLedger())
	var d diary
	first := join(t, "a", lis.Addr().String(), d.logs(known(t, nil)))
	first.reaches(t, 1)
	second := join(t, "a", lis.Addr().String(), known(t, nil))
	second.reaches(t, 1)
	d.await(t, "another node has joined under this name")
	until(t, "the second stays", func() bool { nodes := c.nodes.Nodes(); return len(nodes) == 1 && live(nodes[0], "a", 1) })
}

// Another control plane, though it knows the token too, is not the one.
func TestANodeStaysWithItsControlPlane(t *testing.T) {
	t.Parallel()
	one, two := listen(t, "127.0.0.1:0"), listen(t, "127.0.0.1:0")
	serve(t, one, newConfig(1, 1), newLedger())
	c := serve(t, two, newConfig(1, 1), newLedger())
	dir := t.TempDir()
	n := join(t, "a", one.Addr().String(), known(t, with(token, dir)))
	n.reaches(t, 1)
	n.stop()
	var d diary
	n = join(t, "a", two.Addr().String(), d.logs(known(t, with(token, dir))))
	d.await(t, "this is another control plane")
	n.stop()
	if len(c.joins.Identities()) != 0 {
		t.Errorf("it joined: %v", c.joins.Identities())
	}
}

func TestReplicasShareWhoHasJoined(t *testing.T) {
	t.Parallel()
	shared := newRealm(t)
	shared.url = testenv.Postgres(t)
	var (
		replicas  [2]*control
		addresses [2]string
	)
	for i := range replicas {
		cfg := newConfig(1, 1)
		cfg.realm = shared
		lis := listen(t, "127.0.0.1:0")
		addresses[i] = lis.Addr().String()
		replicas[i] = serve(t, lis, cfg, newLedger())
	}
	_, a := shared.replica(t, nil)
	_, b := shared.replica(t, nil)
	if !slices.Equal(a.Certificate(), b.Certificate()) {
		t.Fatal("two authorities")
	}
	dir := t.TempDir()
	id, secret := replicas[0].ticket(t, 1)
	n := join(t, "a", addresses[0], known(t, with(secret, dir)))
	n.reaches(t, 1)
	n.stop()
	var d diary // at once, before the other replica's next poll
	n = join(t, "a", addresses[1], d.logs(known(t, with("", dir))))
	n.reaches(t, 1)
	var used diary
	stranger := join(t, "b", addresses[1], used.logs(known(t, with(secret, ""))))
	used.await(t, "join token "+id+" is used up")
	stranger.stop()
	if err := replicas[0].joins.Revoke(t.Context(), "a", "admin"); err != nil {
		t.Fatal(err)
	}
	d.await(t, "the node was revoked at ")
	until(t, "the other replica lets it go", func() bool {
		nodes := replicas[1].nodes.Nodes()
		return len(nodes) == 1 && !nodes[0].GetConnected()
	})
}

func TestTheIdentityFolderIsForItsOwnerOnly(t *testing.T) {
	t.Parallel()
	lis := listen(t, "127.0.0.1:0")
	serve(t, lis, newConfig(1, 1), newLedger())
	dir := filepath.Join(t.TempDir(), "identity")
	n := join(t, "a", lis.Addr().String(), known(t, with(token, dir)))
	n.reaches(t, 1)
	n.stop()
	var names []string
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		info, err := file.Info()
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", file.Name(), info.Mode(), err)
		}
		names = append(names, file.Name())
	}
	if !slices.Equal(names, []string{"identity.pem", "secret"}) {
		t.Errorf("files %q", names)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the folder: %v, %v", info.Mode(), err)
	}
	open := func(token string) (*identity.Identity, error) {
		return identity.Open(identity.Config{Dir: dir, Node: "a", JoinToken: token, Logger: slog.New(slog.DiscardHandler)})
	}
	was, err := open("")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "identity.pem")
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := open(token); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Errorf("a key that others may read: %v", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("no longer PEM"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := open(""); err == nil || !strings.Contains(err.Error(), "new join token") {
		t.Errorf("a damaged key without a token: %v", err)
	}
	again, err := open(token)
	if err != nil || again.Joined() || !bytes.Equal(again.Secret(), was.Secret()) {
		t.Errorf("a damaged key with a token: %v", err)
	}
}
