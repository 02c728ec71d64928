package app_test

import (
	"context"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// ExplainGroups explains any group that is named, and alpha and beta when none is.
func (groupFake) ExplainGroups(_ context.Context, req *adminv1.ExplainGroupsRequest) (*adminv1.ExplainGroupsResponse, error) {
	names := req.GetNames()
	if len(names) == 0 {
		names = []string{"alpha", "beta"}
	}
	out := &adminv1.ExplainGroupsResponse{}
	for _, name := range names {
		out.Routes = append(out.Routes, &adminv1.GroupRoute{
			Group: name, State: adminv1.TargetState_TARGET_STATE_HEALTHY,
			Candidates: []*adminv1.Candidate{
				{Provider: "p", Model: "m", Weight: 1, State: adminv1.TargetState_TARGET_STATE_HEALTHY, Role: adminv1.CandidateRole_CANDIDATE_ROLE_SERVING, Share: 1},
				{Provider: "q", Model: "m", Weight: 1, Priority: 1, State: adminv1.TargetState_TARGET_STATE_DEGRADED, Role: adminv1.CandidateRole_CANDIDATE_ROLE_NEXT, Failures: 2, Threshold: 5, Nodes: []string{"n1"}},
			},
		})
	}
	return out, nil
}
