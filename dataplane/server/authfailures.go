package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/proxy"
)

// countStored shows requests about stored responses by what they are and how they ended.
func countStored(reg prometheus.Registerer) func(string, dataplane.Outcome) {
	total := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "trunkline_stored_response_requests_total",
		Help: "Requests for stored responses by operation (retrieve, delete, cancel, input_items) and outcome; they are not calls. not_found includes ids that were never issued to the caller.",
	}, []string{"operation", "outcome"})
	reg.MustRegister(total)
	return func(operation string, o dataplane.Outcome) { total.WithLabelValues(operation, o.String()).Inc() }
}

// countAuthFailures shows requests that were not let in, by why. Every reason is there from the
// start, so that an alert on the rate sees the first one too.
func countAuthFailures(reg prometheus.Registerer) func(proxy.AuthFailure) {
	total := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "trunkline_auth_failures_total",
		Help: "Requests to /v1 whose API key was not accepted, by reason: missing, unknown (including revoked), expired, unsupported (it has restrictions that this node does not know), address (not allowed from there).",
	}, []string{"reason"})
	reg.MustRegister(total)
	for _, reason := range proxy.AuthFailures {
		total.WithLabelValues(string(reason))
	}
	return func(reason proxy.AuthFailure) { total.WithLabelValues(string(reason)).Inc() }
}
