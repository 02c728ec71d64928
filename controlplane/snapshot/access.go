package snapshot

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/trunkline-ai/trunkline/controlplane"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// access fills in what the key may use, spend and do, and from where.
func access(out *nodev1.ApiKey, in *adminv1.ApiKey) error {
	out.RequestsPerMinute = in.GetLimits().GetRequestsPerMinute()
	out.TokensPerMinute = in.GetLimits().GetTokensPerMinute()
	out.Concurrency = in.GetLimits().GetConcurrency()
	out.Owner = in.GetOwner()
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

// oldSecret is the key once more, under the secret it had before its last rotation, until the
// overlap ends; nil when there is none. Limits are counted by name, so both count as one. The
// end may lie in the past: nodes look at the clock, so that a snapshot depends on nothing but
// the configuration.
func oldSecret(key *nodev1.ApiKey, in *adminv1.ApiKey) *nodev1.ApiKey {
	if len(in.GetOldSecretHash()) != keyHashSize {
		return nil
	}
	old := proto.CloneOf(key)
	old.Hash, old.ExpireTime = in.GetOldSecretHash(), in.GetOldSecretExpireTime()
	if end := key.GetExpireTime(); end != nil && end.AsTime().Before(old.GetExpireTime().AsTime()) {
		old.ExpireTime = end
	}
	return old
}
