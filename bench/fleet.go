package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/http/cookiejar"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/dataplane/uplink/identity"
	"github.com/trunkline-ai/trunkline/internal/domain/docset"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// fleetScenarios are what a change costs a control plane with many nodes: targets S6 and S10.
var fleetScenarios = []scenario{{
	name: "fleet", about: "S6, S10: one control plane with many API keys and nodes that acknowledge what they are sent: what is sent for a change of one key, how soon every node has it, and CPU while nothing changes",
	metrics: []metric{
		{Name: "sent", Unit: "KB"}, {Name: "applied p50", Unit: "ms"}, {Name: "applied p99", Unit: "ms"}, {Name: "applied on all", Unit: "ms"},
		{Name: "CPU/change", Unit: "ms"}, {Name: "CPU at rest", Unit: "%"}, {Name: "resident", Unit: "MB"},
	},
	more:    fleetSystems,
	measure: changeOneKey,
}}

const (
	// fleetChanges are how many changes one measurement makes, one after the other has been applied.
	fleetChanges = 5
	// fleetGroups are what the keys may use.
	fleetGroups   = 200
	fleetPassword = "the password of the bench"
	// appliedTime bounds the wait for a change.
	appliedTime = 2 * time.Minute
)

// fleet is a control plane with nodes.
type fleet struct {
	database *process // nil: it is in the control plane's process
	admin    *connect.Client
	ops      string // URL of the metrics
	keys     int
	changed  int // keys that were changed so far
	stop     context.CancelFunc
	running  sync.WaitGroup

	mu      sync.Mutex
	applied map[string]uint64 // guarded by mu; by node
	at      map[string]time.Time
	news    chan struct{}
}

func (f *fleet) close() {
	f.stop()
	f.running.Wait()
	if f.database != nil {
		f.database.stop()
	}
}

// fleetSystems starts a control plane of each build on PostgreSQL where that is installed, else on SQLite.
func fleetSystems(ctx context.Context, b *bench) (all []*system, err error) {
	server, err := postgresPrograms()
	if err != nil {
		fmt.Fprintln(b.options.progress, "bench: PostgreSQL is not installed: control planes are on SQLite")
	}
	for _, of := range b.builds {
		name := "control plane"
		if of.name != trunkline {
			name = of.name + "-" + name
		}
		program, err := b.program(ctx, of, commandControl)
		if err != nil {
			return all, err
		}
		if program == "" || !b.options.measures(name) {
			continue
		}
		running, stop := context.WithCancel(context.Background())
		s := &system{name: name, command: commandControl, program: program, fleet: &fleet{
			keys: b.options.keys, stop: stop, applied: map[string]uint64{}, at: map[string]time.Time{}, news: make(chan struct{}, 1),
		}}
		all = append(all, s)
		if err := b.startFleet(ctx, running, s, server); err != nil {
			return all, fmt.Errorf("%s: %w", name, err)
		}
	}
	return all, nil
}

// servingAll finds the addresses in the line that says that a control plane serves.
var servingAll = regexp.MustCompile(`msg=serving console=(\S+ nodes=\S+ ops=\S+)`)

