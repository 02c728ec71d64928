package scale

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/dataplane/uplink/identity"
	"github.com/trunkline-ai/trunkline/internal/domain/docset"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// light is a node without what it would do with a snapshot: it joins with a certificate of
// its own, opens a real stream on a connection of its own, takes snapshots and changes of them,
// checks nothing, and acknowledges. Two hundred nodes that also decode and compile them would need
// the machine for themselves, and the figures would be theirs.
type light struct {
	name     string
	boot     string
	target   string
	began    time.Time
	identity *identity.Identity
	seen     func(revision uint64, at time.Time)
	have     *nodev1.Full // without its content
	forget   atomic.Bool  // come back as if it had nothing
	received atomic.Int64 // bytes of snapshots
	cooling  []string     // providers that it says are cooling down
}

func (n *light) dial(c credentials.TransportCredentials) (*grpc.ClientConn, error) {
	return grpc.NewClient(n.target, grpc.WithTransportCredentials(c), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(40<<20)))
}

// join gets the node its certificate.
func (n *light) join(ctx context.Context) error { return n.identity.Join(ctx, n.dial) }

// run keeps a stream open until ctx ends. It comes back as nodes do: after a random part of
// five seconds.
func (n *light) run(ctx context.Context) {
	for ctx.Err() == nil {
		_ = n.stream(ctx) // however it ended, there is another
		select {
		case <-ctx.Done():
		case <-time.After(rand.N(5 * time.Second)):
		}
	}
}

func (n *light) stream(ctx context.Context) error {
	conn, err := n.dial(n.identity.Credentials())
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := nodev1.NewNodeServiceClient(conn).Sync(ctx)
	if err != nil {
		return err
	}
	hello := &nodev1.Hello{Node: n.name, BootId: n.boot, Version: "light", UptimeMs: time.Since(n.began).Milliseconds(), TakesDeltas: true, DigestFormat: docset.DigestFormat}
	if n.have != nil && !n.forget.Load() {
		hello.HaveRevision, hello.HaveDigest, hello.HaveLineage = n.have.GetRevision(), n.have.GetDigest(), n.have.GetLineage()
	}
	if err := stream.Send(&nodev1.SyncRequest{Message: &nodev1.SyncRequest_Hello{Hello: hello}}); err != nil {
		return err
	}
	var sending sync.Mutex
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { n.report(ctx, stream, &sending) })
	for {
		m, err := stream.Recv()
		if err != nil {
			return err
		}
		full := m.GetFull()
		if d := m.GetDelta(); d != nil {
			full = d.GetTo()
		}
		if full == nil {
			continue
		}
		n.forget.Store(false)
		n.received.Add(int64(proto.Size(m)))
		n.have = &nodev1.Full{Revision: full.GetRevision(), Digest: full.GetDigest(), Lineage: full.GetLineage()}
		sending.Lock()
		err = stream.Send(&nodev1.SyncRequest{Message: &nodev1.SyncRequest_Ack{Ack: &nodev1.Ack{Nonce: full.GetNonce(), Revision: full.GetRevision()}}})
		sending.Unlock()
		if err != nil {
			return err
		}
		n.seen(full.GetRevision(), time.Now())
	}
}

// report sends a status every five seconds, as nodes do.
func (n *light) report(ctx context.Context, stream grpc.BidiStreamingClient[nodev1.SyncRequest, nodev1.SyncResponse], sending *sync.Mutex) {
	first := time.NewTimer(rand.N(5 * time.Second))
	defer first.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-first.C:
			first.Reset(5 * time.Second)
		}
		st := &nodev1.Status{InFlight: int32(rand.IntN(100)), UptimeMs: time.Since(n.began).Milliseconds(), WallUs: time.Now().UnixMicro()}
		for _, provider := range n.cooling {
			st.Targets = append(st.Targets, &nodev1.TargetHealth{
				Provider: provider, State: "cooling", Reason: "rate_limited", RemainingMs: 40_000, Failures: 3, Threshold: 3,
			})
		}
		if n.have != nil {
			st.AppliedRevision = n.have.GetRevision()
		}
		sending.Lock()
		err := stream.Send(&nodev1.SyncRequest{Message: &nodev1.SyncRequest_Status{Status: st}})
		sending.Unlock()
		if err != nil {
			return
		}
	}
}

// fleet is many light nodes, and when each saw which revision first.
type fleet struct {
	t     *testing.T
	nodes []*light

	mu   sync.Mutex
	at   map[string]arrival // guarded by mu; newest by node
	wake chan struct{}
}

type arrival struct {
	revision uint64
	at       time.Time
}

func (f *fleet) saw(node string, revision uint64, at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.at[node] = arrival{revision, at}
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// await waits until every node has a revision, or a later one, and returns when each got it.
func (f *fleet) await(revision uint64, since time.Time) []time.Time {
	f.t.Helper()
	deadline := time.After(5 * time.Minute)
	for {
		var times []time.Time
		f.mu.Lock()
		for _, a := range f.at {
			if a.revision >= revision && a.at.After(since) {
				times = append(times, a.at)
			}
		}
		f.mu.Unlock()
		if len(times) == len(f.nodes) {
			return times
		}
		select {
		case <-f.wake:
		case <-deadline:
			f.t.Fatalf("only %d of %d nodes have revision %d after five minutes", len(times), len(f.nodes), revision)
		}
	}
}
