package nodeapi

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

const (
	// forgetAfter is how long a node stays listed after it was heard of last.
	forgetAfter = 24 * time.Hour
	// maxTargets bounds how many lines of one status are kept.
	maxTargets = 10_000
	// maxSaid bounds a name that a node says, in bytes; the longest there is has 256.
	maxSaid = 256
)

// Registry knows the nodes that are connected to this replica, or were within the last
// 24 hours. It is safe for concurrent use.
type Registry struct {
	now    func() time.Time
	urgent chan struct{}

	mu    sync.Mutex
	nodes map[string]*entry // guarded by mu
}

type entry struct {
	node    *adminv1.Node
	session *session // nil when not connected
	stream  stream   // its last one
	change  uint64   // grows with each change of node
	shown   *adminv1.Node
	told    uint64 // the change that shown is of
}

// session is one stream of one node. What it reports counts only while it is the
// node's newest.
type session struct {
	registry *Registry
	name     string
	bootID   string
	end      context.CancelCauseFunc
	mail     chan *nodev1.SyncResponse // to be sent over the stream
	// Guarded by the registry's mu.
	pace  pace
	drain *bool // what the node was told over this stream; nil: nothing
}

func newRegistry(now func() time.Time) *Registry {
	return &Registry{now: now, urgent: make(chan struct{}, 1), nodes: map[string]*entry{}}
}

// Nodes lists the nodes in name order. The result is the caller's.
func (r *Registry) Nodes() []*adminv1.Node {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget()
	list := make([]*adminv1.Node, 0, len(r.nodes))
	for _, name := range slices.Sorted(maps.Keys(r.nodes)) {
		list = append(list, proto.CloneOf(r.nodes[name].node))
	}
	return list
}

// connect enters a node's new stream. An older stream of the same name is ended: either
// the node came back before its old stream was found dead, or two nodes share a name.
func (r *Registry) connect(hello *nodev1.Hello, end context.CancelCauseFunc) (s *session, replaced bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget()
	s = &session{
		registry: r, name: hello.GetNode(), bootID: hello.GetBootId(), end: end,
		mail: make(chan *nodev1.SyncResponse, maxMail),
		pace: pace{uptime: hello.GetUptimeMs()},
	}
	old := r.nodes[s.name]
	if old != nil && old.session != nil {
		replaced = true
		old.session.end(status.Errorf(codes.Aborted,
			"node %q has connected again with boot id %q, this stream had %q; do two nodes share the name?",
			s.name, s.bootID, old.session.bootID))
	}
	now := timestamppb.New(r.now())
	change := uint64(1)
	if old != nil {
		change = old.change + 1
	}
	r.tell()
	r.nodes[s.name] = &entry{session: s, stream: stream{s.bootID, hello.GetUptimeMs()}, change: change, node: &adminv1.Node{ // its uptime and requests come with its first status
		Name:            s.name,
		Version:         hello.GetVersion(),
		Connected:       true,
		AppliedRevision: hello.GetHaveRevision(),
		Lineage:         &adminv1.NodeLineage{Lineage: hello.GetHaveLineage(), RevokedRevision: hello.GetRevokedRevision()},
		ConnectTime:     now,
		LastSeenTime:    now,
		BootId:          hello.GetBootId(),
		ClockOffset:     r.offset(hello.GetWallUs()),

		RefusedDocuments: refusedDocuments(hello.GetRefused()), RefusedDocumentCount: hello.GetRefusedCount(),
	}}
	return s, replaced
}

// forget drops nodes that were not heard of for long. The caller holds mu.
func (r *Registry) forget() {
	oldest := r.now().Add(-forgetAfter)
	maps.DeleteFunc(r.nodes, func(_ string, e *entry) bool {
		return e.session == nil && e.node.GetLastSeenTime().AsTime().Before(oldest)
	})
}

// update changes the node's line, unless a newer stream has taken over.
func (s *session) update(change func(*adminv1.Node)) {
	r := s.registry
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.nodes[s.name]
	if e == nil || e.session != s {
		return
	}
	e.node.LastSeenTime = timestamppb.New(r.now())
	e.change++
	change(e.node)
}

