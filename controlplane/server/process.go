package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/secrets"
	"github.com/trunkline-ai/trunkline/internal/connlimit"
	"github.com/trunkline-ai/trunkline/internal/listentls"
	"github.com/trunkline-ai/trunkline/internal/ops"
	"github.com/trunkline-ai/trunkline/internal/run"
	"github.com/trunkline-ai/trunkline/internal/settings"
	"github.com/trunkline-ai/trunkline/internal/telemetry"
	"github.com/trunkline-ai/trunkline/internal/version"
)

// minJoinToken is the least length of a preset join token, in characters.
const minJoinToken = 16

// Process is a control plane as a process of its own, as its settings describe it.
type Process struct {
	Settings
	connections                                   connlimit.Settings
	tls                                           listentls.Settings
	listen, nodeListen, opsListen                 string
	databaseURL, secretKey, joinToken             string
	settle                                        time.Duration
	secretKeyFile, databaseURLFile, joinTokenFile string // that these were read from; empty: none
}

// Register adds every setting of the process.
func (p *Process) Register(set *settings.Set) {
	set.String(&p.listen, "listen", "TRUNKLINE_LISTEN", ":8001", "address of console and admin API")
	set.String(&p.nodeListen, "node-listen", "TRUNKLINE_NODE_LISTEN", ":8002", "address for nodes: TLS 1.3 with its own certificates, so it must be reached as TCP, not through a proxy that terminates TLS")
	set.String(&p.opsListen, "ops-listen", "TRUNKLINE_OPS_LISTEN", ":8003", "address of /healthz, /readyz and /metrics: plain HTTP without authentication, so keep it in a private network")
	set.SecretFrom(&p.databaseURL, &p.databaseURLFile, "database-url-file", "DATABASE_URL", "", "postgres://user:password@host/database; required. A file is read again for each new connection, for its user and password")
	set.SecretFrom(&p.secretKey, &p.secretKeyFile, "secret-key-file", "TRUNKLINE_SECRET_KEY", "",
		"master keys that seal provider keys and other secrets, each base64 of 32 bytes: one, or several on lines of their own or with commas between them while one takes the place of another; required, the same on every replica. A file is read again every 5 s")
	set.SecretFrom(&p.joinToken, &p.joinTokenFile, "join-token-file", "TRUNKLINE_JOIN_TOKEN", "", "a token with which any node may join, at least 16 characters and hard to guess; default: none, only tokens of `trunklinectl nodes create-join-token`. A file is read again for each node that joins")
	set.Duration(&p.settle, "drain-delay", "TRUNKLINE_DRAIN_DELAY", 5*time.Second, "how long it keeps serving after SIGTERM, while /readyz already returns 503, for load balancers to notice")
	p.connections.Register(set)
	p.tls.Register(set, "console and admin API")
	p.Settings.Register(set)
}

// Run serves until ctx ends. lookup finds the variables that a declarative file names.
func (p *Process) Run(ctx context.Context, log *slog.Logger, lookup func(string) (string, bool)) error {
	cfg, err := p.config(log)
	if err != nil {
		return err
	}
	var listeners [3]net.Listener
	for i, address := range []string{p.listen, p.nodeListen, p.opsListen} {
		if listeners[i], err = net.Listen("tcp", address); err != nil {
			return fmt.Errorf("listen on %s: %w", address, err)
		}
	}
	metrics := ops.NewRegistry()
	limit, err := p.connections.New(log, metrics)
	if err != nil {
		return err
	}
	web, nodes, operators := limit.Listener("console", listeners[0]), limit.Listener("nodes", listeners[1]), limit.Listener("ops", listeners[2])
	cfg.Metrics = metrics
	certificate, err := p.tls.Open(log)
	if err != nil {
		return err
	}
	p.tls.Warn(log, certificate, "console and admin API", web.Addr())
	// Operators are served first, and to the end: they see what the process waits for.
	group := run.NewGroup(ctx)
	group.Go("TLS certificate", certificate.Run)
	opsCertificate := p.tls.Ops(certificate)
	var ready ops.Readiness
	group.Go("operators", func(ctx context.Context) error {
		handler := ops.Handler(ops.Config{Ready: map[string]ops.Check{"database": ready.Check}, Metrics: metrics, Logger: log})
		return ops.Server{Handler: handler, Logger: log, TLS: opsCertificate.Config(false)}.Serve(ctx, operators)
	})
	log.Info("starting", "ops", opsCertificate.Scheme()+"://"+operators.Addr().String())
	host, err := os.Hostname()
	if err != nil {
		host = "control-plane"
	}
	if cfg.Telemetry, err = telemetry.New(ctx, telemetry.Config{Service: "trunkline-controlplane", Instance: host + " " + listeners[0].Addr().String(), Version: version.String(), Logger: log}); err != nil {
		return err
	}
	defer cfg.Telemetry.End(log)
	s, err := New(ctx, cfg)
	if err != nil {
		group.Stop()
		return errors.Join(err, group.Wait())
	}
	s.ApplyAtStart(ctx, &p.Settings, lookup, os.Stdout)
	group.Go("control plane", func(ctx context.Context) error { return s.Run(ctx, nodes) })
	group.Go("console and admin API", func(ctx context.Context) error {
		return ops.Server{Handler: s.Handler(), Logger: log, TLS: certificate.Config(true), UnencryptedHTTP2: p.H2C, Settle: p.settle, OnStop: ready.Leave, OnDrain: s.EndStreams}.Serve(ctx, web)
	})
	ready.Serving(s.Ready)
	log.Info("serving", "console", certificate.Scheme()+"://"+web.Addr().String(), "nodes", nodes.Addr().String(), "ops", opsCertificate.Scheme()+"://"+operators.Addr().String())
	return group.Wait()
}

