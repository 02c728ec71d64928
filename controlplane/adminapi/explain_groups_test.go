package adminapi_test

import (
	"fmt"
	"slices"
	"testing"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/controlplane/adminapi"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// routed is an admin API with the providers main and spare, the groups a to e, of which b has
// the alias two, and a node on which spare cools.
func routed(t *testing.T) *client {
	t.Helper()
	e := start(t, func(c *adminapi.Config) {
		c.Nodes = nodes{{Name: "n1", Connected: true, Targets: []*adminv1.TargetHealth{
			{Provider: "spare", State: adminv1.TargetState_TARGET_STATE_COOLING, Reason: "dns_error", Remaining: durationpb.New(9e9)},
		}}}
	})
	c, ctx := e.admin(t), t.Context()
	for _, name := range []string{"main", "spare"} {
		ok(c.providers.CreateProvider(ctx, &adminv1.CreateProviderRequest{Provider: &adminv1.Provider{
			Name: name, BaseUrl: "https://api.example.com/v1",
			Credentials: []*adminv1.Credential{{Name: "k", Secret: "s3cret-of-the-provider"}}, Models: []*adminv1.Model{{Id: "m"}},
		}}))(t)
	}
	for _, name := range []string{"e", "d", "c", "b", "a"} {
		group := &adminv1.Group{Name: name, Members: []*adminv1.Member{{Provider: "main", Model: "m"}}}
		switch name {
		case "b":
			group.Aliases = []string{"two"}
		case "c":
			group.Members[0].Provider = "spare"
		}
		ok(c.groups.CreateGroup(ctx, &adminv1.CreateGroupRequest{Group: group}))(t)
	}
	return c
}

func TestExplainGroupsPageByPage(t *testing.T) {
	t.Parallel()
	c, ctx := routed(t), t.Context()
	for _, tt := range []struct {
		names []string
		size  int32
		want  []string // a page each
	}{
		{nil, 0, []string{"[a HEALTHY b HEALTHY c COOLING d HEALTHY e HEALTHY]"}},
		{nil, 2, []string{"[a HEALTHY b HEALTHY]", "[c COOLING d HEALTHY]", "[e HEALTHY]"}},
		{[]string{"e", "two", "b", "c"}, 0, []string{"[b HEALTHY c COOLING e HEALTHY]"}},
		{[]string{"e", "two", "b", "c"}, 2, []string{"[b HEALTHY c COOLING]", "[e HEALTHY]"}},
	} {
		req := &adminv1.ExplainGroupsRequest{Names: tt.names, PageSize: tt.size}
		var pages []string
		for {
			res := ok(c.groups.ExplainGroups(ctx, req))(t)
			var page []string
			for _, r := range res.GetRoutes() {
				page = append(page, r.GetGroup(), r.GetState().String()[len("TARGET_STATE_"):])
			}
			pages = append(pages, fmt.Sprint(page))
			if req.PageToken = res.GetNextPageToken(); req.PageToken == "" {
				break
			}
		}
		if !slices.Equal(pages, tt.want) {
			t.Errorf("%v by %d: %q, want %q", tt.names, tt.size, pages, tt.want)
		}
	}
	for code, req := range map[connect.Code]*adminv1.ExplainGroupsRequest{
		connect.CodeNotFound:        {Names: []string{"a", "nobody"}},
		connect.CodeInvalidArgument: {PageToken: "???"},
	} {
		_, err := c.groups.ExplainGroups(ctx, req)
		wantCode(t, err, code)
	}
	_, err := c.groups.ExplainGroups(ctx, &adminv1.ExplainGroupsRequest{PageSize: 1001})
	wantCode(t, err, connect.CodeInvalidArgument)
	next := ok(c.groups.ExplainGroups(ctx, &adminv1.ExplainGroupsRequest{PageSize: 1}))(t).GetNextPageToken()
	_, err = c.groups.ExplainGroups(ctx, &adminv1.ExplainGroupsRequest{Names: []string{"a", "b"}, PageToken: next})
	wantCode(t, err, connect.CodeInvalidArgument)
}

func TestListProviderHealth(t *testing.T) {
	t.Parallel()
	c, ctx := routed(t), t.Context()
	all := ok(c.providers.ListProviderHealth(ctx, &adminv1.ListProviderHealthRequest{}))(t).GetProviders()
	if len(all) != 2 || all[0].GetProvider() != "main" || all[0].GetState() != adminv1.TargetState_TARGET_STATE_HEALTHY || all[0].GetUsableModels() != 1 ||
		!slices.Equal(all[0].GetGroups(), []string{"a", "b", "d", "e"}) {
		t.Fatalf("got %v", all)
	}
	one := ok(c.providers.ListProviderHealth(ctx, &adminv1.ListProviderHealthRequest{Names: []string{"spare", "spare"}}))(t).GetProviders()
	if len(one) != 1 || one[0].GetState() != adminv1.TargetState_TARGET_STATE_COOLING || one[0].GetReason() != "dns_error" ||
		one[0].GetRemaining().AsDuration() != 9e9 || one[0].GetUsableModels() != 0 || len(one[0].GetTargets()) != 1 {
		t.Errorf("got %v", one)
	}
	_, err := c.providers.ListProviderHealth(ctx, &adminv1.ListProviderHealthRequest{Names: []string{"main", "none"}})
	wantCode(t, err, connect.CodeNotFound)
}
