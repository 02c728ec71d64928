package calllog

import (
	"context"
	"time"

	"github.com/trunkline-ai/trunkline/internal/domain/usage"
)

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

// UsageQuery asks for sums over calls or over attempts; an empty filter does not filter.
// Of attempts nothing is known of API keys.
type UsageQuery struct {
	From, To time.Time // calls that arrived at From or later and before To, or the attempts of these
	// Minutes reads the sums per minute, for times that are not whole hours; it knows no
	// API keys. From and To are rounded down to what is read.
	Minutes bool

	Group, Provider, Model, Outcome, APIKey string

	By UsageBy
	// ThenBy breaks each value down once more; of attempts only.
	ThenBy UsageBy
	// Values are the only ones of By to sum up; none: all of them.
	Values []string
	// PerBucket gives a sum for each minute or hour that has calls.
	PerBucket bool
	// Days makes one bucket, where it can, of each UTC day that is whole in the time of a question PerBucket.
	Days bool
	// WithoutTimes leaves out how long calls took, which is most of what is read: numbers are what is wanted.
	WithoutTimes bool
}

// SumOf is a sum of a value of what the query breaks down by, and of a bucket when it asks for them.
type SumOf[T any] struct {
	Bucket time.Time // zero unless PerBucket
	Value  string
	Part   string // value of what ThenBy breaks down by
	Total  T
}

// UsageSum sums calls up, AttemptSum attempts.
type (
	UsageSum   = SumOf[usage.Sum]
	AttemptSum = SumOf[usage.Attempts]
)

// Drift is a sum that differs from the calls it is made of.
type Drift struct {
	Table  string // which sums, such as usage_hour
	Bucket time.Time
	Key    usage.Key
	// Stored and Counted are the sum and what the calls add up to; of a sum over attempts
	// there are only their number, how many were ok and how long they took.
	Stored, Counted usage.Sum
}

// KeyUse is what an API key has used.
type KeyUse struct {
	// LastUsed is when the last call with it that is stored arrived; the start of its hour
	// where the sums know of a later one; zero when they know of none.
	LastUsed time.Time
	Spent    usage.Cost // since the day that was asked for
}

// UsageStore keeps sums over calls and their attempts, which InsertCalls makes with the calls.
type UsageStore interface {
	// Usage returns sums, by bucket and value in no particular order.
	Usage(ctx context.Context, q UsageQuery) ([]UsageSum, error)
	// AttemptUsage is the same over attempts. Those of calls that nodes sent as totals only
	// are not known.
	AttemptUsage(ctx context.Context, q UsageQuery) ([]AttemptSum, error)
	// KeyUse returns what API keys have used: of each its last use, and what it has spent
	// since a day in UTC began, unless that is zero.
	KeyUse(ctx context.Context, since map[string]time.Time) (map[string]KeyUse, error)
	// FoldUsage adds calls that are stored since to the sums, some thousands at most, and reports
	// whether there may be more. To those who ask they count already.
	FoldUsage(ctx context.Context) (more bool, err error)
	// FoldDue has a value when so many calls wait that FoldUsage should not.
	FoldDue() <-chan struct{}
	// VerifyUsage compares the sums of the hour that begins at t with the calls that are
	// stored of it and returns the sums that differ, at most 100.
	VerifyUsage(ctx context.Context, t time.Time) ([]Drift, error)
	// DeleteUsageBefore deletes sums per minute and per hour of earlier times, a day's at
	// most of each, and reports whether there is more to delete.
	DeleteUsageBefore(ctx context.Context, minutes, hours time.Time) (more bool, err error)
}
