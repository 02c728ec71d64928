package adminapi_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"connectrpc.com/connect/v2/connectproto"
	"google.golang.org/genproto/googleapis/rpc/errdetails"

	"github.com/trunkline-ai/trunkline/controlplane/adminapi"
	"github.com/trunkline-ai/trunkline/controlplane/config"
	"github.com/trunkline-ai/trunkline/controlplane/enrollment"
	"github.com/trunkline-ai/trunkline/controlplane/secrets"
	"github.com/trunkline-ai/trunkline/controlplane/store"
	"github.com/trunkline-ai/trunkline/internal/errs"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

const (
	adminUser     = "root@example.org"
	adminPassword = "a-password-canary-of-the-admin"
)

// clock is a clock that only tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// buffer collects log lines.
type buffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

type nodes []*adminv1.Node

func (n nodes) Nodes() []*adminv1.Node { return slices.Clone(n) }

func (n nodes) Node(name string) (*adminv1.Node, error) {
	for _, node := range n {
		if node.GetName() == name {
			return node, nil
		}
	}
	return nil, errs.Newf(errs.NotFound, "node %q does not exist", name)
}

func (n nodes) Subscribe() (<-chan struct{}, func()) { return nil, func() {} }

func (n nodes) Incomplete() string { return "the database is away" }

func (n nodes) DrainNode(_ context.Context, name string, drain bool) (*adminv1.Node, error) {
	node, err := n.Node(name)
	if err != nil {
		return nil, err
	}
	node.DrainOrdered, node.Draining = drain, drain
	return node, nil
}

func (n nodes) EndNode(_ context.Context, name, _ string) bool {
	node, err := n.Node(name)
	return err == nil && node.GetConnected()
}

func (n nodes) ForgetNode(_ context.Context, name string) error {
	node, err := n.Node(name)
	if err == nil && node.GetConnected() {
		return errs.Newf(errs.FailedPrecondition, "node %q is connected: stop it first", name)
	}
	return err
}

// resets notes the cooldowns that were to end, for two nodes.
type resets struct{ asked [][3]string }

func (r *resets) ResetCooldown(_ context.Context, provider, model, credential string) []string {
	r.asked = append(r.asked, [3]string{provider, model, credential})
	return []string{"a", "b"}
}

// env is an admin API served on a loopback port, on a database of its own.
type env struct {
	url     string
	clock   *clock
	backend backend
	api     *adminapi.API       // that handler made last
	joins   *enrollment.Service // that handler made last
	logs    *buffer
	// seen are the bodies and headers of every answer that clients of this env got.
	seen *buffer
}

// start serves the API; adjust may change its configuration.
func start(t *testing.T, adjust ...func(*adminapi.Config)) *env {
	t.Helper()
	e := &env{
		clock: &clock{at: time.Date(2026, 11, 3, 9, 0, 0, 0, time.UTC)},
		logs:  &buffer{},
		seen:  &buffer{},
	}
	e.backend = e.open(t)
	e.url = serve(t, e.handler(t, adjust...))
	return e
}

func (e *env) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(e.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (e *env) handler(t *testing.T, adjust ...func(*adminapi.Config)) http.Handler {
	t.Helper()
	cfg := adminapi.Config{
		Live:          e.backend.live,
		Editor:        e.backend.editor,
		History:       config.NewHistory(e.backend.live),
		Calls:         e.backend.calls,
		Gaps:          e.backend.gaps,
		Bodies:        adminapi.Bodies{Store: store.NewBodies(e.backend.db), Sealer: secrets.Bodies(e.backend.sealer)},
		Sealer:        e.backend.sealer,
		Usage:         store.NewUsage(e.backend.db),
		Access:        e.backend.access,
		Audit:         e.backend.recorder,
		Nodes:         nodes(nil),
		MasterKeys:    e.backend.masterKeys,
		Cooldowns:     &resets{},
		Enrollment:    e.enrollment(t),
		Authority:     &authority{},
		Importer:      e.importer(t),
		Alerts:        e.alerts(t),
		AdminUsername: adminUser,
		AdminPassword: adminPassword,
		GatewayURL:    "http://gateway.example/v1",
		Version:       "v1.2.3-test",
		Logger:        e.logger(),
		Now:           e.clock.Now,
	}
	adminapi.HashCheaply(&cfg)
	for _, a := range adjust {
		a(&cfg)
	}
	api, err := adminapi.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	e.api = api
	return api.Handler(http.NotFoundHandler())
}

// client is one caller: a browser with its cookies, or the holder of a token.
type client struct {
	http      *http.Client
	conn      *connect.Client
	providers adminv1connect.ProviderServiceClient
	groups    adminv1connect.GroupServiceClient
	keys      adminv1connect.KeyServiceClient
	keywords  adminv1connect.KeywordServiceClient
	channels  adminv1connect.AlertChannelServiceClient
	alerts    adminv1connect.AlertServiceClient
	settings  adminv1connect.SettingsServiceClient
	config    adminv1connect.ConfigServiceClient
	calls     adminv1connect.CallServiceClient
	usage     adminv1connect.UsageServiceClient
	nodes     adminv1connect.NodeServiceClient
	tokens    adminv1connect.TokenServiceClient
	session   adminv1connect.SessionServiceClient
	users     adminv1connect.UserServiceClient
	audit     adminv1connect.AuditServiceClient
	authority adminv1connect.AuthorityKeyServiceClient
}

// header adds headers to every call.
type header map[string]string

func (h header) intercept(next connect.ClientFunc) connect.ClientFunc {
	return func(ctx context.Context, spec connect.Spec) (connect.ClientStream, error) {
		if info, ok := connect.CallInfoForClientContext(ctx); ok {
			for k, v := range h {
				info.RequestHeader().Set(k, v)
			}
		}
		return next(ctx, spec)
	}
}

// client makes a caller that has not signed in; it speaks Connect with JSON unless
// options say otherwise.
func (e *env) client(t *testing.T, h header, options ...connecthttp.Option) *client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	base := &http.Transport{Protocols: protocols}
	t.Cleanup(base.CloseIdleConnections)
	c := &client{http: &http.Client{Jar: jar, Transport: recorder{base, e.seen}}}
	options = append([]connecthttp.Option{
		connecthttp.WithProtoJSON(), connecthttp.WithCompressors(), connecthttp.WithReadMaxBytes(256 << 20),
	}, options...)
	c.conn = connect.NewClient(connecthttp.NewTransport(c.http, e.url, options...), h.intercept)
	c.providers = adminv1connect.NewProviderServiceClient(c.conn)
	c.groups = adminv1connect.NewGroupServiceClient(c.conn)
	c.keys = adminv1connect.NewKeyServiceClient(c.conn)
	c.keywords = adminv1connect.NewKeywordServiceClient(c.conn)
	c.channels = adminv1connect.NewAlertChannelServiceClient(c.conn)
	c.alerts = adminv1connect.NewAlertServiceClient(c.conn)
	c.settings = adminv1connect.NewSettingsServiceClient(c.conn)
	c.config = adminv1connect.NewConfigServiceClient(c.conn)
	c.calls = adminv1connect.NewCallServiceClient(c.conn)
	c.usage = adminv1connect.NewUsageServiceClient(c.conn)
	c.nodes = adminv1connect.NewNodeServiceClient(c.conn)
	c.tokens = adminv1connect.NewTokenServiceClient(c.conn)
	c.session = adminv1connect.NewSessionServiceClient(c.conn)
	c.users = adminv1connect.NewUserServiceClient(c.conn)
	c.audit = adminv1connect.NewAuditServiceClient(c.conn)
	c.authority = adminv1connect.NewAuthorityKeyServiceClient(c.conn)
	return c
}

