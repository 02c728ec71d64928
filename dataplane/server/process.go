package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane/proxy"
	"github.com/trunkline-ai/trunkline/internal/cloudauth"
	"github.com/trunkline-ai/trunkline/internal/connlimit"
	"github.com/trunkline-ai/trunkline/internal/listentls"
	"github.com/trunkline-ai/trunkline/internal/ops"
	"github.com/trunkline-ai/trunkline/internal/run"
	"github.com/trunkline-ai/trunkline/internal/settings"
	"github.com/trunkline-ai/trunkline/internal/telemetry"
	"github.com/trunkline-ai/trunkline/internal/version"
)

// Process is a node as a process of its own, as its settings describe it.
type Process struct {
	Settings
	connections                                    connlimit.Settings
	tls                                            listentls.Settings
	listen, opsListen, controlPlane, dataDir       string
	joinToken, joinTokenFile                       string
	drain, settle                                  time.Duration
	trustForwarded, serveRevoked, instanceIdentity bool
}

// Register adds every setting of the process.
func (p *Process) Register(set *settings.Set) {
	set.String(&p.listen, "listen", "TRUNKLINE_LISTEN", ":8080", "address of /v1")
	set.String(&p.opsListen, "ops-listen", "TRUNKLINE_OPS_LISTEN", ":8083", "address of /healthz, /readyz and /metrics: plain HTTP without authentication, so keep it in a private network")
	set.String(&p.controlPlane, "control-plane", "TRUNKLINE_CONTROL_PLANE", "", "host:port of the control plane's node link, or several, separated by commas; if a name has several addresses, any of them may be used; required")
	set.SecretFrom(&p.joinToken, &p.joinTokenFile, "join-token-file", "TRUNKLINE_JOIN_TOKEN", "", "token with which the node joins the control plane, created by `trunklinectl nodes create-join-token` or preset there; needed until the node has joined, since its identity is kept in the data folder. A file is read again each time that the node tries to join")
	set.String(&p.dataDir, "data-dir", "TRUNKLINE_DATA_DIR", "./data", "folder for the node's identity, its last good snapshots and call records that are not shipped yet (see call-spool-bytes; 16 MiB for totals); not shared with other nodes")
	set.Duration(&p.settle, "drain-delay", "TRUNKLINE_DRAIN_DELAY", 5*time.Second, "how long the node accepts new requests after SIGTERM, while /readyz already returns 503, for load balancers to notice")
	set.Duration(&p.drain, "drain-timeout", "TRUNKLINE_DRAIN_TIMEOUT", 10*time.Minute, "how long streams may continue after that; a second SIGTERM cuts them at once")
	set.Bool(&p.trustForwarded, "trust-forwarded-headers", "TRUNKLINE_TRUST_FORWARDED_HEADERS", false,
		"take clients' addresses from the last X-Forwarded-For; only behind a proxy that sets it")
	set.Bool(&p.instanceIdentity, cloudauth.Flag, cloudauth.Variable, false, cloudauth.FlagHelp)
	p.connections.Register(set)
	p.tls.Register(set, "/v1")
	set.Bool(&p.serveRevoked, "serve-when-revoked", "TRUNKLINE_SERVE_WHEN_REVOKED", false,
		"go on serving what the node has when an admin has revoked it; default: it is not ready and answers 503 node_revoked")
	p.Settings.Register(set)
}

// OpsAddress is where the node answers its operators.
func (p *Process) OpsAddress() string { return p.tls.OpsAddress(p.opsListen) }

// checkControlPlane refuses what can never be dialled: a node would look for it for as long as it runs.
func checkControlPlane(addresses string) error {
	if addresses == "" {
		return errors.New("TRUNKLINE_CONTROL_PLANE is required (--help lists all settings)")
	}
	for address := range strings.SplitSeq(addresses, ",") {
		address = strings.TrimSpace(address)
		host, port, err := net.SplitHostPort(address)
		number, wrong := strconv.ParseUint(port, 10, 16)
		if err != nil || wrong != nil || host == "" || number == 0 || strings.Contains(host, "/") {
			return fmt.Errorf("TRUNKLINE_CONTROL_PLANE: %q is not host:port of a control plane's node link, such as control-plane:8002", address)
		}
	}
	return nil
}

// Run serves until ctx ends, then finishes the requests under way and ships their records.
// When hurry is closed it cuts those that are still under way.
func (p *Process) Run(ctx context.Context, hurry <-chan struct{}, log *slog.Logger) error {
	if err := checkControlPlane(p.controlPlane); err != nil {
		return err
	}
	if err := p.Check(); err != nil {
		return err
	}
	web, err := net.Listen("tcp", p.listen)
	if err != nil {
		return fmt.Errorf("listen for /v1: %w", err)
	}
	operators, err := net.Listen("tcp", p.opsListen)
	if err != nil {
		return fmt.Errorf("listen for operators: %w", err)
	}
	metrics := ops.NewRegistry()
	limit, err := p.connections.New(log, metrics)
	if err != nil {
		return err
	}
	certificate, err := p.tls.Open(log)
	if err != nil {
		return err
	}
	opsCertificate := p.tls.Ops(certificate)
	p.tls.Warn(log, certificate, "/v1", web.Addr())
	web, operators = limit.Listener("api", web), limit.Listener("ops", operators)
	bounds := p.Proxy()
	bounds.TrustForwarded = p.trustForwarded
	sends, err := telemetry.New(ctx, telemetry.Config{Service: "trunkline-dataplane", Instance: p.NodeName(), Version: version.String(), Logger: log})
	if err != nil {
		return err
	}
	defer sends.End(log)
	s, err := New(Config{
		ControlPlane: p.controlPlane, JoinToken: p.joinToken, LatestJoinToken: settings.Latest(p.joinToken, p.joinTokenFile, nil), Node: p.NodeName(), Version: version.String(),
		DataDir: p.dataDir, SpoolBytes: int64(p.SpoolBytes), SpoolAge: p.SpoolAge, MinFreeDisk: p.MinFreeDisk, CallMemory: int64(p.CallMemory), RedisURL: p.RedisURL, RedisURLAgain: settings.Again(p.RedisURLFile), Environment: p.Environment,
		ServeWhenRevoked: p.serveRevoked, Minting: cloudauth.Config{InstanceIdentity: p.instanceIdentity},
		Logger: log, Metrics: metrics, Telemetry: sends, Proxy: bounds, Heap: p.Heap,
	})
	if err != nil {
		return err
	}
	group := run.NewGroup(ctx)
	group.Go("node", s.Run)
	group.Go("TLS certificate", certificate.Run)
	group.Go("operators", func(ctx context.Context) error {
		handler := ops.Handler(ops.Config{Ready: map[string]ops.Check{"configuration": s.Ready}, Metrics: metrics, Logger: log})
		return ops.Server{Handler: handler, Logger: log, TLS: opsCertificate.Config(false)}.Serve(ctx, operators)
	})
	group.Go("API", func(ctx context.Context) error {
		return ops.Server{
			Handler: s.Handler(), Plain: p.ServesPlain(), TLS: certificate.Config(false), Early: proxy.EarlyError, Logger: log, Settle: p.settle, Drain: p.drain, Hurry: hurry, OnStop: s.Leave, OnCut: s.CutAll,
		}.Serve(ctx, web)
	})
	log.Info("serving", "api", certificate.Scheme()+"://"+web.Addr().String()+"/v1", "ops", opsCertificate.Scheme()+"://"+operators.Addr().String(), "control_plane", p.controlPlane)
	err = group.Wait()
	log.Info("stopped", "cut_streams", s.CutStreams(), "error", err)
	return err
}
