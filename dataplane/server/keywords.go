package server

import (
	"maps"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// keywordHits counts hits of failure keywords by name, for operators and for the control
// plane.
type keywordHits struct {
	total *prometheus.CounterVec

	mu     sync.Mutex
	counts map[string]int64 // guarded by mu
}

func newKeywordHits(reg prometheus.Registerer) *keywordHits {
	k := &keywordHits{
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "trunkline_keyword_hits_total", Help: "Answers in which a failure keyword was found, by its name.",
		}, []string{"keyword"}),
		counts: map[string]int64{},
	}
	reg.MustRegister(k.total)
	return k
}

func (k *keywordHits) add(name string) {
	k.total.WithLabelValues(name).Inc()
	k.mu.Lock()
	defer k.mu.Unlock()
	k.counts[name]++
}

// all returns the counts since the node started.
func (k *keywordHits) all() map[string]int64 {
	k.mu.Lock()
	defer k.mu.Unlock()
	return maps.Clone(k.counts)
}
