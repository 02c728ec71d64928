package store

import (
	"cmp"
	"hash/fnv"
	"iter"
	"slices"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// rollup is a table of sums.
type rollup struct {
	table string
	width time.Duration // of a bucket
	keyed bool          // has a sum for each API key
	// attempts says that attempts are summed up, not calls: without API key and status.
	attempts bool
	// parts are what calls are summed up by, each by itself; none: by everything together.
	parts []calllog.UsageBy
}

// Sums are kept per minute, per hour and per day. Those that know API keys are apart: with a
// thousand keys they are nearly as many as the calls, and most questions are not about keys.
//
// Sums by everything together answer any question, but there are as many of them as
// combinations that occur. Nearly every question is about one property or none, and those
// are answered by parts, of which there are as many as there are values.
var (
	perMinute     = rollup{table: "usage_minute", width: time.Minute}
	perHour       = rollup{table: "usage_hour", width: time.Hour}
	perDay        = rollup{table: "usage_day", width: 24 * time.Hour}
	perKeyHour    = rollup{table: "usage_key_hour", width: time.Hour, keyed: true}
	partsByMinute = rollup{table: "usage_minute_part", width: time.Minute, parts: properties}
	partsByHour   = rollup{table: "usage_hour_part", width: time.Hour, parts: properties}
	partsByDay    = rollup{table: "usage_day_part", width: 24 * time.Hour, parts: append(slices.Clip(properties), calllog.ByAPIKey)}
	rollups       = []rollup{perMinute, perHour, perDay, perKeyHour, partsByMinute, partsByHour, partsByDay}

	// Most questions about attempts are about how those on something ended, so their parts
	// are by outcome too.
	attemptsPerMinute  = rollup{table: "attempt_minute", width: time.Minute, attempts: true}
	attemptsPerHour    = rollup{table: "attempt_hour", width: time.Hour, attempts: true}
	attemptsPerDay     = rollup{table: "attempt_day", width: 24 * time.Hour, attempts: true}
	attemptPartsByHour = rollup{table: "attempt_hour_part", width: time.Hour, attempts: true, parts: attemptProperties}
	attemptPartsByDay  = rollup{table: "attempt_day_part", width: 24 * time.Hour, attempts: true, parts: attemptProperties}
	attemptRollups     = []rollup{attemptsPerMinute, attemptsPerHour, attemptsPerDay, attemptPartsByHour, attemptPartsByDay}
)

// properties are those of which there are few values.
var properties = []calllog.UsageBy{
	calllog.ByNothing, calllog.ByGroup, calllog.ByProvider, calllog.ByModel, calllog.ByOutcome,
}

// attemptProperties are those of which attempts have parts, each by outcome.
var attemptProperties = []calllog.UsageBy{calllog.ByNothing, calllog.ByGroup, calllog.ByProvider, calllog.ByModel}

// shards is how many rows a sum may be spread over: that of the calls, which are folded into it, and
// those of totals, which nodes send when they must.
const shards = 8

// shardOf is the shard that the totals of a node are added to.
func shardOf(node string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(node)) // never fails
	return foldShard + 1 + int(h.Sum32()%(shards-1))
}

// sumKey is which sum of a table.
type sumKey struct {
	bucket int64 // when it begins, in microseconds
	usage.Key
	// Of a part, which has nothing in Key but the outcome of attempts: what it is summed up by,
	// and the value.
	by    calllog.UsageBy
	value string
}

func (k sumKey) compare(o sumKey) int {
	return cmp.Or(cmp.Compare(k.bucket, o.bucket), cmp.Compare(k.by, o.by), cmp.Compare(k.value, o.value), k.Key.Compare(o.Key))
}

