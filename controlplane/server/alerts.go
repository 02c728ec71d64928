package server

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/controlplane/alerts"
	"github.com/trunkline-ai/trunkline/controlplane/alerts/send"
	"github.com/trunkline-ai/trunkline/controlplane/routing"
	"github.com/trunkline-ai/trunkline/controlplane/store"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// openAlerts wires what tells people what happens.
func (s *Server) openAlerts(cfg Config) (err error) {
	s.alerts, err = alerts.New(alerts.Config{
		Live: s.live, Opener: s.opener, Store: store.NewAlerts(s.db), Lock: s.db, Logger: cfg.Logger,
		Sender: send.New(send.Config{AllowPrivateNetwork: cfg.AllInOne != nil}),
		Detectors: []alerts.Detector{
			alerts.Cooldowns{Live: s.live, Nodes: s.fleet},
			alerts.Groups{Nodes: s.fleet, Routes: s.routes},
			&alerts.Budgets{Live: s.live, Spent: s.spent, Now: time.Now, Logger: cfg.Logger},
			&alerts.Keys{Live: s.live, Now: time.Now},
			&alerts.LostNodes{Nodes: s.fleet, Revoked: s.revoked, Now: time.Now},
			alerts.GoneModels{Live: s.live},
			alerts.Drift{Nodes: s.fleet, Now: time.Now},
			alerts.FailingImports{Live: s.live, Failures: s.importFailures, Why: s.importError, Logger: cfg.Logger},
			alerts.Rollouts{Rollout: s.rolloutState},
			alerts.FailedSignIns{Failed: store.NewAudit(s.db).FailedSignIns, Now: time.Now, Logger: cfg.Logger},
		},
	})
	if err != nil {
		return err
	}
	registerAlerts(cfg.Metrics, s.alerts)
	return nil
}

// routes explains every group with what nodes report.
func (s *Server) routes(nodes []*adminv1.Node) []*adminv1.GroupRoute {
	view := routing.NewView(s.live.Current(), nodes)
	groups := view.Groups()
	routes := make([]*adminv1.GroupRoute, len(groups))
	for i, group := range groups {
		routes[i] = view.Explain(group)
	}
	return routes
}

// spent is what keys have spent since a day began.
func (s *Server) spent(ctx context.Context, since map[string]time.Time) (map[string]usage.Cost, error) {
	uses, err := store.NewUsage(s.db).KeyUse(ctx, since)
	if err != nil {
		return nil, err
	}
	spent := make(map[string]usage.Cost, len(uses))
	for name, use := range uses {
		spent[name] = use.Spent
	}
	return spent, nil
}

// importFailures says of each provider how many of its last scheduled imports failed in a row.
func (s *Server) importFailures(ctx context.Context) (map[string]int, error) {
	schedules, err := store.NewImports(s.db).ImportSchedules(ctx)
	failures := make(map[string]int, len(schedules))
	for _, schedule := range schedules {
		failures[schedule.ProviderUID] = schedule.Failures
	}
	return failures, err
}

// importError is why the last import of a provider failed.
func (s *Server) importError(ctx context.Context, provider string) (string, error) {
	runs, err := store.NewImports(s.db).Imports(ctx, provider, 1)
	if err != nil || len(runs) == 0 {
		return "", err
	}
	return runs[0].GetError(), nil
}

// revoked reports whether a node's certificate is refused.
func (s *Server) revoked(node string) bool {
	if s.enrollment == nil {
		return false
	}
	id, ok := s.enrollment.Identities()[node]
	return ok && id.Revoked()
}

func registerAlerts(reg prometheus.Registerer, a *alerts.Alerts) {
	attempts := func(result string, read func(alerts.Stats) uint64) {
		reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "trunkline_alert_attempts_total", Help: "Attempts of this replica to send a message to an alert channel.",
			ConstLabels: prometheus.Labels{"result": result},
		}, func() float64 { return float64(read(a.Stats())) }))
	}
	attempts("ok", func(s alerts.Stats) uint64 { return s.Sent })
	attempts("failed", func(s alerts.Stats) uint64 { return s.Failed })
	reg.MustRegister(
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "trunkline_alert_messages_given_up_total", Help: "Messages to alert channels that this replica gave up after 10 attempts.",
		}, func() float64 { return float64(a.Stats().GivenUp) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "trunkline_alerts_firing", Help: "Firing alerts, as last seen by the replica that evaluates them; 0 on the others.",
		}, func() float64 { return float64(a.Stats().Firing) }),
	)
}
