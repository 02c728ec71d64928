package adminapi_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane/adminapi"
	"github.com/trunkline-ai/trunkline/controlplane/pki"
	"github.com/trunkline-ai/trunkline/controlplane/pki/pkitest"
	"github.com/trunkline-ai/trunkline/controlplane/store"
	"github.com/trunkline-ai/trunkline/internal/domain/nodeid"
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

// Nodes that come with a certificate of this control plane although the database does not know them are listed among the
// others, in name order, and so is one that the list still has from before.
func TestOrphanedNodesAreListed(t *testing.T) {
	t.Parallel()
	e := start(t, func(c *adminapi.Config) {
		c.Nodes = nodes{{Name: "b-known", Connected: true}, {Name: "c-restored", AppliedRevision: 9}, {Name: "d-back", Connected: true}}
	})
	come := func(node string) {
		t.Helper()
		_, request := pkitest.Request(t)
		certificate, err := ok(pki.Ensure(t.Context(), store.NewSecrets(e.backend.db), e.backend.sealer, e.clock.Now))(t).Issue(node, request)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.joins.Identify(t.Context(), certificate); nodeid.ReasonOf(err) != nodeid.Unknown {
			t.Fatalf("%s is refused with %v", node, err)
		}
	}
	for _, node := range []string{"d-back", "c-restored", "a-gone"} {
		come(node)
	}
	c := e.admin(t)
	got := map[string]adminv1.NodeState{}
	var order []string
	for _, n := range ok(c.nodes.ListNodes(t.Context(), &adminv1.ListNodesRequest{}))(t).GetNodes() {
		got[n.GetName()], order = n.GetState(), append(order, n.GetName())
		if orphaned := n.GetState() == adminv1.NodeState_NODE_STATE_ORPHANED; orphaned != strings.Contains(n.GetError(), "the database knows no such node") || orphaned != (n.GetLastSeenTime() != nil) {
			t.Errorf("node %v", n)
		}
	}
	want := map[string]adminv1.NodeState{
		"a-gone": adminv1.NodeState_NODE_STATE_ORPHANED, "b-known": adminv1.NodeState_NODE_STATE_READY,
		"c-restored": adminv1.NodeState_NODE_STATE_ORPHANED, "d-back": adminv1.NodeState_NODE_STATE_READY,
	}
	if !maps.Equal(got, want) || !slices.IsSorted(order) {
		t.Errorf("nodes %v in the order %v, want %v", got, order, want)
	}
}
