package nodeid_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/trunkline-ai/trunkline/internal/domain/nodeid"
)

func TestTokensAreMadeAndRecognised(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 100 {
		id, token := nodeid.NewToken()
		if !strings.HasPrefix(token, nodeid.TokenPrefix+id+"-") || len(token) != len("tl-join-")+8+1+52 || seen[token] {
			t.Fatalf("token %q with id %q", token, id)
		}
		seen[token] = true
		if got := nodeid.TokenID(token); got != id || !nodeid.IsTokenID(id) {
			t.Errorf("%q has id %q, want %q", token, got, id)
		}
		if bytes.Equal(nodeid.TokenKey(token), nodeid.TokenKey(token+"x")) || len(nodeid.TokenKey(token)) != 32 {
			t.Error("a key that is not the token's")
		}
	}
	secret := strings.Repeat("a", 52)
	for token, want := range map[string]string{
		"tl-join-abcdefgh-" + secret:      "abcdefgh",
		"tl-join-abcdefgh-" + secret[1:]:  "preset",
		"tl-join-abcdefgh":                "preset",
		"tl-join-ABCDEFGH-" + secret:      "preset",
		"tl-join-abcdefg-" + secret:       "preset",
		"tl-join-abcdefg1-" + secret:      "preset",
		"tl-join-" + secret:               "preset",
		"chosen by a person, long enough": "preset",
		"":                                "preset",
	} {
		if got := nodeid.TokenID(token); got != want {
			t.Errorf("%q has id %q, want %q", token, got, want)
		}
	}
}

func TestAuthorizationComesBack(t *testing.T) {
	t.Parallel()
	proof := bytes.Repeat([]byte{0xff, 0}, 16)
	for _, id := range []string{"preset", "abcdefgh"} {
		gotID, got, ok := nodeid.ParseAuthorization(nodeid.Authorization(id, proof))
		if !ok || gotID != id || !bytes.Equal(got, proof) {
			t.Errorf("%s: %q %x %t", id, gotID, got, ok)
		}
	}
	for _, bad := range []string{"", "Join", "Join preset", "Join preset AAAA", "Bearer preset " + strings.Repeat("A", 43),
		"Join other " + strings.Repeat("A", 43), "Join preset " + strings.Repeat("A", 43) + " x", "Join preset " + strings.Repeat("!", 43)} {
		if _, _, ok := nodeid.ParseAuthorization(bad); ok {
			t.Errorf("%q is taken", bad)
		}
	}
}

// Every part counts, and none can be moved into its neighbour.
func TestProofsDifferInEveryPart(t *testing.T) {
	t.Parallel()
	type args struct{ key, channel, node, a, b string }
	right := args{"key", "channel", "node", "certificate", "authority"}
	nodeProof := func(x args) string {
		return string(nodeid.NodeProof([]byte(x.key), []byte(x.channel), x.node, []byte(x.a)))
	}
	planeProof := func(x args) string {
		return string(nodeid.ControlPlaneProof([]byte(x.key), []byte(x.channel), x.node, []byte(x.a), []byte(x.b)))
	}
	seen := map[string]string{}
	note := func(what, proof string) {
		if was, ok := seen[proof]; ok {
			t.Errorf("%s proves as much as %s", what, was)
		}
		seen[proof] = what
	}
	note("a node", nodeProof(right))
	note("a control plane", planeProof(right))
	for i, x := range []args{
		{"other", "channel", "node", "certificate", "authority"},
		{"key", "other", "node", "certificate", "authority"},
		{"key", "channel", "other", "certificate", "authority"},
		{"key", "channel", "node", "other", "authority"},
		{"key", "channe", "lnode", "certificate", "authority"},
		{"key", "channel", "nodec", "ertificate", "authority"},
	} {
		note(fmt.Sprint("node ", i), nodeProof(x))
		note(fmt.Sprint("control plane ", i), planeProof(x))
	}
	note("authority", planeProof(args{"key", "channel", "node", "certificate", "other"}))
	note("moved", planeProof(args{"key", "channel", "node", "certificatea", "uthority"}))
	if !nodeid.Equal([]byte(nodeProof(right)), []byte(nodeProof(right))) || nodeid.Equal([]byte(nodeProof(right)), []byte(planeProof(right))) || nodeid.Equal(nil, []byte(nodeProof(right))) {
		t.Error("Equal is wrong")
	}
}

// pair is both ends of a TLS connection of that version.
func pair(t *testing.T, version uint16) (a, b tls.ConnectionState) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	left, right := net.Pipe()
	server := tls.Server(left, &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}})
	client := tls.Client(right, &tls.Config{InsecureSkipVerify: true, MaxVersion: version})
	done := make(chan error, 1)
	go func() { done <- server.Handshake() }()
	err = client.Handshake()
	// The server's last messages, tickets, would wait for a reader.
	go func() { _, _ = client.Read(make([]byte, 1)) }()
	if err := errors.Join(err, <-done); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { left.Close(); right.Close() })
	return client.ConnectionState(), server.ConnectionState()
}