// disconnect keeps the node listed as not connected.
func (s *session) disconnect() {
	s.update(func(n *adminv1.Node) {
		n.Connected = false
		n.InFlight = 0
		n.RequestsPerSecond = 0
		s.registry.nodes[s.name].session = nil
		s.registry.tell()
	})
}

// applied records that the node serves the revision, and as of which one what is held back from it.
func (s *session) applied(revision, held uint64) {
	s.update(func(n *adminv1.Node) {
		n.AppliedRevision, n.HeldRevision, n.Error = revision, held, ""
		s.registry.tell()
	})
}

// refused records why the node does not serve the revision.
func (s *session) refused(revision uint64, reason string) {
	s.update(func(n *adminv1.Node) {
		n.Error = fmt.Sprintf("revision %d: %s", revision, reason)
		s.registry.tell()
	})
}

// targetState reads a state that a node sent; one that is not known is left unset.
func targetState(name string) adminv1.TargetState {
	return adminv1.TargetState(adminv1.TargetState_value["TARGET_STATE_"+strings.ToUpper(name)])
}

// status records how the node is doing.
func (s *session) status(st *nodev1.Status) {
	targets := make([]*adminv1.TargetHealth, 0, min(len(st.GetTargets()), maxTargets))
	for _, t := range st.GetTargets()[:cap(targets)] {
		targets = append(targets, &adminv1.TargetHealth{
			Provider:   cut(t.GetProvider(), maxSaid),
			Model:      cut(t.GetModel(), maxSaid),
			Credential: cut(t.GetCredential(), maxSaid),
			State:      targetState(t.GetState()),
			Remaining:  durationpb.New(time.Duration(t.GetRemainingMs()) * time.Millisecond),
			Reason:     cut(t.GetReason(), maxReason),
			Failures:   t.GetFailures(),
			Threshold:  t.GetThreshold(),
			Derived:    t.GetDerived(),
			Detail:     cut(t.GetDetail(), maxSaid),
		})
	}
	s.update(func(n *adminv1.Node) {
		s.present(n, st)
		n.AppliedRevision = st.GetAppliedRevision()
		n.InFlight = st.GetInFlight()
		n.CallsWaiting = st.GetCallsWaiting()
		n.CallsDropped = st.GetCallsDropped()
		n.CallsSummed, n.Gaps = st.GetCallsSummed(), st.GetGaps()
		n.Targets = targets
		n.Refusals = refusals(st.GetRefusals(), s.registry.now())
		n.Redis, n.RedisError = cut(st.GetRedis(), maxSaid), cut(st.GetRedisError(), maxSaid)
		n.KeywordHits = keywordHits(st.GetKeywordHits())
		lineageOf(n).RevokedRevision = max(lineageOf(n).RevokedRevision, st.GetRevokedRevision())
	})
}

// keywordHits copies at most maxTargets counts.
func keywordHits(in map[string]int64) map[string]int64 {
	out := make(map[string]int64, min(len(in), maxTargets))
	for name, n := range in {
		if len(out) < maxTargets {
			out[cut(name, maxSaid)] = n
		}
	}
	return out
}

// maxRefusals bounds what a node may tell of learned refusals.
const maxRefusals = 1_000

// refusals are what a node has learned of targets, by the control plane's clock.
func refusals(in []*nodev1.LearnedRefusal, now time.Time) []*adminv1.LearnedRefusal {
	out := make([]*adminv1.LearnedRefusal, 0, min(len(in), maxRefusals))
	for _, r := range in[:cap(out)] {
		ago := func(ms int64) *timestamppb.Timestamp {
			return timestamppb.New(now.Add(-time.Duration(ms) * time.Millisecond))
		}
		out = append(out, &adminv1.LearnedRefusal{
			Provider: cut(r.GetProvider(), maxSaid), Model: cut(r.GetModel(), maxSaid), Endpoint: cut(r.GetEndpoint(), maxSaid),
			Parameter: cut(r.GetParameter(), maxSaid), Value: cut(r.GetValue(), maxSaid), Caller: cut(r.GetCaller(), maxSaid),
			SinceTime: ago(r.GetAgeMs()), UntilTime: ago(-r.GetRemainingMs()),
		})
	}
	return out
}
