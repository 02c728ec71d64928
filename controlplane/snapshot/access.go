package snapshot

import (
	"fmt"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// access fills in what the key may use, spend and do, and from where.
func access(out *nodev1.ApiKey, in *adminv1.ApiKey) error {
	out.RequestsPerMinute = in.GetLimits().GetRequestsPerMinute()
	out.TokensPerMinute = in.GetLimits().GetTokensPerMinute()
	out.Concurrency = in.GetLimits().GetConcurrency()
	out.RequestOptions, out.Debug = in.GetRequestOptions(), in.GetDebug()
	if b := in.GetBudget(); b != nil {
		micro, err := controlplane.ParseDecimal(b.GetAmount())
		if err != nil {
			return fmt.Errorf("budget.amount: %w", err)
		}
		out.Budget, out.BudgetPeriod = micro, b.GetPeriod()
	}
	for i, s := range in.GetAllowedIps() {
		p, err := controlplane.ParseAddresses(s)
		if err != nil {
			return fmt.Errorf("allowed_ips[%d]: %w", i, err)
		}
		out.AllowedIps = append(out.AllowedIps, p.String())
	}
	return nil
}
