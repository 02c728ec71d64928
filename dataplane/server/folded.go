package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/dataplane/uplink"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/fold"
)

// folded shows how many calls are in sums only, by the reason there is no record of them.
type folded struct{ uplink *uplink.Uplink }

func (f folded) desc() *prometheus.Desc {
	return prometheus.NewDesc("trunkline_call_records_folded_total",
		"Calls of which only a sum is kept, by why there was no room for the record (queue_full, memory_full, spool_full, too_old).", []string{"reason"}, nil)
}

// Describe is part of prometheus.Collector.
func (f folded) Describe(out chan<- *prometheus.Desc) { out <- f.desc() }

// Collect is part of prometheus.Collector.
func (f folded) Collect(out chan<- prometheus.Metric) {
	stats := f.uplink.Folded()
	for _, reason := range fold.Reasons {
		if calls, ok := stats.Folded[reason]; ok {
			out <- prometheus.MustNewConstMetric(f.desc(), prometheus.CounterValue, float64(calls), string(reason))
		}
	}
}
