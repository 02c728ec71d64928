package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane/pki"
	"github.com/trunkline-ai/trunkline/internal/domain/nodeid"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// control is the control plane of one node: it sends the snapshots that scenarios ask for
// and counts the calls that come back.
type control struct {
	nodev1.UnimplementedNodeServiceServer

	address   string
	authority *pki.Authority
	server    *grpc.Server
	served    chan struct{} // closed when the server has ended

	push chan *nodev1.SyncResponse
	acks chan error // nil for an ack, the reason for a nack

	revision uint64 // of the last snapshot; the scenarios' goroutine only

	mu    sync.Mutex
	calls map[string]bool // ids of the calls that were shipped
}

// next is the revision of one more snapshot.
func (c *control) next() uint64 {
	c.revision++
	return c.revision
}

func newControl() (*control, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the node: %w", err)
	}
	authority, err := pki.New(time.Now)
	if err != nil {
		return nil, fmt.Errorf("make an authority for the node: %w", err)
	}
	c := &control{
		address: l.Addr().String(), authority: authority, served: make(chan struct{}),
		server: grpc.NewServer(grpc.Creds(credentials.NewTLS(authority.ServerTLS()))),
		push:   make(chan *nodev1.SyncResponse, 1), acks: make(chan error, 1), calls: map[string]bool{},
	}
	nodev1.RegisterNodeServiceServer(c.server, c)
	go func() {
		defer close(c.served)
		_ = c.server.Serve(l) // ends with stop
	}()
	return c, nil
}

func (c *control) stop() {
	c.server.Stop()
	<-c.served
}

// pack encodes a snapshot as it is sent.
func pack(s *nodev1.Snapshot) (*nodev1.Full, error) {
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encode snapshot: %w", err)
	}
	encoder, err := zstd.NewWriter(nil)
	if err != nil {
		return nil, fmt.Errorf("compress snapshot: %w", err)
	}
	defer encoder.Close()
	sum := sha256.Sum256(raw)
	return &nodev1.Full{
		Nonce: s.GetRevision(), Revision: s.GetRevision(), Sha256: sum[:], SnapshotZstd: encoder.EncodeAll(raw, nil),
	}, nil
}

// apply packs a snapshot, sends it and waits until the node uses it.
func (c *control) apply(ctx context.Context, s *nodev1.Snapshot) error {
	full, err := pack(s)
	if err != nil {
		return err
	}
	_, err = c.send(ctx, full)
	return err
}

// send sends a snapshot and waits until the node uses it. It returns how long that took:
// transfer, decompression, compilation and the swap.
func (c *control) send(ctx context.Context, full *nodev1.Full) (time.Duration, error) {
	began := time.Now()
	select {
	case c.push <- &nodev1.SyncResponse{Message: &nodev1.SyncResponse_Full{Full: full}}:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	select {
	case err := <-c.acks:
		return time.Since(began), err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// joinToken is what the nodes of the bench join with.
const joinToken = "the join token of the bench"

// Enroll gives the node its certificate.
func (c *control) Enroll(ctx context.Context, r *nodev1.EnrollRequest) (*nodev1.EnrollResponse, error) {
	certificate, err := c.authority.Issue(r.GetNode(), r.GetCertificateRequest())
	if err != nil {
		return nil, err
	}
	node, ok := peer.FromContext(ctx)
	if !ok {
		return nil, errors.New("there is no peer")
	}
	secure, ok := node.AuthInfo.(credentials.TLSInfo)
	if !ok {
		return nil, errors.New("the connection is not TLS")
	}
	channel, err := nodeid.Channel(secure.State)
	if err != nil {
		return nil, err
	}
	authority := c.authority.Certificates()[0]
	return &nodev1.EnrollResponse{
		Certificate: certificate.Raw, Authority: authority,
		Proof: nodeid.ControlPlaneProof(nodeid.TokenKey(joinToken), channel, r.GetNode(), certificate.Raw, authority),
	}, nil
}

// Sync serves the node's configuration stream.
func (c *control) Sync(stream grpc.BidiStreamingServer[nodev1.SyncRequest, nodev1.SyncResponse]) error {
	if err := stream.SendHeader(nil); err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- c.hear(stream) }()
	for {
		select {
		case m := <-c.push:
			if err := stream.Send(m); err != nil {
				return err
			}
		case err := <-ended:
			return err
		}
	}
}

// hear reads what the node says until its stream ends, which Sync waits for.
func (c *control) hear(stream grpc.BidiStreamingServer[nodev1.SyncRequest, nodev1.SyncResponse]) error {
	for {
		m, err := stream.Recv()
		switch {
		case err != nil:
			return err
		case m.GetAck() != nil:
			c.acks <- nil
		case m.GetNack() != nil:
			c.acks <- errors.New(m.GetNack().GetReason())
		}
	}
}

// ShipCalls takes call records and acknowledges them.
func (c *control) ShipCalls(stream grpc.BidiStreamingServer[nodev1.ShipCallsRequest, nodev1.ShipCallsResponse]) error {
	for {
		m, err := stream.Recv()
		if err != nil {
			return err
		}
		if err := stream.Send(&nodev1.ShipCallsResponse{Sequence: m.GetSequence(), Stored: c.store(m.GetCalls())}); err != nil {
			return err
		}
	}
}

func (c *control) store(calls []*nodev1.Call) (stored int32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, call := range calls {
		if !c.calls[call.GetId()] {
			c.calls[call.GetId()] = true
			stored++
		}
	}
	return stored
}

func (c *control) recorded(context.Context) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.calls), nil
}
