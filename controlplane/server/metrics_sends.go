package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/controlplane/nodeapi"
)

// registerSends shows what nodes are sent.
func registerSends(reg prometheus.Registerer, read func() nodeapi.Sends) {
	counter := func(name, kind, help string, value func(nodeapi.Sends) uint64) {
		o := prometheus.CounterOpts{Name: name, Help: help}
		if kind != "" {
			o.ConstLabels = prometheus.Labels{"kind": kind}
		}
		reg.MustRegister(prometheus.NewCounterFunc(o, func() float64 { return float64(value(read())) }))
	}
	const sends, sizes = "trunkline_snapshot_sends_total", "trunkline_snapshot_sent_bytes_total"
	const sendsHelp = "Snapshots sent to nodes by this replica: whole ones, or what changed (delta)."
	const sizesHelp = "Bytes of the snapshots sent to nodes by this replica: of whole ones, or of what changed (delta)."
	counter(sends, "whole", sendsHelp, func(s nodeapi.Sends) uint64 { return s.Wholes })
	counter(sends, "delta", sendsHelp, func(s nodeapi.Sends) uint64 { return s.Deltas })
	counter(sizes, "whole", sizesHelp, func(s nodeapi.Sends) uint64 { return s.WholeBytes })
	counter(sizes, "delta", sizesHelp, func(s nodeapi.Sends) uint64 { return s.DeltaBytes })
	counter("trunkline_snapshot_resyncs_total", "",
		"Changes that a node could not use, so that it was sent the whole snapshot; a node whose disk was full does so too.",
		func(s nodeapi.Sends) uint64 { return s.Resyncs })
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "trunkline_snapshot_sends_under_way", Help: "Complete snapshots in transit to nodes, not acknowledged yet; at most 50.",
	}, func() float64 { return float64(read().UnderWay) }))
}
