package ledger

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	"github.com/trunkline-ai/trunkline/internal/testenv"
	"github.com/trunkline-ai/trunkline/internal/testenv/program"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

const (
	appKey        = "sk-ledger-0123456789abcdef"
	adminPassword = "correct horse battery staple"
	anyPort       = "127.0.0.1:0"
	joinToken     = "ledger-join-token-0123456789"
)

// models are what clients call: groups of one model each, with prices in pico-USD per
// token that no float could sum up, and per call.
var models = []struct {
	name, id               string
	input, cached, output  string // USD per million tokens
	pIn, pCached, pOut, pC int64  // the same in pico-USD per token, and per call
	perCall                string
}{
	{"small", "ok", "0.15", "0.075", "0.60", 150_000, 75_000, 600_000, 0, "0"},
	{"odd", "tokens-7", "0.100001", "0.000003", "1.999999", 100_001, 3, 1_999_999, 0, "0"},
	{"dear", "tokens-31", "75", "37.5", "150.000001", 75_000_000, 37_500_000, 150_000_001, 0, "0"},
	{"flat", "tokens-3", "0", "0", "0", 0, 0, 0, 12_345_000_000, "0.012345"},
}

// costOf is what an answer costs, in pico-USD, by the price list alone.
func costOf(a answer) int64 {
	for _, m := range models {
		if m.name == a.model {
			return m.pIn*(a.usage.Input-a.usage.Details.Cached) + m.pCached*a.usage.Details.Cached + m.pOut*a.usage.Output + m.pC
		}
	}
	return -1
}

func config(upstream string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "kind: Provider\nname: up\nbase_url: %s\nallow_private_network: true\ncredentials: [{name: main, secret: \"${UPSTREAM_KEY}\"}]\nmodels:\n", upstream)
	names := make([]string, len(models))
	for i, m := range models {
		names[i] = m.name
		fmt.Fprintf(&b, "  - {id: %q, price: {input: %q, cached_input: %q, output: %q, per_call: %q}}\n", m.id, m.input, m.cached, m.output, m.perCall)
	}
	for _, m := range models {
		fmt.Fprintf(&b, "---\nkind: Group\nname: %s\nmembers: [{provider: up, model: %q, priority: 1}]\n", m.name, m.id)
	}
	fmt.Fprintf(&b, "---\nkind: ApiKey\nname: app\nsecret: %s\ngroups: [%s]\n", appKey, strings.Join(names, ", "))
	return b.String()
}

// fleet is everything that can be killed, and the upstream, which is not.
type fleet struct {
	t        *testing.T
	up       *program.Process
	plane    *program.Process
	nodes    []*program.Process
	postgres *testenv.PostgresServer
	redis    *testenv.RedisServer // nil: none
	database string
	pause    time.Duration // of a client between two calls

	mu     sync.Mutex
	kills  map[int][]time.Time // of nodes
	errors map[string]int      // of clients
}

// newFleet starts a control plane, nodes and what they need. Every node gets env.
func newFleet(t *testing.T, nodes int, withRedis bool, env ...string) *fleet {
	t.Helper()
	f := &fleet{t: t, kills: map[int][]time.Time{}, errors: map[string]int{}, pause: 10 * time.Millisecond}
	f.up = programs.Start(t, "fakeprovider", nil, "--listen", anyPort, "--remember", "10000000")
	f.postgres = testenv.NewPostgres(t)
	f.database = f.postgres.Database(t)
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(config(f.up.Address("api"))), 0o600); err != nil {
		t.Fatal(err)
	}
	f.plane = programs.Start(t, "trunkline-controlplane", []string{
		"TRUNKLINE_DRAIN_DELAY=0s", "ADMIN_PASSWORD=" + adminPassword, "UPSTREAM_KEY=up-secret", "DATABASE_URL=" + f.database,
		"TRUNKLINE_SECRET_KEY=" + base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef")),
		"TRUNKLINE_JOIN_TOKEN=" + joinToken,
	}, "--listen", anyPort, "--node-listen", anyPort, "--ops-listen", anyPort, "--apply", file)
	if withRedis {
		f.redis = testenv.Redis(t)
		env = append(env, "REDIS_URL="+f.redis.URL())
	}
	env = append(env, "TRUNKLINE_CONTROL_PLANE="+f.plane.Address("nodes"), "TRUNKLINE_JOIN_TOKEN="+joinToken, "TRUNKLINE_DRAIN_DELAY=0s")
	for i := range nodes {
		f.nodes = append(f.nodes, programs.Start(t, "trunkline-dataplane", env,
			"--listen", anyPort, "--ops-listen", anyPort, "--node", fmt.Sprintf("node-%d", i+1)))
	}
	for _, node := range f.nodes {
		awaitReady(f.t, node)
	}
	return f
}

// apiOf is where clients of a node call.
func (f *fleet) apiOf(node int) string { return f.nodes[node].Address("api") }

// killNode notes when: what the node had in memory then may be lost.
func (f *fleet) killNode(i int) {
	f.mu.Lock()
	f.kills[i] = append(f.kills[i], time.Now())
	f.mu.Unlock()
	f.nodes[i].Kill()
}

// failure counts what went wrong for clients, for messages.
func (f *fleet) failure(err error) {
	text := err.Error()
	if i := strings.LastIndex(text, ": "); i > 0 {
		text = text[i+2:]
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.errors[text]++
}

// drain lets the nodes ship everything, and ends them.
func (f *fleet) drain() {
	f.t.Helper()
	for _, node := range f.nodes {
		eventually(f.t, "the node has shipped everything", func() bool {
			m := metrics(f.t, node)
			return m["trunkline_call_records_waiting"] == 0 && m["trunkline_call_totals_waiting"] == 0
		})
		node.Stop()
	}
}

// rpc is a client of the admin API that has signed in; nil while there is nobody to sign in to.
func (f *fleet) rpc() *connect.Client {
	f.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		f.t.Fatal(err)
	}
	client := connect.NewClient(connecthttp.NewTransport(&http.Client{Jar: jar, Timeout: patience}, f.plane.Address("console")))
	_, err = adminv1connect.NewSessionServiceClient(client).Login(f.t.Context(), &adminv1.LoginRequest{Username: "admin", Password: adminPassword})
	if err != nil {
		f.t.Fatalf("sign in: %v", err)
	}
	return client
}

// gaps lists every gap, page by page.
func (f *fleet) gaps() []*adminv1.Gap {
	f.t.Helper()
	calls := adminv1connect.NewCallServiceClient(f.rpc())
	var all []*adminv1.Gap
	for token := ""; ; {
		page, err := calls.ListGaps(context.Background(), &adminv1.ListGapsRequest{PageSize: 3, PageToken: token})
		if err != nil {
			f.t.Fatal(err)
		}
		all = append(all, page.GetGaps()...)
		if token = page.GetNextPageToken(); token == "" {
			return all
		}
	}
}
