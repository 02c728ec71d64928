package usage

import (
	"errors"
	"fmt"

	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// Most that one total may hold: beyond what a node can serve in a day, which 100,000 streams
// that are always open fill with 8.64e15 microseconds, and little enough that a batch of
// totals overflows nothing.
const (
	maxTotalCalls = 1e11
	maxTotal      = 1e16
)

// ToTotal writes a sum as nodes ship it. Its id and its time are the caller's.
func ToTotal(k Key, u *Sum) *nodev1.Total {
	return &nodev1.Total{
		ApiKey: k.APIKey, Group: k.Group, Provider: k.Provider, UpstreamModel: k.Model, Outcome: k.Outcome, Status: k.Status,
		Calls: u.Calls, Attempts: u.Attempts, Failovers: u.Failovers,
		InputTokens: u.InputTokens, CachedInputTokens: u.CachedInputTokens, OutputTokens: u.OutputTokens,
		CostMicro: u.Cost.Micro, CostPico: u.Cost.Pico, DurationUs: u.DurationUS,
		Latency: u.Latency.Encode(), FirstToken: u.FirstToken.Encode(),
	}
}

// FromTotal reads a sum that ToTotal wrote. It refuses what no calls add up to.
func FromTotal(t *nodev1.Total) (Key, *Sum, error) {
	k := Key{
		APIKey: name(t.GetApiKey()), Group: name(t.GetGroup()), Provider: name(t.GetProvider()),
		Model: name(t.GetUpstreamModel()), Outcome: name(t.GetOutcome()), Status: t.GetStatus(),
	}
	u := &Sum{
		Calls: t.GetCalls(), Attempts: t.GetAttempts(), Failovers: t.GetFailovers(),
		InputTokens: t.GetInputTokens(), CachedInputTokens: t.GetCachedInputTokens(), OutputTokens: t.GetOutputTokens(),
		Cost: Cost{Micro: t.GetCostMicro(), Pico: t.GetCostPico()}, DurationUS: t.GetDurationUs(),
	}
	if k.Outcome == OutcomeOK {
		u.OK, u.Saved = u.Calls, u.Failovers
	}
	if err := errors.Join(u.Latency.AddEncoded(t.GetLatency()), u.FirstToken.AddEncoded(t.GetFirstToken())); err != nil {
		return k, nil, err
	}
	return k, u, u.check()
}

// check says what is wrong with a sum that came from elsewhere.
func (u *Sum) check() error {
	if u.Calls < 1 || u.Calls > maxTotalCalls {
		return fmt.Errorf("it sums up %d calls", u.Calls)
	}
	for _, n := range []int64{u.Attempts, u.InputTokens, u.CachedInputTokens, u.OutputTokens, u.Cost.Micro, u.DurationUS} {
		if n < 0 || n > maxTotal {
			return fmt.Errorf("%d is more or less than calls add up to", n)
		}
	}
	switch {
	case u.Failovers < 0 || u.Failovers > u.Calls:
		return fmt.Errorf("of %d calls, %d took more than one attempt", u.Calls, u.Failovers)
	case u.Cost.Pico < 0 || u.Cost.Pico >= microInPico:
		return fmt.Errorf("%d is not a fraction of a micro-USD", u.Cost.Pico)
	case u.Latency.Total() != u.Calls || u.FirstToken.Total() > u.Calls:
		return fmt.Errorf("its histograms count %d and %d of %d calls", u.Latency.Total(), u.FirstToken.Total(), u.Calls)
	}
	return nil
}
