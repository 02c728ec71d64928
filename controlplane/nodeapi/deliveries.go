package nodeapi

import (
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

const (
	// maxSends is how many snapshots may be on their way to nodes at once: hundreds that
	// reconnect together must not cost memory for hundreds of them.
	maxSends = 50
	// sendTime is how long one counts as on its way to a node that does not answer.
	sendTime = 10 * time.Second
)

// deliveries is what bounds the snapshots on their way, and counts them.
type deliveries struct {
	places                 chan struct{}
	wholes, deltas         atomic.Uint64
	wholeBytes, deltaBytes atomic.Uint64
	resyncs                atomic.Uint64
}

// sent counts a message: a whole snapshot or a delta.
func (d *deliveries) sent(full *nodev1.Full, delta *nodev1.Delta) {
	if full != nil {
		d.wholes.Add(1)
		d.wholeBytes.Add(uint64(proto.Size(full)))
		return
	}
	d.deltas.Add(1)
	d.deltaBytes.Add(uint64(proto.Size(delta)))
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

// Sends is what was sent since the start.
type Sends struct {
	Wholes, Deltas         uint64 // snapshots
	WholeBytes, DeltaBytes uint64
	Resyncs                uint64 // deltas that did not fit, after which the whole was sent
	UnderWay               int    // whole snapshots that are not answered yet
}

// Sends tells what was sent to nodes.
func (s *Server) Sends() Sends {
	d := s.service.deliveries
	return Sends{
		Wholes: d.wholes.Load(), Deltas: d.deltas.Load(), WholeBytes: d.wholeBytes.Load(), DeltaBytes: d.deltaBytes.Load(),
		Resyncs: d.resyncs.Load(), UnderWay: len(d.places),
	}
}
