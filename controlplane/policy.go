package controlplane

import (
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Bounds of the bodies of calls that are kept.
const (
	DefaultBodyBytes     = 64 << 10 // of a request and of an answer each
	MaxBodyBytes         = 1 << 20
	DefaultBodyRetention = 7 * 24 * time.Hour
)

// defaultRetryWaitAtHome is how long a wait is waited out where a conversation's prompt cache is, unless somebody
// says how long waits are waited out.
const defaultRetryWaitAtHome = 2 * time.Second

// ResolvePolicy gives the policy that holds for a member of a group at a provider: the
// provider's timers before the group's policy, before the settings, before the defaults
// that settings.proto documents. Every field of the result is set. Each argument may be nil.
func ResolvePolicy(settings *adminv1.Settings, group *adminv1.FailoverPolicy, provider *adminv1.ProviderTimeouts) *nodev1.Policy {
	p := defaultPolicy()
	override(p, settings.GetFailover())
	override(p, group)
	if settings.GetFailover().GetRetryWait() == nil && group.GetRetryWait() == nil {
		p.RetryWaitAtHome = durationpb.New(defaultRetryWaitAtHome)
	}
	replace(&p.ConnectTimeout, provider.GetConnect())
	replace(&p.FirstTokenTimeout, provider.GetFirstToken())
	replace(&p.ResponseTimeout, provider.GetResponse())
	replace(&p.StreamIdleTimeout, provider.GetStreamIdle())
	replace(&p.AttemptTimeout, provider.GetAttempt())
	replace(&p.FirstTokenTimeoutMax, provider.GetFirstTokenMax())
	return p
}

func defaultPolicy() *nodev1.Policy {
	return &nodev1.Policy{
		FailureThreshold:   5,
		FailureWindow:      durationpb.New(60 * time.Second),
		MinRatio:           0.2,
		Cooldown:           durationpb.New(30 * time.Second),
		CooldownMax:        durationpb.New(300 * time.Second),
		MaxAttempts:        5,
		ConnectTimeout:     durationpb.New(5 * time.Second),
		FirstTokenTimeout:  durationpb.New(60 * time.Second),
		ResponseTimeout:    durationpb.New(600 * time.Second),
		StreamIdleTimeout:  durationpb.New(60 * time.Second),
		AttemptTimeout:     durationpb.New(180 * time.Second),
		TotalTimeout:       durationpb.New(600 * time.Second),
		StreamTotalTimeout: durationpb.New(1800 * time.Second),
		StreamKeepAlive:    true,
		ProbeEarly:         true,
		RetrySameTarget:    true,
		RetryWait:          durationpb.New(0),
		StreamCommit:       "first_token",
		KeywordHold:        durationpb.New(1500 * time.Millisecond),
		HedgeAfter:         durationpb.New(0),
		EmptyAnswer:        "pass",
		AffinityHold:       durationpb.New(300 * time.Second),
		Translation:        "allow",

		FirstTokenTimeoutMax: durationpb.New(600 * time.Second),
	}
}

// override puts each field that f sets into the field of the same name in p. A total timeout
// holds for streams too, unless the same policy sets theirs.
func override(p *nodev1.Policy, f *adminv1.FailoverPolicy) {
	into := p.ProtoReflect()
	fields := into.Descriptor().Fields()
	proto.CloneOf(f).ProtoReflect().Range(func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if to := fields.ByName(fd.Name()); to != nil { // a test sees to it that none is missing
			into.Set(to, v)
		}
		return true
	})
	if f.GetStreamTotalTimeout() == nil {
		replace(&p.StreamTotalTimeout, f.GetTotalTimeout())
	}
}

// replace copies d, so that a policy never shares memory with a stored document.
func replace(into **durationpb.Duration, d *durationpb.Duration) {
	if d != nil {
		*into = &durationpb.Duration{Seconds: d.GetSeconds(), Nanos: d.GetNanos()}
	}
}
