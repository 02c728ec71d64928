// Package allinone runs both planes in one process: a control plane and a node as they are
// elsewhere, joined by a gRPC connection in memory, and the scripted provider beside them.
package allinone

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"google.golang.org/grpc/test/bufconn"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/controlplane/secrets"
	controlplane "github.com/trunkline-ai/trunkline/controlplane/server"
	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	dataplane "github.com/trunkline-ai/trunkline/dataplane/server"
	"github.com/trunkline-ai/trunkline/internal/cloudauth"
	"github.com/trunkline-ai/trunkline/internal/connlimit"
	"github.com/trunkline-ai/trunkline/internal/fakeprovider"
	"github.com/trunkline-ai/trunkline/internal/listentls"
	"github.com/trunkline-ai/trunkline/internal/ops"
	"github.com/trunkline-ai/trunkline/internal/run"
	"github.com/trunkline-ai/trunkline/internal/settings"
	"github.com/trunkline-ai/trunkline/internal/telemetry"
	"github.com/trunkline-ai/trunkline/internal/version"
)

// linkBuffer is how much the in-memory node link holds between its two ends.
const linkBuffer = 1 << 20

// drainTime is how long streams may go on after SIGTERM.
const drainTime = 10 * time.Minute

// Config is what the all-in-one works with. Everything is required unless it says otherwise.
type Config struct {
	Listen      string // console, admin API and /v1
	OpsListen   string // /healthz, /readyz and /metrics
	DatabaseURL string
	DataDir     string // of this process alone
	// SecretKey is one or several master keys, each base64 of 32 bytes; default: a key file made in DataDir.
	SecretKey string
	// SecretKeyFile and DatabaseURLFile are where those were read from; empty: from no file.
	SecretKeyFile, DatabaseURLFile string
	// Demo loads the scripted providers, sends calls and shows what happened to them.
	Demo    bool
	Control controlplane.Settings
	Data    dataplane.Settings
	// Connections bounds those of one address.
	Connections connlimit.Settings
	// TLS is how the listeners speak TLS, if at all.
	TLS    listentls.Settings
	Logger *slog.Logger
	// Lookup finds the variables that a declarative file names.
	Lookup func(string) (string, bool)
	// Out is where generated keys and the demo are printed; default: standard output.
	Out io.Writer
}

// Gateway is both planes of one process and what serves them.
type Gateway struct {
	cfg     Config
	log     *slog.Logger
	control *controlplane.Server
	node    *dataplane.Server
	link    *bufconn.Listener
	fake    *fakeprovider.Listener
	ops     http.Handler
	web     net.Listener
	opsWeb  net.Listener
	tls     *listentls.Certificate // nil: plain HTTP

	telemetry *telemetry.Telemetry // nil: off
}

// New wires the process and opens its listeners.
func New(ctx context.Context, cfg Config) (_ *Gateway, err error) {
	if cfg.Out == nil {
		cfg.Out = os.Stdout
	}
	g := &Gateway{cfg: cfg, log: cfg.Logger, link: bufconn.Listen(linkBuffer), fake: fakeprovider.Listen()}
	defer func() {
		if err != nil {
			g.close()
		}
	}()
	if err := cfg.Control.Check(); err != nil {
		return nil, err
	}
	keys, keyFile, err := g.loadKeys()
	if err != nil {
		return nil, err
	}
	if g.web, err = net.Listen("tcp", cfg.Listen); err != nil {
		return nil, fmt.Errorf("listen for console and API: %w", err)
	}
	if g.opsWeb, err = net.Listen("tcp", cfg.OpsListen); err != nil {
		return nil, fmt.Errorf("listen for operators: %w", err)
	}
	if g.tls, err = cfg.TLS.Open(cfg.Logger); err != nil {
		return nil, err
	}
	cfg.TLS.Warn(cfg.Logger, g.tls, "console and API", g.web.Addr())
	if g.telemetry, err = telemetry.New(ctx, telemetry.Config{Service: "trunkline", Instance: cfg.Data.NodeName(), Version: version.String(), Logger: cfg.Logger}); err != nil {
		return nil, err
	}
	metrics := ops.NewRegistry()
	limit, err := cfg.Connections.New(cfg.Logger, metrics)
	if err != nil {
		return nil, err
	}
	g.web, g.opsWeb = limit.Listener("console", g.web), limit.Listener("ops", g.opsWeb)
	if err := g.openPlanes(ctx, keys, keyFile, metrics); err != nil {
		return nil, err
	}
	g.ops = ops.Handler(ops.Config{
		Ready:   map[string]ops.Check{"database": g.control.Ready, "configuration": g.node.Ready},
		Metrics: metrics, Logger: cfg.Logger,
	})
	if err := g.apply(ctx); err != nil {
		return nil, err
	}
	return g, nil
}

