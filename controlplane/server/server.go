// Package server wires a control plane: the store, the live configuration, the admin API
// with the console, the snapshots and the node link.
package server

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/controlplane/access/oidc"
	"github.com/trunkline-ai/trunkline/controlplane/adminapi"
	"github.com/trunkline-ai/trunkline/controlplane/alerts"
	"github.com/trunkline-ai/trunkline/controlplane/audit"
	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/controlplane/config"
	"github.com/trunkline-ai/trunkline/controlplane/enrollment"
	"github.com/trunkline-ai/trunkline/controlplane/fleet"
	"github.com/trunkline-ai/trunkline/controlplane/importer"
	"github.com/trunkline-ai/trunkline/controlplane/nodeapi"
	"github.com/trunkline-ai/trunkline/controlplane/rollout"
	"github.com/trunkline-ai/trunkline/controlplane/secrets"
	"github.com/trunkline-ai/trunkline/controlplane/snapshot"
	"github.com/trunkline-ai/trunkline/controlplane/store"
	"github.com/trunkline-ai/trunkline/internal/run"
	"github.com/trunkline-ai/trunkline/internal/telemetry"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/webui"
)

// Config is what a control plane needs.
type Config struct {
	DatabaseURL string // sqlite:///path or postgres://...; required
	// DatabaseURLAgain reads the URL again for each connection to PostgreSQL, of which user and password count;
	// default: they never change.
	DatabaseURLAgain func() (string, error)
	DatabaseWait     DatabaseWait
	// KeepSchema waits for somebody else to migrate the database; default: New does.
	KeepSchema bool
	Keys       secrets.KeyService // master keys that seal secrets; required
	// KeyFile is Keys where they come from a file, which is looked at again and again; nil: they never change.
	KeyFile *secrets.KeyFile
	// LostMasterKeys are ids of master keys that are gone for good: what is sealed under them does
	// not keep the control plane from starting. Default: none.
	LostMasterKeys []string
	// JoinToken gives a token that lets any number of nodes join, beside those that the admin API makes.
	// Default: none.
	JoinToken func() string
	// AllInOne says that the one node is in the same process; nil: nodes are elsewhere.
	AllInOne      *AllInOne
	AdminUsername string // required
	AdminPassword string // required
	// RecentSignIn is for how long a sign-in is enough for secrets, users and tokens; default 15 minutes.
	RecentSignIn time.Duration
	RequireTOTP  bool         // who signs in with a password must have a second factor
	OIDC         *oidc.Config // people may sign in there too; nil: nowhere
	// Listen is the address of the console, host:port. With the default password it must be
	// one of this machine only, until another password was set in the console.
	Listen string
	// InstanceIdentity lets tests and imports use the identity of this machine for credentials that are one.
	InstanceIdentity bool
	// TrustForwardedHeaders believes X-Forwarded-For and -Proto; only behind a proxy that sets them.
	TrustForwardedHeaders bool
	// GatewayURL is where clients send /v1 requests: the console shows it and may call its
	// origin; empty: the same address as the console's.
	GatewayURL string
	Version    string
	// PriceCatalogue is the path of a file that imports take prices from; empty: none.
	PriceCatalogue string
	Logger         *slog.Logger          // required
	Metrics        prometheus.Registerer // required
	Telemetry      *telemetry.Telemetry  // nil: off
}

// AllInOne is what a control plane has that shares its process with its node: Run gets a
// listener in memory, which needs neither TLS nor join tokens; providers may be of dialect
// fake, and every one may be at a private or loopback address.
type AllInOne struct {
	// DialFake reaches the scripted provider; required.
	DialFake func(ctx context.Context, network, address string) (net.Conn, error)
}

// stopTime bounds how long the node link may take to end its streams.
const stopTime = 5 * time.Second