// startFleet starts a control plane, configures it and connects the nodes.
func (b *bench) startFleet(ctx, running context.Context, s *system, server string) (err error) {
	dir, err := os.MkdirTemp(b.dir, "fleet-")
	if err != nil {
		return fmt.Errorf("make a directory: %w", err)
	}
	url := "sqlite:///" + dir + "/trunkline.db"
	if server != "" {
		if s.fleet.database, url, err = b.startPostgres(ctx, server); err != nil {
			return err
		}
	}
	var at string
	err = b.cpus.proxy.with(func() (err error) {
		s.process, at, err = start(ctx, servingAll, dir, []string{
			"DATABASE_URL=" + url, "ADMIN_PASSWORD=" + fleetPassword, "TRUNKLINE_JOIN_TOKEN=" + joinToken,
			"TRUNKLINE_SECRET_KEY=" + base64.StdEncoding.EncodeToString(make([]byte, 32)),
			"TRUNKLINE_LISTEN=127.0.0.1:0", "TRUNKLINE_NODE_LISTEN=127.0.0.1:0", "TRUNKLINE_OPS_LISTEN=127.0.0.1:0", "TRUNKLINE_LOG_LEVEL=info",
		}, s.program)
		return err
	})
	if err != nil {
		return err
	}
	address := strings.Fields(at)
	f := s.fleet
	f.ops = strings.TrimPrefix(address[2], "ops=")
	if err := f.configure(ctx, address[0]); err != nil {
		return err
	}
	for i := range b.options.nodes {
		n := &fleetNode{name: fmt.Sprintf("node-%04d", i), target: strings.TrimPrefix(address[1], "nodes="), fleet: f, began: time.Now()}
		if n.identity, err = identity.Open(identity.Config{Node: n.name, JoinToken: joinToken, Logger: slog.New(slog.DiscardHandler)}); err != nil {
			return err
		}
		if err := n.identity.Join(ctx, n.dial); err != nil {
			return fmt.Errorf("join %s: %w", n.name, err)
		}
		f.running.Go(func() { n.run(running) })
	}
	revision, err := f.revision(ctx)
	if err != nil {
		return err
	}
	_, err = f.await(ctx, revision, b.options.nodes, time.Now())
	return err
}

// configure makes the groups and keys.
func (f *fleet) configure(ctx context.Context, console string) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	f.admin = connect.NewClient(connecthttp.NewTransport(&http.Client{Jar: jar, Timeout: 5 * time.Minute}, console))
	if _, err := adminv1connect.NewSessionServiceClient(f.admin).Login(ctx, &adminv1.LoginRequest{Username: "admin", Password: fleetPassword}); err != nil {
		return fmt.Errorf("sign in: %w", err)
	}
	all := []*adminv1.Resource{{Spec: &adminv1.Resource_Provider{Provider: &adminv1.Provider{
		Name: "main", BaseUrl: "https://api.example.com/v1", Models: []*adminv1.Model{{Id: modelPlain}},
		Credentials: []*adminv1.Credential{{Name: "main", Secret: "sk-upstream"}},
	}}}}
	for i := range fleetGroups {
		all = append(all, &adminv1.Resource{Spec: &adminv1.Resource_Group{Group: &adminv1.Group{
			Name: fleetGroup(i), Members: []*adminv1.Member{{Provider: "main", Model: modelPlain, Priority: 1}},
		}}})
	}
	for i := range f.keys {
		all = append(all, &adminv1.Resource{Spec: &adminv1.Resource_ApiKey{ApiKey: fleetKey(i, i)}})
	}
	for part := range slices.Chunk(all, 10_000) {
		if _, err := adminv1connect.NewConfigServiceClient(f.admin).ApplyConfig(ctx, &adminv1.ApplyConfigRequest{Resources: part}); err != nil {
			return fmt.Errorf("configure: %w", err)
		}
	}
	return nil
}

func fleetGroup(i int) string { return fmt.Sprintf("group-%03d", i%fleetGroups) }

// fleetKey is a key that may use two groups.
func fleetKey(i, group int) *adminv1.ApiKey {
	return &adminv1.ApiKey{Name: fmt.Sprintf("key-%06d", i), Secret: fmt.Sprintf("a-secret-of-key-%08d", i), Groups: []string{fleetGroup(group), fleetGroup(group + 1)}}
}

func (f *fleet) revision(ctx context.Context) (uint64, error) {
	list, err := adminv1connect.NewNodeServiceClient(f.admin).ListNodes(ctx, &adminv1.ListNodesRequest{})
	return list.GetRevision(), err
}

// await waits until every node has acknowledged a revision, and returns how long each took since then.
func (f *fleet) await(ctx context.Context, revision uint64, nodes int, since time.Time) (took []time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, appliedTime)
	defer cancel()
	for {
		f.mu.Lock()
		took = took[:0]
		for name, applied := range f.applied {
			if applied >= revision {
				took = append(took, f.at[name].Sub(since))
			}
		}
		f.mu.Unlock()
		if len(took) == nodes {
			return took, nil
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%d of %d nodes have revision %d: %w", len(took), nodes, revision, ctx.Err())
		case <-f.news:
		}
	}
}