// openPlanes makes the control plane, and the node that finds it in memory.
func (g *Gateway) openPlanes(ctx context.Context, keys secrets.KeyService, keyFile *secrets.KeyFile, metrics prometheus.Registerer) (err error) {
	cfg := g.cfg
	idp, err := cfg.Control.OIDC.Config()
	if err != nil {
		return err
	}
	g.control, err = controlplane.New(ctx, controlplane.Config{
		DatabaseURL: cfg.DatabaseURL, DatabaseURLAgain: settings.Again(cfg.DatabaseURLFile), DatabaseWait: cfg.Control.Wait(), KeepSchema: cfg.Control.NoMigrate, Keys: keys, KeyFile: keyFile, LostMasterKeys: cfg.Control.Lost(), AllInOne: &controlplane.AllInOne{DialFake: g.fake.DialContext},
		AdminUsername: cfg.Control.AdminUsername, AdminPassword: cfg.Control.AdminPassword, RecentSignIn: cfg.Control.RecentSignIn, RequireTOTP: cfg.Control.RequireTOTP, OIDC: idp, Listen: cfg.Listen,
		TrustForwardedHeaders: cfg.Control.TrustForwarded, PriceCatalogue: cfg.Control.PriceCatalogue,
		InstanceIdentity: cfg.Control.InstanceIdentity,
		GatewayURL:       cfg.Control.GatewayURL, Version: version.String(), Logger: cfg.Logger, Metrics: metrics, Telemetry: g.telemetry,
	})
	if err != nil {
		return err
	}
	bounds := cfg.Data.Proxy()
	bounds.TrustForwarded = cfg.Control.TrustForwarded
	g.node, err = dataplane.New(dataplane.Config{
		AllInOne: &dataplane.AllInOne{DialControlPlane: g.link.DialContext, DialFake: g.fake.DialContext},
		Node:     cfg.Data.NodeName(), Version: version.String(),
		Minting:  cloudauth.Config{InstanceIdentity: cfg.Control.InstanceIdentity},
		RedisURL: cfg.Data.RedisURL, RedisURLAgain: settings.Again(cfg.Data.RedisURLFile), Environment: cfg.Data.Environment, HealthFile: filepath.Join(cfg.DataDir, "health.json"),
		BudgetFile: filepath.Join(cfg.DataDir, "budgets.json"),
		// Calls wait here until the database has them: a crash loses what it may lose on any
		// node. The last good snapshot is not kept: without the database beside it this
		// process would not start.
		CallDir: filepath.Join(cfg.DataDir, "calls"), SpoolBytes: int64(cfg.Data.SpoolBytes), SpoolAge: cfg.Data.SpoolAge,
		MinFreeDisk: cfg.Data.MinFreeDisk,
		CallMemory:  int64(cfg.Data.CallMemory),
		Logger:      cfg.Logger, Metrics: metrics, Telemetry: g.telemetry, Proxy: bounds, Heap: cfg.Data.Heap,
	})
	return err
}

// close gives back what a start that failed had opened.
func (g *Gateway) close() {
	for _, lis := range []net.Listener{g.web, g.opsWeb} {
		if lis != nil {
			_ = lis.Close() // nobody has used it
		}
	}
	if g.node != nil {
		g.node.Close()
	}
	if g.control != nil {
		g.control.Close()
	}
	g.telemetry.End(g.log)
}

