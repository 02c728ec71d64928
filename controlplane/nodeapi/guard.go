package nodeapi

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"golang.org/x/time/rate"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
)

// guard stands before every handler: it checks the join token, binds streams to the
// server's life and turns a panic into an error. Health checks need no token.
type guard struct {
	token   [sha256.Size]byte
	streams *streams
	log     *slog.Logger
	refused rate.Sometimes // so that a stranger cannot fill the log
}

func newGuard(token string, streams *streams, log *slog.Logger) *guard {
	return &guard{
		token:   sha256.Sum256([]byte(token)),
		streams: streams,
		log:     log,
		refused: rate.Sometimes{First: 5, Interval: 10 * time.Second},
	}
}

func (g *guard) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (resp any, err error) {
	if err := g.admit(ctx, info.FullMethod); err != nil {
		return nil, err
	}
	defer g.recovered(info.FullMethod, &err)
	return next(ctx, req)
}

func (g *guard) stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
	if err := g.admit(ss.Context(), info.FullMethod); err != nil {
		return err
	}
	ctx, leave, err := g.streams.enter(ss.Context())
	if err != nil {
		return err
	}
	defer leave()
	defer g.recovered(info.FullMethod, &err)
	return next(srv, boundStream{ss, ctx})
}

// admit refuses whoever does not hold the join token. Tokens are compared by their
// hashes in constant time, so neither content nor length can be probed.
func (g *guard) admit(ctx context.Context, method string) error {
	if strings.HasPrefix(method, "/"+healthv1.Health_ServiceDesc.ServiceName+"/") {
		return nil
	}
	err := status.Error(codes.Unauthenticated, "no join token: send it as `authorization: Bearer <token>`")
	if sent := metadata.ValueFromIncomingContext(ctx, "authorization"); len(sent) == 1 {
		scheme, token, _ := strings.Cut(sent[0], " ")
		sum := sha256.Sum256([]byte(token))
		if strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(sum[:], g.token[:]) == 1 {
			return nil
		}
		err = status.Error(codes.Unauthenticated, "the join token is not the one of this control plane")
	}
	g.refused.Do(func() {
		from := "unknown"
		if p, ok := peer.FromContext(ctx); ok {
			from = p.Addr.String()
		}
		g.log.Warn("node refused", "method", method, "from", from, "error", err)
	})
	return err
}

// recovered keeps a panic of one handler from ending the control plane.
func (g *guard) recovered(method string, err *error) {
	if p := recover(); p != nil {
		g.log.Error("handler panicked", "method", method, "panic", p, "stack", string(debug.Stack()))
		*err = status.Error(codes.Internal, "internal error")
	}
}
