package uplink

import (
	"time"

	"github.com/trunkline-ai/trunkline/dataplane"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// maxTargets bounds the lines of one status, so that it always fits into the 8 MiB that
// the control plane takes. What is skipped matters more than what is merely degraded and
// comes first.
const maxTargets = 5_000

// StatusChanged sends the status soon instead of at the next interval. Many calls within
// a moment make one message. It never blocks.
func (u *Uplink) StatusChanged() { nudge(u.changed) }

func (u *Uplink) status() *nodev1.SyncRequest {
	st, count := u.cfg.Status(), u.Counters()
	m := &nodev1.Status{
		AppliedRevision: u.Revision(),
		RevokedRevision: u.revokedUpTo(),
		InFlight:        int32(st.InFlight),
		CallsWaiting:    int64(count.Waiting),
		CallsDropped:    int64(count.Dropped),
		CallsFolded:     int64(count.Folded),
		Gaps:            int64(count.Gaps),
		Targets:         targets(st.Targets, u.cfg.Now()),
		Redis:           st.Redis,
		KeywordHits:     keywordHits(st.KeywordHits),
	}
	u.describe(m, st)
	return &nodev1.SyncRequest{Message: &nodev1.SyncRequest_Status{Status: m}}
}

// maxKeywords bounds how many keywords one status counts.
const maxKeywords = 10_000

func keywordHits(hits map[string]int64) map[string]int64 {
	out := make(map[string]int64, min(len(hits), maxKeywords))
	for name, n := range hits {
		if len(out) < maxKeywords {
			out[text(name, maxName)] = n
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
			Provider:  text(h.Scope.Provider, maxName),
			Failures:  int32(h.Condition.Failures),
			Threshold: int32(h.Threshold),
			Derived:   h.Condition.Derived,
		}
		switch h.Scope.Kind {
		case dataplane.ScopeTarget:
			line.Model = text(h.Scope.Name, maxName)
		case dataplane.ScopeCredential:
			line.Credential = text(h.Scope.Name, maxName)
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
