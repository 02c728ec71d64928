package limits

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// metrics are what operators watch; the zero value counts nothing.
type metrics struct{ denials *prometheus.CounterVec }

func newMetrics(reg prometheus.Registerer, shared func() bool) metrics {
	if reg == nil {
		return metrics{}
	}
	m := metrics{denials: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "trunkline_limits_denied_total",
		Help: "Calls refused because of a limit of their API key, by limit.",
	}, []string{"limit"})}
	reg.MustRegister(m.denials, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "trunkline_limits_shared",
		Help: "1 while limits of API keys are shared with other nodes through Redis, 0 while this node enforces them on its own.",
	}, func() float64 {
		if shared() {
			return 1
		}
		return 0
	}))
	return m
}

func (m metrics) denied(l dataplane.Limit) {
	if m.denials != nil {
		m.denials.WithLabelValues(l.String()).Inc()
	}
}
