package uplink

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"

	"github.com/trunkline-ai/trunkline/dataplane/uplink/stream"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/syncing"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// maxReceive bounds a received message: a snapshot of 32 MiB that did not compress.
const maxReceive = 40 << 20

// window is how many bytes may be on their way to the node. gRPC would measure the line to fit it,
// which costs a ping and its answer for each answer to a batch of calls.
const window = 2 << 20

// keepLinked connects again and again until ctx ends. A change of how the link stands is
// logged once, not every try.
func (u *Uplink) keepLinked(ctx context.Context) {
	retry := stream.Retry{Min: u.cfg.MinBackoff, Max: u.cfg.MaxBackoff}
	last := codes.OK
	for {
		target := u.addresses.take()
		up, err := u.link(ctx, target)
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, errRenewed) {
			u.log.Info("reconnecting with the new certificate", "target", target)
			u.addresses.begin()
			continue
		}
		if errors.Is(err, syncing.ErrGap) {
			u.addresses.begin()
			continue
		}
		code := status.Code(err)
		if bound, more := u.addresses.more(code); !up && more {
			u.log.Debug("cannot reach the control plane at this address; trying the next one", "target", target, "error", err)
			if !pause(ctx, min(bound, u.cfg.MinBackoff)) {
				return
			}
			continue
		}
		u.addresses.begin()
		u.Missed()
		switch {
		case up:
			u.log.Warn("connection to the control plane lost; still serving the last snapshot", "error", err)
		case code != last:
			u.log.Warn("cannot reach the control plane; retrying", "target", target, "error", err)
		}
		last = code
		// Aborted means that another node took the name over: two of them must not
		// throw each other out as fast as they can.
		if up && code != codes.Aborted {
			retry.Reset()
		}
		if !retry.Wait(ctx, u.Hurry()) {
			return
		}
	}
}

// link is one connection: it syncs, ships while the sync is up, and ends when the sync
// ends. A connection of its own for each try leaves nothing to gRPC's own reconnecting,
// which neither spreads nodes out nor tells a stream that its server is gone permanently.
func (u *Uplink) link(ctx context.Context, target string) (up bool, err error) {
	if err := u.identify(ctx, target); err != nil {
		return false, err
	}
	conn, err := u.dial(target, u.credentials())
	if err != nil {
		return false, err
	}
	defer conn.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	client := nodev1.NewNodeServiceClient(conn)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel(nil)
	err = u.Sync(ctx, client, func() {
		up = true
		u.log.Info("connected to the control plane", "target", target, "node", u.cfg.Node)
		wg.Go(func() { u.Ship(ctx, client) })
		wg.Go(func() { u.keepRenewed(ctx, client, func() { cancel(errRenewed) }) })
	})
	if errors.Is(context.Cause(ctx), errRenewed) {
		return up, errRenewed
	}
	if u.cfg.Identity != nil {
		u.cfg.Identity.Refused(err)
	}
	return up, err
}

// dial prepares a connection. Of several addresses that a name has a random one is first.
func (u *Uplink) dial(target string, as credentials.TransportCredentials) (*grpc.ClientConn, error) {
	conn, err := grpc.NewClient(target, append([]grpc.DialOption{
		grpc.WithTransportCredentials(as),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig": [{"pick_first": {"shuffleAddressList": true}}]}`),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxReceive)),
		grpc.WithStaticStreamWindowSize(window), grpc.WithStaticConnWindowSize(window),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{
			Time:                20 * time.Second, // the server allows 5s
			Timeout:             10 * time.Second,
			PermitWithoutStream: true,
		}),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.DefaultConfig,
			MinConnectTimeout: 5 * time.Second,
		}),
	}, u.cfg.DialOptions...)...)
	if err != nil {
		return nil, fmt.Errorf("dial %q: %w", target, err)
	}
	return conn, nil
}
