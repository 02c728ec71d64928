package adminapi_test

import (
	"strings"
	"testing"

	"connectrpc.com/connect/v2"

	"github.com/trunkline-ai/trunkline/controlplane/adminapi"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func TestNodesAreShownDrainedAndForgotten(t *testing.T) {
	t.Parallel()
	given := nodes{
		{Name: "node-a", Connected: true, AppliedRevision: 3, Replica: "r1"},
		{Name: "node-b", AppliedRevision: 2, Replica: "r2"},
	}
	e := start(t, func(c *adminapi.Config) { c.Nodes = given })
	c := e.admin(t)
	ctx := t.Context()
	if res := ok(c.nodes.ListNodes(ctx, &adminv1.ListNodesRequest{}))(t); res.GetIncomplete() != "the database is away" || len(res.GetNodes()) != 2 {
		t.Errorf("list %v", res)
	}
	if res := ok(c.nodes.GetNode(ctx, &adminv1.GetNodeRequest{Name: "node-a"}))(t); res.GetNode().GetReplica() != "r1" || res.GetRevision() != 0 {
		t.Errorf("node %v", res)
	}
	if res := ok(c.nodes.DrainNode(ctx, &adminv1.DrainNodeRequest{Name: "node-a"}))(t); !res.GetNode().GetDrainOrdered() {
		t.Errorf("drained %v", res)
	}
	if res := ok(c.nodes.DrainNode(ctx, &adminv1.DrainNodeRequest{Name: "node-a", Undo: true}))(t); res.GetNode().GetDrainOrdered() {
		t.Errorf("undone %v", res)
	}
	ok(c.nodes.ForgetNode(ctx, &adminv1.ForgetNodeRequest{Name: "node-b"}))(t)
	_, err := c.nodes.ForgetNode(ctx, &adminv1.ForgetNodeRequest{Name: "node-a"})
	wantCode(t, err, connect.CodeFailedPrecondition)
	for name, code := range map[string]connect.Code{"nobody": connect.CodeNotFound, "": connect.CodeInvalidArgument, strings.Repeat("n", 129): connect.CodeInvalidArgument} {
		_, err := c.nodes.GetNode(ctx, &adminv1.GetNodeRequest{Name: name})
		wantCode(t, err, code)
		_, err = c.nodes.DrainNode(ctx, &adminv1.DrainNodeRequest{Name: name})
		wantCode(t, err, code)
		_, err = c.nodes.ForgetNode(ctx, &adminv1.ForgetNodeRequest{Name: name})
		wantCode(t, err, code)
	}
}