// keysOf are the sums of this table that calls of a key belong to which arrived at a time.
func (r rollup) keysOf(us int64, k usage.Key) iter.Seq[sumKey] {
	return func(yield func(sumKey) bool) {
		bucket := floor(us, r.width)
		if r.parts == nil {
			if !r.keyed {
				k.APIKey = ""
			}
			yield(sumKey{bucket: bucket, Key: k})
			return
		}
		for _, by := range r.parts {
			key := sumKey{bucket: bucket, by: by, value: valueOf(k, by)}
			if r.attempts {
				key.Outcome = k.Outcome
			}
			if !yield(key) {
				return
			}
		}
	}
}

// valueOf is the value that a key has of a property.
func valueOf(k usage.Key, by calllog.UsageBy) string {
	switch by {
	case calllog.ByGroup:
		return k.Group
	case calllog.ByProvider:
		return k.Provider
	case calllog.ByModel:
		return k.Model
	case calllog.ByOutcome:
		return k.Outcome
	case calllog.ByAPIKey:
		return k.APIKey
	}
	return ""
}

// floor is the start of the bucket that holds a moment.
func floor(us int64, width time.Duration) int64 {
	w := width.Microseconds()
	rest := us % w
	if rest < 0 {
		rest += w
	}
	return us - rest
}

// count adds a call to the sums that it belongs to.
func (r rollup) count(sums map[sumKey]*usage.Sum, c *nodev1.Call) {
	for k := range r.keysOf(c.GetStartUs(), usage.KeyOf(c)) {
		sumOf(sums, k).Count(c)
	}
}

// countAttempts adds the attempts of a call to the sums that they belong to: those of the
// time at which the call arrived.
func (r rollup) countAttempts(sums map[sumKey]*usage.Attempts, c *nodev1.Call) {
	for _, a := range c.GetAttempts() {
		for k := range r.keysOf(c.GetStartUs(), usage.AttemptKeyOf(c, a)) {
			sumOf(sums, k).Count(a)
		}
	}
}

// sumOf is the sum of a key, an empty one at first.
func sumOf[K comparable, T any](sums map[K]*T, k K) *T {
	if sums[k] == nil {
		sums[k] = new(T)
	}
	return sums[k]
}

// keyColumns name a sum, keyArgs are their values.
func (r rollup) keyColumns() string {
	switch {
	case r.parts != nil && r.attempts:
		return "bucket, property, value, outcome"
	case r.parts != nil:
		return "bucket, property, value"
	case r.attempts:
		return "bucket, group_name, provider, model, outcome"
	}
	if r.keyed {
		return "bucket, api_key, group_name, provider, model, outcome, status"
	}
	return "bucket, group_name, provider, model, outcome, status"
}

func (r rollup) keyArgs(k sumKey) []any {
	switch {
	case r.parts != nil && r.attempts:
		return []any{k.bucket, string(k.by), k.value, k.Outcome}
	case r.parts != nil:
		return []any{k.bucket, string(k.by), k.value}
	case r.attempts:
		return []any{k.bucket, k.Group, k.Provider, k.Model, k.Outcome}
	}
	if r.keyed {
		return []any{k.bucket, k.APIKey, k.Group, k.Provider, k.Model, k.Outcome, k.Status}
	}
	return []any{k.bucket, k.Group, k.Provider, k.Model, k.Outcome, k.Status}
}

// scanInto is where the values of keyColumns go.
func (r rollup) scanInto(k *sumKey) []any {
	switch {
	case r.parts != nil && r.attempts:
		return []any{&k.bucket, &k.by, &k.value, &k.Outcome}
	case r.parts != nil:
		return []any{&k.bucket, &k.by, &k.value}
	case r.attempts:
		return []any{&k.bucket, &k.Group, &k.Provider, &k.Model, &k.Outcome}
	}
	if r.keyed {
		return []any{&k.bucket, &k.APIKey, &k.Group, &k.Provider, &k.Model, &k.Outcome, &k.Status}
	}
	return []any{&k.bucket, &k.Group, &k.Provider, &k.Model, &k.Outcome, &k.Status}
}
