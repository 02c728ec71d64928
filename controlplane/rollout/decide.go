package rollout

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

const (
	// reportEvery is how often nodes with something new report: a report may be this old when nodes begin to be watched.
	reportEvery = 5 * time.Second
	// leastFailed is how many failed requests of the first nodes say something, and leastShare which share of theirs.
	leastFailed, leastShare = 3, 0.02
)

// situation is what a step is decided from.
type situation struct {
	policy   *adminv1.RolloutPolicy // effective
	revision controlplane.Revision  // the newest
	target   controlplane.Revision  // the newest that changed something of what is tried; 0: nothing differs from the base
	nodes    map[string]*adminv1.Node
	gone     map[string]time.Duration // first nodes that are not connected: for how long
	waiting  time.Duration            // since this stage of this record was seen first
	settled  bool                     // nodes have had the time to connect
	now      time.Time
}

// next is the step that follows; the record itself when there is none.
func (r Record) next(s situation) Record {
	switch {
	case r.Base == 0:
		return Record{Base: s.revision, Last: r.Last}
	case s.target == 0 && r.Stage != Idle:
		return r.decided(s.revision, Decision{Outcome: TakenBack, Reason: "the nodes' configuration is what it was before", At: s.now})
	case s.target == 0:
		if s.revision-r.Base >= rebase {
			r.Base = s.revision
		}
		return r
	case r.Stage == Idle || r.Target != s.target:
		return r.begin(s)
	case r.Stage == Held:
		return r
	}
	if reason := r.trouble(s); reason != "" {
		r.Stage, r.Reason, r.Counts = Held, reason, r.count(s.nodes)
		return r
	}
	if next, changed := r.replace(s); changed {
		return next
	}
	switch {
	case r.Stage == Applying && r.applied(s):
		var heard []string
		for name, n := range s.nodes {
			if n.GetConnected() && reported(n) {
				heard = append(heard, name)
			}
		}
		r.Stage, r.Start = Watching, r.starting(r, s.nodes, heard)
	case r.Stage == Watching && r.applied(s) && r.watched(s.nodes) >= s.policy.GetWatchTime().AsDuration()+reportEvery:
		return r.decided(s.revision, Decision{Outcome: Promoted, Reason: "nothing went wrong on the first nodes", At: s.now})
	}
	return r
}

// rebase is after how many revisions that changed API keys only the base follows.
const rebase = 100

// begin tries another change. The nodes that have the one before keep what is newest.
func (r Record) begin(s situation) Record {
	able := candidates(s.nodes, s.target)
	var nodes []string
	if r.Stage != Idle {
		nodes = slices.DeleteFunc(slices.Clone(r.Nodes), func(name string) bool { return !s.nodes[name].GetConnected() })
	}
	next := Record{Base: r.Base, Stage: Applying, Target: s.target, Began: s.now, Nodes: fill(nodes, able, s.policy), Last: r.Last}
	if r.Stage != Idle {
		for _, name := range slices.Concat(r.Nodes, r.Lost) {
			if !slices.Contains(next.Nodes, name) {
				next.Lost = append(next.Lost, name)
			}
		}
	}
	switch {
	case len(able) < 2:
		return r.untried(s, "fewer than two nodes are connected")
	case !slices.ContainsFunc(able, func(name string) bool { return !slices.Contains(next.Nodes, name) }):
		return r.untried(s, "every connected node is one of the first")
	}
	next.Start = r.starting(next, s.nodes, next.Nodes)
	return next
}

// untried is what becomes of a change that cannot be tried now: every node gets it, unless something is wrong with
// what it would be tried together with.
func (r Record) untried(s situation, why string) Record {
	gone := func(name string) bool { return !s.nodes[name].GetConnected() }
	switch {
	case !s.settled:
		return r // more nodes may come
	case r.Stage == Held:
		cause := r.Reason
		if _, first, again := strings.Cut(cause, heldBefore); again {
			cause = first
		}
		why += heldBefore + cause
	case r.Stage != Idle && slices.ContainsFunc(r.Nodes, gone):
		i := slices.IndexFunc(r.Nodes, gone)
		if s.gone[r.Nodes[i]] < lostTime {
			return r
		}
		why += fmt.Sprintf(", and node %s is gone, which had the change before", r.Nodes[i])
	default:
		r.Target = s.target
		return r.decided(s.revision, Decision{Outcome: Promoted, Reason: why, At: s.now})
	}
	r.Stage, r.Target, r.Began, r.Reason, r.Counts = Held, s.target, s.now, why, nil
	return r
}

// heldBefore comes before why the change before was held, in the reason of one that could not be tried.
const heldBefore = ", and the change before was held: "

// candidates are the nodes that a change can be tried on, those to be taken first in front: in an order that
// is another one for each change.
func candidates(nodes map[string]*adminv1.Node, target controlplane.Revision) (all []string) {
	rank := map[string]uint64{}
	for name, n := range nodes {
		if n.GetConnected() {
			all = append(all, name)
			hash := sha256.Sum256(fmt.Appendf(nil, "%d|%s", target, name))
			rank[name] = binary.BigEndian.Uint64(hash[:])
		}
	}
	awkward := func(name string) int {
		if n := nodes[name]; n.GetDraining() || n.GetDrainOrdered() || n.GetError() != "" {
			return 1
		}
		return 0
	}
	slices.SortFunc(all, func(a, b string) int {
		return cmp.Or(cmp.Compare(awkward(a), awkward(b)), cmp.Compare(rank[a], rank[b]), strings.Compare(a, b))
	})
	return all
}

