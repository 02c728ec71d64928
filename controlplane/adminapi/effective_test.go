package adminapi_test

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func wantEqual(t *testing.T, what string, got, want proto.Message) {
	t.Helper()
	if !proto.Equal(got, want) {
		t.Errorf("%s is\n%v\nwant\n%v", what, got, want)
	}
}

// Every answer with a group says which policy holds for it; what a request says of that is
// ignored.
func TestGroupsTellTheirEffectivePolicy(t *testing.T) {
	t.Parallel()
	c, ctx := start(t).admin(t), t.Context()
	c.createProvider(t, provider("main"))
	ok(c.settings.UpdateSettings(ctx, &adminv1.UpdateSettingsRequest{Settings: &adminv1.Settings{
		Failover: &adminv1.FailoverPolicy{MaxAttempts: proto.Int32(2), TotalTimeout: durationpb.New(90e9)},
	}}))(t)
	g := group("pool", "main")
	g.Policy = &adminv1.FailoverPolicy{MaxAttempts: proto.Int32(3)}
	g.EffectivePolicy = &adminv1.FailoverPolicy{MaxAttempts: proto.Int32(19)}
	want := controlplane.EffectivePolicy(nil, nil)
	want.MaxAttempts, want.TotalTimeout, want.StreamTotalTimeout = proto.Int32(3), durationpb.New(90e9), durationpb.New(90e9)

	created := c.createGroup(t, g)
	wantEqual(t, "after a creation it", created.GetEffectivePolicy(), want)
	wantEqual(t, "after a reading it", ok(c.groups.GetGroup(ctx, &adminv1.GetGroupRequest{Name: "pool"}))(t).GetGroup().GetEffectivePolicy(), want)
	wantEqual(t, "in a list it", ok(c.groups.ListGroups(ctx, &adminv1.ListGroupsRequest{}))(t).GetGroups()[0].GetEffectivePolicy(), want)
	created.Policy, want.MaxAttempts = nil, proto.Int32(2)
	updated := ok(c.groups.UpdateGroup(ctx, &adminv1.UpdateGroupRequest{Group: created}))(t).GetGroup()
	wantEqual(t, "after an update it", updated.GetEffectivePolicy(), want)
	if updated.GetPolicy() != nil {
		t.Errorf("what holds was stored as what is set: %v", updated.GetPolicy())
	}
}

func TestProvidersTellTheirEffectiveTimeouts(t *testing.T) {
	t.Parallel()
	c, ctx := start(t).admin(t), t.Context()
	p := provider("main")
	p.Timeouts = &adminv1.ProviderTimeouts{Connect: durationpb.New(1e9)}
	p.EffectiveTimeouts = &adminv1.ProviderTimeouts{Connect: durationpb.New(9e9)}
	want := controlplane.EffectiveTimeouts(nil, p.Timeouts)
	created := c.createProvider(t, p)
	wantEqual(t, "after a creation they", created.GetEffectiveTimeouts(), want)
	ok(c.settings.UpdateSettings(ctx, &adminv1.UpdateSettingsRequest{Settings: &adminv1.Settings{
		Failover: &adminv1.FailoverPolicy{ConnectTimeout: durationpb.New(2e9), ResponseTimeout: durationpb.New(3e9)},
	}}))(t)
	want.Response = durationpb.New(3e9)
	wantEqual(t, "after a reading they", ok(c.providers.GetProvider(ctx, &adminv1.GetProviderRequest{Name: "main"}))(t).GetProvider().GetEffectiveTimeouts(), want)
	wantEqual(t, "in a list they", ok(c.providers.ListProviders(ctx, &adminv1.ListProvidersRequest{}))(t).GetProviders()[0].GetEffectiveTimeouts(), want)
	created.Timeouts, want.Connect = nil, durationpb.New(2e9)
	wantEqual(t, "after an update they", ok(c.providers.UpdateProvider(ctx, &adminv1.UpdateProviderRequest{Provider: created}))(t).GetProvider().GetEffectiveTimeouts(), want)
}

func TestSettingsTellWhatHolds(t *testing.T) {
	t.Parallel()
	c, ctx := start(t).admin(t), t.Context()
	policy, retention := controlplane.EffectivePolicy(nil, nil), controlplane.EffectiveRetention(nil)
	sockets := controlplane.EffectiveWebSocket(nil)
	check := func(what string, s *adminv1.Settings) {
		t.Helper()
		wantEqual(t, what+": the policy that holds", s.GetEffectiveFailover(), policy)
		wantEqual(t, what+": the retention that holds", s.GetEffectiveRetention(), retention)
		wantEqual(t, what+": the WebSockets that are accepted", s.GetEffectiveWebsocket(), sockets)
		wantEqual(t, what+": the default policy", s.GetDefaultFailover(), controlplane.EffectivePolicy(nil, nil))
		wantEqual(t, what+": the default retention", s.GetDefaultRetention(), controlplane.EffectiveRetention(nil))
	}
	check("before the first change", ok(c.settings.GetSettings(ctx, &adminv1.GetSettingsRequest{}))(t).GetSettings())

	asked := &adminv1.Settings{
		Failover: &adminv1.FailoverPolicy{Cooldown: durationpb.New(7e9)}, Retention: &adminv1.Retention{Calls: durationpb.New(7200e9)},
		EffectiveFailover: &adminv1.FailoverPolicy{Cooldown: durationpb.New(8e9)}, DefaultRetention: &adminv1.Retention{Calls: durationpb.New(3600e9)},
		Websocket: &adminv1.WebSocket{MaxConnectionsPerKey: proto.Int32(5)}, EffectiveWebsocket: &adminv1.WebSocket{Enabled: proto.Bool(false)},
	}
	sockets.MaxConnectionsPerKey = proto.Int32(5)
	policy.Cooldown, retention.Calls = durationpb.New(7e9), durationpb.New(7200e9)
	check("after an update", ok(c.settings.UpdateSettings(ctx, &adminv1.UpdateSettingsRequest{Settings: asked}))(t).GetSettings())
	check("after that", ok(c.settings.GetSettings(ctx, &adminv1.GetSettingsRequest{}))(t).GetSettings())
}
