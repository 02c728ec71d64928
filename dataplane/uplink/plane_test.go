package uplink_test

import (
	"context"
	"crypto/sha256"
	"log/slog"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/dataplane/uplink"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/syncing"
	"github.com/trunkline-ai/trunkline/internal/domain/docset"
	"github.com/trunkline-ai/trunkline/internal/pace"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second

type (
	syncStream = grpc.BidiStreamingServer[nodev1.SyncRequest, nodev1.SyncResponse]
	shipStream = grpc.BidiStreamingServer[nodev1.ShipCallsRequest, nodev1.ShipCallsResponse]
)

// plane is a control plane that does what a test says. What it hears comes out of its
// channels, which are wide enough to never block it.
type plane struct {
	nodev1.UnimplementedNodeServiceServer
	// accept may refuse a stream, by the metadata it came with.
	accept func(md metadata.MD) error
	// silent never answers a hello.
	silent bool
	// old does not know totals and gaps.
	old bool
	// push is what each Sync stream is sent; nil is a message without content.
	push chan *nodev1.Full
	// delta goes out on the Sync stream too.
	delta chan *nodev1.Delta
	// orders go out on the Sync stream too.
	orders chan *nodev1.ResetCooldown
	drains chan *nodev1.Drain
	revoke chan *nodev1.Revoke
	// store takes a batch; its error ends the stream instead of an acknowledgement.
	store func(batch *nodev1.ShipCallsRequest) ([]*nodev1.RejectedCall, error)

	hellos   chan *nodev1.Hello
	ends     chan struct{} // of Sync streams
	answers  chan *nodev1.SyncRequest
	statuses chan *nodev1.Status
	batches  chan *nodev1.ShipCallsRequest
}

func newPlane() *plane {
	return &plane{
		push:     make(chan *nodev1.Full, 16),
		delta:    make(chan *nodev1.Delta, 16),
		orders:   make(chan *nodev1.ResetCooldown, 16),
		drains:   make(chan *nodev1.Drain, 16),
		revoke:   make(chan *nodev1.Revoke, 16),
		hellos:   make(chan *nodev1.Hello, 1024),
		ends:     make(chan struct{}, 1024),
		answers:  make(chan *nodev1.SyncRequest, 1024),
		statuses: make(chan *nodev1.Status, 1024),
		batches:  make(chan *nodev1.ShipCallsRequest, 1024),
	}
}

func (p *plane) Sync(stream syncStream) error {
	if p.accept != nil {
		md, _ := metadata.FromIncomingContext(stream.Context())
		if err := p.accept(md); err != nil {
			return err
		}
	}
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	p.hellos <- first.GetHello()
	if p.silent {
		<-stream.Context().Done()
		return stream.Context().Err()
	}
	if err := stream.SendHeader(nil); err != nil {
		return err
	}
	defer nudge(p.ends)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case order := <-p.orders:
				if stream.Send(&nodev1.SyncResponse{Message: &nodev1.SyncResponse_ResetCooldown{ResetCooldown: order}}) != nil {
					return
				}
			case order := <-p.drains:
				if stream.Send(&nodev1.SyncResponse{Message: &nodev1.SyncResponse_Drain{Drain: order}}) != nil {
					return
				}
			case m := <-p.revoke:
				if stream.Send(&nodev1.SyncResponse{Message: &nodev1.SyncResponse_Revoke{Revoke: m}}) != nil {
					return
				}
			case d := <-p.delta:
				if stream.Send(&nodev1.SyncResponse{Message: &nodev1.SyncResponse_Delta{Delta: d}}) != nil {
					return
				}
			case full := <-p.push:
				m := &nodev1.SyncResponse{} // as a kind that this node does not know
				if full != nil {
					m.Message = &nodev1.SyncResponse_Full{Full: full}
				}
				if stream.Send(m) != nil {
					return
				}
			case <-stream.Context().Done():
				return
			}
		}
	})
	defer wg.Wait()
	for {
		m, err := stream.Recv()
		if err != nil {
			return err
		}
		if st := m.GetStatus(); st != nil {
			p.statuses <- st
			continue
		}
		p.answers <- m
	}
}

