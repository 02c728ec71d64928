package adminapi

import (
	"context"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// nodeService shows the data-plane nodes and takes them out of load balancing.
type nodeService struct {
	adminv1connect.UnimplementedNodeServiceHandler
	nodes      Nodes
	live       Live
	enrollment Enrollment // nil: nobody joins
	now        func() time.Time
}

// ListNodes lists the nodes in name order, beside the revision they should serve.
func (s nodeService) ListNodes(_ context.Context, req *adminv1.ListNodesRequest) (*adminv1.ListNodesResponse, error) {
	reader, err := newReader[*adminv1.Node](req.GetReadMask())
	if err != nil {
		return nil, err
	}
	nodes := s.nodes.Nodes()
	for i, node := range nodes {
		nodes[i] = proto.CloneOf(node)
	}
	nodes = slices.SortedFunc(slices.Values(s.withOrphans(nodes)), func(a, b *adminv1.Node) int {
		return strings.Compare(a.GetName(), b.GetName())
	})
	s.certify(nodes...)
	for i, node := range nodes {
		nodes[i] = reader.part(node)
	}
	return &adminv1.ListNodesResponse{
		Nodes: nodes, Revision: uint64(s.live.Current().Revision), Incomplete: s.nodes.Incomplete(),
	}, nil
}

// GetNode returns one node.
func (s nodeService) GetNode(_ context.Context, req *adminv1.GetNodeRequest) (*adminv1.GetNodeResponse, error) {
	node, err := s.nodes.Node(req.GetName())
	if err != nil {
		return nil, err
	}
	s.certify(node)
	return &adminv1.GetNodeResponse{Node: node, Revision: uint64(s.live.Current().Revision)}, nil
}

// DrainNode takes a node out of load balancing, or back in, and waits a moment for the node to follow:
// the answer would otherwise show how it stood before.
func (s nodeService) DrainNode(ctx context.Context, req *adminv1.DrainNodeRequest) (*adminv1.DrainNodeResponse, error) {
	node, err := s.nodes.DrainNode(ctx, req.GetName(), !req.GetUndo())
	if err != nil {
		return nil, err
	}
	awaitNodes(ctx, s.nodes, confirmWait, func() bool {
		if now, err := s.nodes.Node(req.GetName()); err == nil {
			node = now
		}
		return !node.GetConnected() || node.GetDraining() == node.GetDrainOrdered()
	})
	s.certify(node)
	return &adminv1.DrainNodeResponse{Node: node}, nil
}

// ForgetNode stops listing a node that is gone.
func (s nodeService) ForgetNode(ctx context.Context, req *adminv1.ForgetNodeRequest) (*adminv1.ForgetNodeResponse, error) {
	if err := s.nodes.ForgetNode(ctx, req.GetName()); err != nil {
		return nil, err
	}
	return &adminv1.ForgetNodeResponse{}, nil
}
