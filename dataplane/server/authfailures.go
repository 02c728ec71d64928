package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/dataplane/proxy"
)

// countAuthFailures shows requests that were not let in, by why. Every reason is there from the
// start, so that an alert on the rate sees the first one too.
func countAuthFailures(reg prometheus.Registerer) func(proxy.AuthFailure) {
	total := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "trunkline_auth_failures_total",
		Help: "Requests to /v1 whose API key was not accepted, by reason: missing, unknown (revoked ones too), expired, unsupported (it has restrictions that this node does not know), address (it may not be used from there).",
	}, []string{"reason"})
	reg.MustRegister(total)
	for _, reason := range proxy.AuthFailures {
		total.WithLabelValues(string(reason))
	}
	return func(reason proxy.AuthFailure) { total.WithLabelValues(string(reason)).Inc() }
}