// loadKeys reads the keys that seal provider credentials, or makes one at the first start.
func (g *Gateway) loadKeys() (secrets.KeyService, *secrets.KeyFile, error) {
	if g.cfg.SecretKey != "" {
		return controlplane.MasterKeys(g.cfg.SecretKey, g.cfg.SecretKeyFile)
	}
	path := filepath.Join(g.cfg.DataDir, "secret.key")
	_, created, err := secrets.LoadOrCreateKeyFile(path)
	if err != nil {
		return nil, nil, err
	}
	if created {
		g.log.Info("created the master key that encrypts provider credentials: back it up", "path", path)
	}
	file, err := secrets.NewKeyFile(func() (*secrets.Keyset, error) { return secrets.LoadKeyFile(path) })
	return file, file, err
}

// gatewayURL is what the log calls the gateway's address. The console is not told ours: it asks
// where it came from, which is right behind a proxy and under another name of this host too.
func (g *Gateway) gatewayURL() string {
	if g.cfg.Control.GatewayURL != "" {
		return g.cfg.Control.GatewayURL
	}
	return g.tls.Scheme() + "://" + g.web.Addr().String()
}

// apply loads the documents of --demo and the declarative file of --apply.
func (g *Gateway) apply(ctx context.Context) error {
	if g.cfg.Demo {
		docs, err := demoConfig()
		if err != nil {
			return err
		}
		if err := g.control.Apply(ctx, docs, g.cfg.Out); err != nil {
			return err
		}
	}
	g.control.ApplyAtStart(ctx, &g.cfg.Control, g.cfg.Lookup, g.cfg.Out)
	return nil
}

// Run serves until ctx ends, then drains: requests first, the link and the database last.
// When hurry is closed what is still under way is cut.
func (g *Gateway) Run(ctx context.Context, hurry <-chan struct{}) error {
	group := run.NewGroup(ctx)
	group.Go("control plane", func(ctx context.Context) error { return g.control.Run(ctx, g.link) })
	group.Go("node", g.node.Run)
	group.Go("TLS certificate", g.tls.Run)
	group.Go("scripted provider", g.serveFake)
	group.Go("operators", func(ctx context.Context) error {
		return ops.Server{Handler: g.ops, Logger: g.log, TLS: g.cfg.TLS.Ops(g.tls).Config(false)}.Serve(ctx, g.opsWeb)
	})
	group.Go("console and API", func(ctx context.Context) error {
		return ops.Server{Handler: g.handler(), Plain: g.cfg.Data.ServesPlain(), Early: proxy.EarlyError, Logger: g.log, Drain: drainTime, TLS: g.tls.Config(true), UnencryptedHTTP2: g.cfg.Control.H2C, OnDrain: g.control.EndStreams, OnStop: g.node.Leave, OnCut: g.node.CutAll, Hurry: hurry}.Serve(ctx, g.web)
	})
	g.announce()
	debug.FreeOSMemory() // what only the start needed is a third of what an idle process holds
	if g.cfg.Demo {
		group.Go("demo", func(ctx context.Context) error { return runDemo(ctx, g) })
	}
	err := group.Wait()
	g.telemetry.End(g.log)
	g.log.Info("stopped", "cut_streams", g.node.CutStreams(), "error", err)
	return err
}

// handler serves what the API of clients has as a node does, and all else as a control plane does.
func (g *Gateway) handler() http.Handler {
	node, control := g.node.Handler(), g.control.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if proxy.Serves(r.URL.Path) {
			node.ServeHTTP(w, r)
			return
		}
		control.ServeHTTP(w, r)
	})
}

// serveFake is the upstream of providers of dialect fake.
func (g *Gateway) serveFake(ctx context.Context) error {
	server := ops.Server{Handler: fakeprovider.New(fakeprovider.Config{}), Logger: g.log, Drain: time.Second}
	return server.Serve(ctx, g.fake)
}

func (g *Gateway) announce() {
	g.log.Info("serving", "console", g.tls.Scheme()+"://"+g.web.Addr().String(), "api", g.gatewayURL()+"/v1", "ops", g.cfg.TLS.Ops(g.tls).Scheme()+"://"+g.opsWeb.Addr().String())
	if g.control.DefaultPassword() {
		g.log.Warn("THE DEFAULT PASSWORD IS IN USE: sign in as " + g.cfg.Control.AdminUsername + " / " +
			controlplane.DefaultAdminPassword + ", and set another one in the console before anyone else can reach this machine")
	}
}
