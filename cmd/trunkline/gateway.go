package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/test/bufconn"

	"github.com/trunkline-ai/trunkline/controlplane/secrets"
	controlplane "github.com/trunkline-ai/trunkline/controlplane/server"
	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	dataplane "github.com/trunkline-ai/trunkline/dataplane/server"
	"github.com/trunkline-ai/trunkline/internal/fakeprovider"
	"github.com/trunkline-ai/trunkline/internal/ops"
	"github.com/trunkline-ai/trunkline/internal/run"
	"github.com/trunkline-ai/trunkline/internal/version"
)

// linkBuffer is how much the in-memory node link holds between its two ends.
const linkBuffer = 1 << 20

// drainTime is how long streams may go on after SIGTERM.
const drainTime = 10 * time.Minute

// gateway is both planes of one process and what serves them.
type gateway struct {
	options
	log     *slog.Logger
	control *controlplane.Server
	node    *dataplane.Server
	link    *bufconn.Listener
	fake    *fakeprovider.Listener
	ops     http.Handler
	web     net.Listener
	opsWeb  net.Listener
}

// newGateway wires the process and opens its listeners.
func newGateway(ctx context.Context, o options, log *slog.Logger, lookup func(string) (string, bool)) (_ *gateway, err error) {
	g := &gateway{options: o, log: log, link: bufconn.Listen(linkBuffer), fake: fakeprovider.Listen()}
	defaultPassword, err := o.control.DefaultPassword(o.listen)
	if err != nil {
		return nil, err
	}
	key, err := g.loadKey()
	if err != nil {
		return nil, err
	}
	if g.web, err = net.Listen("tcp", o.listen); err != nil {
		return nil, fmt.Errorf("listen for console and API: %w", err)
	}
	if g.opsWeb, err = net.Listen("tcp", o.opsListen); err != nil {
		return nil, fmt.Errorf("listen for operators: %w", err)
	}
	metrics := ops.NewRegistry()
	g.control, err = controlplane.New(ctx, controlplane.Config{
		DatabaseURL: o.databaseURL, SecretKey: key, InMemory: true,
		AdminUsername: o.control.AdminUsername, AdminPassword: o.control.AdminPassword, DefaultPassword: defaultPassword,
		TrustForwardedHeaders: o.control.TrustForwarded,
		FakeDialect:           true,
		GatewayURL:            g.gatewayURL(), Version: version.String(), Logger: log, Metrics: metrics,
		AllowPrivateNetwork: true, FakeDial: g.fake.DialContext, PriceCatalogue: o.control.PriceCatalogue,
	})
	if err != nil {
		return nil, err
	}
	bounds := o.data.Proxy()
	bounds.TrustForwarded = o.control.TrustForwarded
	g.node, err = dataplane.New(dataplane.Config{
		ControlPlane: dataplane.Memory,
		DialOptions: []grpc.DialOption{grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return g.link.DialContext(ctx)
		})},
		Node: o.data.NodeName(), Version: version.String(),
		RedisURL: o.data.RedisURL, Environment: o.data.Environment, HealthFile: filepath.Join(o.dataDir, "health.json"),
		BudgetFile: filepath.Join(o.dataDir, "budgets.json"),
		// Calls wait here until the database has them: a crash loses what it may lose on any
		// node. The last good snapshot is not kept: without the database beside it this
		// process would not start.
		CallDir: filepath.Join(o.dataDir, "calls"), SpoolBytes: int64(o.data.SpoolBytes), SpoolAge: o.data.SpoolAge,
		CallMemory:          int64(o.data.CallMemory),
		AllowPrivateNetwork: true, FakeDial: g.fake.DialContext,
		Logger: log, Metrics: metrics, Proxy: bounds,
	})
	if err != nil {
		g.control.Close()
		return nil, err
	}
	g.ops = ops.Handler(ops.Config{
		Ready:   map[string]ops.Check{"database": g.control.Ready, "configuration": g.node.Ready},
		Metrics: metrics, Logger: log,
	})
	if err := g.apply(ctx, lookup); err != nil {
		g.control.Close()
		return nil, err
	}
	return g, nil
}

// loadKey reads the key that seals provider credentials, or makes one at the first start.
func (g *gateway) loadKey() ([]byte, error) {
	if g.secretKey != "" {
		return secrets.ParseKey(g.secretKey)
	}
	path := filepath.Join(g.dataDir, "secret.key")
	key, created, err := secrets.LoadOrCreateKeyFile(path)
	if created {
		g.log.Info("made a key that seals provider credentials: back it up", "path", path)
	}
	return key, err
}

func (g *gateway) gatewayURL() string {
	if g.options.control.GatewayURL != "" {
		return g.options.control.GatewayURL
	}
	return "http://" + g.web.Addr().String()
}

// apply loads the documents of --demo and the declarative file of --apply.
func (g *gateway) apply(ctx context.Context, lookup func(string) (string, bool)) error {
	if g.demo {
		docs, err := demoConfig()
		if err != nil {
			return err
		}
		if err := g.control.Apply(ctx, docs, os.Stdout); err != nil {
			return err
		}
	}
	if path := g.options.control.Apply; path != "" {
		return g.control.ApplyFile(ctx, path, lookup, os.Stdout)
	}
	return nil
}

// run serves until ctx ends, then drains: requests first, the link and the database last.
// When hurry is closed what is still under way is cut.
func (g *gateway) run(ctx context.Context, hurry <-chan struct{}) error {
	mux := http.NewServeMux()
	g.control.Mount(mux)
	for _, pattern := range proxy.Patterns() {
		mux.Handle(pattern, g.node.Handler())
	}
	group := run.NewGroup(ctx)
	group.Go("control plane", func(ctx context.Context) error { return g.control.Run(ctx, g.link) })
	group.Go("node", g.node.Run)
	group.Go("scripted provider", g.serveFake)
	group.Go("operators", func(ctx context.Context) error {
		return ops.Server{Handler: g.ops, Logger: g.log}.Serve(ctx, g.opsWeb)
	})
	group.Go("console and API", func(ctx context.Context) error {
		return ops.Server{Handler: mux, Logger: g.log, Drain: drainTime, UnencryptedHTTP2: true, OnDrain: g.control.EndStreams, OnStop: g.node.Leave, OnCut: g.node.CutAll, Hurry: hurry}.Serve(ctx, g.web)
	})
	g.announce()
	if g.demo {
		group.Go("demo", func(ctx context.Context) error { return runDemo(ctx, g) })
	}
	err := group.Wait()
	g.log.Info("stopped", "cut_streams", g.node.CutStreams(), "error", err)
	return err
}

// serveFake is the upstream of providers of dialect fake.
func (g *gateway) serveFake(ctx context.Context) error {
	server := ops.Server{Handler: fakeprovider.New(fakeprovider.Config{}), Logger: g.log, Drain: time.Second}
	return server.Serve(ctx, g.fake)
}

func (g *gateway) announce() {
	g.log.Info("serving", "console", "http://"+g.web.Addr().String(), "api", g.gatewayURL()+"/v1", "ops", "http://"+g.opsWeb.Addr().String())
	if g.options.control.AdminPassword == controlplane.DefaultAdminPassword {
		g.log.Warn("THE DEFAULT PASSWORD IS IN USE: sign in as " + g.options.control.AdminUsername + " / " +
			controlplane.DefaultAdminPassword + ", and set ADMIN_PASSWORD before anyone else can reach this machine")
	}
}
