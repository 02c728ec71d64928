package e2e

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	"github.com/trunkline-ai/trunkline/internal/fakeprovider"
	"github.com/trunkline-ai/trunkline/internal/outcometest"
	"github.com/trunkline-ai/trunkline/internal/testenv"
	"github.com/trunkline-ai/trunkline/internal/testenv/program"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

const (
	appKey        = "sk-e2e-0123456789abcdef"
	adminPassword = "correct horse battery staple"
	anyPort       = "127.0.0.1:0"
	joinToken     = "e2e-join-token-0123456789"
)

// stack is a running Trunkline, whatever it consists of, and the upstream it talks to.
type stack struct {
	t      *testing.T
	fake   *fakeprovider.Provider
	api    string // where clients call, without /v1
	admin  string // where the admin API is
	all    *program.Process
	plane  *program.Process
	nodes  []*program.Process
	config string
}

// upstreams is the configuration of the tests: one provider for each way to fail.
func upstreams(fake, dead string) string {
	var b strings.Builder
	provider := func(name, base string, models ...string) {
		fmt.Fprintf(&b, "kind: Provider\nname: %s\nbase_url: %s\nallow_private_network: true\ncredentials: [{name: main, secret: \"${UPSTREAM_KEY}\"}]\n", name, base)
		if name == "chat-only" {
			b.WriteString("endpoints: [{api: chat}]\n")
		}
		b.WriteString("models:\n")
		for _, m := range models {
			fmt.Fprintf(&b, "  - {id: %q, price: {input: \"0.15\", cached_input: \"0.075\", output: \"0.60\"}}\n", m)
		}
		b.WriteString("---\n")
	}
	failing := map[string]string{
		"500":          "status-500",
		"429":          "status-429-retry-after-30",
		"before-token": "sse-error-after-created",
		"html":         "200-html",
		"keyword":      "keyword-overloaded",
	}
	provider("dead", dead, "ok")
	provider("good", fake, "ok", "tokens-300+eof-events-200", "error-context_length_exceeded", "chunk-20ms", "stall-events-3", "tokens-300+sse-error-mid-200", "json-for-stream", "stall-before", "polls-4", "polls-1000")
	provider("chat-only", fake, "ok", "tokens-300+sse-error-mid-200")
	groups := []string{"plain", "dead-first", "cut", "too-long", "slow", "stalls", "fails-late", "whole", "later", "never", "chat-only", "chat-only-fails-late"}
	group := func(name string, members ...string) {
		fmt.Fprintf(&b, "kind: Group\nname: %s\nmembers:\n", name)
		for i, m := range members {
			p, model, _ := strings.Cut(m, "/")
			fmt.Fprintf(&b, "  - {provider: %s, model: %q, priority: %d}\n", p, model, i+1)
		}
		b.WriteString("---\n")
	}
	group("plain", "good/ok")
	group("dead-first", "dead/ok", "good/ok")
	group("cut", "good/tokens-300+eof-events-200")
	group("too-long", "good/error-context_length_exceeded")
	group("slow", "good/chunk-20ms")
	group("stalls", "good/stall-events-3")
	group("whole", "good/json-for-stream")
	group("later", "good/polls-4")
	group("never", "good/polls-1000")
	group("fails-late", "good/tokens-300+sse-error-mid-200")
	group("chat-only", "chat-only/ok")
	group("chat-only-fails-late", "chat-only/tokens-300+sse-error-mid-200")
	for name, model := range failing {
		provider("bad-"+name, fake, model)
		group("first-"+name, "bad-"+name+"/"+model, "good/ok")
		group("only-"+name, "bad-"+name+"/"+model)
		groups = append(groups, "first-"+name, "only-"+name)
	}
	fmt.Fprintf(&b, "kind: FailureKeyword\nname: overloaded\nkeyword: overloaded\n---\n")
	fmt.Fprintf(&b, "kind: Group\nname: hidden\nmembers: [{provider: good, model: ok, priority: 1}]\n---\n")
	fmt.Fprintf(&b, "kind: ApiKey\nname: app\nsecret: %s\ngroups: [%s]\n", appKey, strings.Join(groups, ", "))
	return b.String()
}

