package server

import (
	"github.com/prometheus/client_golang/prometheus"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// register shows what operators watch of a control plane.
func register(reg prometheus.Registerer, s *Server) {
	gauge := func(name, help string, read func() float64) {
		reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read))
	}
	gauge("trunkline_config_revision", "Newest revision of the configuration this replica knows.", func() float64 {
		return float64(s.live.Current().Revision)
	})
	gauge("trunkline_startup_apply_refused", "1 while the file of --apply that this replica started with was refused; it serves the stored configuration.", func() float64 {
		if s.StartupApply().GetState() == adminv1.StartupApplyState_STARTUP_APPLY_STATE_REFUSED {
			return 1
		}
		return 0
	})
	gauge("trunkline_nodes_connected", "Data-plane nodes connected to this replica.", func() float64 {
		return float64(s.connected(false))
	})
	gauge("trunkline_nodes_ahead", "Nodes that refuse the database because it is older than what they have, or another one.", func() float64 {
		n := 0
		for _, node := range s.fleet.Nodes() {
			if node.GetLineage().GetAhead() {
				n++
			}
		}
		return float64(n)
	})
	gauge("trunkline_nodes_behind", "Connected nodes that do not serve the newest revision.", func() float64 {
		return float64(s.connected(true))
	})
	registerFleet(reg, s.fleet)
	registerRollouts(reg, s.rolloutStats)
	reg.MustRegister(newDatabaseMetrics(s.db))
	registerSends(reg, s.nodes.Sends)
	gauge("trunkline_usage_drift", "Sums of usage that differed from the calls when this replica counted a day again last; not 0 is a fault.", func() float64 {
		return float64(s.calls.Drift())
	})
	counter := func(name, help string, read func() float64) {
		reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, read))
	}
	counter("trunkline_calls_stored_total", "Calls that this replica has stored, each counted once however often it was sent.", func() float64 {
		return float64(s.calls.Stored())
	})
	counter("trunkline_calls_summed_total", "Calls that nodes sent to this replica as sums only, because there was no room for their records.", func() float64 {
		return float64(s.calls.Summed())
	})
	counter("trunkline_call_records_refused_total", "Call records, totals and gaps that this replica could not store and has put aside.", func() float64 {
		return float64(s.calls.Refused())
	})
	counter("trunkline_call_bodies_lost_total", "Bodies of calls that this replica could not store; their calls it has.", func() float64 {
		return float64(s.calls.BodiesLost())
	})
	gauge("trunkline_snapshot_build_failed", "1 while the newest revision cannot be made into a snapshot.", func() float64 {
		if s.hub.Err() != nil {
			return 1
		}
		return 0
	})
}

func (s *Server) connected(behind bool) (n int) {
	newest := uint64(s.live.Current().Revision)
	for _, node := range s.nodes.Registry().Nodes() {
		if node.GetConnected() && (!behind || node.GetAppliedRevision() != newest || behind && node.GetHeldRevision() != 0) {
			n++
		}
	}
	return n
}
