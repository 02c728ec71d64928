package revocation

import (
	"sync"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// Overlay keeps the snapshot in use and the revoked keys in step: requests read both with
// one load. It is safe for concurrent use.
type Overlay struct {
	snapshot atomic.Pointer[dataplane.Snapshot]

	mu      sync.Mutex // guards revoked, and the order in which snapshots are stored
	revoked dataplane.RevokedKeys
}

// Snapshot is the one in use, without the revoked keys; nil when there is none yet.
func (o *Overlay) Snapshot() *dataplane.Snapshot { return o.snapshot.Load() }

// Use brings a snapshot into use, without the revoked keys.
func (o *Overlay) Use(s *dataplane.Snapshot) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.snapshot.Store(s.WithRevoked(o.revoked))
}

// Revoke replaces the revoked keys. It reports whether streams of one of them are to be cut.
func (o *Overlay) Revoke(keys dataplane.RevokedKeys) (cut bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.revoked = keys
	if current := o.snapshot.Load(); current != nil {
		o.snapshot.Store(current.WithRevoked(keys))
	}
	for _, c := range keys {
		cut = cut || c
	}
	return cut
}

// Register shows how many secrets are refused whatever the snapshot says. It falls when a
// snapshot that says so too is in use, but for those that are revoked permanently.
func (o *Overlay) Register(reg prometheus.Registerer) {
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "trunkline_revoked_secrets",
		Help: "Secrets of API keys that are refused regardless of the snapshot.",
	}, func() float64 {
		o.mu.Lock()
		defer o.mu.Unlock()
		return float64(len(o.revoked))
	}))
}
