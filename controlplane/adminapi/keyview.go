package adminapi

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/controlplane/config"
	"github.com/trunkline-ai/trunkline/internal/domain/period"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// KeyUses is what the API reads of the use of API keys.
type KeyUses interface {
	// KeyUse returns what API keys have used: of each its last use, and what it has spent
	// since a day in UTC began, unless that is zero.
	KeyUse(ctx context.Context, since map[string]time.Time) (map[string]calllog.KeyUse, error)
}

// keyUseWait is how long an answer waits for what its keys have used: the configuration can
// be shown without the database.
const keyUseWait = 2 * time.Second

// view is an API key as callers may see it.
func (s keyService) view(ctx context.Context, r *controlplane.Resource) *adminv1.ApiKey {
	return s.views(ctx, []*controlplane.Resource{r})[0]
}

// views are API keys as callers may see them, with what they have used as far as that can be read.
func (s keyService) views(ctx context.Context, resources []*controlplane.Resource) []*adminv1.ApiKey {
	now := s.now()
	keys := make([]*adminv1.ApiKey, len(resources))
	since := make(map[string]time.Time, len(resources))
	for i, r := range resources {
		key := config.Public(r).(*adminv1.ApiKey)
		key.State = controlplane.KeyState(key, now)
		since[key.GetName()] = time.Time{}
		if p := budgetPeriod(key); p != period.None {
			since[key.GetName()] = p.Start(now)
		}
		keys[i] = key
	}
	if len(keys) == 0 {
		return keys
	}
	ctx, cancel := context.WithTimeout(ctx, keyUseWait)
	defer cancel()
	uses, err := s.usage.KeyUse(ctx, since)
	if err != nil {
		s.log.WarnContext(ctx, "failed to read the usage of API keys; they are listed without it", "error", err)
		return keys
	}
	for _, key := range keys {
		use := uses[key.GetName()]
		key.Usage = &adminv1.ApiKeyUsage{}
		if !use.LastUsed.IsZero() {
			key.Usage.LastUsedTime = timestamppb.New(use.LastUsed)
		}
		if p := budgetPeriod(key); p != period.None {
			key.Usage.Spent, key.Usage.BudgetResetTime = use.Spent.String(), timestamppb.New(p.End(now))
		}
	}
	return keys
}

// budgetPeriod is the period of a key's budget, if it has one.
func budgetPeriod(key *adminv1.ApiKey) period.Period {
	p, _ := period.Parse(key.GetBudget().GetPeriod()) // validated when it was written
	return p
}
