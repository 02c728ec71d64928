// Package nodeapi serves the node link: it hands snapshots to data-plane nodes, keeps a
// registry of how they are doing, and takes in their calls. It knows neither how a
// snapshot is built nor where calls are stored.
package nodeapi

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"

	"github.com/trunkline-ai/trunkline/controlplane"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Snapshots is where snapshots come from.
type Snapshots interface {
	// Subscribe returns a mailbox that always holds the newest snapshot for a node not yet taken,
	// the present one at once, and a function that ends the subscription.
	Subscribe(node string) (mailbox <-chan controlplane.Snapshot, cancel func())
	// Recall makes a snapshot of an earlier revision that a node has known again, if it can, so that deltas may lead on
	// from it. It takes two seconds at most.
	Recall(ctx context.Context, revision uint64, digest []byte)
}

// History gives a hash over all changes up to a revision; empty for one that the database does not have.
type History func(ctx context.Context, revision uint64) ([]byte, error)

// Calls is where calls go.
type Calls interface {
	// Ingest stores the calls that are not stored yet. It returns after the commit, how
	// many were new and which cannot be stored at all. It may keep and change calls.
	Ingest(ctx context.Context, node string, calls []*nodev1.Call) (stored int, rejected []*nodev1.RejectedCall, err error)
	// IngestTotals stores totals and gaps that are not stored yet, and adds the totals to
	// usage. It returns after the commit which cannot be stored at all.
	IngestTotals(ctx context.Context, node string, totals []*nodev1.Total, gaps []*nodev1.Gap) (rejected []*nodev1.RejectedCall, err error)
	// Receipt says what was stored of a node last. When the node has a newer receipt, the database
	// was set back since, and the gap that leaves is stored and returned.
	Receipt(ctx context.Context, node string, newest *nodev1.Receipt) (receipt *nodev1.Receipt, gap *nodev1.Gap, err error)
}

// Config is what a Server needs.
type Config struct {
	// Identities says which nodes are welcome, and TLS is what the link is served with; both
	// or neither. Without them the link is for this process alone: Serve takes listeners in
	// memory only, and believes nodes who they are.
	Identities Identities
	TLS        *tls.Config
	Snapshots  Snapshots // required
	// History tells whether a node has the past of this database. Default: nobody looks.
	History History
	Revoked Revocations         // default: nothing is
	Calls   Calls               // required
	Logger  *slog.Logger        // required
	Now     func() time.Time    // default time.Now
	Options []grpc.ServerOption // added to ours
}

// Bounds of what goes over the link.
const (
	maxReceive = 8 << 20  // a batch of calls is at most 1 MiB, a status below that
	maxSend    = 40 << 20 // a snapshot is at most 32 MiB, and smaller compressed
	maxStreams = 16       // for each connection; a node has two

	// streamWindow and connWindow are how many bytes may be on their way to the control plane: a batch of calls, and
	// whatever else. gRPC would measure the line to fit them, which costs a ping and its answer for each report.
	streamWindow = 1 << 20
	connWindow   = 2 << 20
)

// inMemory is the network of listeners of package bufconn.
const inMemory = "bufconn"

// Server is the gRPC server of the node link. It is safe for concurrent use.
type Server struct {
	grpc    *grpc.Server
	health  *health.Server
	service *service
	streams *streams
	memory  bool // no TLS
}

// New returns a server that does nothing until Serve.
func New(cfg Config) (*Server, error) {
	if cfg.Snapshots == nil || cfg.Calls == nil || cfg.Logger == nil {
		return nil, errors.New("nodeapi: Snapshots, Calls and Logger are required")
	}
	if (cfg.Identities == nil) != (cfg.TLS == nil) {
		return nil, errors.New("nodeapi: Identities and TLS go together")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Revoked == nil {
		cfg.Revoked = noRevocations{}
	}
	s := &Server{
		health:  health.NewServer(),
		streams: newStreams(),
		memory:  cfg.TLS == nil,
		service: &service{
			snapshots:  cfg.Snapshots,
			revoked:    cfg.Revoked,
			calls:      cfg.Calls,
			identities: cfg.Identities,
			unjoined:   rarely(),
			histories:  newHistories(cfg.History, cfg.Logger),
			registry:   newRegistry(cfg.Now),
			deliveries: newDeliveries(),
			log:        cfg.Logger,
		},
	}
	g := newGuard(cfg.Identities, s.streams, cfg.Logger)
	transport := insecure.NewCredentials()
	if cfg.TLS != nil {
		transport = credentials.NewTLS(cfg.TLS)
	}
	s.grpc = grpc.NewServer(append([]grpc.ServerOption{
		grpc.Creds(transport),
		grpc.MaxRecvMsgSize(maxReceive),
		grpc.MaxSendMsgSize(maxSend),
		grpc.ForceServerCodecV2(newCodec()),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.StaticStreamWindowSize(streamWindow),
		grpc.StaticConnWindowSize(connWindow),
		grpc.ConnectionTimeout(10 * time.Second),
		grpc.WaitForHandlers(true),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			Time:    20 * time.Second, // a node that went dark is noticed after Time + Timeout
			Timeout: 10 * time.Second,
			// Nodes spread again over the replicas from time to time; gRPC adds jitter.
			MaxConnectionAge:      30 * time.Minute,
			MaxConnectionAgeGrace: 10 * time.Second,
		}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{
			MinTime:             5 * time.Second, // must be below the nodes' own Time
			PermitWithoutStream: true,
		}),
		grpc.ChainUnaryInterceptor(g.unary),
		grpc.ChainStreamInterceptor(g.stream),
	}, cfg.Options...)...)
	healthv1.RegisterHealthServer(s.grpc, s.health)
	nodev1.RegisterNodeServiceServer(s.grpc, s.service)
	s.health.SetServingStatus(nodev1.NodeService_ServiceDesc.ServiceName, healthv1.HealthCheckResponse_SERVING)
	return s, nil
}

// Serve answers nodes that connect to the listener until Shutdown, and closes it. It may
// be called for several listeners. Without TLS they must be in memory.
func (s *Server) Serve(lis net.Listener) error {
	if network := lis.Addr().Network(); s.memory && network != inMemory {
		return fmt.Errorf("serve the node link on %s: without TLS it can be served only in memory", lis.Addr())
	}
	if err := s.grpc.Serve(lis); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return fmt.Errorf("serve the node link on %s: %w", lis.Addr(), err)
	}
	return nil
}

// Admit has every node that says hello judged first: an error sends it away, to try another
// replica. Call it before Serve.
func (s *Server) Admit(judge func(node string) error) { s.service.admit = judge }

// Registry is the list of nodes.
func (s *Server) Registry() *Registry { return s.service.registry }

// Shutdown ends every stream, so that the nodes look for another control plane, and
// waits for what is under way. When ctx ends first it cuts the connections. It may be
// called more than once.
func (s *Server) Shutdown(ctx context.Context) error {
	s.health.Shutdown()
	s.streams.end(errShuttingDown)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		s.grpc.GracefulStop()
	}()
	var err error
	select {
	case <-stopped:
	case <-ctx.Done():
		err = fmt.Errorf("shut down the node link: %w", ctx.Err())
		s.grpc.Stop()
		<-stopped
	}
	s.service.readers.Wait()
	return err
}