// OpsAddress is where the process answers its operators.
func (p *Process) OpsAddress() string { return p.tls.OpsAddress(p.opsListen) }

func (p *Process) checkDatabase() error {
	if p.databaseURL == "" {
		return errors.New("DATABASE_URL or DATABASE_URL_FILE is required, such as postgres://user:password@host/database")
	}
	return nil
}

func (p *Process) config(log *slog.Logger) (Config, error) {
	if err := p.Check(); err != nil {
		return Config{}, err
	}
	if err := p.checkDatabase(); err != nil {
		return Config{}, err
	}
	if p.joinToken != "" && !longEnough(p.joinToken) {
		return Config{}, fmt.Errorf("TRUNKLINE_JOIN_TOKEN must have at least %d characters, or be left out", minJoinToken)
	}
	keys, file, err := MasterKeys(p.secretKey, p.secretKeyFile)
	if err != nil {
		return Config{}, fmt.Errorf("TRUNKLINE_SECRET_KEY: %w", err)
	}
	warnExposed(log, p.secretKeyFile)
	idp, err := p.OIDC.Config()
	if err != nil {
		return Config{}, err
	}
	return Config{
		DatabaseURL: p.databaseURL, DatabaseURLAgain: settings.Again(p.databaseURLFile), DatabaseWait: p.Wait(), KeepSchema: p.NoMigrate,
		Keys: keys, KeyFile: file, LostMasterKeys: p.Lost(), JoinToken: settings.Latest(p.joinToken, p.joinTokenFile, longEnough),
		AdminUsername: p.AdminUsername, AdminPassword: p.AdminPassword, RecentSignIn: p.RecentSignIn, RequireTOTP: p.RequireTOTP, OIDC: idp, Listen: p.listen,
		TrustForwardedHeaders: p.TrustForwarded, GatewayURL: p.GatewayURL, Version: version.String(), Logger: log,
		PriceCatalogue: p.PriceCatalogue, InstanceIdentity: p.InstanceIdentity,
	}, nil
}

func longEnough(joinToken string) bool { return len(joinToken) >= minJoinToken }

// MasterKeys are the keys of a text, or of the file that the text was read from, which is looked at again
// and again; empty: it came from no file.
func MasterKeys(text, path string) (secrets.KeyService, *secrets.KeyFile, error) {
	if path == "" {
		keys, err := secrets.Parse(text)
		return keys, nil, err
	}
	file, err := secrets.NewKeyFile(func() (*secrets.Keyset, error) {
		text, err := settings.ReadSecret(path)
		if err != nil {
			return nil, err
		}
		return secrets.Parse(text)
	})
	return file, file, err
}

// warnExposed says that others may read the file of the master keys. It is no error: what mounts
// secrets into containers often sets such modes.
func warnExposed(log *slog.Logger, path string) {
	if info, err := os.Stat(path); path != "" && err == nil && info.Mode().Perm()&0o007 != 0 {
		log.Warn("the master key file is readable by every user of this machine; run chmod 600 on it", "path", path, "mode", fmt.Sprintf("%04o", info.Mode().Perm()))
	}
}
