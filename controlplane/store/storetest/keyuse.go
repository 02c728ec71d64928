package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	"github.com/trunkline-ai/trunkline/internal/domain/usage"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// keyUse: when keys were used last, and what they have spent since the days that are asked for.
func keyUse(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	day := epoch.Truncate(24 * time.Hour)
	var calls []*nodev1.Call
	call := func(key string, at time.Time, cost int64) {
		calls = append(calls, &nodev1.Call{
			Id: fmt.Sprintf("call-%03d", len(calls)), StartUs: at.UnixMicro(), ApiKey: key, Outcome: "ok", Status: 200, Cost: cost, Model: "m",
			Group: fmt.Sprint("g", len(calls)%3),
		})
	}
	late := day.Add(9*24*time.Hour + 17*time.Hour + 12*time.Minute + 3*time.Microsecond)
	for i := range 10 {
		call("daily", day.AddDate(0, 0, i), 3)
		call("daily", day.AddDate(0, 0, i+1).Add(-time.Microsecond), 4)
	}
	call("daily", late, 0)
	call("dear", day, 9e18)
	call("dear", day, 9e18)
	call("old", day.Add(-40*24*time.Hour), 1)
	call("quiet", late.Add(-time.Hour), 1)
	insertAll(t, s, calls[:12])
	foldAll(t, s)
	insertAll(t, s, calls[12:])
	for range 2 { // with some that are pending, and without
		got, err := s.KeyUse(t.Context(), map[string]time.Time{
			"daily": day.AddDate(0, 0, 7), "dear": day, "old": {}, "quiet": late, "nobody": day, "it's ' quoted": {},
		})
		must(t, err)
		wantEqual(t, "use", got, map[string]calllog.KeyUse{
			"daily":         {LastUsed: day.AddDate(0, 0, 10).Add(-time.Microsecond), Spent: usage.CostOfPico(3 * 7)},
			"dear":          {LastUsed: day, Spent: usage.CostOfPico(9e18).Plus(usage.CostOfPico(9e18))},
			"old":           {LastUsed: day.Add(-40 * 24 * time.Hour)},
			"quiet":         {LastUsed: late.Add(-time.Hour), Spent: usage.CostOfPico(1)}, // its day began before
			"nobody":        {},
			"it's ' quoted": {},
		})
		foldAll(t, s)
	}
	none, err := s.KeyUse(t.Context(), nil)
	must(t, err)
	wantEqual(t, "use of no keys", len(none), 0)
	page := map[string]time.Time{"daily": day} // as many as a page of keys may have
	for i := range 999 {
		page[fmt.Sprint("key-", i)] = day
	}
	many, err := s.KeyUse(t.Context(), page)
	must(t, err)
	wantEqual(t, "use of a page", []any{len(many), many["daily"].Spent, many["key-998"]}, []any{1000, usage.CostOfPico(70), calllog.KeyUse{}})

	// Of calls that are gone the hour is left.
	for n := 1; n > 0; {
		n, err = s.DeleteCallsBefore(t.Context(), day, 100)
		must(t, err)
	}
	got, err := s.KeyUse(t.Context(), map[string]time.Time{"old": day.AddDate(-1, 0, 0)})
	must(t, err)
	wantEqual(t, "use that is old", got, map[string]calllog.KeyUse{
		"old": {LastUsed: day.Add(-40 * 24 * time.Hour).Truncate(time.Hour), Spent: usage.CostOfPico(1)},
	})
}
