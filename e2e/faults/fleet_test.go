package faults

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/redis/go-redis/v9"

	"github.com/trunkline-ai/trunkline/internal/fakeprovider"
	"github.com/trunkline-ai/trunkline/internal/testenv"
	"github.com/trunkline-ai/trunkline/internal/testenv/program"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

const (
	appKey        = "sk-faults-0123456789abcdef"
	otherKey      = "sk-other-0123456789abcdef"
	adminPassword = "correct horse battery staple"
	joinToken     = "faults-join-token-0123456789"
	sealingKey    = "faults-sealing-key-0123456789abc" // 32 bytes
	anyPort       = "127.0.0.1:0"
)

// fleet is a control plane, three nodes with one Redis, and two providers.
type fleet struct {
	t         *testing.T
	plane     *program.Process
	database  string // its URL
	nodes     []*program.Process
	providers map[string]*program.Process // primary and backup
	redis     *testenv.RedisServer
	redisURL  string
}

// setup is what differs between tests. In config, PRIMARY and BACKUP stand for the
// providers' addresses.
type setup struct {
	config        string
	noRedis       bool
	redisPassword string
	env           []string // more of it, for the control plane and the nodes
}

// newFleet starts everything and waits until all nodes serve the configuration.
func newFleet(t *testing.T, s setup) *fleet {
	t.Helper()
	f := &fleet{t: t, providers: map[string]*program.Process{}, database: testenv.Postgres(t)}
	config := s.config
	for _, name := range []string{"primary", "backup"} {
		p := programs.Start(t, "fakeprovider", nil, "--listen", anyPort)
		f.providers[name] = p
		config = strings.ReplaceAll(config, strings.ToUpper(name), root(p))
	}
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	f.plane = programs.Start(t, "trunkline-controlplane", append([]string{
		"ADMIN_PASSWORD=" + adminPassword, "DATABASE_URL=" + f.database,
		"TRUNKLINE_SECRET_KEY=" + base64.StdEncoding.EncodeToString([]byte(sealingKey)),
		"TRUNKLINE_JOIN_TOKEN=" + joinToken,
	}, s.env...), "--listen", anyPort, "--node-listen", anyPort, "--ops-listen", anyPort, "--apply", file)
	env := append([]string{"TRUNKLINE_CONTROL_PLANE=" + f.plane.Address("nodes"), "TRUNKLINE_JOIN_TOKEN=" + joinToken}, s.env...)
	if !s.noRedis {
		f.redis = testenv.Redis(t)
		f.redisURL = f.redis.URL()
		if s.redisPassword != "" {
			f.lockRedis(s.redisPassword)
			f.redisURL = strings.Replace(f.redisURL, "redis://", "redis://:"+s.redisPassword+"@", 1)
		}
		env = append(env, "REDIS_URL="+f.redisURL)
	}
	for i := range 3 {
		f.nodes = append(f.nodes, programs.Start(t, "trunkline-dataplane", env,
			"--listen", anyPort, "--ops-listen", anyPort, "--drain-delay", "300ms", "--node", fmt.Sprintf("node-%d", i+1)))
	}
	f.awaitNodes()
	return f
}

// root is the address of a provider without /v1, where it tells of itself.
func root(p *program.Process) string { return strings.TrimSuffix(p.Address("api"), "/v1") }

// provider writes a provider for a configuration.
func provider(name string, models ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "kind: Provider\nname: %s\nbase_url: %s\nallow_private_network: true\ncredentials: [{name: main, secret: up-secret-%[1]s}]\nmodels:\n", name, strings.ToUpper(name))
	for _, m := range models {
		fmt.Fprintf(&b, "  - {id: %q, price: {input: \"1\", output: \"2\"}}\n", m)
	}
	return b.String() + "---\n"
}

// group writes a group whose members are "provider/model", in order of priority.
func group(name string, members ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "kind: Group\nname: %s\nmembers:\n", name)
	for i, m := range members {
		p, model, _ := strings.Cut(m, "/")
		fmt.Fprintf(&b, "  - {provider: %s, model: %q, priority: %d}\n", p, model, i+1)
	}
	return b.String() + "---\n"
}

// keys writes two API keys that may use the groups.
func keys(groups ...string) string {
	list := strings.Join(groups, ", ")
	return fmt.Sprintf("kind: ApiKey\nname: app\nsecret: %s\ngroups: [%s]\n---\nkind: ApiKey\nname: other\nsecret: %s\ngroups: [%s]\n---\n", appKey, list, otherKey, list)
}

func failover(settings string) string { return "kind: Settings\nfailover: {" + settings + "}\n---\n" }

// rpc is a client of the admin API that has signed in.
func (f *fleet) rpc() *connect.Client {
	f.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		f.t.Fatal(err)
	}
	client := connect.NewClient(connecthttp.NewTransport(&http.Client{Jar: jar, Timeout: patience}, f.plane.Address("console")))
	if _, err := adminv1connect.NewSessionServiceClient(client).Login(f.t.Context(), &adminv1.LoginRequest{Username: "admin", Password: adminPassword}); err != nil {
		f.t.Fatalf("sign in: %v", err)
	}
	return client
}