// Server is one control-plane replica.
type Server struct {
	log        *slog.Logger
	db         *store.DB
	live       *config.Live
	editor     *config.Editor
	history    *config.History
	opener     *config.Opener
	hub        *snapshot.Hub
	nodes      *nodeapi.Server
	enrollment *enrollment.Service // nil in memory
	fleet      *fleet.Fleet
	rollouts   *rollout.Rollouts // nil in the all-in-one
	calls      *calllog.Log
	audit      *audit.Recorder
	api        *adminapi.API
	masterKeys *secrets.MasterKeys
	bodies     secrets.BodySealer

	imports *importer.Importer
	alerts  *alerts.Alerts

	applied atomic.Pointer[adminv1.StartupApply] // nil: no file was given

	gatewayOrigin   string
	defaultPassword bool
}

// New opens the database, waiting for it if it must, brings its schema up to date and loads the configuration.
// Close the server unless Run is called.
func New(ctx context.Context, cfg Config) (_ *Server, err error) {
	s := &Server{log: cfg.Logger}
	if err = checkPassword(cfg); err != nil {
		return nil, err
	}
	if s.gatewayOrigin, err = gatewayOrigin(cfg.GatewayURL); err != nil {
		return nil, err
	}
	if s.db, err = openDatabase(ctx, store.Config{URL: cfg.DatabaseURL, Again: cfg.DatabaseURLAgain, KeepSchema: cfg.KeepSchema, Logger: cfg.Logger}, cfg.DatabaseWait); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.Close()
		}
	}()
	if s.defaultPassword, err = defaultPasswordWorks(ctx, cfg, s.db); err != nil {
		return nil, err
	}
	sealer, err := s.openMasterKeys(ctx, cfg)
	if err != nil {
		return nil, err
	}
	if err = s.openConfiguration(ctx, cfg, sealer); err != nil {
		return nil, err
	}
	s.openAudit(cfg)
	if err = s.openNodes(ctx, cfg, sealer); err != nil {
		return nil, err
	}
	if err = s.newImporter(cfg); err != nil {
		return nil, err
	}
	if err = s.openAlerts(cfg); err != nil {
		return nil, err
	}
	if err = s.openAPI(ctx, cfg, sealer); err != nil {
		return nil, err
	}
	register(cfg.Metrics, s)
	return s, nil
}

// DefaultPassword reports whether the well-known password worked when the server was made.
func (s *Server) DefaultPassword() bool { return s.defaultPassword }

// Handler serves the admin API and the console.
func (s *Server) Handler() http.Handler { return s.api.Handler(webui.Handler(s.gatewayOrigin)) }

// EndStreams ends the streams of the admin API that would never end by themselves. Call it
// when the server of Handler begins to drain.
func (s *Server) EndStreams() { s.api.EndStreams() }

// Run serves nodes on the listener until ctx ends, then closes the database.
func (s *Server) Run(ctx context.Context, nodes net.Listener) error {
	defer s.Close()
	group := run.NewGroup(ctx)
	group.Go("configuration", s.live.Run)
	group.Go("snapshots", s.hub.Run)
	group.Go("call retention", s.calls.Run)
	group.Go("imports", s.imports.Run)
	group.Go("audit log", s.audit.Run)
	group.Go("fleet", s.fleet.Run)
	if s.rollouts != nil {
		group.Go("rollouts", s.rollouts.Run)
	}
	group.Go("master keys", s.masterKeys.Run)
	group.Go("alerts", s.alerts.Run)
	group.Go("unused secrets", secrets.Retirer{Store: store.NewSecrets(s.db), Logger: s.log}.Run)
	if s.enrollment != nil {
		group.Go("nodes' identities", s.enrollment.Run)
	}
	group.Go("node link", func(ctx context.Context) error { return s.serveNodes(ctx, nodes) })
	return group.Wait()
}

func (s *Server) serveNodes(ctx context.Context, lis net.Listener) error {
	served := make(chan error, 1)
	go func() { served <- s.nodes.Serve(lis) }()
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	if err := s.nodes.Shutdown(stop); err != nil {
		s.log.Warn("node connections did not close in time", "error", err)
	}
	return <-served
}

// Ready reports whether the database answers. A replica without it still serves the
// nodes what it knows, but takes no changes.
func (s *Server) Ready(ctx context.Context) error { return s.db.Ping(ctx) }

// Close closes the database.
func (s *Server) Close() {
	if err := s.db.Close(); err != nil {
		s.log.Warn("database did not close cleanly", "error", err)
	}
}
