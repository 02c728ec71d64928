package nodeapi_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/trunkline-ai/trunkline/controlplane/nodeapi"
	"github.com/trunkline-ai/trunkline/controlplane/pki"
	"github.com/trunkline-ai/trunkline/controlplane/pki/pkitest"
	"github.com/trunkline-ai/trunkline/internal/domain/nodeid"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// identities welcomes every certificate of its authority but for those it is told.
type identities struct {
	*pki.Authority

	mu      sync.Mutex
	refused map[string]nodeid.Reason
	renewed int
	joins   []string // "<token id> <node>"
	told    []string // "<node> <authorities>"
}

const oldAuthority = "0011223344556677"

func (i *identities) refuse(node string, reason nodeid.Reason) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.refused[node] = reason
}

func (i *identities) Join(_ context.Context, tokenID string, proof, channel []byte, req *nodev1.EnrollRequest) (*nodev1.EnrollResponse, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !nodeid.Equal(proof, nodeid.NodeProof([]byte("key"), channel, req.GetNode(), req.GetCertificateRequest())) {
		return nil, errors.New("something internal")
	}
	i.joins = append(i.joins, tokenID+" "+req.GetNode())
	return &nodev1.EnrollResponse{Certificate: []byte("made")}, nil
}

func (i *identities) Renew(context.Context, *x509.Certificate, *nodev1.RenewRequest) (*nodev1.RenewResponse, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.renewed++
	return &nodev1.RenewResponse{Certificate: []byte("made")}, nil
}

func (i *identities) Identify(_ context.Context, certificate *x509.Certificate) (string, error) {
	node, err := i.Verify(certificate)
	if err != nil {
		return "", &nodeid.Refusal{Reason: nodeid.Foreign, Message: "not ours"}
	}
	return node, i.Accepted(node, nodeid.KeyHash(certificate))
}

func (i *identities) Told(node string, _ [32]byte, authorities []string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.told = append(i.told, node+" "+strings.Join(authorities, ","))
	return len(authorities) == 1 && authorities[0] == oldAuthority
}

func (i *identities) Accepted(node string, _ [32]byte) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if reason, ok := i.refused[node]; ok {
		return &nodeid.Refusal{Reason: reason, Message: "refused by the test"}
	}
	return nil
}

func newIdentities(t *testing.T) *identities {
	t.Helper()
	authority, err := pki.New(time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return &identities{Authority: authority, refused: map[string]nodeid.Reason{}}
}

// certificate is one that a node holds.
func certificate(t *testing.T, from *pki.Authority, node string) tls.Certificate {
	t.Helper()
	key, request := pkitest.Request(t)
	leaf, err := from.Issue(node, request)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}
}

// secured is a server over TCP and TLS.
type secured struct {
	*fixture
	who     *identities
	address string
}