func TestAChannelIsTheSameAtBothEndsAndNowhereElse(t *testing.T) {
	t.Parallel()
	client, server := pair(t, tls.VersionTLS13)
	other, _ := pair(t, tls.VersionTLS13)
	a, err := nodeid.Channel(client)
	if err != nil || len(a) != 32 {
		t.Fatalf("%x, %v", a, err)
	}
	if b, err := nodeid.Channel(server); err != nil || !bytes.Equal(a, b) {
		t.Errorf("the other end has %x, %v; want %x", b, err, a)
	}
	if c, err := nodeid.Channel(other); err != nil || bytes.Equal(a, c) {
		t.Errorf("another connection has %x, %v too", c, err)
	}
	old, _ := pair(t, tls.VersionTLS12)
	if _, err := nodeid.Channel(old); err == nil {
		t.Error("TLS 1.2 is taken")
	}
	if _, err := nodeid.Channel(tls.ConnectionState{}); err == nil {
		t.Error("no TLS is taken")
	}
}

func TestNamesComeBackFromCertificates(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"node-1", "tokyo/1", "a b", "ü%2F", "..", "?q#f", strings.Repeat("n", 128)} {
		parsed, err := url.Parse(nodeid.NodeURI("domain", name).String()) // as it stands in a certificate
		if err != nil {
			t.Fatal(err)
		}
		domain, got, err := nodeid.Node(&x509.Certificate{URIs: []*url.URL{parsed}})
		if err != nil || domain != "domain" || got != name {
			t.Errorf("%q came back as %q of %q: %v", name, got, domain, err)
		}
	}
	node, plane, authority := nodeid.NodeURI("d", "n"), nodeid.ControlPlaneURI("d", "r"), nodeid.AuthorityURI("d")
	if _, _, err := nodeid.ControlPlane(&x509.Certificate{URIs: []*url.URL{node}}); err == nil {
		t.Error("a node is taken for a control plane")
	}
	if _, _, err := nodeid.Node(&x509.Certificate{URIs: []*url.URL{plane}}); err == nil {
		t.Error("a control plane is taken for a node")
	}
	if _, r, err := nodeid.ControlPlane(&x509.Certificate{URIs: []*url.URL{plane}}); err != nil || r != "r" {
		t.Errorf("replica %q, %v", r, err)
	}
	if d, err := nodeid.Domain(&x509.Certificate{IsCA: true, URIs: []*url.URL{authority}}); err != nil || d != "d" {
		t.Errorf("domain %q, %v", d, err)
	}
	for what, c := range map[string]*x509.Certificate{
		"no authority":      {URIs: []*url.URL{authority}},
		"a node's":          {IsCA: true, URIs: []*url.URL{node}},
		"no name":           {IsCA: true},
		"two names":         {IsCA: true, URIs: []*url.URL{authority, authority}},
		"a web site's":      {IsCA: true, URIs: []*url.URL{{Scheme: "https", Host: "d"}}},
		"without a domain":  {IsCA: true, URIs: []*url.URL{{Scheme: "spiffe"}}},
		"an unnamed node's": {URIs: []*url.URL{{Scheme: "spiffe", Host: "d", Path: "/node/"}}},
	} {
		if d, err := nodeid.Domain(c); err == nil {
			t.Errorf("%s certificate is of domain %q", what, d)
		}
		if _, n, err := nodeid.Node(c); err == nil && what != "a node's" {
			t.Errorf("%s certificate is of node %q", what, n)
		}
	}
	for _, bad := range []string{"", " a", "a ", "a\nb", "a\x00", "\xff", strings.Repeat("n", 129)} {
		if nodeid.CheckName(bad) == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestReasonsReachTheNode(t *testing.T) {
	t.Parallel()
	refusal := &nodeid.Refusal{Reason: nodeid.Revoked, Message: "why"}
	sent := status.Convert(refusal).Err()
	for _, err := range []error{refusal, sent, fmt.Errorf("link: %w", sent)} {
		if nodeid.ReasonOf(err) != nodeid.Revoked || status.Code(err) != codes.Unauthenticated || !strings.Contains(err.Error(), "why") {
			t.Errorf("%v: %q", err, nodeid.ReasonOf(err))
		}
	}
	for _, err := range []error{nil, errors.New("x"), status.Error(codes.Unauthenticated, "x")} {
		if got := nodeid.ReasonOf(err); got != "" {
			t.Errorf("%v has reason %q", err, got)
		}
	}
}
