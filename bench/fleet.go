package main

import (
	"bufio"
	"context"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/trunkline-ai/trunkline/dataplane/uplink/syncing"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
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
	// appliedTime bounds the wait for a change.
	appliedTime = 2 * time.Minute
	// fleetSettle is how long nodes report every 5 s after they were sent something, and a little more; fleetRest is as long
	// as it takes each of them to report once after that.
	fleetSettle = (syncing.QuietAfter + 1) * reportEvery
	fleetRest   = syncing.QuietEvery * reportEvery
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
	rest(ctx, fleetSettle)
	before, err := cpuTime(pids)
	if err != nil {
		return nil, result{}, err
	}
	began := time.Now()
	rest(ctx, fleetRest)
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
