package app_test

import (
	"context"
	"strconv"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

type callFake struct {
	adminv1connect.UnimplementedCallServiceHandler
}

func aCall(i int) *adminv1.Call {
	return &adminv1.Call{
		Id: "call-" + strconv.Itoa(i), StartTime: &timestamppb.Timestamp{Seconds: 1795431600}, Model: "gpt-4", Group: "pool", ApiKey: "my-app",
		Outcome: "ok", Status: 200, Provider: "openai", AttemptCount: 2, Duration: durationpb.New(1500e6), Cost: "0.0012",
	}
}

// ListCalls has no end, as a log has none.
func (callFake) ListCalls(_ context.Context, req *adminv1.ListCallsRequest) (*adminv1.ListCallsResponse, error) {
	if req.GetFilter().GetOutcome() == "none" {
		return &adminv1.ListCallsResponse{}, nil
	}
	from, _ := strconv.Atoi(req.GetPageToken())
	out := &adminv1.ListCallsResponse{NextPageToken: strconv.Itoa(from + int(req.GetPageSize()))}
	for i := range int(req.GetPageSize()) {
		out.Calls = append(out.Calls, aCall(from+i))
	}
	return out, nil
}

func (callFake) GetCall(_ context.Context, req *adminv1.GetCallRequest) (*adminv1.GetCallResponse, error) {
	c := aCall(1)
	c.Id = req.GetId()
	c.Attempts = []*adminv1.Attempt{
		{Provider: "dead", Model: "m", Outcome: "connect_error", Reason: "dial tcp: refused", Duration: durationpb.New(2e6)},
		{Provider: "openai", Model: "gpt-4o-mini", Credential: "main", Status: 200, Outcome: "ok", StartOffset: durationpb.New(3e6), Duration: durationpb.New(1490e6)},
	}
	return &adminv1.GetCallResponse{Call: c}, nil
}

type nodeFake struct {
	adminv1connect.UnimplementedNodeServiceHandler
}

func (nodeFake) ListNodes(context.Context, *adminv1.ListNodesRequest) (*adminv1.ListNodesResponse, error) {
	return &adminv1.ListNodesResponse{Revision: 7, Nodes: []*adminv1.Node{{
		Name: "node-1", Version: "v1", Connected: true, State: adminv1.NodeState_NODE_STATE_READY, AppliedRevision: 7, InFlight: 3,
		Targets: []*adminv1.TargetHealth{{Provider: "openai", Model: "m", State: adminv1.TargetState_TARGET_STATE_COOLING, Remaining: durationpb.New(12e9), Reason: "rate_limited"}},
	}, {
		Name: "node-2", Version: "v1", State: adminv1.NodeState_NODE_STATE_ORPHANED, Error: "the database knows no such node",
		LastSeenTime: &timestamppb.Timestamp{Seconds: 1795431600},
	}}}, nil
}