// fill adds to the first nodes as many as the policy wants.
func fill(nodes, able []string, policy *adminv1.RolloutPolicy) []string {
	named := false
	for _, name := range policy.GetCanaryNodes() {
		if slices.Contains(able, name) {
			named = true
			if !slices.Contains(nodes, name) {
				nodes = append(nodes, name)
			}
		}
	}
	if named {
		return nodes
	}
	want := max((len(able)*int(policy.GetCanaryPercent())+99)/100, 1)
	for _, name := range able {
		if len(nodes) >= want {
			break
		}
		if !slices.Contains(nodes, name) {
			nodes = append(nodes, name)
		}
	}
	return nodes
}

// trouble is why what is tried must not go on; empty when nothing is wrong.
func (r Record) trouble(s situation) string {
	for _, name := range r.Nodes {
		n, start := s.nodes[name], r.Start[name]
		if !n.GetConnected() {
			continue
		}
		if refused(n) >= r.Target {
			return fmt.Sprintf("node %s refuses it: %s", name, n.GetError())
		}
		if start.Boot != "" && n.GetBootId() != start.Boot {
			return fmt.Sprintf("node %s was started again after it was sent", name)
		}
		for _, document := range withheld(n) {
			if start.Withheld != nil && !slices.Contains(start.Withheld, document) {
				return fmt.Sprintf("node %s does not serve %s: its build lacks what that needs; upgrade the node", name, document)
			}
		}
	}
	if r.Stage == Applying && s.waiting > applyTime {
		return fmt.Sprintf("the first nodes have not applied it within %s", applyTime)
	}
	if r.Stage != Watching {
		return ""
	}
	c := r.count(s.nodes)
	if c.Failed < leastFailed {
		return ""
	}
	share, others := ratio(c.Failed, c.Requests), ratio(c.OtherFailed, c.OtherRequests)
	if share > max(2*others, leastShare) {
		return fmt.Sprintf("%d of %d requests failed on the first nodes, %d of %d on the others", c.Failed, c.Requests, c.OtherFailed, c.OtherRequests)
	}
	return ""
}

// refused is the revision that a node refuses; 0: none.
func refused(n *adminv1.Node) controlplane.Revision {
	revision, _, _ := strings.Cut(strings.TrimPrefix(n.GetError(), "revision "), ":")
	number, err := strconv.ParseUint(revision, 10, 64)
	if err != nil {
		return 0
	}
	return controlplane.Revision(number)
}

func ratio(part, whole int64) float64 {
	if whole <= 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

const (
	// applyTime is how long the first nodes may take to apply a change.
	applyTime = 90 * time.Second
	// lostTime is for how long a node must be gone to be taken for lost.
	lostTime = 30 * time.Second
)

// replace chooses another node in the place of one that is lost: once. A change that costs a second node is held.
func (r Record) replace(s situation) (next Record, changed bool) {
	i := slices.IndexFunc(r.Nodes, func(name string) bool { return s.gone[name] >= lostTime })
	if i < 0 {
		return r, false
	}
	name := r.Nodes[i]
	if len(r.Lost) > 0 {
		r.Stage, r.Reason = Held, fmt.Sprintf("node %s is gone, as is %s: both had it", name, strings.Join(r.Lost, ", "))
		return r, true
	}
	before := r
	r.Lost, r.Nodes = []string{name}, slices.Delete(slices.Clone(r.Nodes), i, i+1)
	able := candidates(s.nodes, r.Target)
	spare := slices.DeleteFunc(slices.Clone(able), r.first)
	if len(spare) < 2 && len(r.Nodes) == 0 {
		r.Stage, r.Reason = Held, fmt.Sprintf("node %s is gone since it was sent, and no other node can try it", name)
		return r, true
	}
	if r.Stage = Applying; len(spare) >= 2 {
		r.Nodes = append(r.Nodes, spare[0])
	}
	here := slices.DeleteFunc(slices.Clone(r.Nodes), func(name string) bool { return !s.nodes[name].GetConnected() })
	r.Start = before.starting(r, s.nodes, here)
	return r, true
}

// reported reports whether a node has sent a status since it connected: before, nothing is known of its requests.
func reported(n *adminv1.Node) bool { return n.GetUptime() != nil }

// applied reports whether every one of the first nodes is connected, has reported, and serves what is tried.
func (r Record) applied(s situation) bool {
	for _, name := range r.Nodes {
		n := s.nodes[name]
		if !n.GetConnected() || !reported(n) || n.GetAppliedRevision() < uint64(r.Target) || n.GetHeldRevision() != 0 {
			return false
		}
	}
	return len(r.Nodes) > 0
}

// watched is for how long the first nodes were watched, by their own clocks and as of their last reports.
func (r Record) watched(nodes map[string]*adminv1.Node) time.Duration {
	if r.Stage != Watching || len(r.Nodes) == 0 {
		return 0
	}
	least := time.Duration(1<<63 - 1)
	for _, name := range r.Nodes {
		least = min(least, nodes[name].GetUptime().AsDuration()-r.Start[name].Uptime)
	}
	return max(least, 0)
}

// count is what became of client requests since nodes began to be watched, as of their last reports.
func (r Record) count(nodes map[string]*adminv1.Node) *Counts {
	c := &Counts{}
	if r.Counts != nil {
		return r.Counts
	}
	if r.Stage != Watching {
		return c
	}
	for name, start := range r.Start {
		n := nodes[name]
		if n.GetBootId() != start.Boot {
			continue
		}
		requests, failed := max(n.GetRequests()-start.Requests, 0), max(n.GetFailedRequests()-start.Failed, 0)
		if slices.Contains(r.Nodes, name) {
			c.Requests, c.Failed = c.Requests+requests, c.Failed+failed
		} else if !slices.Contains(r.Lost, name) {
			c.OtherRequests, c.OtherFailed = c.OtherRequests+requests, c.OtherFailed+failed
		}
	}
	return c
}
