package server

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/controlplane/adminapi"
)

// adminMetrics show how requests to the admin API and sign-ins end.
type adminMetrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	signIns  *prometheus.CounterVec
}

func newAdminMetrics(reg prometheus.Registerer) *adminMetrics {
	m := &adminMetrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "trunkline_admin_requests_total",
			Help: "Completed requests to the admin API, by method (such as GroupService/ListGroups) and Connect code, or ok.",
		}, []string{"method", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "trunkline_admin_request_duration_seconds", Help: "Duration of requests to the admin API, by method, without streams.",
			Buckets: []float64{0.005, 0.02, 0.1, 0.5, 2, 10},
		}, []string{"method"}),
		signIns: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "trunkline_sign_ins_failed_total",
			Help: "Failed sign-ins to the console, by reason: wrong_credentials; throttled, refused without a check after too many failures; code_missing, a correct password without the second-factor code yet; wrong_code; identity_provider, where signing in failed.",
		}, []string{"reason"}),
	}
	reg.MustRegister(m.requests, m.seconds, m.signIns)
	for _, reason := range adminapi.SignInFailures { // so that an alert on the rate sees the first one too
		m.signIns.WithLabelValues(string(reason))
	}
	return m
}

// Request is part of adminapi.Observer.
func (m *adminMetrics) Request(method, code string, took time.Duration) {
	m.requests.WithLabelValues(method, code).Inc()
	if took > 0 {
		m.seconds.WithLabelValues(method).Observe(took.Seconds())
	}
}

// SignInFailed is part of adminapi.Observer.
func (m *adminMetrics) SignInFailed(reason adminapi.SignInFailure) {
	m.signIns.WithLabelValues(string(reason)).Inc()
}
