package main

import (
	"context"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/dataplane/uplink/identity"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/syncing"
	"github.com/trunkline-ai/trunkline/internal/domain/docset"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// reportEvery is how often a node reports by default while something is new.
const reportEvery = 5 * time.Second

// fleetNode is a node without what it would do with a snapshot: it joins with a certificate of its own, has a
// connection and a stream of its own, acknowledges what it is sent and reports as nodes do. So many that also
// compiled it would need the machine for themselves.
type fleetNode struct {
	name, target string
	identity     *identity.Identity
	fleet        *fleet
	began        time.Time
	have         *nodev1.Full // without its content
}

func (n *fleetNode) dial(c credentials.TransportCredentials) (*grpc.ClientConn, error) {
	return grpc.NewClient(n.target, grpc.WithTransportCredentials(c), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(40<<20)), grpc.WithStaticConnWindowSize(2<<20))
}

func (n *fleetNode) run(ctx context.Context) {
	for ctx.Err() == nil {
		_ = n.stream(ctx) // however it ended, there is another
		rest(ctx, 200*time.Millisecond)
	}
}

func (n *fleetNode) stream(ctx context.Context) error {
	conn, err := n.dial(n.identity.Credentials())
	if err != nil {
		return err
	}
	defer conn.Close()
	stream, err := nodev1.NewNodeServiceClient(conn).Sync(ctx)
	if err != nil {
		return err
	}
	uptime := func() int64 { return time.Since(n.began).Milliseconds() }
	if err := stream.Send(&nodev1.SyncRequest{Message: &nodev1.SyncRequest_Hello{Hello: &nodev1.Hello{
		Node: n.name, BootId: n.name, Version: "bench", TakesDeltas: true, DigestFormat: docset.DigestFormat, UptimeMs: uptime(),
		HaveRevision: n.have.GetRevision(), HaveDigest: n.have.GetDigest(), HaveLineage: n.have.GetLineage(),
	}}}); err != nil {
		return err
	}
	messages, ended := make(chan *nodev1.SyncResponse), make(chan error, 1)
	go func() {
		for {
			m, err := stream.Recv()
			if err != nil {
				ended <- err
				return
			}
			select {
			case messages <- m:
			case <-stream.Context().Done():
				return
			}
		}
	}()
	report := time.NewTicker(reportEvery)
	defer report.Stop()
	var quiet syncing.Quiet
	for {
		var answer *nodev1.SyncRequest
		select {
		case err := <-ended:
			return err
		case <-report.C:
			status := &nodev1.Status{AppliedRevision: n.have.GetRevision(), Redis: "off", UptimeMs: uptime(), WallUs: time.Now().UnixMicro()}
			if !quiet.Due(status) {
				continue
			}
			answer = &nodev1.SyncRequest{Message: &nodev1.SyncRequest_Status{Status: status}}
		case m := <-messages:
			to := m.GetFull()
			if d := m.GetDelta(); d != nil {
				to = d.GetTo()
			}
			if to == nil {
				continue
			}
			n.have = proto.CloneOf(to)
			n.have.SnapshotZstd = nil
			answer = &nodev1.SyncRequest{Message: &nodev1.SyncRequest_Ack{Ack: &nodev1.Ack{Nonce: to.GetNonce(), Revision: to.GetRevision()}}}
			n.fleet.has(n.name, to.GetRevision())
		}
		if err := stream.Send(answer); err != nil {
			return err
		}
	}
}
