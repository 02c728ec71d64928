// Package nodelink tests the link between the planes with the real parts of both, over
// loopback TCP and in memory.
package nodelink

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/test/bufconn"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/controlplane/enrollment"
	"github.com/trunkline-ai/trunkline/controlplane/nodeapi"
	"github.com/trunkline-ai/trunkline/controlplane/pki"
	"github.com/trunkline-ai/trunkline/controlplane/snapshot"
	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/uplink"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/syncing"
	"github.com/trunkline-ai/trunkline/internal/domain/feature"
	"github.com/trunkline-ai/trunkline/internal/pace"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	token    = "a join token of the test"
	patience = 30 * time.Second
)

// config is the present configuration of a control plane: so many groups.
type config struct {
	realm *realm // made when it is first served over TLS

	mu      sync.Mutex
	now     *controlplane.Config
	past    map[controlplane.Revision]*controlplane.Config
	changed map[chan struct{}]bool
}

func newConfig(revision, groups int) *config {
	c := &config{past: map[controlplane.Revision]*controlplane.Config{}, changed: map[chan struct{}]bool{}}
	c.set(revision, groups)
	return c
}

func (c *config) Current() *controlplane.Config {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *config) Subscribe() (<-chan struct{}, func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch := make(chan struct{}, 1)
	c.changed[ch] = true
	return ch, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.changed, ch)
	}
}

func (c *config) set(revision, groups int) {
	resources := []*controlplane.Resource{{
		Kind: controlplane.KindProvider, Name: "p", Spec: &adminv1.Provider{Dialect: "fake", Models: []*adminv1.Model{{Id: "ok"}}},
	}}
	for i := range groups {
		resources = append(resources, &controlplane.Resource{
			Kind: controlplane.KindGroup, Name: fmt.Sprintf("group-%d", i),
			Spec: &adminv1.Group{Members: []*adminv1.Member{{Provider: "p", Model: "ok", Priority: 1}}},
		})
	}
	c.publish(controlplane.NewConfig(controlplane.Revision(revision), "lineage", resources, nil))
}

func (c *config) publish(now *controlplane.Config) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now, c.past[now.Revision] = now, now
	for ch := range c.changed {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}

// at is the configuration as it was.
func (c *config) at(_ context.Context, _ *controlplane.Config, revision controlplane.Revision) (*controlplane.Config, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if past := c.past[revision]; past != nil {
		return past, nil
	}
	return nil, fmt.Errorf("there was no revision %d", revision)
}

// noSecrets is a sealer for configurations without credentials.
type noSecrets struct{}

func (noSecrets) Seal(p, _ []byte) ([]byte, error) { return p, nil }
func (noSecrets) Open(c, _ []byte) ([]byte, error) { return c, nil }

// control is a running control plane, as far as nodes see it.
type control struct {
	nodes *nodeapi.Registry
	hub   *snapshot.Hub
	sends func() nodeapi.Sends
	joins *enrollment.Service // nil in memory
	// kill cuts every connection without a word, as the end of the process would; stop
	// shuts down in order.
	kill, stop func()
}

// cutter is a listener that can cut what it accepted.
type cutter struct {
	net.Listener
	mu    sync.Mutex
	conns []net.Conn
}

func (c *cutter) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err == nil {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.conns = append(c.conns, conn)
	}
	return conn, err
}

func (c *cutter) cut() {
	c.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.conns {
		conn.Close()
	}
}

// noGaps is for nodes that have room for every record; what cannot be stored is forgotten.
type noGaps struct{ calllog.GapStore }

func (noGaps) PutAside(context.Context, []calllog.Refused) error { return nil }

