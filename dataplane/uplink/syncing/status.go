package syncing

import (
	"slices"
	"strings"
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	"github.com/trunkline-ai/trunkline/dataplane/uplink/stream"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// maxTargets bounds the lines of one status, so that it always fits into the 8 MiB that
// the control plane takes. What is skipped matters more than what is merely degraded and
// comes first.
const maxTargets = 5_000

// StatusChanged sends the status soon instead of at the next interval. Many calls within
// a moment make one message. It never blocks.
func (s *Syncer) StatusChanged() { stream.Nudge(s.changed) }

func (s *Syncer) statusMessage() *nodev1.SyncRequest {
	st, records := s.cfg.Status(), s.cfg.Records()
	m := &nodev1.Status{
		AppliedRevision: s.Revision(),
		RevokedRevision: s.cfg.Revocations.UpTo(s.lineage()),
		InFlight:        int32(st.InFlight),
		CallsWaiting:    records.Waiting,
		CallsDropped:    records.Dropped,
		CallsSummed:     records.Summed,
		Gaps:            records.Gaps,
		Targets:         targets(st.Targets, s.cfg.Now()),
		Refusals:        refusals(st.Refusals, s.cfg.Now()),
		Authorities:     s.cfg.Authorities(),
		Redis:           st.Redis,
		RedisError:      stream.Text(st.RedisTrouble, stream.MaxName),
		KeywordHits:     keywordHits(st.KeywordHits),
	}
	s.describe(m, st, records)
	return &nodev1.SyncRequest{Message: &nodev1.SyncRequest_Status{Status: m}}
}

// maxKeywords bounds how many keywords one status counts.
const maxKeywords = 10_000

func keywordHits(hits map[string]int64) map[string]int64 {
	out := make(map[string]int64, min(len(hits), maxKeywords))
	for name, n := range hits {
		if len(out) < maxKeywords {
			out[stream.Text(name, stream.MaxName)] = n
		}
	}
	return out
}

// targets turns what is not simply healthy into lines for people: degraded has failures
// within its window, cooling is skipped, probing has its cooldown behind it and waits for
// one attempt to decide.
func targets(scopes []dataplane.ScopeHealth, now time.Time) []*nodev1.TargetHealth {
	var skipped, degraded []*nodev1.TargetHealth
	for _, h := range scopes {
		line := &nodev1.TargetHealth{
			Provider:  stream.Text(h.Scope.Provider, stream.MaxName),
			Failures:  int32(h.Condition.Failures),
			Threshold: int32(h.Threshold),
			Derived:   h.Condition.Derived,
			Detail:    stream.Text(h.Detail, stream.MaxName),
		}
		switch h.Scope.Kind {
		case dataplane.ScopeTarget:
			line.Model = stream.Text(h.Scope.Name, stream.MaxName)
		case dataplane.ScopeCredential:
			line.Credential = stream.Text(h.Scope.Name, stream.MaxName)
		}
		switch {
		case h.Condition.State == dataplane.Open:
			line.State = "cooling"
			line.RemainingMs = max(h.Condition.Until.Sub(now).Milliseconds(), 0)
		case h.Condition.State == dataplane.HalfOpen:
			line.State = "probing"
		case h.Condition.Failures > 0:
			line.State = "degraded"
			degraded = append(degraded, line)
			continue
		default:
			continue
		}
		line.Reason = h.Condition.Reason.String()
		skipped = append(skipped, line)
	}
	lines := append(skipped, degraded...)
	return lines[:min(len(lines), maxTargets)]
}

// maxRefusals bounds what one status tells of.
const maxRefusals = 1_000

// refusals are what targets were seen to refuse, the latest first.
func refusals(all []dataplane.Refusal, now time.Time) []*nodev1.LearnedRefusal {
	slices.SortFunc(all, func(a, b dataplane.Refusal) int { return b.Until.Compare(a.Until) })
	out := make([]*nodev1.LearnedRefusal, 0, min(len(all), maxRefusals))
	for _, r := range all[:cap(out)] {
		out = append(out, &nodev1.LearnedRefusal{
			Provider: stream.Text(r.Target.Provider, stream.MaxName), Model: stream.Text(r.Target.Name, stream.MaxName),
			Endpoint: strings.TrimPrefix(r.Endpoint, "/"), Parameter: stream.Text(r.Parameter, stream.MaxName), Value: r.Value,
			Caller: stream.Text(r.Caller, stream.MaxName),
			AgeMs:  max(now.Sub(r.Since).Milliseconds(), 0), RemainingMs: max(r.Until.Sub(now).Milliseconds(), 0),
		})
	}
	return out
}
