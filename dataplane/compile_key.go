package dataplane

import (
	"fmt"
	"net/netip"

	"github.com/trunkline-ai/trunkline/internal/domain/period"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

const microUSD PicoUSD = 1_000_000 // in pico-USD

// maxBudget keeps the sum of a budget and of what calls in flight add far from overflow.
const maxBudget = 1_000_000 * 1_000_000 // micro-USD

// callerOf names who is behind a key. An owner called like a key is another one.
func callerOf(in *nodev1.ApiKey) string {
	if owner := in.GetOwner(); owner != "" {
		return "owner:" + owner
	}
	return callerKey(in.GetName())
}

func callerKey(name string) string { return "key:" + name }

// restrict fills in what the key may use, spend and do, and from where.
func (k *APIKey) restrict(in *nodev1.ApiKey) error {
	k.RequestOptions, k.Debug = in.GetRequestOptions(), in.GetDebug()
	k.Limits = Limits{Requests: in.GetRequestsPerMinute(), Tokens: in.GetTokensPerMinute(), Concurrency: in.GetConcurrency()}
	if k.Limits.Requests < 0 || k.Limits.Tokens < 0 || k.Limits.Concurrency < 0 {
		return fmt.Errorf("a limit is below 0")
	}
	budgetPeriod, err := period.Parse(in.GetBudgetPeriod())
	if err != nil {
		return err
	}
	if budgetPeriod != NoPeriod {
		if in.GetBudget() < 0 || in.GetBudget() > maxBudget {
			return fmt.Errorf("budget of %d micro-USD is out of range", in.GetBudget())
		}
		k.Budget = Budget{Amount: PicoUSD(in.GetBudget()) * microUSD, Period: budgetPeriod}
	}
	for _, s := range in.GetAllowedIps() {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return fmt.Errorf("allowed_ips: %w", err)
		}
		k.AllowedIPs = append(k.AllowedIPs, p)
	}
	k.limited = k.Limits != Limits{} || k.Budget.Period != NoPeriod
	return nil
}
