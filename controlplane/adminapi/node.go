package adminapi

import (
	"context"
	"slices"
	"strings"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

// nodeService shows the data-plane nodes.
type nodeService struct {
	adminv1connect.UnimplementedNodeServiceHandler
	nodes Nodes
	live  Live
}

// ListNodes lists the nodes in name order, beside the revision they should serve.
func (s nodeService) ListNodes(context.Context, *adminv1.ListNodesRequest) (*adminv1.ListNodesResponse, error) {
	nodes := slices.SortedFunc(slices.Values(s.nodes.Nodes()), func(a, b *adminv1.Node) int {
		return strings.Compare(a.GetName(), b.GetName())
	})
	return &adminv1.ListNodesResponse{Nodes: nodes, Revision: uint64(s.live.Current().Revision)}, nil
}