func newStack(t *testing.T) *stack {
	t.Helper()
	s := &stack{t: t, fake: fakeprovider.New(fakeprovider.Config{MaxServed: -1})}
	up := httptest.NewServer(s.fake)
	t.Cleanup(up.Close)
	s.config = filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(s.config, []byte(upstreams(up.URL, "http://"+outcometest.ClosedPort(t))), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

// allInOne starts cmd/trunkline on SQLite.
func allInOne(t *testing.T) *stack {
	t.Helper()
	s := newStack(t)
	s.all = programs.Start(t, "trunkline", []string{"TRUNKLINE_DRAIN_DELAY=0s", "ADMIN_PASSWORD=" + adminPassword, "UPSTREAM_KEY=up-secret"},
		"--listen", anyPort, "--ops-listen", anyPort, "--apply", s.config)
	s.api, s.admin = s.all.Address("console"), s.all.Address("console")
	s.awaitNodes(1)
	return s
}

// distributed starts a control plane on PostgreSQL and two nodes behind a load balancer.
func distributed(t *testing.T) *stack {
	t.Helper()
	return distributedWith(t)
}

// distributedWith is distributed with more variables for all of them.
func distributedWith(t *testing.T, env ...string) *stack {
	t.Helper()
	s := newStack(t)
	key := base64.StdEncoding.EncodeToString([]byte("0123456789abcdef0123456789abcdef"))
	s.plane = programs.Start(t, "trunkline-controlplane", append([]string{
		"TRUNKLINE_DRAIN_DELAY=0s", "ADMIN_PASSWORD=" + adminPassword, "UPSTREAM_KEY=up-secret", "DATABASE_URL=" + testenv.Postgres(t),
		"TRUNKLINE_SECRET_KEY=" + key, "TRUNKLINE_JOIN_TOKEN=" + joinToken,
	}, env...), "--listen", anyPort, "--node-listen", anyPort, "--ops-listen", anyPort, "--apply", s.config)
	for i := range 2 {
		s.nodes = append(s.nodes, programs.Start(t, "trunkline-dataplane", append([]string{
			"TRUNKLINE_CONTROL_PLANE=" + s.plane.Address("nodes"), "TRUNKLINE_JOIN_TOKEN=" + joinToken, "TRUNKLINE_DRAIN_DELAY=0s",
		}, env...), "--listen", anyPort, "--ops-listen", anyPort, "--node", fmt.Sprintf("node-%d", i+1)))
	}
	s.admin = s.plane.Address("console")
	s.awaitNodes(2)
	s.api = s.balance()
	return s
}

// balance is a load balancer in front of the nodes.
func (s *stack) balance() string {
	var turn atomic.Uint64
	lb := httptest.NewServer(&httputil.ReverseProxy{
		FlushInterval: -1,
		Rewrite: func(r *httputil.ProxyRequest) {
			node := s.nodes[turn.Add(1)%uint64(len(s.nodes))]
			target, err := url.Parse(strings.TrimSuffix(node.Address("api"), "/v1"))
			if err != nil {
				panic(err)
			}
			r.SetURL(target)
		},
	})
	s.t.Cleanup(lb.Close)
	return lb.URL
}

// rpc is a client of the admin API that has signed in.
func (s *stack) rpc() *connect.Client {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	client := connect.NewClient(connecthttp.NewTransport(&http.Client{Jar: jar, Timeout: 30 * time.Second}, s.admin))
	session := adminv1connect.NewSessionServiceClient(client)
	if _, err := session.Login(s.t.Context(), &adminv1.LoginRequest{Username: "admin", Password: adminPassword}); err != nil {
		s.t.Fatalf("sign in: %v", err)
	}
	return client
}

// awaitNodes waits until n nodes serve the newest revision.
func (s *stack) awaitNodes(n int) {
	s.t.Helper()
	nodes := adminv1connect.NewNodeServiceClient(s.rpc())
	s.eventually("all nodes serve the newest revision", func(ctx context.Context) bool {
		list, err := nodes.ListNodes(ctx, &adminv1.ListNodesRequest{})
		if err != nil {
			return false
		}
		live := 0
		for _, node := range list.GetNodes() {
			if node.GetConnected() && node.GetAppliedRevision() == list.GetRevision() {
				live++
			}
		}
		return live == n
	})
}

// eventually polls until a condition holds.
func (s *stack) eventually(what string, holds func(ctx context.Context) bool) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	for !holds(ctx) {
		select {
		case <-ctx.Done():
			s.t.Fatalf("never true: %s", what)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// callsStored is every call in the log, by id; a call that is stored twice fails the test.
func (s *stack) callsStored() map[string]*adminv1.Call {
	s.t.Helper()
	calls := adminv1connect.NewCallServiceClient(s.rpc())
	all := map[string]*adminv1.Call{}
	for token := ""; ; {
		page, err := calls.ListCalls(s.t.Context(), &adminv1.ListCallsRequest{PageSize: 500, PageToken: token, WithAttempts: true})
		if err != nil {
			s.t.Fatal(err)
		}
		for _, c := range page.GetCalls() {
			if all[c.GetId()] != nil {
				s.t.Errorf("call %s is stored twice", c.GetId())
			}
			all[c.GetId()] = c
		}
		if token = page.GetNextPageToken(); token == "" {
			return all
		}
	}
}
