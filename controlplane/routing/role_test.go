package routing_test

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane/routing"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func TestRolesAndShares(t *testing.T) {
	t.Parallel()
	onOne := func(lines ...*adminv1.TargetHealth) []*adminv1.Node {
		return []*adminv1.Node{{Name: "n1", Connected: true, Targets: lines}}
	}
	wholes := func(state string) []*adminv1.Node {
		return onOne(health("a", "", "", state, "busy", 9, 0), health("b", "", "", state, "dns_error", 9, 0))
	}
	tests := []struct {
		name, selection string
		nodes           []*adminv1.Node
		state, want     string
	}{
		{"cheapest", "", nil, "healthy", "cheap serving 1, dear next, twin standby, unpriced standby, call standby"},
		{
			"weighted", "weighted", nil, "healthy",
			"twin serving 0.5625, cheap serving 0.25, unpriced serving 0.125, dear serving 0.0625, call next",
		},
		{
			"what cools shares nothing", "least_busy", onOne(health("b", "twin", "", "cooling", "busy", 9, 0)),
			"degraded: first_not_serving", "cheap serving 0.5714285714285714, unpriced serving 0.2857142857142857, dear serving 0.14285714285714285, call next, twin last_resort",
		},
		{
			"what is probed shares nothing", "", onOne(health("a", "cheap", "", "probing", "busy", 0, 0)),
			"degraded: first_not_serving", "cheap probing, dear serving 1, twin next, unpriced next, call standby",
		},
		{
			"what failed serves on", "", onOne(health("a", "cheap", "", "degraded", "", 0, 2)),
			"healthy", "cheap serving 1, dear next, twin standby, unpriced standby, call standby",
		},
		{
			"the second best may cool", "", onOne(health("a", "dear", "", "cooling", "auth_failed", 60, 0)),
			"healthy", "cheap serving 1, twin next, unpriced next, call standby, dear last_resort",
		},
		{
			"all cool", "", wholes("cooling"), "cooling: all_cooling",
			"cheap last_resort, dear last_resort, twin last_resort, unpriced last_resort, call last_resort",
		},
		{
			"all are probed", "", wholes("probing"), "degraded: first_not_serving",
			"cheap probing, dear probing, twin probing, unpriced probing, call probing",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := explain(t, explainConfig(tt.selection), "pool", tt.nodes)
			if s := groupState(got); s != tt.state {
				t.Errorf("the group is %s, want %s", s, tt.state)
			}
			if s := roles(got); s != tt.want {
				t.Errorf("roles\n%s, want\n%s", s, tt.want)
			}
		})
	}
}

func TestGroupsThatNobodyServes(t *testing.T) {
	t.Parallel()
	off := proto.Bool(false)
	member := &adminv1.Member{Provider: "a", Model: "dear"}
	for _, tt := range []struct {
		want    string
		enabled *bool
		members []*adminv1.Member
	}{
		{"healthy", nil, []*adminv1.Member{member}},
		{"disabled: disabled", off, []*adminv1.Member{member}},
		{"cooling: no_members", nil, nil},
		{"cooling: all_left_out", nil, []*adminv1.Member{{Provider: "a", Model: "dear", Enabled: off}, {Provider: "gone", Model: "m"}}},
		{"cooling: all_left_out", nil, []*adminv1.Member{{Provider: "never", Model: "m"}}},
	} {
		group := &adminv1.Group{Enabled: tt.enabled, Members: tt.members}
		if got := groupState(routing.NewView(explainConfig(""), nil).Explain(group)); got != tt.want {
			t.Errorf("%v is %q, want %q", group, got, tt.want)
		}
	}
}

func groupState(r *adminv1.GroupRoute) string {
	if r.GetReason() == 0 {
		return shortState(r.GetState())
	}
	return shortState(r.GetState()) + ": " + strings.ToLower(strings.TrimPrefix(r.GetReason().String(), "GROUP_ROUTE_REASON_"))
}

func roles(r *adminv1.GroupRoute) string {
	out := make([]string, len(r.GetCandidates()))
	for i, c := range r.GetCandidates() {
		out[i] = c.GetModel() + " " + strings.ToLower(strings.TrimPrefix(c.GetRole().String(), "CANDIDATE_ROLE_"))
		if c.GetShare() != 0 {
			out[i] += fmt.Sprintf(" %v", c.GetShare())
		}
	}
	return strings.Join(out, ", ")
}
