package controlplane

import (
	"cmp"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// defaultCallRetention is how long calls are kept when the settings do not say it.
const defaultCallRetention = 30 * 24 * time.Hour

// defaultAuditRetention is the same of events of the audit log.
const defaultAuditRetention = 400 * 24 * time.Hour

// EffectivePolicy is the policy that holds for a group, every field set; of the settings
// alone when group is nil, and the defaults when settings is nil too.
func EffectivePolicy(settings *adminv1.Settings, group *adminv1.FailoverPolicy) *adminv1.FailoverPolicy {
	return asFailover(ResolvePolicy(settings, group, nil))
}

// EffectiveTimeouts are the timers that hold at a provider where a group sets none, every
// field set. settings may be nil.
func EffectiveTimeouts(settings *adminv1.Settings, provider *adminv1.ProviderTimeouts) *adminv1.ProviderTimeouts {
	p := ResolvePolicy(settings, nil, provider)
	return &adminv1.ProviderTimeouts{
		Connect: p.GetConnectTimeout(), FirstToken: p.GetFirstTokenTimeout(), Response: p.GetResponseTimeout(), StreamIdle: p.GetStreamIdleTimeout(),
		Attempt: p.GetAttemptTimeout(), FirstTokenMax: p.GetFirstTokenTimeoutMax(),
	}
}

// EffectiveRetention is how long records are kept, every field set; the defaults when
// settings is nil.
func EffectiveRetention(settings *adminv1.Settings) *adminv1.Retention {
	calls := settings.GetRetention().GetCalls().AsDuration()
	if calls <= 0 {
		calls = defaultCallRetention
	}
	events := settings.GetRetention().GetAuditEvents().AsDuration()
	if events <= 0 {
		events = defaultAuditRetention
	}
	return &adminv1.Retention{Calls: durationpb.New(calls), AuditEvents: durationpb.New(events)}
}

// defaultSocketsPerKey is how many WebSockets an API key may have open at a node.
const defaultSocketsPerKey = 100

// EffectiveWebSocket is how WebSockets are accepted, every field set; the defaults when settings is
// nil. They are accepted: who cannot use them asks for none, and a client that does sends much less.
func EffectiveWebSocket(settings *adminv1.Settings) *adminv1.WebSocket {
	set := settings.GetWebsocket()
	return &adminv1.WebSocket{
		Enabled:              proto.Bool(set == nil || IsEnabled(set.Enabled)),
		MaxConnectionsPerKey: proto.Int32(cmp.Or(set.GetMaxConnectionsPerKey(), defaultSocketsPerKey)),
	}
}

// RolloutCanary is the mode in which changes are tried on some nodes first; the other one is all_at_once.
const (
	RolloutCanary   = "canary"
	rolloutAtOnce   = "all_at_once"
	canaryPercent   = 5
	canaryWatchTime = 10 * time.Second
)

// EffectiveRollout is how changes reach nodes, every field set but the names of nodes; the defaults when settings
// is nil.
func EffectiveRollout(settings *adminv1.Settings) *adminv1.RolloutPolicy {
	set := settings.GetRollout()
	watch := set.GetWatchTime().AsDuration()
	if watch <= 0 {
		watch = canaryWatchTime
	}
	return &adminv1.RolloutPolicy{
		Mode:          cmp.Or(set.GetMode(), rolloutAtOnce),
		CanaryPercent: proto.Int32(cmp.Or(set.GetCanaryPercent(), canaryPercent)),
		CanaryNodes:   set.GetCanaryNodes(),
		WatchTime:     durationpb.New(watch),
	}
}

// asFailover writes a policy as settings and groups have it, every field set.
func asFailover(p *nodev1.Policy) *adminv1.FailoverPolicy {
	out := &adminv1.FailoverPolicy{}
	into, from := out.ProtoReflect(), p.ProtoReflect()
	fields := into.Descriptor().Fields()
	for i := range fields.Len() {
		to := fields.Get(i)
		if fd := from.Descriptor().Fields().ByName(to.Name()); fd != nil { // a test sees to it that none is missing
			into.Set(to, from.Get(fd))
		}
	}
	return out
}
