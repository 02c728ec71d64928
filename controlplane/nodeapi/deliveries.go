package nodeapi

import (
	"sync/atomic"
	"time"
)

const (
	// maxSends is how many snapshots may be on their way to nodes at once: hundreds that
	// reconnect together must not cost memory for hundreds of them.
	maxSends = 50
	// sendTime is how long one counts as on its way to a node that does not answer.
	sendTime = 10 * time.Second
)

// deliveries is what bounds the snapshots on their way.
type deliveries struct {
	places chan struct{}
	total  atomic.Uint64
}

func newDeliveries() *deliveries { return &deliveries{places: make(chan struct{}, maxSends)} }

// turn is one stream's place among the deliveries.
type turn struct {
	deliveries *deliveries
	has        bool
	timer      *time.Timer
}

func (d *deliveries) turn() *turn {
	t := &turn{deliveries: d, timer: time.NewTimer(sendTime)}
	t.timer.Stop()
	return t
}

// ask is the channel that takes a value when there is a place for the stream; nil, which
// never does, when it needs none.
func (t *turn) ask(wants bool) chan<- struct{} {
	if !wants || t.has {
		return nil
	}
	return t.deliveries.places
}

// got notes that ask took the value; a snapshot is to be sent now.
func (t *turn) got() {
	t.has = true
	t.deliveries.total.Add(1)
	t.timer.Reset(sendTime)
}

// late has a value when the node has not answered for long; give the place back then.
func (t *turn) late() <-chan time.Time { return t.timer.C }

// release gives the place back, if there is one.
func (t *turn) release() {
	if t.has {
		t.has = false
		t.timer.Stop()
		<-t.deliveries.places
	}
}

// Sends tells how many snapshots were sent since the start, and how many are on their way:
// not answered yet.
func (s *Server) Sends() (total uint64, underWay int) {
	return s.service.deliveries.total.Load(), len(s.service.deliveries.places)
}
