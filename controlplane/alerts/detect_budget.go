package alerts

import (
	"context"
	"log/slog"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane"
	"github.com/trunkline-ai/trunkline/internal/domain/period"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
)

// budgetLevels are the percents of a budget that people are told of.
var budgetLevels = [...]int64{50, 80, 100}

// spentTime bounds the reading of what keys have spent.
const spentTime = 10 * time.Second

// Budgets finds API keys that have spent much of their budget.
type Budgets struct {
	Live Current
	// Spent gives what keys have spent since a time each.
	Spent  func(ctx context.Context, since map[string]time.Time) (map[string]usage.Cost, error)
	Now    func() time.Time
	Logger *slog.Logger

	budgeted relevantKeys
}

// Event implements Detector.
func (*Budgets) Event() string { return EventBudget }

// Every implements Detector.
func (*Budgets) Every() time.Duration { return 15 * time.Second }

// Look implements Detector.
func (d *Budgets) Look(ctx context.Context) (found []Condition, ok bool) {
	now := d.Now()
	keys := d.budgeted.of(d.Live.Current(), func(key *adminv1.ApiKey) bool { return periodOf(key) != period.None })
	since := map[string]time.Time{}
	for _, r := range keys {
		doc := r.Spec.(*adminv1.ApiKey)
		if controlplane.KeyState(doc, now) == adminv1.ApiKeyState_API_KEY_STATE_ACTIVE {
			since[r.Name] = periodOf(doc).Start(now)
		}
	}
	if len(since) == 0 {
		return nil, true
	}
	ctx, cancel := context.WithTimeout(ctx, spentTime)
	defer cancel()
	spent, err := d.Spent(ctx, since)
	if err != nil {
		d.Logger.WarnContext(ctx, "failed to read the spending of API keys", "error", err)
		return nil, false
	}
	for _, r := range keys {
		if start, budgeted := since[r.Name]; budgeted {
			if condition, ok := overBudget(r, start, spent[r.Name]); ok {
				found = append(found, condition)
			}
		}
	}
	return found, true
}

// overBudget is the highest level that a key has reached since its period began.
func overBudget(r *controlplane.Resource, start time.Time, spent usage.Cost) (Condition, bool) {
	doc := r.Spec.(*adminv1.ApiKey)
	amount, err := controlplane.ParseDecimal(doc.GetBudget().GetAmount())
	if err != nil || amount <= 0 {
		return Condition{}, false // Validate refuses it
	}
	severity := 0
	for i, percent := range budgetLevels {
		// As fractions of a whole budget, so that no amount overflows.
		if spent.Micro/amount*100+spent.Micro%amount*100/amount >= percent {
			severity = i + 1
		}
	}
	if severity == 0 {
		return Condition{}, false
	}
	level := budgetLevels[severity-1]
	return Condition{
		Subject: r.UID + "\x1f" + start.Format(time.DateOnly), Severity: severity,
		Alert: summarized(EventBudget, &adminv1.Alert{
			ApiKey: r.Name, Groups: firstOf(doc.GetGroups(), 100), Level: int32(level), Budget: doc.GetBudget(),
		}),
	}, true
}

func periodOf(key *adminv1.ApiKey) period.Period {
	p, _ := period.Parse(key.GetBudget().GetPeriod()) // validated when it was written
	return p
}
