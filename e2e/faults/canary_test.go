package faults

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/jackc/pgx/v5"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/internal/testenv/otlp"
	"github.com/trunkline-ai/trunkline/internal/testenv/program"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// Secrets and prompts that are looked for wherever something is written or said.
const (
	providerSecret = "sk-canary-provider-Zq7hW2mN9tXv4LrK"
	secondSecret   = "sk-canary-second-Bx5jT8cQ1wPd6RyM"
	headerSecret   = "canary-header-Hn3fV7kS0gUe2JzC"
	querySecret    = "canary-query-Pe5vC2xG9oYs4BtU"
	canaryKey      = "sk-canary-client-Ya4rD9bE6oIl8WpG"
	wrongKey       = "sk-canary-wrong-Mt1xF5vC3uNs7QkA"
	wrongPassword  = "canary-wrong-password-Ov8cJ2"
	redisPassword  = "canary-redis-Kw6yB4nR8zTe1XqP"
	promptText     = "canary-prompt-Ls9gH3dU5iVa7MoE"
)

// T-X5: whatever goes wrong, no secret and no prompt is in a log, the database, Redis, a
// file, a trace, a metric, an export, or an answer to anybody.
func TestSecretsStayWhereTheyBelong(t *testing.T) {
	t.Parallel()
	receiver := otlp.Start(t)
	leaky := httptest.NewServer(http.HandlerFunc(leak))
	t.Cleanup(leaky.Close)
	models := []string{"echo-400", "echo-401", "echo-402", "echo-429", "echo-500", "echo-html", "echo-200-error", "echo-stream-error", "echo-mid-stream", "echo-redirect", "echo-header", "echo-garbage", "cut"}
	var config strings.Builder
	fmt.Fprintf(&config, "kind: Provider\nname: leaky\nbase_url: %s\nallow_private_network: true\ncredentials: [{name: main, secret: %s}, {name: second, secret: %s}]\nsecret_headers: [{name: x-extra-key, secret: %s}]\nsecret_query: [{name: gate, secret: %s}]\nmodels:\n", leaky.URL, providerSecret, secondSecret, headerSecret, querySecret)
	var groups []string
	for _, m := range models {
		fmt.Fprintf(&config, "  - {id: %s, price: {input: \"1\", output: \"2\"}}\n", m)
		groups = append(groups, m, m+"-then-dead")
	}
	config.WriteString("---\n" + tell(leaky.URL, postOffice(t)) + provider("primary", "ok"))
	groups = append(groups, "tunnelled")
	for _, m := range models {
		config.WriteString(group(m, "leaky/"+m) + group(m+"-then-dead", "leaky/"+m, "primary/ok"))
	}
	fmt.Fprintf(&config, "kind: ApiKey\nname: app\nsecret: %s\ndebug: true\ngroups: [%s]\n---\n", canaryKey, strings.Join(groups, ", "))
	f := newFleet(t, setup{config: config.String(), redisPassword: redisPassword, env: []string{
		"TRUNKLINE_LOG_LEVEL=debug", "OTEL_EXPORTER_OTLP_ENDPOINT=" + receiver.GRPC, "OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "OTEL_METRIC_EXPORT_INTERVAL=300",
		"TRUNKLINE_OIDC_ISSUER=" + leaky.URL, "TRUNKLINE_OIDC_CLIENT_ID=console", "TRUNKLINE_OIDC_CLIENT_SECRET=" + oidcSecret,
		"TRUNKLINE_OIDC_REDIRECT_URL=http://console.example/login", "TRUNKLINE_OIDC_ALLOW_PRIVATE_NETWORK=true",
	}})
	heard := &sinks{found: map[string][]string{}}
	f.mint(heard)

	// Faults under calls: providers that say what they should not, one that is dead, Redis
	// gone and back, the control plane killed.
	f.providers["primary"].Kill()
	c := f.client(t, canaryKey)
	calls := 0
	ask := func() {
		for i, g := range groups {
			for _, stream := range []bool{false, true} {
				body := fmt.Sprintf(`{"model":%q,"stream":%v,"messages":[{"role":"user","content":%q}]}`, g, stream, promptText)
				resp := c.raw(t, i, body, canaryKey)
				heard.answer("an answer to "+g, resp)
				calls++
			}
		}
		for i, bad := range []string{`{"model":"` + promptText, `{"model":"nowhere","messages":"` + promptText + `"}`, `{"model":"ok","model":"x","messages":"` + promptText + `"}`, promptText} {
			heard.answer("an answer to a bad request", c.raw(t, i, bad, canaryKey))
		}
		heard.answer("an answer to a wrong key", c.raw(t, 0, `{"model":"echo-400"}`, wrongKey))
	}
	ask()
	f.dumpRedis(heard)
	f.redis.Kill(t)
	ask()
	f.redis.Restart(t)
	f.lockRedis(redisPassword)
	f.awaitNodes()
	ask()
	f.calls("app", calls)
	f.exports(heard)
	f.plane.Kill()
	ask()
	f.plane.Run()
	f.calls("app", calls)
	f.signInWrongly(heard)
	f.signInElsewhere(heard)
	f.awaitAlerts()
	f.exports(heard)
	for _, n := range f.nodes {
		for _, ops := range []string{"/metrics", "/readyz", "/healthz"} {
			heard.page(t, "metrics", n.Address("ops")+ops)
		}
	}
	heard.page(t, "metrics", f.plane.Address("ops")+"/metrics")
	f.dumpDatabase(heard)
	f.dumpRedis(heard)
	for _, p := range append([]*program.Process{f.plane}, f.nodes...) {
		p.Stop()
		heard.look("log of "+p.Name, []byte(p.Log()))
		heard.folder(t, p)
	}
	heard.look("OpenTelemetry", receiver.Raw())
	for _, what := range []string{
		"log of trunkline-dataplane", "log of trunkline-controlplane", "the database", "a file of trunkline-dataplane", "metrics", "Redis", "the admin API",
		"OpenTelemetry", "an export of calls", "an export of the audit log",
	} {
		if heard.bytes[what] == 0 {
			t.Errorf("nothing was looked at in: %s", what)
		}
	}
	hits := 0
	for where, what := range heard.found {
		for _, hit := range what {
			hits++
			t.Errorf("%s holds %s", where, hit)
		}
	}
	t.Logf("figures: %d calls through %d ways to leak; looked through %v bytes; %d hits", calls, len(models), heard.bytes, hits)
}

