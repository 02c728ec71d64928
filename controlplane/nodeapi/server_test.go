package nodeapi_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/nodeapi"
	"github.com/trunkline-ai/trunkline/internal/errs"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// mailbox is the source of snapshots for one subscriber.
type mailbox chan controlplane.Snapshot

func (m mailbox) Subscribe(string) (<-chan controlplane.Snapshot, func()) { return m, func() {} }
func (m mailbox) Recall(context.Context, uint64, []byte)                  {}

// pushed is a snapshot of a test, which is always sent whole.
type pushed struct{ full *nodev1.Full }

func (p pushed) Revision() uint64                    { return p.full.GetRevision() }
func (p pushed) Lineage() string                     { return p.full.GetLineage() }
func (p pushed) Held() uint64                        { return 0 }
func (p pushed) Digest() []byte                      { return p.full.GetSha256() }
func (p pushed) Full() (*nodev1.Full, error)         { return p.full, nil }
func (p pushed) Delta([]byte) (*nodev1.Delta, error) { return nil, nil }

// calls is what is done with a batch.
type calls func(ctx context.Context, node string, calls []*nodev1.Call) (int, []*nodev1.RejectedCall, error)

func (f calls) Ingest(ctx context.Context, node string, c []*nodev1.Call) (int, []*nodev1.RejectedCall, error) {
	return f(ctx, node, c)
}

func (f calls) IngestTotals(context.Context, string, []*nodev1.Total, []*nodev1.Gap) ([]*nodev1.RejectedCall, error) {
	return nil, nil
}

// lines is a log that may be read while it is written.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

type fixture struct {
	server *nodeapi.Server
	client nodev1.NodeServiceClient
	health healthv1.HealthClient
	push   mailbox
	log    *lines
}

