package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/controlplane/fleet"
)

// fleetMetrics shows the nodes of all replicas; each scrape counts them once.
type fleetMetrics struct {
	fleet *fleet.Fleet
	lines []fleetLine
}

type fleetLine struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	read func(fleet.Stats) float64
}

func registerFleet(reg prometheus.Registerer, f *fleet.Fleet) {
	line := func(name, help string, kind prometheus.ValueType, read func(fleet.Stats) float64) fleetLine {
		return fleetLine{prometheus.NewDesc(name, help, nil, nil), kind, read}
	}
	reg.MustRegister(&fleetMetrics{fleet: f, lines: []fleetLine{
		line("trunkline_fleet_replicas", "Control-plane replicas that live, as this one sees it.", prometheus.GaugeValue,
			func(s fleet.Stats) float64 { return float64(s.Replicas) }),
		line("trunkline_fleet_nodes", "Nodes connected to any replica, as this one sees it.", prometheus.GaugeValue,
			func(s fleet.Stats) float64 { return float64(s.Nodes) }),
		line("trunkline_fleet_nodes_behind", "Of those, the ones that do not serve the newest revision.", prometheus.GaugeValue,
			func(s fleet.Stats) float64 { return float64(s.Behind) }),
		line("trunkline_fleet_nodes_draining", "Of those, the ones that get no new clients because an admin drains them.", prometheus.GaugeValue,
			func(s fleet.Stats) float64 { return float64(s.Draining) }),
		line("trunkline_fleet_lag_revisions", "Revisions that the connected node furthest behind is behind.", prometheus.GaugeValue,
			func(s fleet.Stats) float64 { return float64(s.MostBehind) }),
		line("trunkline_fleet_lag_seconds", "For how long the connected node that is behind for longest has been so.", prometheus.GaugeValue,
			func(s fleet.Stats) float64 { return s.LongestBehind.Seconds() }),
		line("trunkline_fleet_exchanges_failed_total", "Exchanges of nodes with other replicas that failed: the database did not answer.", prometheus.CounterValue,
			func(s fleet.Stats) float64 { return float64(s.Failed) }),
		line("trunkline_node_orders_placed_total", "Orders for nodes of other replicas.", prometheus.CounterValue,
			func(s fleet.Stats) float64 { return float64(s.Placed) }),
		line("trunkline_node_orders_obeyed_total", "Orders of other replicas carried out here.", prometheus.CounterValue,
			func(s fleet.Stats) float64 { return float64(s.Obeyed) }),
		line("trunkline_nodes_sent_away_total", "Nodes refused so that they try another replica, because this one has more than its share.", prometheus.CounterValue,
			func(s fleet.Stats) float64 { return float64(s.Refused) }),
	}})
}

// Describe implements prometheus.Collector.
func (m *fleetMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, l := range m.lines {
		out <- l.desc
	}
}

// Collect implements prometheus.Collector.
func (m *fleetMetrics) Collect(out chan<- prometheus.Metric) {
	stats := m.fleet.Stats()
	for _, l := range m.lines {
		out <- prometheus.MustNewConstMetric(l.desc, l.kind, l.read(stats))
	}
}
