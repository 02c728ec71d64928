// Package nodeapi serves the node link: it hands snapshots to data-plane nodes, keeps a
// registry of how they are doing, and takes in their calls. It knows neither how a
// snapshot is built nor where calls are stored.
package nodeapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Snapshots is where snapshots come from.
type Snapshots interface {
	// Subscribe returns a mailbox that always holds the newest snapshot not yet taken,
	// the present one at once, and a function that ends the subscription. Snapshots carry
	// no nonce and are shared: they must not be changed.
	Subscribe() (mailbox <-chan *nodev1.Full, cancel func())
}

// Calls is where calls go.
type Calls interface {
	// Ingest stores the calls that are not stored yet. It returns after the commit, how
	// many were new and which cannot be stored at all. It may keep and change calls.
	Ingest(ctx context.Context, node string, calls []*nodev1.Call) (stored int, rejected []*nodev1.RejectedCall, err error)
	// IngestTotals stores totals and gaps that are not stored yet, and adds the totals to
	// usage. It returns after the commit which cannot be stored at all.
	IngestTotals(ctx context.Context, node string, totals []*nodev1.Total, gaps []*nodev1.Gap) (rejected []*nodev1.RejectedCall, err error)
}

// Config is what a Server needs.
type Config struct {
	JoinToken string              // required; what nodes must send
	Snapshots Snapshots           // required
	Calls     Calls               // required
	Logger    *slog.Logger        // required
	Now       func() time.Time    // default time.Now
	Options   []grpc.ServerOption // added to ours: transport credentials, tracing
}

// Bounds of what goes over the link.
const (
	maxReceive = 8 << 20  // a batch of calls is at most 1 MiB, a status below that
	maxSend    = 40 << 20 // a snapshot is at most 32 MiB, and smaller compressed
	maxStreams = 16       // for each connection; a node has two
)

// Server is the gRPC server of the node link. It is safe for concurrent use.
type Server struct {
	grpc    *grpc.Server
	health  *health.Server
	service *service
	streams *streams
}

// New returns a server that does nothing until Serve.
func New(cfg Config) (*Server, error) {
	if cfg.JoinToken == "" || cfg.Snapshots == nil || cfg.Calls == nil || cfg.Logger == nil {
		return nil, errors.New("nodeapi: JoinToken, Snapshots, Calls and Logger are required")
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Server{
		health:  health.NewServer(),
		streams: newStreams(),
		service: &service{
			snapshots: cfg.Snapshots,
			calls:     cfg.Calls,
			registry:  newRegistry(cfg.Now),
			log:       cfg.Logger,
		},
	}
	g := newGuard(cfg.JoinToken, s.streams, cfg.Logger)
	s.grpc = grpc.NewServer(append([]grpc.ServerOption{
		grpc.MaxRecvMsgSize(maxReceive),
		grpc.MaxSendMsgSize(maxSend),
		grpc.MaxConcurrentStreams(maxStreams),
		grpc.ConnectionTimeout(10 * time.Second),
		grpc.WaitForHandlers(true),
		grpc.KeepaliveParams(keepalive.ServerParameters{
			Time:    20 * time.Second, // a node that went dark is noticed after Time + Timeout
			Timeout: 10 * time.Second,
			// Nodes spread anew over the replicas from time to time; gRPC adds jitter.
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
// be called for several listeners, in memory ones included.
func (s *Server) Serve(lis net.Listener) error {
	if err := s.grpc.Serve(lis); err != nil && !errors.Is(err, grpc.ErrServerStopped) {
		return fmt.Errorf("serve the node link on %s: %w", lis.Addr(), err)
	}
	return nil
}

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
