// Package scale measures a control plane with a large configuration and many nodes. Its test
// does nothing unless TRUNKLINE_SCALE_NODES says how many nodes to make:
//
//	TRUNKLINE_SCALE_NODES=200 go test ./e2e/scale -v -timeout 30m
//
// TRUNKLINE_SCALE_KEYS sets the number of API keys; default 100,000. What it found on one
// machine is in docs/scale.md.
package scale

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/uplink"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/identity"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/syncing"
	"github.com/trunkline-ai/trunkline/internal/pace"
	"github.com/trunkline-ai/trunkline/internal/testenv"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

const (
	password  = "correct horse battery staple"
	joinToken = "scale-join-token-0123456789"
	providers = 1000
	groups    = 200
	changes   = 10
	burst     = 10
)

func TestScale(t *testing.T) {
	count, _ := strconv.Atoi(os.Getenv("TRUNKLINE_SCALE_NODES"))
	if count < 1 {
		t.Skip("TRUNKLINE_SCALE_NODES does not say how many nodes to make")
	}
	keys, err := strconv.Atoi(os.Getenv("TRUNKLINE_SCALE_KEYS"))
	if err != nil {
		keys = 100_000
	}
	t.Logf("%s, %d cores, %d providers, %d groups, %d keys, %d nodes, load %s", runtime.Version(), runtime.NumCPU(), providers, groups, keys, count, loadAverage(t))

	p := startPlane(t, testenv.Postgres(t))
	p.log("empty")
	began := time.Now()
	p.load(keys)
	t.Logf("configuration applied in %s", since(began))
	p.log("configured")

	f := join(t, p, count)
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer stop()
	began = time.Now()
	for _, n := range f.nodes {
		wg.Go(func() { n.run(ctx) })
	}
	at := f.await(1, time.Time{})
	t.Logf("%d nodes connected and sent the snapshot of %.1f MB: %s", count, float64(f.nodes[0].received.Load())/1e6, spread(began, at))
	p.log("connected")

	p.idle()
	p.changeOneByOne(f)
	p.changeAtOnce(f)
	p.listAll()
	p.revoke()
	p.oneRealNode(keys)
	p.reconnect(f, "with what they have", false)
	p.reconnect(f, "with nothing", true)
}

// idle measures what the control plane costs while nothing happens but that nodes report.
func (p *plane) idle() {
	const span = 30 * time.Second
	time.Sleep(5 * time.Second) // what connecting has left behind
	began, cpu := time.Now(), p.cpu()
	time.Sleep(span)
	p.t.Logf("CPU of the control plane while nothing changes: %.2f %% of a core", 100*(p.cpu()-cpu)/time.Since(began).Seconds())
}

// changeOneByOne measures from the answer to a change until all nodes have it.
func (p *plane) changeOneByOne(f *fleet) {
	var all, last, answered []time.Duration
	cpu, sent := p.cpu(), p.sent()
	for i := range changes {
		asked := time.Now()
		revision := p.change(i)
		done := time.Now()
		answered = append(answered, done.Sub(asked))
		times := f.await(revision, asked)
		for _, at := range times {
			all = append(all, at.Sub(done))
		}
		last = append(last, slices.MaxFunc(times, time.Time.Compare).Sub(done))
		listed := p.awaitListed(revision)
		if i == 0 {
			p.t.Logf("the list of nodes says so %s after the change", listed.Sub(done).Round(time.Millisecond))
		}
	}
	p.t.Logf("a change is answered within: %s", percentiles(answered))
	p.t.Logf("from the answer to applied, each node: %s", percentiles(all))
	p.t.Logf("from the answer to applied, the last node: %s", percentiles(last))
	p.t.Logf("bytes sent for a change to all nodes: %.0f", (p.sent()-sent)/changes)
	p.t.Logf("CPU of the control plane for a change on all nodes: %.2fs", (p.cpu()-cpu)/changes)
	p.log("after changes")
}

// changeAtOnce measures how a burst of changes becomes few snapshots.
func (p *plane) changeAtOnce(f *fleet) {
	sent := p.sends()
	began := time.Now()
	var revision uint64
	for i := range burst {
		revision = p.change(i)
	}
	written := time.Since(began)
	at := f.await(revision, began)
	p.t.Logf("%d changes in a row: written in %s, applied on all after %s, %.1f snapshots for each node",
		burst, written.Round(time.Millisecond), slices.MaxFunc(at, time.Time.Compare).Sub(began).Round(time.Millisecond),
		(p.sends()-sent)/float64(len(f.nodes)))
	p.log("after a burst")
}

