// Package server wires a data-plane node: the compiled snapshot, the proxy that serves
// from it, the health it learns, and the uplink to the control plane.
package server

import (
	"cmp"
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/minting"
	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/background"
	"github.com/trunkline-ai/trunkline/dataplane/proxy/engine"
	"github.com/trunkline-ai/trunkline/dataplane/redis"
	"github.com/trunkline-ai/trunkline/dataplane/revocation"
	calltelemetry "github.com/trunkline-ai/trunkline/dataplane/telemetry"
	"github.com/trunkline-ai/trunkline/dataplane/uplink"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/identity"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping/bodies"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping/overflow"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping/runmark"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping/spool"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/syncing"
	"github.com/trunkline-ai/trunkline/dataplane/upstream"
	"github.com/trunkline-ai/trunkline/internal/cloudauth"
	"github.com/trunkline-ai/trunkline/internal/domain/dialect"
	"github.com/trunkline-ai/trunkline/internal/domain/feature"
	"github.com/trunkline-ai/trunkline/internal/errs"
	"github.com/trunkline-ai/trunkline/internal/memlimit"
	"github.com/trunkline-ai/trunkline/internal/telemetry"
)

// Config is what a node needs.
type Config struct {
	// ControlPlane names the control plane as gRPC does, such as cp.internal:8002. Required
	// unless AllInOne.
	ControlPlane string
	JoinToken    string // required until the node has joined, unless AllInOne
	// LatestJoinToken gives the token as it is by now; default: JoinToken.
	LatestJoinToken func() string
	// AllInOne says that the control plane is in the same process; nil: it is elsewhere.
	AllInOne *AllInOne
	Node     string // required; stable over restarts
	Version  string
	// DataDir is where the node keeps its last good snapshots and the calls that are not
	// shipped yet; empty: it keeps nothing, and needs the control plane to start. No other
	// process may use it.
	DataDir string
	// CallDir is where call records are kept that are not shipped yet; default calls in
	// DataDir, if that is set. No other process may use it.
	CallDir    string
	SpoolBytes int64         // of the records in CallDir; default 1 GiB
	SpoolAge   time.Duration // of the records in CallDir; default 7 days
	// MinFreeDisk is the part of the disk that records leave to others, in percent, 0 to 90.
	MinFreeDisk int
	CallMemory  int64 // bytes of records that the disk does not take; default 64 MiB
	// RedisURL names the Redis through which nodes share what they know; empty: each keeps
	// its own. It may hold a password.
	RedisURL string
	// RedisURLAgain reads it again for each connection, of which user and password count; default: they never change.
	RedisURLAgain func() (string, error)
	// ServeWhenRevoked goes on serving when an admin has revoked the node.
	ServeWhenRevoked bool
	Environment      string // keeps apart several Trunklines on one Redis; default "default"
	// HealthFile is where cooldowns are kept over a restart; default health.json in DataDir,
	// if that is set.
	HealthFile string
	// BudgetFile is where the spending of API keys is kept over a restart; default
	// budgets.json in DataDir, if that is set.
	BudgetFile string
	Logger     *slog.Logger          // required
	Metrics    prometheus.Registerer // required
	Telemetry  *telemetry.Telemetry  // nil: off
	Proxy      ProxyConfig
	Heap       *memlimit.Heap // decides when garbage is collected; nil: the runtime does
	// Minting says how tokens are got for credentials that are not sent themselves.
	Minting cloudauth.Config
}

// ProxyConfig bounds requests; zero values mean the proxy's defaults.
type ProxyConfig struct {
	// Memory is what the process may use, in bytes; 0: not known. Defaults follow from it.
	Memory    int64
	MaxBody   int64         // bytes of a request body; default 32 MiB, at most an eighth of MaxBodies
	MaxBodies int64         // bytes of all that are held at once; default 1 GiB, at most half of Memory
	SpoolDir  string        // of large uploads; default the system's
	KeepAlive time.Duration // silence after which a waiting stream gets a comment; default 15s
	// TrustForwarded takes clients' addresses from the last X-Forwarded-For.
	TrustForwarded bool
	NetHTTP        bool // reach providers with net/http's client
}

// flushTime bounds how long the last calls may take to reach the control plane at exit.
const flushTime = 5 * time.Second

