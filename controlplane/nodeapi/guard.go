package nodeapi

import (
	"context"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/time/rate"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"github.com/trunkline-ai/trunkline/internal/domain/nodeid"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// guard stands before every handler: it finds out who calls, binds streams to the server's
// life and to the caller's identity staying accepted, and turns a panic into an error. Health checks need
// no identity, and joining is how one gets it. In memory nobody is asked.
type guard struct {
	identities Identities // nil in memory
	streams    *streams
	log        *slog.Logger
	refused    rate.Sometimes // so that a stranger cannot fill the log
}

func newGuard(identities Identities, streams *streams, log *slog.Logger) *guard {
	return &guard{
		identities: identities,
		streams:    streams,
		log:        log,
		refused:    rarely(),
	}
}

// rarely is how often what strangers bring about is logged.
func rarely() rate.Sometimes { return rate.Sometimes{First: 5, Interval: 10 * time.Second} }

func (g *guard) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (resp any, err error) {
	if _, err := g.admit(ctx, info.FullMethod); err != nil {
		return nil, err
	}
	defer g.recovered(info.FullMethod, &err)
	return next(ctx, req)
}

func (g *guard) stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
	who, err := g.admit(ss.Context(), info.FullMethod)
	if err != nil {
		return err
	}
	ctx, leave, err := g.streams.enter(ss.Context(), who)
	if err != nil {
		return err
	}
	defer leave()
	if who != nil { // who was revoked since is not among those that Recheck saw
		if err := g.identities.Accepted(who.node, who.keyHash); err != nil {
			return err
		}
	}
	defer g.recovered(info.FullMethod, &err)
	return next(srv, boundStream{ss, ctx})
}

// holder is who has shown a certificate of ours.
type holder struct {
	node    string
	keyHash [32]byte
}

type holderKey struct{}

// admit says who calls: nil for whoever needs no identity.
func (g *guard) admit(ctx context.Context, method string) (*holder, error) {
	if g.identities == nil || method == nodev1.NodeService_Enroll_FullMethodName ||
		strings.HasPrefix(method, "/"+healthv1.Health_ServiceDesc.ServiceName+"/") {
		return nil, nil
	}
	who, err := g.identify(ctx, method)
	if err != nil {
		g.refused.Do(func() {
			name := ""
			if who != nil {
				name = who.node
			}
			g.log.Warn("node refused", "method", method, "node", name, "from", origin(ctx), "error", err)
		})
		return nil, toStatus(err)
	}
	return who, nil
}

// identify judges the certificate. One that has only expired is good for renewing it.
func (g *guard) identify(ctx context.Context, method string) (*holder, error) {
	certificate, ok := certificateOf(ctx)
	if !ok {
		return nil, &nodeid.Refusal{Reason: nodeid.Missing, Message: "no certificate: the node has to join first"}
	}
	node, err := g.identities.Identify(ctx, certificate)
	who := &holder{node: node, keyHash: nodeid.KeyHash(certificate)}
	if nodeid.ReasonOf(err) == nodeid.Expired && method == nodev1.NodeService_Renew_FullMethodName {
		err = nil
	}
	return who, err
}

// checkNode refuses a node that calls itself what its certificate does not, and names that
// could not be shown or told apart.
func checkNode(ctx context.Context, name string) error {
	if who, ok := ctx.Value(holderKey{}).(*holder); ok && who.node != name {
		return status.Errorf(codes.PermissionDenied, "the node is named %q, but its certificate belongs to %q", cut(name, 128), who.node)
	}
	if err := nodeid.CheckName(name); err != nil {
		return status.Error(codes.InvalidArgument, err.Error())
	}
	return nil
}

// recovered keeps a panic of one handler from ending the control plane.
func (g *guard) recovered(method string, err *error) {
	if p := recover(); p != nil {
		g.log.Error("handler panicked", "method", method, "panic", p, "stack", string(debug.Stack()))
		*err = status.Error(codes.Internal, "internal error")
	}
}
