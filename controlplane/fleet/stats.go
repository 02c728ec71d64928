package fleet

import (
	"sync/atomic"
	"time"
)

// counters count since the start.
type counters struct {
	failed, placed, obeyed, refused atomic.Uint64
}

// Stats is how the fleet stands, for metrics.
type Stats struct {
	Nodes    int // connected to any replica
	Replicas int // that live
	Behind   int // connected, and not at the newest revision
	// MostBehind and LongestBehind are of the connected node that is furthest behind with what it should have: nodes
	// from which a change is held back are not, as long as they take API keys.
	MostBehind    uint64
	LongestBehind time.Duration
	Draining      int // connected, and getting no new clients
	// Since the start of this replica.
	Failed  uint64 // exchanges with the database
	Placed  uint64 // orders for nodes of other replicas
	Obeyed  uint64 // orders of other replicas
	Refused uint64 // nodes that were sent to another replica
}

// Stats counts.
func (f *Fleet) Stats() Stats {
	s := Stats{
		Replicas: f.Replicas(),
		Failed:   f.count.failed.Load(), Placed: f.count.placed.Load(),
		Obeyed: f.count.obeyed.Load(), Refused: f.count.refused.Load(),
	}
	for _, n := range f.Nodes() {
		if !n.GetConnected() {
			continue
		}
		s.Nodes++
		if n.GetDraining() {
			s.Draining++
		}
		if n.GetRevisionsBehind() > 0 || n.GetHeldRevision() > 0 {
			s.Behind++
			s.MostBehind = max(s.MostBehind, n.GetRevisionsBehind())
			s.LongestBehind = max(s.LongestBehind, n.GetBehindFor().AsDuration())
		}
	}
	return s
}
