package health

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// metrics are what operators watch; the zero value counts nothing.
type metrics struct {
	cooldowns *prometheus.CounterVec
}

func newMetrics(reg prometheus.Registerer, notClosed func() int) metrics {
	if reg == nil {
		return metrics{}
	}
	m := metrics{cooldowns: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "trunkline_cooldowns_total",
		Help: "Cooldowns opened, by scope and by the outcome that opened them.",
	}, []string{"scope", "reason"})}
	cooling := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "trunkline_cooling_scopes",
		Help: "Targets, providers and credentials that are open or half-open.",
	}, func() float64 { return float64(notClosed()) })
	reg.MustRegister(m.cooldowns, cooling)
	return m
}

func (m metrics) opened(s dataplane.Scope, o opening) {
	if m.cooldowns != nil {
		m.cooldowns.WithLabelValues(scopeKind(s.Kind), o.reason.String()).Inc()
	}
}

// scopeKind names a kind in logs and metrics.
func scopeKind(k dataplane.ScopeKind) string {
	return [...]string{"none", "target", "provider", "credential"}[k]
}
