package faults

import (
	"bytes"
	"context"
	"crypto/sha256"
	"log/slog"
	"net"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/enrollment"
	"github.com/trunkline-ai/trunkline/controlplane/nodeapi"
	"github.com/trunkline-ai/trunkline/controlplane/pki"
	"github.com/trunkline-ai/trunkline/controlplane/secrets"
	"github.com/trunkline-ai/trunkline/controlplane/store"
	"github.com/trunkline-ai/trunkline/internal/domain/apikey"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// scriptedPlane is a control plane in this process that lets nodes join as ever, and sends
// them whatever a test wants.
type scriptedPlane struct {
	address string
	nodes   *nodeapi.Registry

	mu      sync.Mutex
	present controlplane.Snapshot // guarded by mu, as what follows
	boxes   map[chan controlplane.Snapshot]bool
}

func newScriptedPlane(t *testing.T) *scriptedPlane {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	db, err := store.Open(t.Context(), store.Config{URL: "sqlite:///" + filepath.Join(t.TempDir(), "plane.db"), Logger: log, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	sealer, err := secrets.New(bytes.Repeat([]byte{7}, secrets.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	authority, err := pki.Ensure(t.Context(), store.NewSecrets(db), sealer, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	p := &scriptedPlane{boxes: map[chan controlplane.Snapshot]bool{}}
	var server *nodeapi.Server
	joins, err := enrollment.New(t.Context(), enrollment.Config{
		Store: store.NewEnrollment(db), Authority: authority, Sealer: sealer, Preset: func() string { return joinToken },
		Changed: func() { server.Recheck() }, Logger: log, Now: time.Now, Poll: time.Second,
	})
	if err != nil {
		t.Fatal(err)
	}
	server, err = nodeapi.New(nodeapi.Config{Snapshots: p, Calls: noCalls{}, Identities: joins, TLS: authority.ServerTLS(), Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	lis, err := net.Listen("tcp", anyPort)
	if err != nil {
		t.Fatal(err)
	}
	p.address, p.nodes = lis.Addr().String(), server.Registry()
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = joins.Run(ctx) })
	wg.Go(func() { _ = server.Serve(lis) })
	t.Cleanup(func() {
		done, now := context.WithCancel(context.Background())
		now() // nodes may be connected
		_ = server.Shutdown(done)
		cancel()
		wg.Wait()
	})
	return p
}

// push sends a snapshot to the nodes that are there, and to those that come.
func (p *scriptedPlane) push(full *nodev1.Full) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.present = pushed{full}
	for box := range p.boxes {
		select {
		case <-box:
		default:
		}
		box <- p.present
	}
}

// Subscribe is how the server learns of snapshots.
func (p *scriptedPlane) Subscribe(string) (<-chan controlplane.Snapshot, func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	box := make(chan controlplane.Snapshot, 1)
	p.boxes[box] = true
	if p.present != nil {
		box <- p.present
	}
	return box, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.boxes, box)
	}
}

// Recall remembers nothing.
func (p *scriptedPlane) Recall(context.Context, uint64, []byte) {}

// noCalls takes every call and keeps none.
type noCalls struct{}

// Ingest takes calls.
func (noCalls) Ingest(_ context.Context, _ string, calls []*nodev1.Call) (int, []*nodev1.RejectedCall, error) {
	return len(calls), nil, nil
}

// IngestTotals takes totals.
func (noCalls) IngestTotals(context.Context, string, []*nodev1.Total, []*nodev1.Gap) ([]*nodev1.RejectedCall, error) {
	return nil, nil
}

// wirePolicy is a policy as snapshots carry it.
func wirePolicy() *nodev1.Policy {
	d := durationpb.New(10 * time.Second)
	return &nodev1.Policy{
		FailureThreshold: 5, FailureWindow: d, MinRatio: 0.2, Cooldown: d, CooldownMax: d, MaxAttempts: 5,
		ConnectTimeout: d, FirstTokenTimeout: d, ResponseTimeout: d, StreamIdleTimeout: d, TotalTimeout: d, StreamTotalTimeout: d,
	}
}

// wireSnapshot has one group, g, with one provider at a URL.
func wireSnapshot(revision uint64, url string) *nodev1.Snapshot {
	pepper := []byte("sixteen bytes !!")
	hash := apikey.Hash(pepper, appKey)
	return &nodev1.Snapshot{
		Revision: revision, KeyPepper: pepper,
		Providers: []*nodev1.Provider{{
			Name: "primary", BaseUrl: url, AllowPrivateNetwork: true, Policy: wirePolicy(),
			Credentials: []*nodev1.Credential{{Name: "main", Secret: "s"}}, Models: []*nodev1.Model{{Id: "ok"}},
		}},
		Groups:  []*nodev1.Group{{Name: "g", Members: []*nodev1.Member{{Provider: "primary", Model: "ok", Priority: 1, Policy: wirePolicy()}}}},
		ApiKeys: []*nodev1.ApiKey{{Name: "app", Hash: hash[:], Groups: []string{"g"}}},
	}
}

func encode(t *testing.T, s *nodev1.Snapshot) *nodev1.Full {
	t.Helper()
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(raw)
	return &nodev1.Full{Revision: s.GetRevision(), Sha256: sum[:], SnapshotZstd: compressed(t, raw), Lineage: "scripted"}
}

// pushed is a snapshot of a test, which is always sent whole.
type pushed struct{ full *nodev1.Full }

func (p pushed) Revision() uint64                    { return p.full.GetRevision() }
func (p pushed) Lineage() string                     { return p.full.GetLineage() }
func (p pushed) Held() uint64                        { return 0 }
func (p pushed) Digest() []byte                      { return p.full.GetSha256() }
func (p pushed) Full() (*nodev1.Full, error)         { return p.full, nil }
func (p pushed) Delta([]byte) (*nodev1.Delta, error) { return nil, nil }

func (noCalls) Receipt(context.Context, string, *nodev1.Receipt) (*nodev1.Receipt, *nodev1.Gap, error) {
	return nil, nil, nil
}
