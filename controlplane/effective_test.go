package controlplane_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

func TestEffectivePolicyIsTheGroupsOverTheSettings(t *testing.T) {
	t.Parallel()
	settings := &adminv1.Settings{Failover: &adminv1.FailoverPolicy{
		FailureThreshold: proto.Int32(7), Cooldown: seconds(10), TotalTimeout: seconds(700), FailoverOnContentPolicy: proto.Bool(true),
	}}
	group := &adminv1.FailoverPolicy{Cooldown: seconds(20), MinRatio: proto.Float64(0), StreamKeepAlive: proto.Bool(false)}
	want := controlplane.EffectivePolicy(nil, nil)
	want.FailureThreshold, want.Cooldown, want.TotalTimeout, want.StreamTotalTimeout = proto.Int32(7), seconds(20), seconds(700), seconds(700)
	want.FailoverOnContentPolicy, want.MinRatio, want.StreamKeepAlive = proto.Bool(true), proto.Float64(0), proto.Bool(false)
	if got := controlplane.EffectivePolicy(settings, group); !proto.Equal(got, want) {
		t.Errorf("got\n%v\nwant\n%v", got, want)
	}
}

// Defaults are what settings.proto says.
func TestDefaultPolicy(t *testing.T) {
	t.Parallel()
	want := &adminv1.FailoverPolicy{
		FailureThreshold: proto.Int32(5), FailureWindow: seconds(60), MinRatio: proto.Float64(0.2), Cooldown: seconds(30), CooldownMax: seconds(300),
		MaxAttempts: proto.Int32(5), ConnectTimeout: seconds(5), FirstTokenTimeout: seconds(60), ResponseTimeout: seconds(600),
		StreamIdleTimeout: seconds(60), AttemptTimeout: seconds(180), TotalTimeout: seconds(600), FailoverOnContentPolicy: proto.Bool(false), StreamKeepAlive: proto.Bool(true),
		ProbeEarly: proto.Bool(true), RetrySameTarget: proto.Bool(true), RetryWait: seconds(0), HedgeAfter: seconds(0), AffinityHold: seconds(300), StreamCommit: "first_token", KeywordHold: durationpb.New(1500 * time.Millisecond), EmptyAnswer: "pass", Translation: "allow", FirstTokenTimeoutMax: seconds(600), StreamTotalTimeout: seconds(1800),
	}
	if got := controlplane.EffectivePolicy(nil, nil); !proto.Equal(got, want) {
		t.Errorf("got\n%v\nwant\n%v", got, want)
	}
}

// Every field of what is effective is set, also one that is added later.
func TestEffectiveValuesAreComplete(t *testing.T) {
	t.Parallel()
	for _, m := range []proto.Message{
		controlplane.EffectivePolicy(nil, nil), controlplane.EffectiveTimeouts(nil, nil), controlplane.EffectiveRetention(nil),
		controlplane.EffectivePolicy(&adminv1.Settings{}, &adminv1.FailoverPolicy{}), controlplane.EffectiveTimeouts(&adminv1.Settings{}, &adminv1.ProviderTimeouts{}),
	} {
		fields := m.ProtoReflect().Descriptor().Fields()
		for i := range fields.Len() {
			if fd := fields.Get(i); !m.ProtoReflect().Has(fd) {
				t.Errorf("%T has no %s", m, fd.Name())
			}
		}
	}
}

func TestEffectiveTimeoutsAreTheProvidersOverTheSettings(t *testing.T) {
	t.Parallel()
	settings := &adminv1.Settings{Failover: &adminv1.FailoverPolicy{ConnectTimeout: seconds(2), ResponseTimeout: seconds(100)}}
	got := controlplane.EffectiveTimeouts(settings, &adminv1.ProviderTimeouts{Connect: seconds(1), StreamIdle: seconds(9)})
	want := &adminv1.ProviderTimeouts{Connect: seconds(1), FirstToken: seconds(60), Response: seconds(100), StreamIdle: seconds(9), Attempt: seconds(180), FirstTokenMax: seconds(600)}
	if !proto.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestEffectiveRetention(t *testing.T) {
	t.Parallel()
	for want, settings := range map[time.Duration]*adminv1.Settings{
		720 * time.Hour: {Retention: &adminv1.Retention{}},
		2 * time.Hour:   {Retention: &adminv1.Retention{Calls: durationpb.New(2 * time.Hour)}},
	} {
		if got := controlplane.EffectiveRetention(settings).GetCalls().AsDuration(); got != want {
			t.Errorf("%v gives %s, want %s", settings, got, want)
		}
	}
}

func TestEffectiveWebSocket(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		settings *adminv1.Settings
		enabled  bool
		most     int32
	}{
		"none":         {nil, true, 100},
		"nothing set":  {&adminv1.Settings{Websocket: &adminv1.WebSocket{}}, true, 100},
		"switched off": {&adminv1.Settings{Websocket: &adminv1.WebSocket{Enabled: proto.Bool(false)}}, false, 100},
		"a limit":      {&adminv1.Settings{Websocket: &adminv1.WebSocket{MaxConnectionsPerKey: proto.Int32(7)}}, true, 7},
	} {
		if got := controlplane.EffectiveWebSocket(test.settings); got.GetEnabled() != test.enabled || got.GetMaxConnectionsPerKey() != test.most {
			t.Errorf("%s: %v", name, got)
		}
	}
}
