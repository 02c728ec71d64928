// Package usage sums calls up: how many, how long, how many tokens, what they cost. The
// control plane keeps such sums beside the calls, and a node makes them of calls that it
// cannot keep, so both count in exactly the same way. Sums are exact: no order of adding
// and no number of calls changes them.
package usage

import (
	"cmp"
	"strings"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Most that one call adds to a sum, and longest name in a key of sums, in bytes. They are
// far beyond what a real call has; without them one broken node could overflow a sum and
// so keep everyone's calls from being stored.
const (
	maxCallTokens = 1_000_000_000_000
	maxName       = 256
)

// Sum is the sum over some calls.
type Sum struct {
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

// Key is what usage is summed by. APIKey is empty where it is summed over keys.
type Key struct {
	APIKey   string
	Group    string
	Provider string // that answered; empty when none did
	Model    string // upstream model that answered; empty when none did
	Outcome  string
	Status   int32
}

// KeyOf is the key a call is summed under.
func KeyOf(c *nodev1.Call) Key {
	return Key{
		APIKey: name(c.GetApiKey()), Group: name(c.GetGroup()), Provider: name(c.GetProvider()),
		Model: name(c.GetUpstreamModel()), Outcome: name(c.GetOutcome()), Status: c.GetStatus(),
	}
}

// Compare orders keys by their bytes.
func (k Key) Compare(o Key) int {
	return cmp.Or(cmp.Compare(k.APIKey, o.APIKey), cmp.Compare(k.Group, o.Group), cmp.Compare(k.Provider, o.Provider),
		cmp.Compare(k.Model, o.Model), cmp.Compare(k.Outcome, o.Outcome), cmp.Compare(k.Status, o.Status))
}

// name makes s fit for a column that is part of an index.
func name(s string) string {
	s = strings.ReplaceAll(s, "\x00", "\uFFFD")
	if len(s) > maxName {
		s = s[:maxName]
	}
	return strings.ToValidUTF8(s, "")
}

// Count adds one call.
func (u *Sum) Count(c *nodev1.Call) {
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
func (u *Sum) Add(o *Sum) {
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
func (u *Sum) Equal(o *Sum) bool {
	return u.Calls == o.Calls && u.OK == o.OK && u.Attempts == o.Attempts && u.Failovers == o.Failovers && u.Saved == o.Saved &&
		u.InputTokens == o.InputTokens && u.CachedInputTokens == o.CachedInputTokens && u.OutputTokens == o.OutputTokens &&
		u.Cost == o.Cost && u.DurationUS == o.DurationUS && u.Latency.Equal(o.Latency) && u.FirstToken.Equal(o.FirstToken)
}

// Size is how many calls are summed up.
func (u *Sum) Size() int64 { return u.Calls }

// OutcomeOK is the outcome of a call that was answered well.
const OutcomeOK = "ok"
