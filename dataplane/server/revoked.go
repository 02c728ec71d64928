package server

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/trunkline-ai/trunkline/dataplane"
)

// overlay keeps the snapshot in use and what is refused beside it in step: requests read
// both with one load.
type overlay struct {
	mu      sync.Mutex // guards refused, and the order in which snapshots are stored
	refused dataplane.Refused
}

// use brings a snapshot into use, without the keys that are refused.
func (s *Server) use(compiled *dataplane.Snapshot) {
	s.overlay.mu.Lock()
	defer s.overlay.mu.Unlock()
	s.snapshot.Store(compiled.Withdraw(s.overlay.refused))
}

// refuse replaces what is refused beside the snapshot, and ends streams where that was asked for.
func (s *Server) refuse(refused dataplane.Refused) {
	s.overlay.mu.Lock()
	s.overlay.refused = refused
	if current := s.snapshot.Load(); current != nil {
		s.snapshot.Store(current.Withdraw(refused))
	}
	s.overlay.mu.Unlock()
	for _, cut := range refused {
		if cut {
			s.proxy.Engine().EndRevoked()
			return
		}
	}
}

// share tells the other nodes what is revoked, through Redis if there is one.
func (s *Server) share(list []dataplane.Revocation) { s.health.revoke(list) }

// gossip is what nodes tell each other of revoked keys, past the control plane.
type gossip struct {
	learn func([]dataplane.Revocation)
	known func() []dataplane.Revocation
}

// gossip is used once the node runs, when the uplink is there.
func (s *Server) gossip() gossip {
	return gossip{
		learn: func(list []dataplane.Revocation) { s.uplink.Learn(list) },
		known: func() []dataplane.Revocation { return s.uplink.Revocations() },
	}
}

// registerRevoked shows how many secrets are refused beside the snapshot: it falls when one
// that says so too is in use, but for those that are revoked for good.
func registerRevoked(reg prometheus.Registerer, s *Server) {
	reg.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "trunkline_revoked_secrets",
		Help: "Secrets of API keys that are refused whatever the snapshot says.",
	}, func() float64 {
		s.overlay.mu.Lock()
		defer s.overlay.mu.Unlock()
		return float64(len(s.overlay.refused))
	}))
}
