package adminapi

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// judge says of each node how it stands, in one word.
func (s nodeService) judge(nodes []*adminv1.Node) {
	revision := uint64(s.live.Current().Revision)
	for _, n := range nodes {
		if n.GetState() != adminv1.NodeState_NODE_STATE_ORPHANED {
			n.State = stateOf(n, revision)
		}
	}
}

func stateOf(n *adminv1.Node, revision uint64) adminv1.NodeState {
	switch {
	case n.GetRevoked():
		return adminv1.NodeState_NODE_STATE_REVOKED
	case !n.GetConnected():
		return adminv1.NodeState_NODE_STATE_DISCONNECTED
	case n.GetLineage().GetAhead():
		return adminv1.NodeState_NODE_STATE_AHEAD
	case n.GetError() != "":
		return adminv1.NodeState_NODE_STATE_REFUSING
	case n.GetAppliedRevision() == 0 && revision > 0:
		return adminv1.NodeState_NODE_STATE_STARTING
	case n.GetDraining(), n.GetDrainOrdered():
		return adminv1.NodeState_NODE_STATE_DRAINING
	case n.GetHeldRevision() != 0:
		return adminv1.NodeState_NODE_STATE_HELD_BACK
	case n.GetAppliedRevision() < revision:
		return adminv1.NodeState_NODE_STATE_BEHIND
	}
	return adminv1.NodeState_NODE_STATE_READY
}

// withOrphans adds the nodes that the database does not know, and says so of those that are listed
// from before it was set back.
func (s nodeService) withOrphans(nodes []*adminv1.Node) []*adminv1.Node {
	if s.enrollment == nil {
		return nodes
	}
	orphans := s.enrollment.Orphans()
	for _, n := range nodes {
		if seen, ok := orphans[n.GetName()]; ok && !n.GetConnected() {
			n.State, n.Error, n.LastSeenTime = adminv1.NodeState_NODE_STATE_ORPHANED, orphaned, timestamppb.New(seen)
		}
		delete(orphans, n.GetName())
	}
	for name, seen := range orphans {
		nodes = append(nodes, &adminv1.Node{
			Name: name, State: adminv1.NodeState_NODE_STATE_ORPHANED, Error: orphaned, LastSeenTime: timestamppb.New(seen),
		})
	}
	return nodes
}

// orphaned is the trouble of such a node.
const orphaned = "its certificate is one of this control plane, but the database knows no such node: it joined after the backup that was restored, or was removed; " +
	"let it join again with a new token, or stop it"