func (p *plane) ShipCalls(stream shipStream) error {
	for {
		batch, err := stream.Recv()
		if err != nil {
			return err
		}
		p.batches <- batch
		var rejected []*nodev1.RejectedCall
		if p.store != nil {
			if rejected, err = p.store(batch); err != nil {
				return err
			}
		}
		taken := int32(len(batch.GetTotals()) + len(batch.GetGaps()))
		if p.old {
			taken = 0
		}
		err = stream.Send(&nodev1.ShipCallsResponse{Sequence: batch.GetSequence(), Rejected: rejected, Taken: taken})
		if err != nil {
			return err
		}
	}
}

// serve runs the plane on the listener; stop cuts every connection.
func (p *plane) serve(t *testing.T, lis net.Listener) (stop func()) {
	t.Helper()
	server := grpc.NewServer(grpc.WaitForHandlers(true), grpc.MaxSendMsgSize(64<<20))
	nodev1.RegisterNodeServiceServer(server, p)
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := server.Serve(lis); err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	stop = sync.OnceFunc(func() {
		server.Stop()
		wg.Wait()
	})
	t.Cleanup(stop)
	return stop
}

func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	lis, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { lis.Close() })
	return lis
}

// memory is a listener in memory and the options that dial it.
func memory() (net.Listener, string, []grpc.DialOption) {
	lis := bufconn.Listen(1 << 20)
	return lis, "passthrough:///memory", []grpc.DialOption{
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }),
	}
}

// config is that of an uplink in a hurry, and without TLS.
func config(target string) uplink.Config {
	return uplink.Config{
		Target:     target,
		InMemory:   true,
		Node:       "node-1",
		Logger:     slog.New(slog.DiscardHandler),
		MinBackoff: 5 * time.Millisecond,
		MaxBackoff: 50 * time.Millisecond,
		Sync: syncing.Config{
			Version: "v1.2.3",
			Apply:   func(*nodev1.Snapshot, *pace.Pace) error { return nil },
			Status:  func() syncing.Status { return syncing.Status{} },
		},
		Shipping: shipping.Config{BatchDelay: 10 * time.Millisecond},
	}
}

// start runs an uplink until the test or stop ends it.
func start(t *testing.T, cfg uplink.Config) (u *uplink.Uplink, stop func()) {
	t.Helper()
	u, err := uplink.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := u.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	stop = sync.OnceFunc(func() {
		cancel()
		wg.Wait()
	})
	t.Cleanup(stop)
	return u, stop
}

// get takes the next value of a channel.
func get[T any](t *testing.T, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("no %s within %s", what, patience)
		panic("unreachable")
	}
}

// until polls for what no channel tells.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", patience, what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func pack(t *testing.T, raw []byte) []byte {
	t.Helper()
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	return encoder.EncodeAll(raw, nil)
}

// full is a push of a small snapshot.
func full(t *testing.T, nonce, revision uint64) *nodev1.Full {
	t.Helper()
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(&nodev1.Snapshot{
		Revision: revision, Groups: []*nodev1.Group{{Name: "chat"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(raw)
	return &nodev1.Full{Nonce: nonce, Revision: revision, Sha256: sum[:], SnapshotZstd: pack(t, raw)}
}

func sumOf(raw []byte) []byte {
	sum := sha256.Sum256(raw)
	return sum[:]
}

// digestOf is the digest of what full pushes.
func digestOf(t *testing.T, revision uint64) []byte {
	t.Helper()
	raw, err := proto.Marshal(&nodev1.Snapshot{Revision: revision, Groups: []*nodev1.Group{{Name: "chat"}}})
	if err != nil {
		t.Fatal(err)
	}
	set, err := docset.Parse(raw, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	digest := set.Digest()
	return digest[:]
}

func dialer(dial func(context.Context, string) (net.Conn, error)) grpc.DialOption {
	return grpc.WithContextDialer(dial)
}

// refuse lets every connection fail, and tells.
func refuse(tried chan<- struct{}) grpc.DialOption {
	return dialer(func(context.Context, string) (net.Conn, error) {
		nudge(tried)
		return nil, syscall.ECONNREFUSED
	})
}

// unreachable is the configuration of an uplink whose control plane is away.
func unreachable() uplink.Config {
	cfg := config("passthrough:///memory")
	cfg.DialOptions = []grpc.DialOption{refuse(nil)}
	return cfg
}

// nudge tells once, however often.
func nudge(told chan<- struct{}) {
	select {
	case told <- struct{}{}:
	default:
	}
}

// compact is a message in one line; prototext varies its spaces on purpose.
func compact(m proto.Message) string {
	return strings.ReplaceAll(prototext.MarshalOptions{}.Format(m), "  ", " ")
}