func serve(t *testing.T, lis net.Listener, cfg *config, calls calllog.Store) *control {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	hub, err := snapshot.NewHub(snapshot.Config{
		Source: cfg, Sealer: noSecrets{}, Pepper: []byte("sixteen bytes !!"), Logger: log, Debounce: time.Millisecond, At: cfg.at,
	})
	if err != nil {
		t.Fatal(err)
	}
	ingest, err := calllog.New(calllog.Config{Store: calls, Gaps: noGaps{}, Source: cfg, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	link := nodeapi.Config{Snapshots: hub, Calls: ingest, Logger: log, Revoked: snapshot.NewRevoker(cfg)}
	var (
		server *nodeapi.Server
		joins  *enrollment.Service
	)
	if lis.Addr().Network() == "tcp" {
		if cfg.realm == nil {
			cfg.realm = newRealm(t)
		}
		var authority *pki.Authority
		joins, authority = cfg.realm.replica(t, func() { server.Recheck() })
		link.Identities, link.TLS = joins, authority.ServerTLS()
	}
	server, err = nodeapi.New(link)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	check := func(what string, run func() error) {
		wg.Go(func() {
			if err := run(); err != nil {
				t.Errorf("%s: %v", what, err)
			}
		})
	}
	check("hub", func() error { return hub.Run(ctx) })
	if joins != nil {
		check("identities", func() error { return joins.Run(ctx) })
	}
	wire := &cutter{Listener: lis}
	check("server", func() error {
		err := server.Serve(wire)
		if errors.Is(err, net.ErrClosed) {
			return nil // killed
		}
		return err
	})
	end := func(ctx context.Context) {
		if err := server.Shutdown(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("Shutdown: %v", err)
		}
		cancel()
		wg.Wait()
	}
	once := sync.Once{}
	c := &control{
		nodes: server.Registry(), hub: hub, sends: server.Sends,
		joins: joins,
		kill: func() {
			once.Do(func() {
				wire.cut()
				done, cancel := context.WithCancel(context.Background())
				cancel()
				end(done)
			})
		},
		stop: func() {
			once.Do(func() {
				soon, cancel := context.WithTimeout(context.Background(), patience)
				defer cancel()
				end(soon)
			})
		},
	}
	t.Cleanup(c.stop)
	return c
}

func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	lis, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return lis
}

// node is a data-plane node without its front: what it applied, and its link.
type node struct {
	*uplink.Uplink
	serving atomic.Pointer[dataplane.Snapshot]
	refuse  atomic.Uint64 // the revision it refuses
	changes atomic.Uint64 // that it was sent as such
	applied chan uint64
	stop    func()
}

func join(t *testing.T, name, target string, change func(*uplink.Config)) *node {
	t.Helper()
	n := &node{applied: make(chan uint64, 1000)}
	cfg := uplink.Config{
		Target: target, Node: name,
		Logger:     slog.New(slog.DiscardHandler),
		MinBackoff: 5 * time.Millisecond,
		MaxBackoff: 100 * time.Millisecond,
		Shipping:   shipping.Config{BatchDelay: 5 * time.Millisecond},
	}
	cfg.Sync = syncing.Config{
		Version:  "test",
		Features: feature.Known().With(feature.Dialect("fake")),
		Status:   func() syncing.Status { return syncing.Status{} },
		Apply: func(in *nodev1.Snapshot, _ *pace.Pace) error {
			if in.GetRevision() == n.refuse.Load() {
				return fmt.Errorf("revision %d is refused by the test", in.GetRevision())
			}
			s, err := dataplane.Compile(in)
			if err != nil {
				return err
			}
			n.serving.Store(s)
			n.applied <- s.Revision
			return nil
		},
		Change: func(c *dataplane.Change, _ *pace.Pace) error {
			if c.Revision == n.refuse.Load() {
				return fmt.Errorf("revision %d is refused by the test", c.Revision)
			}
			s, err := n.serving.Load().With(c, nil)
			if err != nil {
				return err
			}
			n.serving.Store(s)
			n.changes.Add(1)
			n.applied <- s.Revision
			return nil
		},
		Held: func(hash dataplane.KeyHash) (string, bool) { return n.serving.Load().KeyName(hash) },
	}
	if change != nil {
		change(&cfg)
	}
	if cfg.Identity == nil && !cfg.InMemory {
		known(t, nil)(&cfg)
	}
	var err error
	if n.Uplink, err = uplink.New(cfg); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := n.Run(ctx); err != nil {
			t.Errorf("node %s: %v", name, err)
		}
	})
	n.stop = sync.OnceFunc(func() {
		cancel()
		wg.Wait()
	})
	t.Cleanup(n.stop)
	return n
}

// reaches waits until the node serves the revision.
func (n *node) reaches(t *testing.T, revision uint64) {
	t.Helper()
	for deadline := time.After(patience); ; {
		select {
		case got := <-n.applied:
			if got == revision {
				return
			}
		case <-deadline:
			t.Fatalf("serves %d, never %d", n.Revision(), revision)
		}
	}
}

func (n *node) flush(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := n.Flush(ctx); err != nil {
		t.Fatal(err)
	}
}

// until polls for what no channel tells.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

func inMemory() (net.Listener, func(*uplink.Config)) {
	lis := bufconn.Listen(1 << 20)
	return lis, func(c *uplink.Config) {
		c.Target, c.InMemory = "passthrough:///memory", true
		c.DialOptions = []grpc.DialOption{
			grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return lis.DialContext(ctx) }),
		}
	}
}

func (noGaps) Receipt(context.Context, string, *nodev1.Receipt) (*nodev1.Receipt, *nodev1.Gap, error) {
	return nil, nil, nil
}
