package fleet

import (
	"time"

	"google.golang.org/protobuf/proto"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// state is what this replica has read of the others, and written of itself.
type state struct {
	read     bool // at least once
	trouble  error
	stored   map[string]Line // as read, by node
	orders   map[string]Order
	replicas map[string]heartbeat
	written  map[string]Line   // own lines as they were written last
	seen     map[string]uint64 // own lines of which nothing is new since but that they were heard of: up to which change
}

func newState() state {
	return state{
		stored: map[string]Line{}, orders: map[string]Order{},
		replicas: map[string]heartbeat{}, written: map[string]Line{}, seen: map[string]uint64{},
	}
}

// heartbeat is a replica's sign of life as it was seen here.
type heartbeat struct {
	beat    int64
	changed time.Time // by our clock
	proven  bool      // the beat was seen to change
	keys    []string  // ids of the master keys that it was given
}

// merge takes over what was read. It needs the fleet's mu.
func (f *Fleet) merge(read State) {
	now, s := f.cfg.Now(), &f.state
	s.read = true
	heartbeats := make(map[string]heartbeat, len(read.Replicas))
	for _, r := range read.Replicas {
		p, known := s.replicas[r.ID]
		switch {
		case !known && r.Seen.Before(now.Add(-f.cfg.DeadAt)):
			// It may have died long ago. If it has not, and only its clock is wrong, its next
			// sign of life says so.
			p = heartbeat{beat: r.Beat}
		case !known || p.beat != r.Beat:
			p = heartbeat{beat: r.Beat, changed: now, proven: known}
		case s.trouble != nil && !p.changed.IsZero():
			p.changed = now // nobody could give a sign of life: the time counts from here
		}
		p.keys = r.MasterKeys
		heartbeats[r.ID] = p
	}
	s.replicas = heartbeats
	s.stored = make(map[string]Line, len(read.Nodes))
	for _, l := range read.Nodes {
		s.stored[l.Node.GetName()] = l
	}
	s.orders = make(map[string]Order, len(read.Orders))
	for _, o := range read.Orders {
		s.orders[o.ID] = o
	}
}

// alive reports whether a replica lives. While the database is away nobody can be heard of,
// and everybody counts as they did. It needs the fleet's mu.
func (f *Fleet) alive(replica string) bool {
	if replica == f.cfg.Replica {
		return true
	}
	p, known := f.state.replicas[replica]
	if !known || p.changed.IsZero() {
		return false
	}
	return f.state.trouble != nil || f.cfg.Now().Sub(p.changed) < f.cfg.DeadAt
}

// takesNodes reports whether a replica can be relied upon to take nodes: it was seen to live
// a moment ago. A predecessor of this process that was killed counts as alive for ten
// seconds; nobody must be sent to it. It needs the fleet's mu.
func (f *Fleet) takesNodes(replica string) bool {
	p := f.state.replicas[replica]
	return replica == f.cfg.Replica || p.proven && f.state.trouble == nil && f.cfg.Now().Sub(p.changed) < f.cfg.DeadAt/2
}

// lines is one line for each node that is known: this replica's own where the node is
// connected here, else what was read.
func (f *Fleet) lines() map[string]Line {
	local := f.cfg.Local.Lines()
	f.mu.Lock()
	defer f.mu.Unlock()
	all := make(map[string]Line, len(f.state.stored)+len(local))
	for name, l := range f.state.stored {
		if l.Node.GetConnected() && (l.Replica == f.cfg.Replica || !f.alive(l.Replica)) {
			l.Node = asGone(l.Node)
		}
		all[name] = l
	}
	for _, l := range local {
		name := l.Node.GetName()
		l.Replica = f.cfg.Replica
		stored, known := all[name]
		l.DrainBoot = stored.DrainBoot
		if w, ok := f.state.written[name]; l.Node.GetConnected() || !(ok && w.SameStream(l) && w.Change == l.Change) && (!known || stored.SameStream(l)) {
			all[name] = l
		}
	}
	return all
}

// asGone is a node whose replica is gone, and which nobody else has heard of since.
func asGone(n *adminv1.Node) *adminv1.Node {
	n = proto.CloneOf(n)
	n.Connected, n.InFlight, n.RequestsPerSecond = false, 0, 0
	return n
}

// present is a node as it is shown now.
func (f *Fleet) present(l Line, newest uint64, now time.Time) *adminv1.Node {
	n := proto.CloneOf(l.Node)
	n.Replica = l.Replica
	n.DrainOrdered = l.Draining()
	n.RevisionsBehind, n.BehindFor = f.lag.of(n.GetAppliedRevision(), newest, now)
	if held := n.GetHeldRevision(); held > 0 { // what it lags behind with are its API keys
		n.AppliedRevision = min(n.GetAppliedRevision(), held)
	}
	return n
}