// Server is one node.
type Server struct {
	log          *slog.Logger
	overlay      revocation.Overlay // the snapshot in use, and the revoked keys
	pool         *upstream.Pool
	redis        *redis.Client // nil: there is none
	health       *nodeHealth
	minting      *minting.Keeper
	uplink       *uplink.Uplink
	bodies       *bodies.Keeper
	spool        *spool.Spool       // of the uplink; nil when there is none
	totals       *overflow.Totals   // beside the spool
	identity     *identity.Identity // nil in memory
	serveRevoked bool
	mark         *runmark.Mark // beside the spool
	proxy        *proxy.Handler
	meter        *meter
	traces       *calltelemetry.Calls // nil: telemetry is off
	keywords     *keywordHits
	limits       *nodeLimits
	drain        drain
	requests     atomic.Int64 // finished
	failed       atomic.Int64 // of these, through a provider or the node
	background   *background.Keeper

	revocations revocations
}

// New wires a node; Run starts it.
func New(cfg Config) (*Server, error) {
	s := &Server{log: cfg.Logger, meter: newMeter(cfg.Metrics)}
	var err error
	if s.traces, err = calltelemetry.NewCalls(cfg.Telemetry); err != nil {
		return nil, err
	}
	if cfg.Proxy, err = cfg.Proxy.bodyBounds(cfg.Proxy.Memory); err != nil {
		return nil, err
	}
	reach := upstream.Config{NetHTTP: cfg.Proxy.NetHTTP}
	if cfg.AllInOne != nil {
		reach.AllowPrivateNetwork, reach.AllInOneDial = true, cfg.AllInOne.DialFake
	}
	s.pool = upstream.NewPool(reach)
	changed := func() { s.uplink.StatusChanged() }
	if s.redis, err = openRedis(&cfg, changed); err != nil {
		return nil, err
	}
	if s.health, err = openHealth(&cfg, changed, s.redis); err != nil {
		return nil, err
	}
	if err := s.openMinting(&cfg, changed); err != nil {
		return nil, err
	}
	s.health.healthStore = &mintedHealth{s.health.healthStore, s.minting}
	s.limits = openLimits(&cfg, s.redis)
	link := uplink.Config{
		Target: cfg.ControlPlane, Node: cfg.Node, Logger: cfg.Logger,
		Sync: syncing.Config{
			Version:  cmp.Or(cfg.Version, "dev"),
			Features: feature.Known().With(dialectFeatures(cfg.AllInOne != nil)...),
			Tracer:   cfg.Telemetry.Tracer("github.com/trunkline-ai/trunkline/dataplane"),
			Heap:     cfg.Heap,
			Apply:    s.apply, Change: s.change, Held: s.held, Status: s.status, Reset: s.resetCooldown, Drain: s.orderDrain,
		},
	}
	sealer, err := cfg.useDisk(&link)
	s.spool, s.totals, s.mark = link.Shipping.Spool, link.Shipping.Totals, link.Shipping.Mark
	if err == nil {
		err = s.openRevocations(&cfg, sealer, s.redis)
	}
	if err == nil {
		err = s.openBodies()
	}
	if err != nil {
		s.closeDisk()
		return nil, err
	}
	s.identity, s.serveRevoked = link.Identity, cfg.ServeWhenRevoked
	link.Sync.Revocations, link.Shipping.Bodies = s.revocations, s.bodies
	s.uplink, err = uplink.New(link)
	if err != nil {
		s.closeDisk()
		return nil, err
	}
	s.stateMetrics(cfg.Metrics)
	s.overlay.Register(cfg.Metrics)
	if !link.InMemory {
		registerIdentity(cfg.Metrics, s.uplink)
	}
	s.keywords = newKeywordHits(s.meter)
	s.openBackground(&cfg)
	s.proxy = proxy.New(proxy.Config{
		Background: s.background,
		Snapshot:   s.overlay.Snapshot,
		Upstream:   s.upstream,
		Health:     s.health.healthStore,
		Record:     s.record,
		Trace:      s.traces.Begin(),
		Random:     rand.IntN,
		NewID:      newID,
		Now:        time.Now,
		Logger:     cfg.Logger,
		MaxBody:    cfg.Proxy.MaxBody,
		MaxBodies:  cfg.Proxy.MaxBodies,
		TempDir:    cfg.Proxy.SpoolDir,
		KeepAlive:  cfg.Proxy.KeepAlive,
		KeywordHit: s.keywords.add,
		AuthFailed: countAuthFailures(cfg.Metrics),
		Stored:     countStored(cfg.Metrics),
		Limits:     s.limits,
		Turns:      http.HandlerFunc(s.serveRequest),

		TrustForwarded: cfg.Proxy.TrustForwarded,
	})
	s.bodyMetrics(cfg.Metrics)
	s.memoryMetrics(cfg.Metrics)
	learnedMetrics(cfg.Metrics, s.proxy.Engine().Learned())
	return s, nil
}

