package controlplane_test

import (
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func defaults() *nodev1.Policy {
	return &nodev1.Policy{
		FailureThreshold: 5, FailureWindow: seconds(60), MinRatio: 0.2,
		Cooldown: seconds(30), CooldownMax: seconds(300), MaxAttempts: 5,
		ConnectTimeout: seconds(5), FirstTokenTimeout: seconds(60), ResponseTimeout: seconds(600),
		StreamIdleTimeout: seconds(60), AttemptTimeout: seconds(180), TotalTimeout: seconds(600), StreamTotalTimeout: seconds(1800),
		FailoverOnContentPolicy: false, StreamKeepAlive: true,
		ProbeEarly: true, RetrySameTarget: true, RetryWait: seconds(0), RetryWaitAtHome: seconds(2), HedgeAfter: seconds(0), AffinityHold: seconds(300), StreamCommit: "first_token", KeywordHold: durationpb.New(1500 * time.Millisecond), EmptyAnswer: "pass", Translation: "allow", FirstTokenTimeoutMax: seconds(600),
	}
}

func TestResolvePolicy(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		settings *adminv1.Settings
		group    *adminv1.FailoverPolicy
		provider *adminv1.ProviderTimeouts
		want     func(*nodev1.Policy)
	}{
		{name: "nothing set", want: func(*nodev1.Policy) {}},
		{
			name: "empty documents", settings: &adminv1.Settings{Failover: &adminv1.FailoverPolicy{}},
			group: &adminv1.FailoverPolicy{}, provider: &adminv1.ProviderTimeouts{},
			want: func(*nodev1.Policy) {},
		},
		{
			name: "a wait that somebody chose holds everywhere", settings: &adminv1.Settings{Failover: &adminv1.FailoverPolicy{RetryWait: seconds(0)}},
			want: func(p *nodev1.Policy) { p.RetryWaitAtHome = nil },
		},
		{
			name: "for one group too", group: &adminv1.FailoverPolicy{RetryWait: seconds(1)},
			want: func(p *nodev1.Policy) { p.RetryWait, p.RetryWaitAtHome = seconds(1), nil },
		},
		{
			name: "settings over defaults, false and zero included",
			settings: &adminv1.Settings{Failover: &adminv1.FailoverPolicy{
				MinRatio: proto.Float64(0), StreamKeepAlive: proto.Bool(false), FailoverOnContentPolicy: proto.Bool(true),
				FailureThreshold: proto.Int32(7), FailureWindow: seconds(10), Cooldown: seconds(1), CooldownMax: seconds(2), MaxAttempts: proto.Int32(1),
			}},
			want: func(p *nodev1.Policy) {
				p.MinRatio, p.StreamKeepAlive, p.FailoverOnContentPolicy = 0, false, true
				p.FailureThreshold, p.FailureWindow, p.MaxAttempts = 7, seconds(10), 1
				p.Cooldown, p.CooldownMax = seconds(1), seconds(2)
			},
		},
		{
			name: "provider over group over settings",
			settings: &adminv1.Settings{Failover: &adminv1.FailoverPolicy{
				ConnectTimeout: seconds(11), FirstTokenTimeout: seconds(12), ResponseTimeout: seconds(13), StreamIdleTimeout: seconds(14),
				StreamKeepAlive: proto.Bool(false),
			}},
			group: &adminv1.FailoverPolicy{
				ConnectTimeout: seconds(21), FirstTokenTimeout: seconds(22), ResponseTimeout: seconds(23), StreamKeepAlive: proto.Bool(true),
			},
			provider: &adminv1.ProviderTimeouts{Connect: seconds(31), FirstToken: seconds(32)},
			want: func(p *nodev1.Policy) {
				p.ConnectTimeout, p.FirstTokenTimeout, p.ResponseTimeout, p.StreamIdleTimeout = seconds(31), seconds(32), seconds(23), seconds(14)
			},
		},
		{
			name:     "all provider timers",
			provider: &adminv1.ProviderTimeouts{Connect: seconds(1), FirstToken: seconds(2), Response: seconds(3), StreamIdle: seconds(4), Attempt: seconds(5), FirstTokenMax: seconds(6)},
			want: func(p *nodev1.Policy) {
				p.ConnectTimeout, p.FirstTokenTimeout, p.ResponseTimeout, p.StreamIdleTimeout = seconds(1), seconds(2), seconds(3), seconds(4)
				p.AttemptTimeout, p.FirstTokenTimeoutMax = seconds(5), seconds(6)
			},
		},
		{
			name:     "a total timeout of the settings holds for both",
			settings: &adminv1.Settings{Failover: &adminv1.FailoverPolicy{TotalTimeout: seconds(700)}},
			want:     func(p *nodev1.Policy) { p.TotalTimeout, p.StreamTotalTimeout = seconds(700), seconds(700) },
		},
		{
			name:     "a total timeout of the group holds for both, over the settings'",
			settings: &adminv1.Settings{Failover: &adminv1.FailoverPolicy{TotalTimeout: seconds(700)}},
			group:    &adminv1.FailoverPolicy{TotalTimeout: seconds(30)},
			want:     func(p *nodev1.Policy) { p.TotalTimeout, p.StreamTotalTimeout = seconds(30), seconds(30) },
		},
		{
			name:     "a stream's own total timeout",
			settings: &adminv1.Settings{Failover: &adminv1.FailoverPolicy{TotalTimeout: seconds(700), StreamTotalTimeout: seconds(900)}},
			want:     func(p *nodev1.Policy) { p.TotalTimeout, p.StreamTotalTimeout = seconds(700), seconds(900) },
		},
		{
			name:     "a total timeout of the group holds for streams over the settings' own for them",
			settings: &adminv1.Settings{Failover: &adminv1.FailoverPolicy{StreamTotalTimeout: seconds(900)}},
			group:    &adminv1.FailoverPolicy{TotalTimeout: seconds(30)},
			want:     func(p *nodev1.Policy) { p.TotalTimeout, p.StreamTotalTimeout = seconds(30), seconds(30) },
		},
		{
			name:     "the group sets streams alone",
			settings: &adminv1.Settings{Failover: &adminv1.FailoverPolicy{TotalTimeout: seconds(700)}},
			group:    &adminv1.FailoverPolicy{StreamTotalTimeout: seconds(40)},
			want:     func(p *nodev1.Policy) { p.TotalTimeout, p.StreamTotalTimeout = seconds(700), seconds(40) },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want := defaults()
			tt.want(want)
			if got := controlplane.ResolvePolicy(tt.settings, tt.group, tt.provider); !proto.Equal(got, want) {
				t.Errorf("ResolvePolicy =\n%v\nwant\n%v", got, want)
			}
		})
	}
}