// leak is an upstream that says everything it knows in every way it can.
func leak(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if leakToPlane(w, r, body) {
		return
	}
	key := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	all := key + " " + r.Header.Get("X-Extra-Key") + " " + r.URL.Query().Get("gate")
	if !strings.HasSuffix(all, querySecret) {
		panic("the secret parameter of the query did not arrive")
	}
	text := fmt.Sprintf(`{"error":{"message":"Incorrect API key provided: %s","type":"invalid_request_error","param":null,"code":null}}`, all)
	refuse := func(status int) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
	for _, status := range []int{400, 401, 402, 429, 500} {
		if bytes.Contains(body, fmt.Appendf(nil, "echo-%d", status)) {
			refuse(status)
			return
		}
	}
	event := "data: {\"id\":\"1\",\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hello\"}}]}\n\n"
	switch {
	case bytes.Contains(body, []byte("echo-html")):
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<html>"+all+"</html>")
	case bytes.Contains(body, []byte("echo-200-error")):
		refuse(200)
	case bytes.Contains(body, []byte("echo-stream-error")):
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, "data: "+text+"\n\n")
	case bytes.Contains(body, []byte("echo-mid-stream")):
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, event+"data: "+text+"\n\n")
	case bytes.Contains(body, []byte("echo-redirect")):
		http.Redirect(w, r, "https://elsewhere.invalid/?key="+url.QueryEscape(key), http.StatusTemporaryRedirect)
	case bytes.Contains(body, []byte("echo-header")):
		w.Header().Set("X-Debug-Authorization", all)
		w.Header().Set("Set-Cookie", "k="+key)
		w.Header().Set("X-Request-Id", key)
		refuse(503)
	case bytes.Contains(body, []byte("echo-garbage")):
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		_, _ = io.WriteString(conn, all+" is not HTTP\r\n\r\n")
		conn.Close()
	default:
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			conn.Close()
		}
	}
}

// sinks is what was looked at, and where something was found.
type sinks struct {
	minted map[string]string // secrets that are made while the test runs

	mu    sync.Mutex
	found map[string][]string
	bytes map[string]int
}

// look searches for every secret, in clear and as it is commonly encoded.
func (s *sinks) look(where string, b []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bytes == nil {
		s.bytes = map[string]int{}
	}
	s.bytes[where] += len(b)
	secrets := map[string]string{
		"a provider's secret": providerSecret, "a provider's second secret": secondSecret, "a header's value": headerSecret, "a query parameter": querySecret,
		"a client's key": canaryKey, "a wrong key": wrongKey, "the Redis password": redisPassword, "a prompt": promptText,
		"the admin's password": adminPassword, "a wrong password": wrongPassword, "the join token": joinToken, "the sealing key": sealingKey,
		"a webhook's secret": hookSecret, "Slack's address": slackSecret, "the post office's password": mailSecret, "a proxy's password": tunnelSecret,
		"the identity provider's secret": oidcSecret,
	}
	maps.Copy(secrets, s.minted)
	for name, secret := range secrets {
		for how, form := range map[string]string{
			"": secret, " in hex": hex.EncodeToString([]byte(secret)), " in base64": strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(secret)), "="),
			" escaped": url.QueryEscape(secret), " in part": secret[:len(secret)-6],
		} {
			if at := bytes.Index(b, []byte(form)); at >= 0 {
				s.found[where] = append(s.found[where], fmt.Sprintf("%s%s: %q", name, how, b[max(at-60, 0):min(at+80, len(b))]))
				break
			}
		}
	}
}

