package adminapi_test

import (
	"slices"
	"strings"
	"testing"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/controlplane/adminapi"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func TestExplainAndReset(t *testing.T) {
	t.Parallel()
	asked := &resets{}
	e := start(t, func(c *adminapi.Config) {
		c.Cooldowns = asked
		c.Nodes = nodes{{Name: "n1", Connected: true, Targets: []*adminv1.TargetHealth{
			{Provider: "main", Model: "gpt-4o", State: adminv1.TargetState_TARGET_STATE_COOLING, Reason: "busy", Remaining: durationpb.New(9e9)},
		}}}
	})
	c, ctx := e.admin(t), t.Context()
	ok(c.providers.CreateProvider(ctx, &adminv1.CreateProviderRequest{Provider: &adminv1.Provider{
		Name: "main", BaseUrl: "https://api.example.com/v1",
		Credentials: []*adminv1.Credential{{Name: "k", Secret: "s3cret-of-the-provider"}},
		Models:      []*adminv1.Model{{Id: "gpt-4o", Alias: "big"}, {Id: "mini"}},
	}}))(t)
	ok(c.groups.CreateGroup(ctx, &adminv1.CreateGroupRequest{Group: &adminv1.Group{
		Name: "pool", Aliases: []string{"chat"}, Members: []*adminv1.Member{{Provider: "main", Model: "big"}, {Provider: "main", Model: "mini", Priority: 1}},
	}}))(t)

	got := ok(c.groups.ExplainGroup(ctx, &adminv1.ExplainGroupRequest{Name: "chat"}))(t)
	var order []string
	for _, candidate := range got.GetRoute().GetCandidates() {
		order = append(order, candidate.GetModel()+" "+candidate.GetState().String())
	}
	if !slices.Equal(order, []string{"mini TARGET_STATE_HEALTHY", "gpt-4o TARGET_STATE_COOLING"}) {
		t.Errorf("order %q", order)
	}
	sticky := ok(c.groups.CreateGroup(ctx, &adminv1.CreateGroupRequest{Group: &adminv1.Group{
		Name: "sticky", Selection: "sticky", Members: []*adminv1.Member{{Provider: "main", Model: "big"}, {Provider: "main", Model: "mini"}},
		Policy: &adminv1.FailoverPolicy{AffinityHold: durationpb.New(0)},
	}}))(t)
	if hold := sticky.GetGroup().GetEffectivePolicy().GetAffinityHold(); hold == nil || hold.AsDuration() != 0 {
		t.Errorf("affinity_hold %v", hold)
	}
	c.createKey(t, &adminv1.ApiKey{Name: "app"})
	session := ok(c.groups.ExplainGroup(ctx, &adminv1.ExplainGroupRequest{Name: "sticky", Session: "s", ApiKey: "app"}))(t).GetRoute()
	if first := session.GetCandidates()[0]; first.GetModel() != "mini" || first.GetCredential() != "k" || first.GetShare() != 1 { // gpt-4o cools
		t.Errorf("a conversation goes to %v", first)
	}
	both := ok(c.groups.ExplainGroups(ctx, &adminv1.ExplainGroupsRequest{Names: []string{"pool", "sticky"}, Session: "s", ApiKey: "app"}))(t).GetRoutes()
	if len(both) != 2 || both[0].GetCandidates()[0].GetCredential() != "" || both[1].GetCandidates()[0].GetCredential() != "k" {
		t.Errorf("only a sticky group minds the conversation: %v", both)
	}
	for _, req := range []*adminv1.ExplainGroupRequest{{Name: "sticky", Session: "s"}, {Name: "sticky", ApiKey: "app"}, {Name: "sticky", Session: strings.Repeat("s", 1025), ApiKey: "app"}} {
		_, err := c.groups.ExplainGroup(ctx, req)
		wantCode(t, err, connect.CodeInvalidArgument)
	}
	_, err := c.groups.ExplainGroup(ctx, &adminv1.ExplainGroupRequest{Name: "none"})
	wantCode(t, err, connect.CodeNotFound)

	for _, req := range []*adminv1.ResetCooldownRequest{
		{Provider: "main"}, {Provider: "main", Model: "big"}, {Provider: "main", Credential: "k"},
	} {
		if res := ok(c.providers.ResetCooldown(ctx, req))(t); !slices.Equal(res.GetNodes(), []string{"a", "b"}) {
			t.Errorf("nodes %q", res.GetNodes())
		}
	}
	if want := [][3]string{{"main", "", ""}, {"main", "gpt-4o", ""}, {"main", "", "k"}}; !slices.Equal(asked.asked, want) {
		t.Errorf("asked %q, want %q", asked.asked, want)
	}
	for code, reqs := range map[connect.Code][]*adminv1.ResetCooldownRequest{
		connect.CodeNotFound:        {{Provider: "none"}},
		connect.CodeInvalidArgument: {{}, {Provider: "main", Model: "none"}, {Provider: "main", Credential: "none"}, {Provider: "main", Model: "big", Credential: "k"}},
	} {
		for _, req := range reqs {
			_, err := c.providers.ResetCooldown(ctx, req)
			wantCode(t, err, code)
		}
	}
	if len(asked.asked) != 3 {
		t.Errorf("a refused reset reached the nodes: %q", asked.asked)
	}
}
