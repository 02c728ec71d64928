package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/dataplane/uplink"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/shipping/overflow"
)

// summed shows how many calls are in sums only, by the reason there is no record of them.
type summed struct{ uplink *uplink.Uplink }

func (c summed) desc() *prometheus.Desc {
	return prometheus.NewDesc("trunkline_call_records_summed_total",
		"Calls of which only a sum is kept, by why there was no room for the record (queue_full, memory_full, spool_full, too_old).", []string{"reason"}, nil)
}

// Describe is part of prometheus.Collector.
func (c summed) Describe(out chan<- *prometheus.Desc) { out <- c.desc() }

// Collect is part of prometheus.Collector.
func (c summed) Collect(out chan<- prometheus.Metric) {
	stats := c.uplink.Overflow()
	for _, reason := range overflow.Reasons {
		if calls, ok := stats.Summed[reason]; ok {
			out <- prometheus.MustNewConstMetric(c.desc(), prometheus.CounterValue, float64(calls), string(reason))
		}
	}
}