func secure(t *testing.T) *secured {
	t.Helper()
	s := &secured{fixture: &fixture{push: make(mailbox, 1), log: &lines{}}, who: newIdentities(t)}
	var err error
	s.server, err = nodeapi.New(nodeapi.Config{
		Identities: s.who, TLS: s.who.ServerTLS(), Snapshots: s.push, Calls: calls(discard), Logger: slog.New(slog.NewTextHandler(s.log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = lis.Addr().String()
	served := make(chan error, 1)
	go func() { served <- s.server.Serve(lis) }()
	t.Cleanup(func() {
		if err := s.server.Shutdown(t.Context()); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("Shutdown: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return s
}

// as is a client that shows the certificates.
func (s *secured) as(t *testing.T, shown ...tls.Certificate) *grpc.ClientConn {
	t.Helper()
	return s.dial(t, credentials.NewTLS(&tls.Config{InsecureSkipVerify: true, Certificates: shown}))
}

func (s *secured) dial(t *testing.T, c credentials.TransportCredentials) *grpc.ClientConn {
	t.Helper()
	conn, err := grpc.NewClient(s.address, grpc.WithTransportCredentials(c))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// refusals tries everything that needs an identity.
func refusals(t *testing.T, conn *grpc.ClientConn) map[string]error {
	t.Helper()
	client := nodev1.NewNodeServiceClient(conn)
	all := map[string]error{}
	sync, err := client.Sync(within(t))
	if err == nil {
		_, err = sync.Recv()
	}
	all["Sync"] = err
	ship, err := client.ShipCalls(within(t))
	if err == nil {
		_, err = ship.Recv()
	}
	all["ShipCalls"] = err
	_, all["Renew"] = client.Renew(within(t), &nodev1.RenewRequest{})
	return all
}

func TestOnlyWelcomeNodesGetIn(t *testing.T) {
	t.Parallel()
	s := secure(t)
	s.who.refuse("revoked", nodeid.Revoked)
	s.who.refuse("expired", nodeid.Expired)
	for name, tt := range map[string]struct {
		conn   *grpc.ClientConn
		reason nodeid.Reason
		renews bool
	}{
		"no certificate":      {s.as(t), nodeid.Missing, false},
		"another authority's": {s.as(t, certificate(t, newIdentities(t).Authority, "n")), nodeid.Foreign, false},
		"a revoked one":       {s.as(t, certificate(t, s.who.Authority, "revoked")), nodeid.Revoked, false},
		"an expired one":      {s.as(t, certificate(t, s.who.Authority, "expired")), nodeid.Expired, true},
	} {
		t.Run(name, func(t *testing.T) {
			for method, err := range refusals(t, tt.conn) {
				if method == "Renew" && tt.renews {
					if err != nil {
						t.Errorf("Renew: %v", err)
					}
					continue
				}
				if status.Code(err) != codes.Unauthenticated || nodeid.ReasonOf(err) != tt.reason {
					t.Errorf("%s: %v with reason %q, want Unauthenticated with %q", method, err, nodeid.ReasonOf(err), tt.reason)
				}
			}
			for _, service := range []string{"", "trunkline.node.v1.NodeService"} {
				r, err := healthv1.NewHealthClient(tt.conn).Check(within(t), &healthv1.HealthCheckRequest{Service: service})
				if err != nil || r.GetStatus() != healthv1.HealthCheckResponse_SERVING {
					t.Errorf("health of %q: %v %v", service, r, err)
				}
			}
		})
	}
	for name, c := range map[string]credentials.TransportCredentials{
		"plain text": insecure.NewCredentials(),
		"TLS 1.2":    credentials.NewTLS(&tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12}),
	} {
		for method, err := range refusals(t, s.dial(t, c)) {
			if status.Code(err) != codes.Unavailable {
				t.Errorf("%s over %s: %v", method, name, err)
			}
		}
	}
	if log := s.log.String(); !strings.Contains(log, "node refused") || strings.Count(log, "node refused") > 6 {
		t.Errorf("log:\n%s", log)
	}
}

func TestANodeIsWhoItsCertificateSays(t *testing.T) {
	t.Parallel()
	s := secure(t)
	client := nodev1.NewNodeServiceClient(s.as(t, certificate(t, s.who.Authority, "tokyo/1 ü")))
	for name, want := range map[string]codes.Code{"tokyo/1 ü": codes.OK, "tokyo": codes.PermissionDenied, "": codes.PermissionDenied} {
		sync, err := client.Sync(within(t))
		if err != nil {
			t.Fatal(err)
		}
		send(t, sync, &nodev1.SyncRequest{Message: &nodev1.SyncRequest_Hello{Hello: &nodev1.Hello{Node: name}}})
		md, err := sync.Header()
		if want == codes.OK {
			if err != nil || md == nil {
				t.Errorf("Sync as itself: %v", err)
			}
		} else if _, err := sync.Recv(); status.Code(err) != want {
			t.Errorf("Sync as %q: %v, want %s", name, err, want)
		}
		ship, err := client.ShipCalls(within(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := ship.Send(&nodev1.ShipCallsRequest{Node: name, Sequence: 1}); err != nil {
			t.Fatal(err)
		}
		if _, err := ship.Recv(); status.Code(err) != want {
			t.Errorf("ShipCalls as %q: %v, want %s", name, err, want)
		}
	}
}

func TestARevokedNodeIsCutAtOnce(t *testing.T) {
	t.Parallel()
	s := secure(t)
	open := func(node string) (sync stream, ship grpc.BidiStreamingClient[nodev1.ShipCallsRequest, nodev1.ShipCallsResponse]) {
		t.Helper()
		f := &fixture{client: nodev1.NewNodeServiceClient(s.as(t, certificate(t, s.who.Authority, node)))}
		sync = f.join(t, &nodev1.Hello{Node: node})
		ship, err := f.client.ShipCalls(within(t))
		if err != nil {
			t.Fatal(err)
		}
		if err := ship.Send(&nodev1.ShipCallsRequest{Node: node, Sequence: 1}); err != nil {
			t.Fatal(err)
		}
		if _, err := ship.Recv(); err != nil {
			t.Fatal(err)
		}
		return sync, ship
	}
	goodSync, goodShip := open("good")
	badSync, badShip := open("bad")
	s.who.refuse("bad", nodeid.Revoked)
	s.server.Recheck()
	if _, err := badSync.Recv(); nodeid.ReasonOf(err) != nodeid.Revoked {
		t.Errorf("Sync ended with %v", err)
	}
	if _, err := badShip.Recv(); nodeid.ReasonOf(err) != nodeid.Revoked {
		t.Errorf("ShipCalls ended with %v", err)
	}
	s.push <- pushed{&nodev1.Full{Revision: 1, Sha256: []byte{1}}}
	if m, err := goodSync.Recv(); err != nil || m.GetFull().GetRevision() != 1 {
		t.Errorf("the other node got %v, %v", m, err)
	}
	if err := goodShip.Send(&nodev1.ShipCallsRequest{Node: "good", Sequence: 2}); err != nil {
		t.Fatal(err)
	}
	if _, err := goodShip.Recv(); err != nil {
		t.Errorf("the other node's calls: %v", err)
	}
}

func TestJoiningNeedsAProofAndNoCertificate(t *testing.T) {
	t.Parallel()
	s := secure(t)
	client := nodev1.NewNodeServiceClient(s.as(t))
	for name, authorization := range map[string][]string{
		"none":          nil,
		"two":           {nodeid.Authorization("preset", make([]byte, 32)), nodeid.Authorization("preset", make([]byte, 32))},
		"the token":     {"Bearer tl-join-secret"},
		"a short proof": {"Join preset AAAA"},
		"no proof":      {"Join preset"},
		"a strange id":  {"Join ../../etc " + strings.Repeat("A", 43)},
	} {
		ctx := metadata.NewOutgoingContext(within(t), metadata.MD{"authorization": authorization})
		if _, err := client.Enroll(ctx, &nodev1.EnrollRequest{Node: "n"}); status.Code(err) != codes.Unauthenticated {
			t.Errorf("%s: %v", name, err)
		}
	}
	right := metadata.AppendToOutgoingContext(within(t), "authorization", nodeid.Authorization("preset", make([]byte, 32)))
	_, err := client.Enroll(right, &nodev1.EnrollRequest{Node: "n"})
	if status.Code(err) != codes.Internal || strings.Contains(err.Error(), "something internal") {
		t.Errorf("what went wrong inside is told: %v", err)
	}
	if !strings.Contains(s.log.String(), "something internal") {
		t.Error("and not logged")
	}
	for range 20 { // whoever finds the port can ask
		if _, err := client.Enroll(right, &nodev1.EnrollRequest{Node: "n"}); status.Code(err) != codes.Internal {
			t.Error(err)
		}
	}
	if n := strings.Count(s.log.String(), "refused to let a node join"); n > 6 {
		t.Errorf("a stranger filled the log with %d lines", n)
	}

	answer, err := client.Enroll(within(t), &nodev1.EnrollRequest{Node: "n"}, grpc.PerRPCCredentials(prover{}))
	if err != nil || string(answer.GetCertificate()) != "made" || len(s.who.joins) != 1 || s.who.joins[0] != "preset n" {
		t.Errorf("join: %v, %v, %v", answer, err, s.who.joins)
	}
}

// prover proves the token of the test on the connection of the call.
type prover struct{}

func (prover) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	info, _ := credentials.RequestInfoFromContext(ctx)
	channel, err := nodeid.Channel(info.AuthInfo.(credentials.TLSInfo).State)
	if err != nil {
		return nil, err
	}
	return map[string]string{"authorization": nodeid.Authorization("preset", nodeid.NodeProof([]byte("key"), channel, "n", nil))}, nil
}

func (prover) RequireTransportSecurity() bool { return true }

func TestWithoutTLSTheLinkStaysInMemory(t *testing.T) {
	t.Parallel()
	cfg := nodeapi.Config{Snapshots: make(mailbox), Calls: calls(discard), Logger: slog.New(slog.DiscardHandler)}
	server, err := nodeapi.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer lis.Close()
	if err := server.Serve(lis); err == nil || !strings.Contains(err.Error(), "only in memory") {
		t.Errorf("served in clear: %v", err)
	}
	if err := server.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	who := newIdentities(t)
	for name, spoil := range map[string]func(*nodeapi.Config){
		"identities without TLS": func(c *nodeapi.Config) { c.Identities = who },
		"TLS without identities": func(c *nodeapi.Config) { c.TLS = who.ServerTLS() },
		"no snapshots":           func(c *nodeapi.Config) { c.Snapshots = nil },
		"no calls":               func(c *nodeapi.Config) { c.Calls = nil },
		"no logger":              func(c *nodeapi.Config) { c.Logger = nil },
	} {
		bad := cfg
		spoil(&bad)
		if _, err := nodeapi.New(bad); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