// dialectFeatures are what a node has for the dialects that it can speak.
func dialectFeatures(allInOne bool) (features []string) {
	for _, name := range dialect.Names() {
		if d, _ := dialect.Find(name); allInOne || !d.AllInOneOnly {
			features = append(features, feature.Dialect(name))
		}
	}
	return features
}

// Handler serves /v1.
func (s *Server) Handler() http.Handler {
	return s.drain.handler(http.HandlerFunc(s.serveRequest))
}

func (s *Server) serveRequest(w http.ResponseWriter, r *http.Request) {
	if s.revoked() {
		proxy.RefuseRevoked(w, r)
		return
	}
	s.proxy.ServeHTTP(w, r)
}

// Run keeps the link to the control plane until ctx ends, then ships the calls that wait.
// Serve requests only while it runs.
func (s *Server) Run(ctx context.Context) error {
	defer s.closeDisk()
	defer s.minting.Close()
	link, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	if s.redis != nil {
		defer s.redis.Close()
	}
	stopRevocations := s.revocations.start(link)
	defer stopRevocations()
	stopHealth := s.health.start(link)
	defer stopHealth()
	stopLimits := s.limits.start(link)
	defer stopLimits()
	var memory sync.WaitGroup
	defer memory.Wait()
	memory.Go(func() { s.returnMemory(link) })
	stopBackground := s.startBackground(link)
	defer stopBackground()
	stopBodies := s.startBodies()
	done := make(chan error, 1)
	go func() { done <- s.uplink.Run(link) }()
	select {
	case err := <-done:
		stopBodies(link)
		return err
	case <-ctx.Done():
	}
	flush, cancel := context.WithTimeout(link, flushTime)
	defer cancel()
	stopBackground()
	stopBodies(flush)
	if err := s.uplink.Flush(flush); err != nil {
		s.log.Warn("some calls were not shipped before exit", "on_disk", s.uplink.Spool().Waiting, "error", err)
	}
	stop()
	err := <-done
	s.pool.Close()
	return err
}

// Close gives back what a node that never ran has opened: another may then use its folder.
func (s *Server) Close() {
	s.minting.Close()
	if s.redis != nil {
		s.redis.Close()
	}
	s.closeDisk()
}

// Ready reports whether the node shall get new clients: it has a snapshot, it knows whether Redis
// is there, and no admin drains it.
func (s *Server) Ready(context.Context) error {
	select {
	case <-s.uplink.Ready():
		if s.revoked() {
			return errRevoked
		}
		if s.redis != nil && !s.redis.Tried() {
			return errs.Newf(errs.Unavailable, "the first attempt to connect to Redis has not finished yet")
		}
		return s.drain.ready()
	default:
		return errs.Newf(errs.Unavailable, "no configuration has been received from the control plane yet")
	}
}

// held finds the API key of the snapshot in use that has a secret.
func (s *Server) held(hash dataplane.KeyHash) (name string, ok bool) {
	if current := s.overlay.Snapshot(); current != nil {
		return current.KeyName(hash)
	}
	return "", false
}

// observe counts a finished call.
func (s *Server) observe(c *dataplane.Call) {
	s.requests.Add(1)
	if blame := c.Outcome.Rule().Blame; blame != "" && blame != "caller" {
		s.failed.Add(1)
	}
	s.meter.observe(c)
	s.traces.Observe(c)
}

func (s *Server) upstream(p *dataplane.Provider) engine.Upstream {
	if c := s.pool.Client(p.Name); c != nil {
		return c
	}
	return nil
}

func (s *Server) status() syncing.Status {
	return syncing.Status{
		InFlight: s.proxy.InFlight(), Targets: s.health.Snapshot(), Redis: s.redisState(), RedisTrouble: s.redisTrouble(), Refusals: s.proxy.Engine().Learned().All(time.Now()), KeywordHits: s.keywords.all(),
		Requests: s.requests.Load(), Failed: s.failed.Load(), Draining: s.drain.on.Load(),
	}
}

// newID makes a request id: a UUIDv7, so that ids sort by time.
func newID() string { return uuid.Must(uuid.NewV7()).String() }
