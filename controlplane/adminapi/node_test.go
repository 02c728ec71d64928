package adminapi_test

import (
	"context"
	"strings"
	"testing"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane/adminapi"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// reluctant are nodes that follow an order to drain when they have been looked at twice since.
type reluctant struct {
	nodes
	changed chan struct{}
	looks   int
}

func (r *reluctant) DrainNode(ctx context.Context, name string, drain bool) (*adminv1.Node, error) {
	node, err := r.nodes.Node(name)
	if err != nil {
		return nil, err
	}
	node.DrainOrdered, r.looks = drain, 0
	return proto.CloneOf(node), nil
}

func (r *reluctant) Node(name string) (*adminv1.Node, error) {
	node, err := r.nodes.Node(name)
	if err != nil {
		return nil, err
	}
	if r.looks++; r.looks > 2 {
		node.Draining = node.GetDrainOrdered()
	}
	select {
	case r.changed <- struct{}{}:
	default:
	}
	return proto.CloneOf(node), nil
}

func (r *reluctant) Subscribe() (<-chan struct{}, func()) { return r.changed, func() {} }

// TestADrainIsAnsweredWhenTheNodeFollows: not with how it stood before. One that is gone is not waited for.
func TestADrainIsAnsweredWhenTheNodeFollows(t *testing.T) {
	t.Parallel()
	given := &reluctant{changed: make(chan struct{}, 1), nodes: nodes{{Name: "here", Connected: true}, {Name: "gone", Draining: true}}}
	c := start(t, func(c *adminapi.Config) { c.Nodes = given }).admin(t)
	for _, tt := range []struct {
		node  string
		undo  bool
		state adminv1.NodeState
		looks int
	}{
		{"here", false, adminv1.NodeState_NODE_STATE_DRAINING, 3},
		{"here", true, adminv1.NodeState_NODE_STATE_READY, 3},
		{"gone", true, adminv1.NodeState_NODE_STATE_DISCONNECTED, 1},
	} {
		res := ok(c.nodes.DrainNode(t.Context(), &adminv1.DrainNodeRequest{Name: tt.node, Undo: tt.undo}))(t)
		if got := res.GetNode().GetState(); got != tt.state || given.looks != tt.looks {
			t.Errorf("%s, undo %t: %v after %d looks, want %v after %d", tt.node, tt.undo, got, given.looks, tt.state, tt.looks)
		}
	}
}

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
