package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/controlplane/store"
)

// databaseMetrics show the connections to the database.
type databaseMetrics struct {
	db                        *store.DB
	open, most, waits, waited *prometheus.Desc
}

func newDatabaseMetrics(db *store.DB) databaseMetrics {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("trunkline_database_"+name, help, append([]string{"pool"}, labels...), nil)
	}
	return databaseMetrics{
		db:     db,
		open:   desc("connections", "Connections to the database by pool (main on PostgreSQL, reader and writer on SQLite) and state (idle, in_use).", "state"),
		most:   desc("connections_max", "Connections to the database that a pool may have."),
		waits:  desc("connection_waits_total", "How often somebody waited for a connection, because all of the pool were in use."),
		waited: desc("connection_wait_seconds_total", "How long they waited, together."),
	}
}

// Describe is part of prometheus.Collector.
func (m databaseMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.open, m.most, m.waits, m.waited} {
		out <- d
	}
}

// Collect is part of prometheus.Collector.
func (m databaseMetrics) Collect(out chan<- prometheus.Metric) {
	for _, p := range m.db.Pools() {
		value := func(d *prometheus.Desc, t prometheus.ValueType, v float64, labels ...string) {
			out <- prometheus.MustNewConstMetric(d, t, v, append([]string{p.Name}, labels...)...)
		}
		value(m.open, prometheus.GaugeValue, float64(p.Idle), "idle")
		value(m.open, prometheus.GaugeValue, float64(p.InUse), "in_use")
		value(m.most, prometheus.GaugeValue, float64(p.Max))
		value(m.waits, prometheus.CounterValue, float64(p.Waits))
		value(m.waited, prometheus.CounterValue, p.Waited.Seconds())
	}
}