// awaitNodes waits until all nodes serve the newest revision and, if they have one, share
// a Redis.
func (f *fleet) awaitNodes() {
	f.t.Helper()
	nodes := adminv1connect.NewNodeServiceClient(f.rpc())
	eventually(f.t, "all nodes serve the newest revision", func() bool {
		list, err := nodes.ListNodes(f.t.Context(), &adminv1.ListNodesRequest{})
		if err != nil {
			return false
		}
		live := 0
		for _, n := range list.GetNodes() {
			if n.GetConnected() && n.GetAppliedRevision() == list.GetRevision() && (f.redis == nil || n.GetRedis() == "up") {
				live++
			}
		}
		return live == len(f.nodes)
	})
}

// calls is every call in the log of an API key, by id, once there are n of them.
func (f *fleet) calls(key string, n int) map[string]*adminv1.Call {
	f.t.Helper()
	client := adminv1connect.NewCallServiceClient(f.rpc())
	var all map[string]*adminv1.Call
	eventually(f.t, fmt.Sprintf("%d calls of %s are stored", n, key), func() bool {
		all = map[string]*adminv1.Call{}
		for token := ""; ; {
			page, err := client.ListCalls(f.t.Context(), &adminv1.ListCallsRequest{Filter: &adminv1.CallFilter{ApiKey: key}, PageSize: 1000, PageToken: token, WithAttempts: true})
			if err != nil {
				f.t.Fatal(err)
			}
			for _, c := range page.GetCalls() {
				all[c.GetId()] = c
			}
			if token = page.GetNextPageToken(); token == "" {
				return len(all) >= n
			}
		}
	})
	return all
}

// health is how the nodes see a provider's scopes, by node and scope.
func (f *fleet) health(provider string) map[string]*adminv1.TargetHealth {
	f.t.Helper()
	list, err := adminv1connect.NewNodeServiceClient(f.rpc()).ListNodes(f.t.Context(), &adminv1.ListNodesRequest{})
	if err != nil {
		f.t.Fatal(err)
	}
	out := map[string]*adminv1.TargetHealth{}
	for _, n := range list.GetNodes() {
		for _, h := range n.GetTargets() {
			if h.GetProvider() == provider {
				out[n.GetName()+" "+h.GetModel()+h.GetCredential()] = h
			}
		}
	}
	return out
}

// served is what a provider was asked, as it tells itself.
func (f *fleet) served(provider string) []fakeprovider.Served {
	f.t.Helper()
	resp, err := http.Get(root(f.providers[provider]) + "/_served")
	if err != nil {
		f.t.Fatal(err)
	}
	defer resp.Body.Close()
	var told struct {
		Served []fakeprovider.Served `json:"served"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&told); err != nil {
		f.t.Fatal(err)
	}
	return told.Served
}

// total sums a metric over the nodes.
func (f *fleet) total(name string) (sum float64) {
	f.t.Helper()
	for _, n := range f.nodes {
		sum += metrics(f.t, n.Address("ops"))[name]
	}
	return sum
}

func metrics(t *testing.T, ops string) map[string]float64 {
	t.Helper()
	resp, err := http.Get(ops + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	out := map[string]float64{}
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if v, err := strconv.ParseFloat(value, 64); err == nil {
			out[name] = v
		}
	}
	return out
}

// eventually polls until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	eventuallyWithin(t, patience, what, holds)
}

func eventuallyWithin(t *testing.T, limit time.Duration, what string, holds func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	for !holds() {
		select {
		case <-ctx.Done():
			t.Fatalf("never true: %s", what)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// lockRedis asks for a password from then on, until Redis is restarted.
func (f *fleet) lockRedis(password string) {
	f.t.Helper()
	options, err := redis.ParseURL(f.redis.URL())
	if err != nil {
		f.t.Fatal(err)
	}
	c := redis.NewClient(options)
	defer c.Close()
	if err := c.ConfigSet(f.t.Context(), "requirepass", password).Err(); err != nil {
		f.t.Fatal(err)
	}
}

// records is the Redis of the nodes.
func (f *fleet) records() *redis.Client {
	f.t.Helper()
	options, err := redis.ParseURL(f.redisURL)
	if err != nil {
		f.t.Fatal(err)
	}
	c := redis.NewClient(options)
	f.t.Cleanup(func() { _ = c.Close() })
	return c
}

// countLines counts lines that hold all of the texts.
func countLines(log string, texts ...string) (n int) {
	for line := range strings.Lines(log) {
		all := true
		for _, text := range texts {
			all = all && strings.Contains(line, text)
		}
		if all {
			n++
		}
	}
	return n
}
