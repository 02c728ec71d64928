package adminapi_test

import (
	"slices"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/internal/domain/clientsetup"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	"github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1/adminv1connect"
)

func TestClientSetups(t *testing.T) {
	t.Parallel()
	e := start(t)
	c, ctx := e.admin(t), t.Context()
	ok(c.providers.CreateProvider(ctx, &adminv1.CreateProviderRequest{Provider: &adminv1.Provider{
		Name: "main", BaseUrl: "https://api.example.com", Endpoints: []*adminv1.Endpoint{{Api: "chat"}},
		Credentials: []*adminv1.Credential{{Name: "k", Secret: "s3cret-of-the-provider"}},
		Models:      []*adminv1.Model{{Id: "m"}},
	}}))(t)
	members := []*adminv1.Member{{Provider: "main", Model: "m"}}
	for _, g := range []*adminv1.Group{
		{Name: "pool", Aliases: []string{"other/*"}, Members: members},
		{Name: "native", Members: members, Policy: &adminv1.FailoverPolicy{Translation: "off"}},
		{Name: "off", Members: members, Enabled: proto.Bool(false)},
		{Name: "bare"},
	} {
		ok(c.groups.CreateGroup(ctx, &adminv1.CreateGroupRequest{Group: g}))(t)
	}
	for _, k := range []*adminv1.ApiKey{
		{Name: "app", Groups: []string{"pool", "native"}},
		{Name: "old", Groups: []string{"pool"}, ExpireTime: timestamppb.New(e.clock.Now().Add(time.Minute))},
	} {
		ok(c.keys.CreateApiKey(ctx, &adminv1.CreateApiKeyRequest{ApiKey: k}))(t)
	}
	viewer := e.client(t, header{"Authorization": "Bearer " + c.bearerOf(t, "reader", adminv1.Role_ROLE_VIEWER)})
	e.clock.Advance(time.Hour)
	service := adminv1connect.NewClientSetupServiceClient(viewer.conn)
	list := func(group, key string) []*adminv1.ClientSetup {
		t.Helper()
		return ok(service.ListClientSetups(ctx, &adminv1.ListClientSetupsRequest{Group: group, ApiKey: key, GatewayUrl: "https://g.example/sub/v1"}))(t).GetClientSetups()
	}
	for _, tc := range []struct {
		group, key, client string
		want               []adminv1.ClientSetupWarning
	}{
		{"pool", "", "codex", nil},
		{"pool", "app", "claude-code", nil},
		{"other/name", "app", "codex", nil},
		{"native", "app", "curl", nil},
		{"native", "app", "codex", []adminv1.ClientSetupWarning{adminv1.ClientSetupWarning_CLIENT_SETUP_WARNING_API_NOT_SERVED}},
		{"bare", "", "curl", []adminv1.ClientSetupWarning{adminv1.ClientSetupWarning_CLIENT_SETUP_WARNING_API_NOT_SERVED}},
		{"off", "app", "curl", []adminv1.ClientSetupWarning{adminv1.ClientSetupWarning_CLIENT_SETUP_WARNING_GROUP_DISABLED, adminv1.ClientSetupWarning_CLIENT_SETUP_WARNING_API_KEY_NOT_ALLOWED}},
		{"none", "app", "codex", []adminv1.ClientSetupWarning{adminv1.ClientSetupWarning_CLIENT_SETUP_WARNING_GROUP_UNKNOWN}},
		{"native", "old", "curl", []adminv1.ClientSetupWarning{adminv1.ClientSetupWarning_CLIENT_SETUP_WARNING_API_KEY_INACTIVE, adminv1.ClientSetupWarning_CLIENT_SETUP_WARNING_API_KEY_NOT_ALLOWED}},
		{"pool", "nobody", "curl", []adminv1.ClientSetupWarning{adminv1.ClientSetupWarning_CLIENT_SETUP_WARNING_API_KEY_UNKNOWN}},
	} {
		setups := list(tc.group, tc.key)
		if got := setups[slices.Index(clientsetup.Clients(), tc.client)].GetWarnings(); !slices.Equal(got, tc.want) {
			t.Errorf("%s for %s of %s: %v, want %v", tc.client, tc.key, tc.group, got, tc.want)
		}
	}
	want, err := clientsetup.Setups("https://g.example/sub", "pool")
	if err != nil || !proto.Equal(&adminv1.ListClientSetupsResponse{ClientSetups: list("pool", "app")}, &adminv1.ListClientSetupsResponse{ClientSetups: want}) {
		t.Errorf("the setups are not those of the package (%v)", err)
	}
}

func TestClientSetupsOfNothing(t *testing.T) {
	t.Parallel()
	e := start(t)
	service := adminv1connect.NewClientSetupServiceClient(e.admin(t).conn)
	for _, req := range []*adminv1.ListClientSetupsRequest{
		{GatewayUrl: "https://g.example"}, {Group: "a\x00b", GatewayUrl: "https://g.example"}, {Group: "g"}, {Group: "g", GatewayUrl: "g.example"}, {Group: "g", GatewayUrl: "https://g.example?x"},
	} {
		_, err := service.ListClientSetups(t.Context(), req)
		wantCode(t, err, connect.CodeInvalidArgument)
	}
}