func setup(t *testing.T, ingest calls) *fixture {
	t.Helper()
	f := &fixture{push: make(mailbox, 1), log: &lines{}}
	var err error
	f.server, err = nodeapi.New(nodeapi.Config{
		Snapshots: f.push, Calls: ingest, Logger: slog.New(slog.NewTextHandler(f.log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	lis := bufconn.Listen(1 << 20)
	served := make(chan error, 1)
	go func() { served <- f.server.Serve(lis) }()
	conn, err := grpc.NewClient("passthrough:///memory", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	f.client, f.health = nodev1.NewNodeServiceClient(conn), healthv1.NewHealthClient(conn)
	t.Cleanup(func() {
		if err := f.server.Shutdown(t.Context()); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("Shutdown: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
		conn.Close()
	})
	return f
}

// within is a context with a deadline.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

type stream = grpc.BidiStreamingClient[nodev1.SyncRequest, nodev1.SyncResponse]

// join opens a Sync stream that has been accepted.
func (f *fixture) join(t *testing.T, hello *nodev1.Hello) stream {
	t.Helper()
	s, err := f.client.Sync(within(t))
	if err != nil {
		t.Fatal(err)
	}
	send(t, s, &nodev1.SyncRequest{Message: &nodev1.SyncRequest_Hello{Hello: hello}})
	if md, err := s.Header(); err != nil || md == nil {
		t.Fatalf("hello was not accepted: %v", err)
	}
	return s
}

func send(t *testing.T, s stream, m *nodev1.SyncRequest) {
	t.Helper()
	if err := s.Send(m); err != nil {
		t.Fatal(err)
	}
}

func ack(nonce uint64) *nodev1.SyncRequest {
	return &nodev1.SyncRequest{Message: &nodev1.SyncRequest_Ack{Ack: &nodev1.Ack{Nonce: nonce}}}
}

func recv(t *testing.T, s stream) *nodev1.Full {
	t.Helper()
	m, err := s.Recv()
	if err != nil {
		t.Fatal(err)
	}
	return m.GetFull()
}

func full(n uint64) *nodev1.Full {
	return &nodev1.Full{Revision: n, Sha256: []byte{byte(n)}, SnapshotZstd: []byte("zstd")}
}

func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

func discard(context.Context, string, []*nodev1.Call) (int, []*nodev1.RejectedCall, error) {
	return 0, nil, nil
}

func TestHelloIsChecked(t *testing.T) {
	t.Parallel()
	f := setup(t, discard)
	hello := func(h *nodev1.Hello) *nodev1.SyncRequest {
		return &nodev1.SyncRequest{Message: &nodev1.SyncRequest_Hello{Hello: h}}
	}
	for name, first := range map[string]*nodev1.SyncRequest{
		"not a hello":     ack(1),
		"nothing":         {},
		"no name":         hello(&nodev1.Hello{}),
		"long name":       hello(&nodev1.Hello{Node: strings.Repeat("n", 129)}),
		"name of lines":   hello(&nodev1.Hello{Node: "a\nb"}),
		"name in spaces":  hello(&nodev1.Hello{Node: " a "}),
		"long boot id":    hello(&nodev1.Hello{Node: "a", BootId: strings.Repeat("b", 129)}),
		"version too big": hello(&nodev1.Hello{Node: "a", Version: strings.Repeat("v", 129)}),
		// PostgreSQL refuses NUL, and with it what it has to store of all other nodes.
		"NUL in boot id":  hello(&nodev1.Hello{Node: "a", BootId: "b\x00"}),
		"NUL in version":  hello(&nodev1.Hello{Node: "a", Version: "\x00"}),
		"NUL in lineage":  hello(&nodev1.Hello{Node: "a", HaveLineage: "\x00"}),
		"lineage too big": hello(&nodev1.Hello{Node: "a", HaveLineage: strings.Repeat("l", 129)}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := f.client.Sync(within(t))
			if err != nil {
				t.Fatal(err)
			}
			send(t, s, first)
			if _, err := s.Recv(); status.Code(err) != codes.InvalidArgument {
				t.Errorf("%v, want InvalidArgument", err)
			}
		})
	}
	t.Run("a second one", func(t *testing.T) {
		t.Parallel()
		s := f.join(t, &nodev1.Hello{Node: "twice"})
		send(t, s, hello(&nodev1.Hello{Node: "twice"}))
		if _, err := s.Recv(); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%v, want InvalidArgument", err)
		}
	})
}

func TestOnePushAtATimeAndTheNewestNext(t *testing.T) {
	t.Parallel()
	f := setup(t, discard)
	s := f.join(t, &nodev1.Hello{Node: "n", BootId: "b", Version: "v1"})
	f.push <- pushed{full(1)}
	first := recv(t, s)
	if first.GetRevision() != 1 || first.GetNonce() == 0 || string(first.GetSnapshotZstd()) != "zstd" {
		t.Errorf("first push %v", first)
	}
	f.push <- pushed{full(2)}
	f.push <- pushed{full(3)} // the mailbox has room for it only once 2 is taken
	until(t, "3 is taken too", func() bool { return len(f.push) == 0 })
	send(t, s, ack(first.GetNonce()+5)) // an answer to nothing
	send(t, s, &nodev1.SyncRequest{})   // from a newer node
	send(t, s, &nodev1.SyncRequest{Message: &nodev1.SyncRequest_Status{Status: &nodev1.Status{InFlight: 4}}})
	until(t, "the status arrives", func() bool { return f.server.Registry().Nodes()[0].GetInFlight() == 4 })
	send(t, s, ack(first.GetNonce()))
	second := recv(t, s)
	if second.GetRevision() != 3 || second.GetNonce() != first.GetNonce()+1 {
		t.Errorf("second push is revision %d nonce %d, want 3 and %d", second.GetRevision(), second.GetNonce(), first.GetNonce()+1)
	}
	long := strings.Repeat("é", 3000)
	send(t, s, &nodev1.SyncRequest{Message: &nodev1.SyncRequest_Nack{Nack: &nodev1.Nack{Nonce: second.GetNonce(), Revision: 3, Reason: "no: " + long}}})
	until(t, "the refusal is listed", func() bool { return f.server.Registry().Nodes()[0].GetError() != "" })
	n := f.server.Registry().Nodes()[0]
	if !strings.HasPrefix(n.GetError(), "revision 3: no: éé") || len(n.GetError()) > 4200 {
		t.Errorf("error of %d bytes: %.40q", len(n.GetError()), n.GetError())
	}
	f.push <- pushed{full(3)} // again: must not be sent
	f.push <- pushed{full(4)}
	if third := recv(t, s); third.GetRevision() != 4 {
		t.Errorf("third push is revision %d, want 4", third.GetRevision())
	}
	if err := s.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("after the node closed its side: %v", err)
	}
	until(t, "the node is listed as gone", func() bool { return !f.server.Registry().Nodes()[0].GetConnected() })
}

func TestNodeThatIsUpToDateIsSentNothing(t *testing.T) {
	t.Parallel()
	f := setup(t, discard)
	f.push <- pushed{full(6)}
	s := f.join(t, &nodev1.Hello{Node: "n", HaveRevision: 6, HaveSha256: []byte{6}})
	until(t, "6 is taken", func() bool { return len(f.push) == 0 })
	if n := f.server.Registry().Nodes()[0]; n.GetAppliedRevision() != 6 || !n.GetConnected() {
		t.Errorf("node %v", n)
	}
	f.push <- pushed{full(7)}
	if got := recv(t, s).GetRevision(); got != 7 {
		t.Errorf("was sent %d, want 7", got)
	}
}

func TestTwoNodesOfOneName(t *testing.T) {
	t.Parallel()
	f := setup(t, discard)
	first := f.join(t, &nodev1.Hello{Node: "n", BootId: "first"})
	second := f.join(t, &nodev1.Hello{Node: "n", BootId: "second"})
	if _, err := first.Recv(); status.Code(err) != codes.Aborted || !strings.Contains(err.Error(), "do two nodes share the name") {
		t.Errorf("the older stream ended with %v", err)
	}
	f.push <- pushed{full(1)}
	if got := recv(t, second).GetRevision(); got != 1 {
		t.Errorf("the newer stream was sent %d", got)
	}
	if nodes := f.server.Registry().Nodes(); len(nodes) != 1 || !nodes[0].GetConnected() {
		t.Errorf("nodes %v", nodes)
	}
}

func TestShipCallsAcknowledgesWhatIsStored(t *testing.T) {
	t.Parallel()
	f := setup(t, func(_ context.Context, node string, c []*nodev1.Call) (int, []*nodev1.RejectedCall, error) {
		if node != "n" {
			t.Errorf("node %q", node)
		}
		switch c[0].GetId() {
		case "down":
			return 0, nil, errs.Wrap(errs.Unavailable, errors.New("dial tcp 10.0.0.1"), "the database is away")
		case "bug":
			return 0, nil, errors.New("secret detail")
		case "panic":
			panic("secret detail")
		case "odd":
			return 1, []*nodev1.RejectedCall{{Id: "odd", Reason: "odd"}}, nil
		}
		return len(c), nil, nil
	})
	open := func() grpc.BidiStreamingClient[nodev1.ShipCallsRequest, nodev1.ShipCallsResponse] {
		s, err := f.client.ShipCalls(within(t))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	batch := func(sequence uint64, ids ...string) *nodev1.ShipCallsRequest {
		b := &nodev1.ShipCallsRequest{Node: "n", Sequence: sequence}
		for _, id := range ids {
			b.Calls = append(b.Calls, &nodev1.Call{Id: id})
		}
		return b
	}
	s := open()
	for _, tt := range []struct {
		batch    *nodev1.ShipCallsRequest
		stored   int32
		rejected int
	}{{batch(1, "a", "b"), 2, 0}, {batch(2, "odd", "c"), 1, 1}, {batch(9, "d"), 1, 0}} {
		if err := s.Send(tt.batch); err != nil {
			t.Fatal(err)
		}
		got, err := s.Recv()
		if err != nil || got.GetSequence() != tt.batch.GetSequence() || got.GetStored() != tt.stored || len(got.GetRejected()) != tt.rejected {
			t.Errorf("batch %d: %v %v", tt.batch.GetSequence(), got, err)
		}
	}
	for _, tt := range []struct {
		batch *nodev1.ShipCallsRequest
		code  codes.Code
		text  string
	}{
		{batch(1, "down"), codes.Unavailable, "the database is away"},
		{batch(1, "bug"), codes.Internal, "internal error"},
		{batch(1, "panic"), codes.Internal, "internal error"},
		{&nodev1.ShipCallsRequest{Sequence: 1}, codes.InvalidArgument, "the node's name"},
	} {
		s := open()
		if err := s.Send(tt.batch); err != nil {
			t.Fatal(err)
		}
		_, err := s.Recv()
		if status.Code(err) != tt.code || !strings.Contains(err.Error(), tt.text) || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "10.0.0.1") {
			t.Errorf("%v: %v, want %s %q", tt.batch, err, tt.code, tt.text)
		}
	}
}

func TestShutdownEndsStreamsFirst(t *testing.T) {
	t.Parallel()
	f := setup(t, discard)
	sync := f.join(t, &nodev1.Hello{Node: "n"})
	ship, err := f.client.ShipCalls(within(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := ship.Send(&nodev1.ShipCallsRequest{Node: "n", Sequence: 1, Calls: []*nodev1.Call{{Id: "a"}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := ship.Recv(); err != nil {
		t.Fatal(err)
	}
	watch, err := f.health.Watch(within(t), &healthv1.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := watch.Recv(); err != nil || r.GetStatus() != healthv1.HealthCheckResponse_SERVING {
		t.Fatal(r, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := f.server.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown with open streams: %v", err)
	}
	if _, err := sync.Recv(); status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), "shutting down") {
		t.Errorf("Sync ended with %v", err)
	}
	if _, err := ship.Recv(); status.Code(err) != codes.Unavailable {
		t.Errorf("ShipCalls ended with %v", err)
	}
	if err := f.server.Shutdown(ctx); err != nil {
		t.Errorf("second Shutdown: %v", err)
	}
}

func TestShutdownCutsABatchThatTakesTooLong(t *testing.T) {
	t.Parallel()
	inside := make(chan struct{})
	f := setup(t, func(ctx context.Context, _ string, _ []*nodev1.Call) (int, []*nodev1.RejectedCall, error) {
		close(inside)
		<-ctx.Done() // a database that hangs, with a driver that minds its context
		return 0, nil, ctx.Err()
	})
	ship, err := f.client.ShipCalls(within(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := ship.Send(&nodev1.ShipCallsRequest{Node: "n", Sequence: 1, Calls: []*nodev1.Call{{Id: "a"}}}); err != nil {
		t.Fatal(err)
	}
	<-inside
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := f.server.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown: %v", err)
	}
	if _, err := ship.Recv(); status.Code(err) != codes.Unavailable {
		t.Errorf("ShipCalls ended with %v, want Unavailable so that the node sends again", err)
	}
}

func (calls) Receipt(context.Context, string, *nodev1.Receipt) (*nodev1.Receipt, *nodev1.Gap, error) {
	return nil, nil, nil
}
