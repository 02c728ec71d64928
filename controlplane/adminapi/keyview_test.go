package adminapi_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/adminapi"
	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// usedKeys makes four keys of three budgets and none, and a call of a dollar with each, a
// minute ago and 40 days ago; "idle" has made none.
func (e *env) usedKeys(t *testing.T, c *client) {
	t.Helper()
	for _, k := range []*adminv1.ApiKey{
		{Name: "daily", Budget: &adminv1.Budget{Amount: "5", Period: "day"}}, {Name: "weekly", Budget: &adminv1.Budget{Amount: "5", Period: "week"}},
		{Name: "monthly", Budget: &adminv1.Budget{Amount: "5", Period: "month"}}, {Name: "free"},
		{Name: "idle", Budget: &adminv1.Budget{Amount: "5", Period: "month"}},
	} {
		ok(c.keys.CreateApiKey(t.Context(), &adminv1.CreateApiKeyRequest{ApiKey: k}))(t)
	}
	names := []string{"daily", "weekly", "monthly", "free"}
	e.insert(t, 8, func(i int, call *nodev1.Call) {
		at := e.clock.Now().Add(-time.Minute)
		if i >= 4 {
			at = at.AddDate(0, 0, -40)
		}
		call.StartUs, call.ApiKey, call.Cost = at.UnixMicro(), names[i%4], 1_000_000_000_000
	})
}

func TestApiKeysShowWhatTheyUsed(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.admin(t)
	e.usedKeys(t, c)
	now := e.clock.Now()
	day := now.Truncate(24 * time.Hour)
	monday := day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
	for name, want := range map[string]struct {
		spent string
		reset time.Time
		used  time.Time
	}{
		"daily":   {"1", day.AddDate(0, 0, 1), now.Add(-time.Minute)},
		"weekly":  {"1", monday.AddDate(0, 0, 7), now.Add(-time.Minute)},
		"monthly": {"1", time.Date(now.Year(), now.Month()+1, 1, 0, 0, 0, 0, time.UTC), now.Add(-time.Minute)},
		"free":    {"", time.Time{}, now.Add(-time.Minute)},
		"idle":    {"0", time.Date(now.Year(), now.Month()+1, 1, 0, 0, 0, 0, time.UTC), time.Time{}},
	} {
		key := ok(c.keys.GetApiKey(t.Context(), &adminv1.GetApiKeyRequest{Name: name}))(t).GetApiKey()
		listed := ok(c.keys.ListApiKeys(t.Context(), &adminv1.ListApiKeysRequest{Search: name}))(t).GetApiKeys()
		updated := ok(c.keys.UpdateApiKey(t.Context(), &adminv1.UpdateApiKeyRequest{ApiKey: key}))(t).GetApiKey()
		for from, k := range map[string]*adminv1.ApiKey{"get": key, "list": listed[0], "update": updated} {
			u := k.GetUsage()
			if u == nil || u.GetSpent() != want.spent || (u.GetBudgetResetTime() != nil) != !want.reset.IsZero() || (u.GetLastUsedTime() != nil) != !want.used.IsZero() {
				t.Fatalf("%s of %s: usage %v, want %+v", from, name, u, want)
			}
			if !want.reset.IsZero() && !u.GetBudgetResetTime().AsTime().Equal(want.reset) || !want.used.IsZero() && !u.GetLastUsedTime().AsTime().Equal(want.used) {
				t.Errorf("%s of %s: usage %v, want %+v", from, name, u, want)
			}
		}
	}
}

// awayUsage is usage of a database that does not answer about API keys.
type awayUsage struct{ asked int }

func (u *awayUsage) KeyUse(ctx context.Context, _ map[string]time.Time) (map[string]calllog.KeyUse, error) {
	u.asked++
	if deadline, bound := ctx.Deadline(); !bound || time.Until(deadline) > 2*time.Second {
		return nil, errors.New("an answer may wait forever")
	}
	return nil, errors.New("the database is away")
}

// A list of keys is answered without the database, and asks it once for the whole page.
func TestApiKeysAreListedWithoutTheirUse(t *testing.T) {
	t.Parallel()
	away := &awayUsage{}
	e := start(t, func(c *adminapi.Config) {
		c.Usage = struct {
			calls
			*awayUsage
		}{c.Usage, away}
	})
	c := e.admin(t)
	e.usedKeys(t, c)
	away.asked = 0
	keys := ok(c.keys.ListApiKeys(t.Context(), &adminv1.ListApiKeysRequest{}))(t).GetApiKeys()
	if len(keys) != 5 || away.asked != 1 {
		t.Fatalf("%d keys, asked %d times; want 5 and once", len(keys), away.asked)
	}
	for _, k := range keys {
		if k.GetUsage() != nil {
			t.Errorf("%s: usage %v", k.GetName(), k.GetUsage())
		}
	}
}

// calls is the rest of what the API reads of usage.
type calls interface {
	Usage(ctx context.Context, q calllog.UsageQuery) ([]calllog.UsageSum, error)
	AttemptUsage(ctx context.Context, q calllog.UsageQuery) ([]calllog.AttemptSum, error)
}