type rawAnswer struct {
	header http.Header
	body   []byte
}

// raw sends a body and keeps all of the answer.
func (c *client) raw(t *testing.T, n int, body, key string) rawAnswer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.urls[n%len(c.urls)]+"/chat/completions", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	resp, err := c.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body) // cut streams are among them
	return rawAnswer{resp.Header, text}
}

func (s *sinks) answer(where string, a rawAnswer) {
	s.look(where, fmt.Appendf(nil, "%v\n%s", a.header, a.body))
}

func (s *sinks) page(t *testing.T, where, url string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	s.look(where, text)
}

// folder looks at every file a process has left.
func (s *sinks) folder(t *testing.T, p *program.Process) {
	t.Helper()
	err := filepath.WalkDir(p.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		s.look("a file of "+p.Name, b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// exports looks at what the admin API tells those who may know everything.
func (f *fleet) exports(s *sinks) {
	f.t.Helper()
	client, ctx := f.rpc(), f.t.Context()
	look := func(m proto.Message, err error) {
		if err != nil {
			f.t.Fatal(err)
		}
		b, err := protojson.Marshal(m)
		if err != nil {
			f.t.Fatal(err)
		}
		s.look("the admin API", b)
	}
	look(adminv1connect.NewProviderServiceClient(client).ListProviders(ctx, &adminv1.ListProvidersRequest{}))
	look(adminv1connect.NewKeyServiceClient(client).ListApiKeys(ctx, &adminv1.ListApiKeysRequest{}))
	look(adminv1connect.NewConfigServiceClient(client).ExportConfig(ctx, &adminv1.ExportConfigRequest{}))
	look(adminv1connect.NewNodeServiceClient(client).ListNodes(ctx, &adminv1.ListNodesRequest{}))
	look(adminv1connect.NewNodeServiceClient(client).ListJoinTokens(ctx, &adminv1.ListJoinTokensRequest{}))
	look(adminv1connect.NewTokenServiceClient(client).ListTokens(ctx, &adminv1.ListTokensRequest{}))
	look(adminv1connect.NewUserServiceClient(client).ListUsers(ctx, &adminv1.ListUsersRequest{}))
	look(adminv1connect.NewAlertServiceClient(client).ListAlerts(ctx, &adminv1.ListAlertsRequest{}))
	look(adminv1connect.NewAlertChannelServiceClient(client).ListAlertChannels(ctx, &adminv1.ListAlertChannelsRequest{}))
	look(adminv1connect.NewAlertChannelServiceClient(client).ListAlertChannelDeliveries(ctx, &adminv1.ListAlertChannelDeliveriesRequest{}))
	look(adminv1connect.NewMasterKeyServiceClient(client).ListMasterKeys(ctx, &adminv1.ListMasterKeysRequest{}))
	look(adminv1connect.NewConfigServiceClient(client).GetRevision(ctx, &adminv1.GetRevisionRequest{Revision: 1}))
	f.streams(s, client)
	look(adminv1connect.NewCallServiceClient(client).ListCalls(ctx, &adminv1.ListCallsRequest{PageSize: 1000, WithAttempts: true}))
}

func (f *fleet) signInWrongly(s *sinks) {
	f.t.Helper()
	client := connect.NewClient(connecthttp.NewTransport(&http.Client{}, f.plane.Address("console")))
	_, err := adminv1connect.NewSessionServiceClient(client).Login(f.t.Context(), &adminv1.LoginRequest{Username: "admin", Password: wrongPassword})
	if err == nil {
		f.t.Fatal("a wrong password signs in")
	}
	s.look("the admin API", []byte(err.Error()))
}

// dumpDatabase looks at every row of every table.
func (f *fleet) dumpDatabase(s *sinks) {
	f.t.Helper()
	ctx := f.t.Context()
	db, err := pgx.Connect(ctx, f.database)
	if err != nil {
		f.t.Fatal(err)
	}
	defer db.Close(ctx)
	rows, err := db.Query(ctx, `SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) FROM information_schema.tables WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema')`)
	if err != nil {
		f.t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) == 0 {
		f.t.Fatalf("tables %v: %v", tables, err)
	}
	for _, table := range tables {
		rows, err := db.Query(ctx, "SELECT row_to_json(t)::text FROM "+table+" t")
		if err != nil {
			f.t.Fatal(err)
		}
		all, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			f.t.Fatal(err)
		}
		for _, row := range all {
			s.look("the database", []byte(table+": "+row))
		}
	}
}

// dumpRedis looks at every key and what it holds.
func (f *fleet) dumpRedis(s *sinks) {
	f.t.Helper()
	ctx, db := f.t.Context(), f.records()
	keysOf, err := db.Keys(ctx, "*").Result()
	if err != nil {
		f.t.Fatal(err)
	}
	for _, key := range keysOf {
		value, err := db.Dump(ctx, key).Result()
		if err != nil {
			continue // it has faded meanwhile
		}
		s.look("Redis", []byte(key+" "+value))
	}
}
