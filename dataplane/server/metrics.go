package server

import (
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/dataplane"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// meter turns finished calls into metrics. Names follow Prometheus' conventions: seconds,
// _total for counters. It never waits for anything but the change of its names.
type meter struct {
	calls      *prometheus.CounterVec
	attempts   *prometheus.CounterVec
	again      *prometheus.CounterVec
	seconds    *prometheus.HistogramVec
	firstToken *prometheus.HistogramVec
	overhead   prometheus.Histogram
	tokens     *prometheus.CounterVec
	cost       *prometheus.CounterVec
	keywords   *prometheus.CounterVec

	mu    sync.RWMutex // guards names, so that a series that is deleted stays deleted
	names names
}

func newMeter(reg prometheus.Registerer) *meter {
	m := &meter{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "trunkline_calls_total", Help: "Client requests by group, outcome and status; the group is empty if none was found.",
		}, []string{"group", "outcome", "status"}),
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "trunkline_attempts_total", Help: "Attempts by provider and outcome.",
		}, []string{"provider", "outcome"}),
		again: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "trunkline_retries_total", Help: "Attempts that retried the target of the previous attempt, by provider and outcome; they also count as attempts.",
		}, []string{"provider", "outcome"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "trunkline_call_duration_seconds", Help: "From arrival to the last byte, by group.",
			Buckets: prometheus.ExponentialBuckets(0.01, 2, 17),
		}, []string{"group"}),
		firstToken: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "trunkline_first_token_seconds", Help: "From the start of an attempt to the first meaningful event of its stream, by provider; attempts without one are not included.",
			Buckets: prometheus.ExponentialBuckets(0.01, 2, 17),
		}, []string{"provider"}),
		overhead: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "trunkline_overhead_seconds", Help: "Time that Trunkline itself took before the answer started.",
			Buckets: prometheus.ExponentialBuckets(0.00005, 2, 14),
		}),
		tokens: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "trunkline_tokens_total", Help: "Tokens of all attempts by provider and direction (input, output).",
		}, []string{"provider", "direction"}),
		cost: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "trunkline_cost_usd_total", Help: "Cost of attempts at the configured prices, in US dollars, by provider; including failed ones that the provider may charge.",
		}, []string{"provider"}),
		keywords: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "trunkline_keyword_hits_total", Help: "Answers in which a failure keyword was found, by its name.",
		}, []string{"keyword"}),
	}
	reg.MustRegister(m.calls, m.attempts, m.again, m.seconds, m.firstToken, m.overhead, m.tokens, m.cost, m.keywords)
	return m
}

// use takes the names of a configuration, and forgets the series of what it does not have.
func (m *meter) use(in *nodev1.Snapshot) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, gone := range m.names.providers.replace(namesOf(in.GetProviders())) {
		is := prometheus.Labels{"provider": gone}
		for _, v := range []*prometheus.CounterVec{m.attempts, m.again, m.tokens, m.cost} {
			v.DeletePartialMatch(is)
		}
		m.firstToken.DeletePartialMatch(is)
	}
	for _, gone := range m.names.groups.replace(namesOf(in.GetGroups())) {
		m.calls.DeletePartialMatch(prometheus.Labels{"group": gone})
		m.seconds.DeleteLabelValues(gone)
	}
	for _, gone := range m.names.keywords.replace(namesOf(in.GetFailureKeywords())) {
		m.keywords.DeleteLabelValues(gone)
	}
}

func (m *meter) observe(c *dataplane.Call) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	group := m.names.groups.label(c.Group)
	m.calls.WithLabelValues(group, c.Outcome.String(), statusText(c.Status)).Inc()
	m.seconds.WithLabelValues(group).Observe(c.Duration.Seconds())
	if c.Provider != "" {
		m.overhead.Observe(c.Overhead.Seconds())
	}
	for i := range c.Attempts {
		m.attempt(&c.Attempts[i], c.Stream)
	}
}

// attempt counts one try; the caller holds mu.
func (m *meter) attempt(a *dataplane.Attempt, stream bool) {
	provider := m.names.providers.label(a.Provider)
	m.attempts.WithLabelValues(provider, a.Outcome.String()).Inc()
	if a.Retry {
		m.again.WithLabelValues(provider, a.Outcome.String()).Inc()
	}
	if stream && a.FirstToken > 0 {
		m.firstToken.WithLabelValues(provider).Observe(a.FirstToken.Seconds())
	}
	if a.Usage.Input > 0 {
		m.tokens.WithLabelValues(provider, "input").Add(float64(a.Usage.Input))
	}
	if a.Usage.Output > 0 {
		m.tokens.WithLabelValues(provider, "output").Add(float64(a.Usage.Output))
	}
	if a.Cost > 0 {
		m.cost.WithLabelValues(provider).Add(float64(a.Cost) / picoUSD)
	}
}

// keyword counts a hit of a failure keyword.
func (m *meter) keyword(name string) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	m.keywords.WithLabelValues(m.names.keywords.label(name)).Inc()
}

// statusTexts are the labels of status codes, made once: every call needs one.
var statusTexts = func() (all [600]string) {
	for i := range all {
		all[i] = strconv.Itoa(i)
	}
	return all
}()

func statusText(status int) string {
	if status < 0 || status >= len(statusTexts) {
		return otherName
	}
	return statusTexts[status]
}

// picoUSD is how many of them are a US dollar.
const picoUSD = 1e12
