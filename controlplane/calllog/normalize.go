package calllog

import (
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Longest texts in bytes, and most attempts, that are kept of a call.
const (
	maxName     = 256
	maxReason   = 1024
	maxAttempts = 64
	// maxCostParts is more than there are kinds of prices, maxKind longer than the name of one.
	maxCostParts = 32
	maxKind      = 32
	maxMetadata  = 16
	// maxCooldown is longer than any cooldown is set to.
	maxCooldown = 365 * 24 * time.Hour
)

// maxAhead is how far a node's clock may be ahead of ours: a day, a time zone and more.
const maxAhead = 72 * time.Hour

// earliest is before the first release: a call from before it has a broken clock.
var earliest = time.Date(2024, time.January, 1, 0, 0, 0, 0, time.UTC)

// normalize brings a call into the form that is stored, or says why that cannot be done.
// Its id and time are never changed: they are what makes a call the same call.
func normalize(c *nodev1.Call, now time.Time) (reason string) {
	if reason := checkIdentity(c.GetId(), c.GetStartUs(), now); reason != "" {
		return reason
	}
	for _, s := range []*string{
		&c.ClientRequestId, &c.IncomingRequestId, &c.TraceId, &c.User, &c.Endpoint, &c.Model, &c.Group, &c.ApiKey, &c.Outcome, &c.ErrorCode, &c.Provider, &c.UpstreamModel,
		&c.ResponseId, &c.PreviousResponseId, &c.AffinityKey,
	} {
		*s = text(*s, maxName)
	}
	c.Metadata = metadata(c.Metadata)
	for _, n := range []*int64{&c.FirstTokenUs, &c.DurationUs, &c.OverheadUs, &c.Cost} {
		*n = max(*n, 0)
	}
	c.ClientRetry = max(c.ClientRetry, 0)
	c.Status = min(max(c.Status, 0), 999)
	c.Usage = plausible(c.GetUsage())
	if len(c.Attempts) > maxAttempts {
		c.Attempts = c.Attempts[:maxAttempts]
	}
	for _, a := range c.Attempts {
		attempt(a)
	}
	if len(c.Skipped) > maxAttempts {
		c.Skipped = c.Skipped[:maxAttempts]
	}
	for _, s := range c.Skipped {
		s.Provider, s.Model, s.Reason = text(s.Provider, maxName), text(s.Model, maxName), text(s.Reason, maxName)
		s.UntilUs = min(max(s.UntilUs, 0), c.StartUs+maxCooldown.Microseconds())
	}
	return checkSize(c)
}

func attempt(a *nodev1.Attempt) {
	for _, s := range []*string{&a.Provider, &a.Model, &a.Credential, &a.Outcome, &a.Blame, &a.Keyword} {
		*s = text(*s, maxName)
	}
	a.Reason = text(a.Reason, maxReason)
	for _, n := range []*int64{&a.StartOffsetUs, &a.FirstFrameUs, &a.FirstTokenUs, &a.WorkingUs, &a.DurationUs, &a.Cost} {
		*n = max(*n, 0)
	}
	a.Status = min(max(a.Status, 0), 999)
	a.Usage = plausible(a.GetUsage())
	a.CostParts = a.CostParts[:min(len(a.CostParts), maxCostParts)]
	for _, p := range a.CostParts {
		p.Kind, p.Quantity, p.Cost = text(p.Kind, maxKind), max(p.Quantity, 0), max(p.Cost, 0)
	}
}

// metadata bounds what clients say of their calls.
func metadata(in map[string]string) map[string]string {
	if len(in) == 0 {
		return nil
	}
	out := make(map[string]string, len(in))
	for _, key := range slices.Sorted(maps.Keys(in)) {
		if len(out) == maxMetadata {
			break
		}
		out[text(key, maxName)] = text(in[key], maxName)
	}
	return out
}

func plausible(u *nodev1.Usage) *nodev1.Usage {
	if u == nil {
		u = &nodev1.Usage{}
	}
	for _, n := range []*int64{
		&u.InputTokens, &u.CachedInputTokens, &u.OutputTokens, &u.CacheWriteTokens, &u.CacheWrite_1HrTokens, &u.ReasoningTokens,
		&u.AudioInputTokens, &u.CachedAudioInputTokens, &u.AudioOutputTokens, &u.ImageInputTokens, &u.CachedImageInputTokens,
		&u.ImageOutputTokens, &u.Images, &u.Characters, &u.AudioMs, &u.BilledUnits,
	} {
		*n = max(*n, 0)
	}
	u.ServiceTier = usage.ServiceTier(u.ServiceTier)
	switch u.Source {
	case "upstream", "estimated":
	default:
		u.Source = "none"
	}
	return u
}

// text makes s fit for the database and for a terminal: valid UTF-8 without control
// characters (PostgreSQL refuses NUL), at most limit bytes, cut between characters.
func text(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s) // Map turns invalid bytes into U+FFFD
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "")
}
