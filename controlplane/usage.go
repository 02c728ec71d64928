package controlplane

import (
	"cmp"
	"context"
	"strings"
	"time"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Most that one call adds to a sum, and longest name in a key of sums, in bytes. They are
// far beyond what a real call has; without them one broken node could overflow a sum and
// so keep everyone's calls from being stored.
const (
	maxCallTokens = 1_000_000_000_000
	maxUsageName  = 256
)

// Usage is the sum over some calls.
type Usage struct {
	Calls     int64
	OK        int64 // of them, those with outcome ok
	Attempts  int64
	Failovers int64 // calls that took more than one attempt
	Saved     int64 // of them, those with outcome ok

	InputTokens       int64 // cached ones included
	CachedInputTokens int64
	OutputTokens      int64
	Cost              Cost
	DurationUS        int64

	Latency    Histogram // of every call, from arrival to the last byte
	FirstToken Histogram // of the calls that came so far
}

// UsageKey is what usage is summed by. APIKey is empty where it is summed over keys.
type UsageKey struct {
	APIKey   string
	Group    string
	Provider string // that answered; empty when none did
	Model    string // upstream model that answered; empty when none did
	Outcome  string
	Status   int32
}

// UsageKeyOf is the key a call is summed under.
func UsageKeyOf(c *nodev1.Call) UsageKey {
	return UsageKey{
		APIKey: usageName(c.GetApiKey()), Group: usageName(c.GetGroup()), Provider: usageName(c.GetProvider()),
		Model: usageName(c.GetUpstreamModel()), Outcome: usageName(c.GetOutcome()), Status: c.GetStatus(),
	}
}

// Compare orders keys by their bytes.
func (k UsageKey) Compare(o UsageKey) int {
	return cmp.Or(cmp.Compare(k.APIKey, o.APIKey), cmp.Compare(k.Group, o.Group), cmp.Compare(k.Provider, o.Provider),
		cmp.Compare(k.Model, o.Model), cmp.Compare(k.Outcome, o.Outcome), cmp.Compare(k.Status, o.Status))
}

// usageName makes s fit for a column that is part of an index.
func usageName(s string) string {
	s = strings.ReplaceAll(s, "\x00", "\uFFFD")
	if len(s) > maxUsageName {
		s = s[:maxUsageName]
	}
	return strings.ToValidUTF8(s, "")
}

// Count adds one call.
func (u *Usage) Count(c *nodev1.Call) {
	tokens := func(n int64) int64 { return min(max(n, 0), maxCallTokens) }
	duration := min(max(c.GetDurationUs(), 0), maxDurationUS)
	u.Calls++
	u.Attempts += int64(len(c.GetAttempts()))
	moved := len(c.GetAttempts()) > 1
	if moved {
		u.Failovers++
	}
	if c.GetOutcome() == OutcomeOK {
		u.OK++
		if moved {
			u.Saved++
		}
	}
	u.InputTokens += tokens(c.GetUsage().GetInputTokens())
	u.CachedInputTokens += tokens(c.GetUsage().GetCachedInputTokens())
	u.OutputTokens += tokens(c.GetUsage().GetOutputTokens())
	u.Cost = u.Cost.Plus(CostOfPico(c.GetCost()))
	u.DurationUS += duration
	u.Latency.Count(duration)
	if first := c.GetFirstTokenUs(); first > 0 {
		u.FirstToken.Count(first)
	}
}

// Add adds what o sums up.
func (u *Usage) Add(o *Usage) {
	u.Calls += o.Calls
	u.OK += o.OK
	u.Attempts += o.Attempts
	u.Failovers += o.Failovers
	u.Saved += o.Saved
	u.InputTokens += o.InputTokens
	u.CachedInputTokens += o.CachedInputTokens
	u.OutputTokens += o.OutputTokens
	u.Cost = u.Cost.Plus(o.Cost)
	u.DurationUS += o.DurationUS
	u.Latency.Add(o.Latency)
	u.FirstToken.Add(o.FirstToken)
}

// Equal reports whether u and o sum up the same.
func (u *Usage) Equal(o *Usage) bool {
	return u.Calls == o.Calls && u.OK == o.OK && u.Attempts == o.Attempts && u.Failovers == o.Failovers && u.Saved == o.Saved &&
		u.InputTokens == o.InputTokens && u.CachedInputTokens == o.CachedInputTokens && u.OutputTokens == o.OutputTokens &&
		u.Cost == o.Cost && u.DurationUS == o.DurationUS && u.Latency.Equal(o.Latency) && u.FirstToken.Equal(o.FirstToken)
}

// OutcomeOK is the outcome of a call that was answered well.
const OutcomeOK = "ok"

// UsageBy is what usage is broken down by.
type UsageBy string

// What usage can be broken down by; ByNothing gives one sum.
const (
	ByNothing  UsageBy = ""
	ByGroup    UsageBy = "group"
	ByProvider UsageBy = "provider"
	ByModel    UsageBy = "model"
	ByOutcome  UsageBy = "outcome"
	ByAPIKey   UsageBy = "api_key"
)

// How long sums are kept. Those per minute do not know API keys.
const (
	KeepUsageMinutes = 90 * 24 * time.Hour
	KeepUsageHours   = 2 * 365 * 24 * time.Hour
)

// UsageQuery asks for sums; an empty filter does not filter.
type UsageQuery struct {
	From, To time.Time // calls that arrived at From or later and before To
	// Minutes reads the sums per minute, for times that are no whole hours; it knows no
	// API keys. From and To are rounded down to what is read.
	Minutes bool

	Group, Provider, Model, Outcome, APIKey string

	By UsageBy
	// PerBucket gives a sum for each minute or hour that has calls.
	PerBucket bool
}

// UsageSum is a sum of a value of what the query breaks down by, and of a bucket when it asks for them.
type UsageSum struct {
	Bucket time.Time // zero unless PerBucket
	Value  string
	Usage
}

// Drift is a sum that differs from the calls it is made of.
type Drift struct {
	Table  string // which sums: usage_minute, usage_hour or usage_key_hour
	Bucket time.Time
	Key    UsageKey
	// Stored and Counted are the sum and what the calls add up to.
	Stored, Counted Usage
}

// UsageStore keeps sums over calls, which InsertCalls makes with the calls.
type UsageStore interface {
	// Usage returns sums, by bucket and value in no particular order.
	Usage(ctx context.Context, q UsageQuery) ([]UsageSum, error)
	// RecountUsage compares the sums of the hour that begins at t with the calls that are
	// stored of it and returns the sums that differ, at most 100.
	RecountUsage(ctx context.Context, t time.Time) ([]Drift, error)
	// Exclusive runs do unless another replica runs the job of that name, and reports whether
	// it ran.
	Exclusive(ctx context.Context, job string, do func(context.Context) error) (ran bool, err error)
	// DeleteUsageBefore deletes sums per minute and per hour of earlier times, a day's at
	// most of each, and reports whether there is more to delete.
	DeleteUsageBefore(ctx context.Context, minutes, hours time.Time) (more bool, err error)
}