// changeOneKey lets a control plane rest, and then changes one key after the other.
func changeOneKey(ctx context.Context, b *bench, s *system) (values, result, error) {
	f, pids := s.fleet, s.pids()
	before, err := cpuTime(pids)
	if err != nil {
		return nil, result{}, err
	}
	resting := 5 * b.options.time // by default two reports of each node
	began := time.Now()
	rest(ctx, resting)
	after, err := cpuTime(pids)
	if err != nil {
		return nil, result{}, err
	}
	atRest := 100 * (after - before).Seconds() / time.Since(began).Seconds()
	sent, err := f.sent(ctx)
	if err != nil {
		return nil, result{}, err
	}
	var all []time.Duration
	slowest := time.Duration(0)
	for range fleetChanges {
		i := f.changed % f.keys
		f.changed++
		key := fleetKey(i, i+f.changed)
		key.Secret = ""
		if _, err := adminv1connect.NewKeyServiceClient(f.admin).UpdateApiKey(ctx, &adminv1.UpdateApiKeyRequest{ApiKey: key}); err != nil {
			return nil, result{}, fmt.Errorf("change a key: %w", err)
		}
		answered := time.Now()
		revision, err := f.revision(ctx)
		if err != nil {
			return nil, result{}, err
		}
		took, err := f.await(ctx, revision, b.options.nodes, answered)
		if err != nil {
			return nil, result{}, err
		}
		all = append(all, took...)
		slowest = max(slowest, slices.Max(took))
	}
	done, err := cpuTime(pids)
	if err != nil {
		return nil, result{}, err
	}
	now, err := f.sent(ctx)
	if err != nil {
		return nil, result{}, err
	}
	resident, err := memory(pids, "VmRSS")
	if err != nil {
		return nil, result{}, err
	}
	return values{
		"sent": (now - sent) / fleetChanges / (1 << 10), "applied p50": milli(quantile(all, 0.5)), "applied p99": milli(quantile(all, 0.99)), "applied on all": milli(slowest),
		"CPU/change": milli(done-after) / fleetChanges, "CPU at rest": atRest, "resident": mib(resident),
	}, result{}, nil
}

func milli(d time.Duration) float64 { return float64(d.Microseconds()) / 1e3 }

// sent is how many bytes of snapshots the control plane has sent to nodes.
func (f *fleet) sent(ctx context.Context) (bytes float64, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.ops+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, fmt.Errorf("read metrics: %w", err)
	}
	defer res.Body.Close()
	bytes = math.NaN()
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), " "); ok && strings.HasPrefix(name, "trunkline_snapshot_sent_bytes_total{") {
			n, err := strconv.ParseFloat(value, 64)
			if err != nil {
				return 0, fmt.Errorf("read %s: %w", name, err)
			}
			if math.IsNaN(bytes) {
				bytes = 0
			}
			bytes += n
		}
	}
	if math.IsNaN(bytes) {
		return 0, fmt.Errorf("%s/metrics has no trunkline_snapshot_sent_bytes_total", f.ops)
	}
	return bytes, nil
}

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
	return grpc.NewClient(n.target, grpc.WithTransportCredentials(c), grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(40<<20)))
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
	report := time.NewTicker(5 * time.Second)
	defer report.Stop()
	for {
		var answer *nodev1.SyncRequest
		select {
		case err := <-ended:
			return err
		case <-report.C:
			answer = &nodev1.SyncRequest{Message: &nodev1.SyncRequest_Status{Status: &nodev1.Status{
				AppliedRevision: n.have.GetRevision(), Redis: "off", UptimeMs: uptime(), WallUs: time.Now().UnixMicro(),
			}}}
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

// has notes what a node acknowledges.
func (f *fleet) has(node string, revision uint64) {
	f.mu.Lock()
	f.applied[node], f.at[node] = revision, time.Now()
	f.mu.Unlock()
	select {
	case f.news <- struct{}{}:
	default:
	}
}