// A field added to FailoverPolicy must reach the nodes: each one, set alone to a value
// unlike its default, has to change the result.
func TestEveryFieldOfTheSettingsReachesThePolicy(t *testing.T) {
	t.Parallel()
	fields := (&adminv1.FailoverPolicy{}).ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		group := &adminv1.FailoverPolicy{}
		group.ProtoReflect().Set(fd, unlikeDefault(t, fd))
		if proto.Equal(controlplane.ResolvePolicy(nil, group, nil), controlplane.ResolvePolicy(nil, nil, nil)) {
			t.Errorf("%s is set and the policy is the default's", fd.Name())
		}
	}
}

func unlikeDefault(t *testing.T, fd protoreflect.FieldDescriptor) protoreflect.Value {
	t.Helper()
	p := controlplane.ResolvePolicy(nil, nil, nil).ProtoReflect()
	to := p.Descriptor().Fields().ByName(fd.Name())
	if to == nil || to.Kind() != fd.Kind() {
		t.Fatalf("nodev1.Policy has no %s of kind %s", fd.Name(), fd.Kind())
	}
	switch fd.Kind() {
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(int32(p.Get(to).Int()) + 1)
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(p.Get(to).Float() / 2)
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(!p.Get(to).Bool())
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(p.Get(to).String() + "x")
	case protoreflect.MessageKind:
		return protoreflect.ValueOfMessage(seconds(42).ProtoReflect())
	}
	t.Fatalf("no value for %s of kind %s", fd.Name(), fd.Kind())
	return protoreflect.Value{}
}

func TestResolvePolicySharesNothingWithTheDocuments(t *testing.T) {
	t.Parallel()
	group := &adminv1.FailoverPolicy{Cooldown: seconds(10), TotalTimeout: seconds(20)}
	p := controlplane.ResolvePolicy(nil, group, nil)
	p.Cooldown.Seconds, p.StreamTotalTimeout.Seconds = 99, 99
	if group.GetCooldown().GetSeconds() != 10 || group.GetTotalTimeout().GetSeconds() != 20 || p.GetTotalTimeout().GetSeconds() != 20 {
		t.Error("changing the policy changed a document or another field")
	}
}

func seconds(n int) *durationpb.Duration { return durationpb.New(time.Duration(n) * time.Second) }
