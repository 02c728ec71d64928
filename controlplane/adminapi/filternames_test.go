package adminapi_test

import (
	"testing"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane/alerts"
	"github.com/trunkline-ai/trunkline/controlplane/store"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// A filter by a name that there is not would find nothing, which looks like good news.
func TestFiltersNameWhatThereIs(t *testing.T) {
	t.Parallel()
	e := start(t)
	c, ctx := e.admin(t), t.Context()
	c.createProvider(t, provider("main"))
	c.createGroup(t, group("pool", "main"))
	c.createKey(t, &adminv1.ApiKey{Name: "app", Groups: []string{"pool"}})
	c.createKey(t, &adminv1.ApiKey{Name: "owned", Owner: "ann"})
	now := timestamppb.New(e.clock.Now())
	if err := store.NewAlerts(e.backend.db).RecordDelivery(ctx, alerts.Delivery{ChannelUID: "u", AlertDelivery: &adminv1.AlertDelivery{
		Id: "d1", Channel: "deleted", CreateTime: now, State: adminv1.AlertDeliveryState_ALERT_DELIVERY_STATE_SENT,
	}}); err != nil {
		t.Fatal(err)
	}

	groups := func(name string) error {
		_, err := c.groups.ListGroups(ctx, &adminv1.ListGroupsRequest{Provider: name})
		return err
	}
	keys := func(name string) error {
		_, err := c.keys.ListApiKeys(ctx, &adminv1.ListApiKeysRequest{Group: name})
		return err
	}
	events := func(name string) error {
		_, err := c.alerts.ListAlerts(ctx, &adminv1.ListAlertsRequest{Event: name})
		return err
	}
	imports := func(name string) error {
		_, err := c.providers.ListImports(ctx, &adminv1.ListImportsRequest{Provider: name})
		return err
	}
	deliveries := func(name string) error {
		_, err := c.channels.ListAlertChannelDeliveries(ctx, &adminv1.ListAlertChannelDeliveriesRequest{Name: name})
		return err
	}
	explain := func(req *adminv1.ExplainGroupRequest) error {
		req.Name = "pool"
		_, err := c.groups.ExplainGroup(ctx, req)
		all := &adminv1.ExplainGroupsRequest{Endpoint: req.GetEndpoint(), Caller: req.GetCaller(), Session: req.GetSession(), ApiKey: req.GetApiKey()}
		if _, same := c.groups.ExplainGroups(ctx, all); (same == nil) != (err == nil) {
			t.Errorf("one group: %v, all: %v", err, same)
		}
		return err
	}
	for name, tt := range map[string]struct {
		err  error
		want string // empty: none
	}{
		"groups of a provider":     {groups("main"), ""},
		"groups of none":           {groups("mai"), "provider: names no provider that there is; did you mean main?"},
		"groups of NUL":            {groups("a\x00"), "provider: names no provider that there is; did you mean main?"},
		"keys of a group":          {keys("pool"), ""},
		"keys of none":             {keys("POOL"), "group: names no group that there is; did you mean pool?"},
		"alerts of an event":       {events("drift"), ""},
		"alerts of none":           {events("drifts"), "event: names no event that there is; did you mean drift, budget, node_lost?"},
		"imports of a provider":    {imports("main"), ""},
		"imports of none":          {imports("gone"), "provider: names no provider that there is, and none that ever had imports; did you mean main?"},
		"deliveries of a channel":  {deliveries("deleted"), ""},
		"deliveries of none":       {deliveries("nowhere"), "name: names no alert channel that there is, and none that ever had deliveries"},
		"an endpoint":              {explain(&adminv1.ExplainGroupRequest{Endpoint: "/messages"}), ""},
		"no endpoint":              {explain(&adminv1.ExplainGroupRequest{Endpoint: "message"}), "endpoint: names no endpoint that there is; did you mean messages, messages/count_tokens, rerank?"},
		"a key that calls":         {explain(&adminv1.ExplainGroupRequest{Caller: "key:app"}), ""},
		"an owner that calls":      {explain(&adminv1.ExplainGroupRequest{Caller: "owner:ann"}), ""},
		"a key that has an owner":  {explain(&adminv1.ExplainGroupRequest{Caller: "key:owned"}), "caller: names no caller that there is; did you mean key:app, owner:ann?"},
		"a caller of no kind":      {explain(&adminv1.ExplainGroupRequest{Caller: "app"}), "caller: names no caller that there is; did you mean key:app, owner:ann?"},
		"a conversation of a key":  {explain(&adminv1.ExplainGroupRequest{Session: "s", ApiKey: "app"}), ""},
		"a conversation of nobody": {explain(&adminv1.ExplainGroupRequest{Session: "s", ApiKey: "ap"}), "api_key: names no API key that there is; did you mean app, owned?"},
		"nothing":                  {groups(""), ""},
	} {
		if tt.want == "" {
			if tt.err != nil {
				t.Errorf("%s: %v", name, tt.err)
			}
			continue
		}
		if got := violations(t, tt.err); len(got) != 1 || got[0] != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