// listAll reads a hundred pages of keys.
func (p *plane) listAll() {
	client := adminv1connect.NewKeyServiceClient(p.client)
	var took []time.Duration
	token := ""
	for range 100 {
		asked := time.Now()
		res, err := client.ListApiKeys(p.t.Context(), &adminv1.ListApiKeysRequest{PageToken: token})
		if err != nil {
			p.t.Fatal(err)
		}
		took = append(took, time.Since(asked))
		token = res.GetNextPageToken()
	}
	p.t.Logf("a page of 100 keys: %s", percentiles(took))
	took = nil
	nodes := adminv1connect.NewNodeServiceClient(p.client)
	for range 100 {
		asked := time.Now()
		if _, err := nodes.ListNodes(p.t.Context(), &adminv1.ListNodesRequest{}); err != nil {
			p.t.Fatal(err)
		}
		took = append(took, time.Since(asked))
	}
	p.t.Logf("the list of nodes: %s", percentiles(took))
}

// revoke measures one revocation as it is answered.
func (p *plane) revoke() {
	asked := time.Now()
	_, err := adminv1connect.NewKeyServiceClient(p.client).DeleteApiKey(p.t.Context(), &adminv1.DeleteApiKeyRequest{Name: keyName(7)})
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Logf("a key is deleted in %s", since(asked))
	p.awaitListed(p.revision())
}

// oneRealNode measures what a whole node needs to decode and compile the snapshot.
func (p *plane) oneRealNode(keys int) {
	id, err := identity.Open(identity.Config{Node: "real", JoinToken: joinToken, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		p.t.Fatal(err)
	}
	took := make(chan time.Duration, 1)
	u, err := uplink.New(uplink.Config{
		Target: p.Address("nodes"), Identity: id, Node: "real", Logger: slog.New(slog.DiscardHandler),
		Sync: syncing.Config{Status: func() syncing.Status { return syncing.Status{} }, Apply: func(s *nodev1.Snapshot, _ *pace.Pace) error {
			began := time.Now()
			_, err := dataplane.Compile(s)
			took <- time.Since(began)
			return err
		}},
	})
	if err != nil {
		p.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(p.t.Context())
	done := make(chan error, 1)
	began := time.Now()
	go func() { done <- u.Run(ctx) }()
	compile := <-took
	<-u.Ready()
	p.t.Logf("a real node: ready %s after it started, of which compiling %d keys took %s", since(began), keys, compile.Round(time.Millisecond))
	stop()
	if err := <-done; err != nil {
		p.t.Error(err)
	}
}

// reconnect kills the control plane and measures how all nodes come back at once.
func (p *plane) reconnect(f *fleet, what string, forget bool) {
	for _, n := range f.nodes {
		n.forget.Store(forget)
	}
	p.Kill()
	before := int64(0)
	for _, n := range f.nodes {
		before += n.received.Load()
	}
	began := time.Now()
	p.Run()
	p.signIn()
	serving := time.Now()
	if forget {
		at := f.await(1, began)
		p.t.Logf("all nodes reconnect %s: %s after the control plane serves", what, spread(serving, at))
	}
	p.awaitListed(p.revision())
	received := int64(0)
	for _, n := range f.nodes {
		received += n.received.Load()
	}
	p.t.Logf("all nodes reconnect %s: serving after %s, all listed as up to date after %s; %.1f MB sent",
		what, serving.Sub(began).Round(time.Millisecond), since(began), float64(received-before)/1e6)
	p.log("after nodes reconnected " + what)
}

// join makes nodes and gets each its certificate.
func join(t *testing.T, p *plane, count int) *fleet {
	t.Helper()
	f := &fleet{t: t, at: map[string]arrival{}, wake: make(chan struct{}, 1)}
	began := time.Now()
	var wg sync.WaitGroup
	for i := range count {
		name := fmt.Sprintf("node-%03d", i)
		id, err := identity.Open(identity.Config{Node: name, JoinToken: joinToken, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		n := &light{name: name, boot: name, target: p.Address("nodes"), began: time.Now(), identity: id}
		n.seen = func(revision uint64, at time.Time) { f.saw(name, revision, at) }
		f.nodes = append(f.nodes, n)
		wg.Go(func() {
			if err := n.join(t.Context()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
	wg.Wait()
	t.Logf("%d nodes joined in %s", count, since(began))
	return f
}

func loadAverage(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	first, _, _ := strings.Cut(string(text), " ")
	return first
}

func since(t time.Time) time.Duration { return time.Since(t).Round(time.Millisecond) }

func spread(from time.Time, at []time.Time) string {
	var all []time.Duration
	for _, t := range at {
		all = append(all, t.Sub(from))
	}
	return percentiles(all)
}

func percentiles(all []time.Duration) string {
	slices.Sort(all)
	at := func(p int) time.Duration { return all[(len(all)-1)*p/100].Round(100 * time.Microsecond) }
	return fmt.Sprintf("p50 %s, p99 %s, max %s", at(50), at(99), at(100))
}
