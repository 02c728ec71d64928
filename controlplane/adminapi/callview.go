package adminapi

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// callView shows a stored call.
func callView(c calllog.Call, withAttempts bool) *adminv1.Call {
	view := &adminv1.Call{
		Id:                 c.GetId(),
		StartTime:          timestamppb.New(time.UnixMicro(c.GetStartUs())),
		Node:               c.Node,
		Endpoint:           c.GetEndpoint(),
		Model:              c.GetModel(),
		Group:              c.GetGroup(),
		ApiKey:             c.GetApiKey(),
		Stream:             c.GetStream(),
		Outcome:            c.GetOutcome(),
		Status:             c.GetStatus(),
		ErrorCode:          c.GetErrorCode(),
		Provider:           c.GetProvider(),
		UpstreamModel:      c.GetUpstreamModel(),
		FirstTokenLatency:  reached(c.GetFirstTokenUs()),
		Duration:           micros(c.GetDurationUs()),
		Overhead:           micros(c.GetOverheadUs()),
		Usage:              usageView(c.GetUsage()),
		Cost:               usage.CostOfPico(c.GetCost()).String(),
		AttemptCount:       int32(len(c.GetAttempts())),
		ClientRetry:        c.GetClientRetry(),
		KeywordAfterCommit: c.GetKeywordAfterCommit(),
		AffinityKey:        c.GetAffinityKey(),
		AffinityHeld:       c.GetAffinityHeld(),
		ClientRequestId:    c.GetClientRequestId(),
		IncomingRequestId:  c.GetIncomingRequestId(),
		TraceId:            c.GetTraceId(),
		User:               c.GetUser(),
		Metadata:           c.GetMetadata(),
		ResponseId:         c.GetResponseId(),
		PreviousResponseId: c.GetPreviousResponseId(),
		Background:         c.GetBackground(),
	}
	if ahead := c.GetClockAheadUs(); ahead != 0 {
		view.ClockAhead = durationpb.New(time.Duration(ahead) * time.Microsecond)
	}
	if !withAttempts {
		return view
	}
	view.Attempts = make([]*adminv1.Attempt, len(c.GetAttempts()))
	for i, a := range c.GetAttempts() {
		view.Attempts[i] = attemptView(a)
	}
	for _, s := range c.GetSkipped() {
		member := &adminv1.SkippedMember{Provider: s.GetProvider(), Model: s.GetModel(), Reason: s.GetReason(), Parameter: s.GetParameter()}
		if s.GetUntilUs() != 0 {
			member.UntilTime = timestamppb.New(time.UnixMicro(s.GetUntilUs()))
		}
		view.Skipped = append(view.Skipped, member)
	}
	return view
}

func attemptView(a *nodev1.Attempt) *adminv1.Attempt {
	return &adminv1.Attempt{
		Provider:          a.GetProvider(),
		Model:             a.GetModel(),
		Credential:        a.GetCredential(),
		StartOffset:       micros(a.GetStartOffsetUs()),
		FirstFrameLatency: reached(a.GetFirstFrameUs()),
		FirstTokenLatency: reached(a.GetFirstTokenUs()),
		WorkingLatency:    reached(a.GetWorkingUs()),
		Duration:          micros(a.GetDurationUs()),
		Status:            a.GetStatus(),
		Outcome:           a.GetOutcome(),
		Reason:            a.GetReason(),
		Blame:             a.GetBlame(),
		MaybeBilled:       a.GetMaybeBilled(),
		LastResort:        a.GetLastResort(),
		Usage:             usageView(a.GetUsage()),
		Cost:              usage.CostOfPico(a.GetCost()).String(),
		Keyword:           a.GetKeyword(),
		Again:             a.GetAgain(),
		FieldRules:        a.GetFieldRules(),
		OpaqueItemsCut:    a.GetOpaqueItemsCut(),
		CostParts:         costParts(a.GetCostParts()),
		Translation:       translationView(a.GetTranslation()),
	}
}

func translationView(t *nodev1.Translation) *adminv1.Translation {
	if t == nil {
		return nil
	}
	return &adminv1.Translation{From: t.GetFrom(), To: t.GetTo(), Approximated: t.GetApproximated(), Dropped: t.GetDropped()}
}

func usageView(u *nodev1.Usage) *adminv1.Usage {
	if u == nil {
		return nil
	}
	return &adminv1.Usage{
		InputTokens:            u.GetInputTokens(),
		CachedInputTokens:      u.GetCachedInputTokens(),
		CacheWriteTokens:       u.GetCacheWriteTokens(),
		CacheWrite_1HrTokens:   u.GetCacheWrite_1HrTokens(),
		OutputTokens:           u.GetOutputTokens(),
		ReasoningTokens:        u.GetReasoningTokens(),
		AudioInputTokens:       u.GetAudioInputTokens(),
		CachedAudioInputTokens: u.GetCachedAudioInputTokens(),
		AudioOutputTokens:      u.GetAudioOutputTokens(),
		ImageInputTokens:       u.GetImageInputTokens(),
		CachedImageInputTokens: u.GetCachedImageInputTokens(),
		ImageOutputTokens:      u.GetImageOutputTokens(),
		Images:                 u.GetImages(),
		Characters:             u.GetCharacters(),
		AudioDuration:          reached(u.GetAudioMs() * 1000),
		BilledUnits:            u.GetBilledUnits(),
		ServiceTier:            u.GetServiceTier(),
		Source:                 u.GetSource(),
	}
}

func costParts(in []*nodev1.CostPart) (parts []*adminv1.CostPart) {
	for _, p := range in {
		parts = append(parts, &adminv1.CostPart{Kind: p.GetKind(), Quantity: p.GetQuantity(), Cost: usage.CostOfPico(p.GetCost()).String()})
	}
	return parts
}

// micros is a duration counted in microseconds.
func micros(us int64) *durationpb.Duration {
	return durationpb.New(time.Duration(us) * time.Microsecond)
}

// reached is the time to a moment; unset when it never came, which is recorded as 0.
func reached(us int64) *durationpb.Duration {
	if us == 0 {
		return nil
	}
	return micros(us)
}
