package server

import (
	"context"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/adminapi"
	"github.com/trunkline-ai/trunkline/controlplane/audit"
	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/controlplane/config"
	"github.com/trunkline-ai/trunkline/controlplane/fleet"
	"github.com/trunkline-ai/trunkline/controlplane/nodeapi"
	"github.com/trunkline-ai/trunkline/controlplane/rollout"
	"github.com/trunkline-ai/trunkline/controlplane/secrets"
	"github.com/trunkline-ai/trunkline/controlplane/snapshot"
	"github.com/trunkline-ai/trunkline/controlplane/store"
)

// openMasterKeys finds the master key in use, and gives what seals under it.
func (s *Server) openMasterKeys(ctx context.Context, cfg Config) (*secrets.Ring, error) {
	ring, err := secrets.NewRing(cfg.Keys)
	if err != nil {
		return nil, err
	}
	s.masterKeys, err = secrets.OpenMasterKeys(ctx, secrets.MasterConfig{
		Ring: ring, File: cfg.KeyFile, Store: store.NewMasterKeys(s.db), Lock: s.db, Lost: cfg.LostMasterKeys, Logger: cfg.Logger,
		Lacking: func(keyID string) []string { return s.fleet.Lacking(keyID) },
	})
	return ring, err
}

// openConfiguration loads the live configuration and what makes snapshots of it.
func (s *Server) openConfiguration(ctx context.Context, cfg Config, sealer controlplane.Sealer) error {
	pepper, err := secrets.EnsurePepper(ctx, store.NewSecrets(s.db), sealer)
	if err != nil {
		return err
	}
	s.live, err = config.New(config.Options{
		Store: store.NewConfiguration(s.db), Sealer: sealer, Pepper: pepper, Logger: cfg.Logger, AllInOne: cfg.AllInOne != nil,
	})
	if err != nil {
		return err
	}
	s.editor, s.history, s.opener = config.NewEditor(s.live), config.NewHistory(s.live), config.NewOpener(s.live)
	if err := s.live.Load(ctx); err != nil {
		return err
	}
	hub := snapshot.Config{Source: s.live, Sealer: sealer, Pepper: pepper, Logger: cfg.Logger, At: s.history.At}
	if cfg.Telemetry.Tracing() {
		hub.Tracer, hub.Trace = cfg.Telemetry.Tracer("github.com/trunkline-ai/trunkline/controlplane"), store.NewConfiguration(s.db).Trace
	}
	s.hub, err = snapshot.NewHub(hub)
	return err
}

// openNodes makes the node link, what takes in calls behind it, and the fleet of all replicas.
func (s *Server) openNodes(ctx context.Context, cfg Config, sealer controlplane.Sealer) (err error) {
	bodies, err := secrets.EnsureBodies(ctx, store.NewSecrets(s.db), sealer)
	if err != nil {
		return err
	}
	s.bodies = bodies
	s.calls, err = calllog.New(calllog.Config{
		Store: store.NewCalls(s.db), Gaps: store.NewCallGaps(s.db), Usage: store.NewUsage(s.db), Lock: s.db,
		Bodies: store.NewBodies(s.db), BodySealer: s.bodies, Source: s.live, Logger: cfg.Logger,
	})
	if err != nil {
		return err
	}
	configuration := store.NewConfiguration(s.db)
	link := nodeapi.Config{
		History: func(ctx context.Context, revision uint64) ([]byte, error) {
			return configuration.History(ctx, controlplane.Revision(revision))
		},
		Snapshots: s.hub, Revoked: snapshot.NewRevoker(s.live), Calls: s.calls, Logger: cfg.Logger,
	}
	if err := s.secure(ctx, cfg, sealer, &link); err != nil {
		return err
	}
	if s.nodes, err = nodeapi.New(link); err != nil {
		return err
	}
	s.fleet, err = fleet.New(fleet.Config{
		Store: store.NewFleet(s.db), Lock: s.db, Local: s.nodes.Registry(), Source: s.live, MasterKeys: cfg.Keys.KeyIDs, Logger: cfg.Logger,
	})
	if err != nil {
		return err
	}
	s.nodes.Admit(s.fleet.Admit)
	return s.openRollouts(cfg)
}

// openRollouts makes what has changes tried on some nodes first. The all-in-one has one node and tries nothing.
func (s *Server) openRollouts(cfg Config) (err error) {
	if cfg.AllInOne != nil {
		return nil
	}
	s.rollouts, err = rollout.New(rollout.Config{Store: store.NewRollouts(s.db), Source: s.live, History: s.history, Nodes: s.fleet, Logger: cfg.Logger})
	if err != nil {
		return err
	}
	s.hub.StageBy(s.rollouts)
	s.fleet.Await(s.rollouts.Watches)
	return nil
}

// openAudit makes what writes the audit log where no transaction does.
func (s *Server) openAudit(cfg Config) {
	s.audit = audit.NewRecorder(audit.Config{
		Store: store.NewAudit(s.db), Lock: s.db, Logger: cfg.Logger, Now: time.Now,
		Keep: func() time.Duration {
			return controlplane.EffectiveRetention(s.live.Current().Settings()).GetAuditEvents().AsDuration()
		},
	})
}

// openAPI makes the admin API over all of it.
func (s *Server) openAPI(ctx context.Context, cfg Config, sealer controlplane.Sealer) (err error) {
	s.api, err = adminapi.New(ctx, adminapi.Config{
		Live: s.live, Editor: s.editor, History: s.history, Calls: store.NewCalls(s.db), Gaps: store.NewCallGaps(s.db), Usage: store.NewUsage(s.db),
		Bodies:       adminapi.Bodies{Store: store.NewBodies(s.db), Sealer: s.bodies},
		StartupApply: s.StartupApply, Sealer: sealer, RecentSignIn: cfg.RecentSignIn, RequireTOTP: cfg.RequireTOTP, OIDC: cfg.OIDC,
		Access: store.NewAccess(s.db), Audit: s.audit, Nodes: s.fleet, Cooldowns: s.fleet, Importer: s.imports, Alerts: s.alerts, Enrollment: s.enrollmentAPI(), Authority: s.authorityAPI(),
		MasterKeys:    s.masterKeys,
		Rollouts:      s.rolloutAPI(),
		AdminUsername: cfg.AdminUsername, AdminPassword: cfg.AdminPassword,
		DefaultPassword: cfg.AdminPassword == DefaultAdminPassword, PasswordSet: !s.defaultPassword,
		TrustForwardedHeaders: cfg.TrustForwardedHeaders, GatewayURL: cfg.GatewayURL, Version: cfg.Version, Logger: cfg.Logger,
		Observer: newAdminMetrics(cfg.Metrics), Telemetry: cfg.Telemetry,
	})
	return err
}