// admin makes a caller who has signed in.
func (e *env) admin(t *testing.T) *client {
	t.Helper()
	c := e.client(t, nil)
	c.login(t)
	return c
}

func (c *client) login(t *testing.T) {
	t.Helper()
	if err := c.try(t, adminUser, adminPassword); err != nil {
		t.Fatalf("sign in: %v", err)
	}
}

// try signs in with any name and password.
func (c *client) try(t *testing.T, username, password string) error {
	t.Helper()
	_, err := c.session.Login(t.Context(), &adminv1.LoginRequest{Username: username, Password: password})
	return err
}

// bearer makes a token that may do everything and returns it.
func (c *client) bearer(t *testing.T, name string) string {
	t.Helper()
	return c.bearerOf(t, name, adminv1.Role_ROLE_OWNER)
}

// bearerOf makes a token with a role and returns it.
func (c *client) bearerOf(t *testing.T, name string, role adminv1.Role) string {
	t.Helper()
	res, err := c.tokens.CreateToken(t.Context(), &adminv1.CreateTokenRequest{Token: &adminv1.Token{Name: name, Role: role}})
	if err != nil {
		t.Fatalf("create token: %v", err)
	}
	return res.GetSecret()
}

// recorder keeps what the server answered.
type recorder struct {
	next http.RoundTripper
	seen *buffer
}

func (r recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := r.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	_ = res.Header.Write(r.seen)
	res.Body = struct {
		io.Reader
		io.Closer
	}{io.TeeReader(res.Body, r.seen), res.Body}
	return res, nil
}

// wantCode fails unless err has the code.
func wantCode(t *testing.T, err error, code connect.Code) *connect.Error {
	t.Helper()
	if err == nil {
		t.Fatalf("succeeded, want %s", code)
	}
	if got := connect.CodeOf(err); got != code {
		t.Fatalf("error %v has code %s, want %s", err, got, code)
	}
	failure, isConnect := errors.AsType[*connect.Error](err)
	if !isConnect {
		t.Fatalf("error %v is no connect error", err)
	}
	return failure
}

// detail finds a detail of the error.
func detail[T any](t *testing.T, err *connect.Error) T {
	t.Helper()
	for _, d := range err.Details() {
		msg, decodeErr := connectproto.UnmarshalErrorDetail(d)
		if decodeErr != nil {
			t.Fatalf("decode detail %s: %v", d.Type, decodeErr)
		}
		if m, ok := msg.(T); ok {
			return m
		}
	}
	var none T
	t.Fatalf("error %v has no detail %T", err, none)
	return none
}

// violations are the fields at fault, in order.
func violations(t *testing.T, err error) []string {
	t.Helper()
	var out []string
	for _, v := range detail[*errdetails.BadRequest](t, wantCode(t, err, connect.CodeInvalidArgument)).GetFieldViolations() {
		out = append(out, v.GetField()+": "+v.GetDescription())
	}
	return out
}

// ok returns the result of a call that has to succeed.
func ok[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// serve serves a handler until the test ends and returns its address.
func serve(t *testing.T, h http.Handler) string {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(true)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}
