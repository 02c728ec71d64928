package server

import (
	"maps"
	"sync"
)

// keywordHits counts hits of failure keywords by name, for operators and for the control
// plane.
type keywordHits struct {
	meter *meter

	mu     sync.Mutex
	counts map[string]int64 // guarded by mu
}

func newKeywordHits(m *meter) *keywordHits {
	return &keywordHits{meter: m, counts: map[string]int64{}}
}

func (k *keywordHits) add(name string) {
	k.meter.keyword(name)
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
