package nodeapi

import (
	"maps"
	"slices"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/controlplane/fleet"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// stream names a node's stream, as fleet.Line does.
type stream struct {
	bootID string
	opened int64
}

// Lines is what this replica knows of every node that is listed, in name order. The result
// is the caller's, but for the documents: they are never changed, a change makes a new one.
func (r *Registry) Lines() []fleet.Line {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget()
	lines := make([]fleet.Line, 0, len(r.nodes))
	for _, name := range slices.Sorted(maps.Keys(r.nodes)) {
		e := r.nodes[name]
		if e.told != e.change {
			e.shown, e.told = proto.CloneOf(e.node), e.change
		}
		lines = append(lines, fleet.Line{
			Node: e.shown, BootID: e.stream.bootID, Opened: e.stream.opened,
			Seen: e.node.GetLastSeenTime().AsTime(), Change: e.change,
		})
	}
	return lines
}

// Urgent holds a value after something changed that others wait for, until it is taken: a
// node came or went, a snapshot was applied or refused, a drain began or ended.
func (r *Registry) Urgent() <-chan struct{} { return r.urgent }

// tell says that something urgent changed.
func (r *Registry) tell() {
	select {
	case r.urgent <- struct{}{}:
	default:
	}
}

// connected finds the open stream of a node; nil when it has none here. It needs mu.
func (r *Registry) connected(name string) *session {
	if e := r.nodes[name]; e != nil {
		return e.session
	}
	return nil
}

// Drain tells a node whether it is to get new clients, unless it was told so already over
// this stream or does so anyway.
func (r *Registry) Drain(name, bootID string, drain bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.connected(name)
	if s == nil || s.bootID != bootID {
		return
	}
	if s.drain == nil && r.nodes[name].node.GetDraining() == drain || s.drain != nil && *s.drain == drain {
		return
	}
	if s.send(&nodev1.SyncResponse{Message: &nodev1.SyncResponse_Drain{Drain: &nodev1.Drain{Draining: drain}}}) {
		s.drain = &drain
	}
}

// End ends a node's stream, with the reason that it is told; false when it has none here.
func (r *Registry) End(name, reason string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.connected(name)
	if s == nil {
		return false
	}
	s.end(status.Error(codes.PermissionDenied, reason))
	return true
}

// Supersede ends a node's stream because another replica has a newer one of that node.
func (r *Registry) Supersede(name, bootID string, opened int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.connected(name)
	if s == nil || (stream{bootID, opened}) != r.nodes[name].stream {
		return
	}
	s.end(status.Errorf(codes.Aborted,
		"node %q has connected to another control-plane replica since, this stream had boot id %q; do two nodes share the name?", name, bootID))
}

// Forget stops listing a node that is not connected.
func (r *Registry) Forget(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.nodes[name]; e != nil && e.session == nil {
		delete(r.nodes, name)
	}
}

// send puts a message into the mailbox of the stream; false when it takes no more: a node
// that takes nothing is as good as gone.
func (s *session) send(m *nodev1.SyncResponse) bool {
	select {
	case s.mail <- m:
		return true
	default:
		return false
	}
}

// ratePeriod is the least time over which requests per second are counted.
const ratePeriod = 2 * time.Second

// pace turns a count of requests into requests per second.
type pace struct {
	requests, uptime int64 // at the start of the period; uptime in ms
	perSecond        float64
}

func (r *pace) see(requests, uptime int64) float64 {
	if span := uptime - r.uptime; span >= ratePeriod.Milliseconds() {
		r.perSecond = float64(max(requests-r.requests, 0)) * 1000 / float64(span)
		r.requests, r.uptime = requests, uptime
	}
	return r.perSecond
}

// present records what a status says of the process itself.
func (s *session) present(n *adminv1.Node, st *nodev1.Status) {
	n.Uptime = milliseconds(st.GetUptimeMs())
	n.Requests, n.FailedRequests = st.GetRequests(), st.GetFailedRequests()
	n.RequestsPerSecond = s.pace.see(st.GetRequests(), st.GetUptimeMs())
	n.SpoolBytes = st.GetSpoolBytes()
	n.SpoolTrouble = cut(st.GetSpoolTrouble(), maxReason)
	if n.GetDraining() != st.GetDraining() || n.GetAppliedRevision() != st.GetAppliedRevision() {
		s.registry.tell()
	}
	n.Draining = st.GetDraining()
	n.ClockOffset = s.registry.offset(st.GetWallUs())
}

// offset is how far a node's clock is ahead; nil when the node does not say.
func (r *Registry) offset(wallUs int64) *durationpb.Duration {
	if wallUs == 0 {
		return nil
	}
	return durationpb.New(time.UnixMicro(wallUs).Sub(r.now()).Round(time.Millisecond))
}

func milliseconds(ms int64) *durationpb.Duration {
	return durationpb.New(time.Duration(ms) * time.Millisecond)
}
