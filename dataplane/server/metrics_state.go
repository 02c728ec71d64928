package server

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/dataplane/proxy/learned"
)

// stateMetrics shows how the node stands; values are read when they are asked for.
func (s *Server) stateMetrics(reg prometheus.Registerer) {
	reg.MustRegister(
		gauge("trunkline_websockets", "WebSockets that are open; their turns count as requests.", func() float64 { return float64(s.proxy.Sockets()) }),
		gauge("trunkline_calls_in_flight", "Requests being served.", func() float64 { return float64(s.proxy.InFlight()) }),
		counter("trunkline_own_requests_total", "Requests of the node's own, of one token, that asked whether a refusal was meant for the caller: at most one a minute for each target or credential.", func() float64 { return float64(s.proxy.Engine().OwnRequests()) }),
		gauge("trunkline_snapshot_revision", "Revision of the configuration in use; 0 when there is none.", func() float64 { return float64(s.uplink.Revision()) }),
		gauge("trunkline_snapshot_age_seconds", "For how long the configuration may be out of date: 0 while the control plane is connected, else the time since it was.", func() float64 { return s.uplink.SnapshotAge().Seconds() }),
		gauge("trunkline_snapshot_disk_gap", "1 while the configuration in use is not on the node's disk: a restart without the control plane would begin with an older one.", func() float64 {
			if s.uplink.DiskGap() {
				return 1
			}
			return 0
		}),
		gauge("trunkline_call_records_waiting", "Call records that wait to be shipped.", func() float64 { return float64(s.uplink.Counters().Waiting) }),
		gauge("trunkline_call_spool_bytes", "Call records on disk, in bytes.", func() float64 { return float64(s.uplink.Spool().Bytes) }),
		gauge("trunkline_call_spool_failing", "1 while call records cannot be written to disk and are kept in memory only.", func() float64 {
			if s.uplink.Spool().Trouble != nil {
				return 1
			}
			return 0
		}),
		gauge("trunkline_call_spool_age_seconds", "Time since the oldest call records on disk were written; 0 when none wait.", func() float64 {
			if oldest := s.uplink.Spool().Oldest; !oldest.IsZero() {
				return max(time.Since(oldest).Seconds(), 0)
			}
			return 0
		}),
		gauge("trunkline_call_totals_waiting", "Sums of calls without records, and gaps, that wait to be shipped.", func() float64 { return float64(s.uplink.Overflow().Waiting) }),
		counter("trunkline_call_gaps_total", "Records of times without call records that were made.", func() float64 { return float64(s.uplink.Overflow().Gaps) }),
		summed{s.uplink},
		counter("trunkline_call_records_damaged_total", "Call records lost because the disk did not keep them.", func() float64 { return float64(s.uplink.Counters().Damaged) }),
		counter("trunkline_call_records_dropped_total", "Calls of which neither record nor sum is kept, because there was no room for either.", func() float64 { return float64(s.uplink.Counters().Dropped) }),
		counter("trunkline_call_records_shipped_total", "Call records the control plane has committed.", func() float64 { return float64(s.uplink.Counters().Shipped) }),
		counter("trunkline_call_records_rejected_total", "Call records the control plane refused.", func() float64 { return float64(s.uplink.Counters().Rejected) }),
	)
}

func gauge(name, help string, read func() float64) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read)
}

func counter(name, help string, read func() float64) prometheus.Collector {
	return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, read)
}

// learnedMetrics shows what the node has learned of targets.
func learnedMetrics(reg prometheus.Registerer, known *learned.Memory) {
	reg.MustRegister(
		gauge("trunkline_endpoints_missing", "Endpoints that targets did not have in the last 10 minutes, while another one did: they are asked last there.", func() float64 { return float64(known.Endpoints.Count(time.Now())) }),
		gauge("trunkline_parameters_refused", "Parameters, and values of them, that targets refused in the last 10 minutes while another one took them: requests that hold them are sent there last.", func() float64 { return float64(known.Refusals.Count(time.Now())) }),
		gauge("trunkline_stream_usage_refused", "Targets whose streams are not asked for usage at present, since they refused stream_options in the last 10 minutes.", func() float64 { return float64(known.NoUsage.Count(time.Now())) }),
	)
}
