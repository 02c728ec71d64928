package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// callsAreFollowed: calls come up in the order in which they were stored, whenever they
// arrived, with every filter; of too many the latest do, and the others are counted.
func callsAreFollowed(t *testing.T, db Database) {
	clock := newClock()
	s := db.Open(t, clock.now)
	calls := makeCalls(90)
	var times []time.Time
	for i := 0; i < len(calls); i += 30 {
		insertAll(t, s, calls[i:i+30])
		times = append(times, clock.kept())
	}
	recent := func(f calllog.Filter, since time.Time, limit int) ([]calllog.Call, int) {
		t.Helper()
		got, skipped, err := s.RecentCalls(t.Context(), f, since, limit)
		must(t, err)
		return got, skipped
	}
	ids := func(calls []calllog.Call) (all []string) {
		for _, c := range calls {
			all = append(all, c.GetId())
		}
		return all
	}
	got, skipped := recent(calllog.Filter{}, times[1], 100)
	if len(got) != 60 || skipped != 0 {
		t.Fatalf("found %d and skipped %d, want the 60 of the last two times", len(got), skipped)
	}
	wantEqual(t, "those of one time come together", belong(calls[30:60], ids(got[:30])), 30)
	last, skipped := recent(calllog.Filter{}, times[1], 7)
	wantEqual(t, "the last seven", ids(last), ids(got[53:]))
	wantEqual(t, "skipped", skipped, 53)
	if none, skipped := recent(calllog.Filter{}, clock.now(), 10); len(none) != 0 || skipped != 0 {
		t.Errorf("found %d and skipped %d of the future", len(none), skipped)
	}
	for _, f := range []calllog.Filter{{Group: "g1"}, {Provider: "p2"}, {Provider: "p2", Outcome: "ok", APIKey: "k1"}, {Status: 429}, {Node: "nobody"}, {Failed: true}, {FailedOver: true, Provider: "p1"}, {MinCost: 1 << 62}} {
		want := 0
		for _, c := range got {
			if f.Matches(c) {
				want++
			}
		}
		found, _ := recent(f, times[1], 100)
		if len(found) != want || slices.ContainsFunc(found, func(c calllog.Call) bool { return !f.Matches(c) }) {
			t.Errorf("%+v: found %d calls, want %d", f, len(found), want)
		}
	}
}

// belong counts the ids that are of calls.
func belong(calls []*nodev1.Call, ids []string) (n int) {
	for _, c := range calls {
		if slices.Contains(ids, c.GetId()) {
			n++
		}
	}
	return n
}

// usageOfDays: what is asked of whole days is read by the day, and days and hours add up.
func usageOfDays(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	calls := makeUsage(400)
	for i, c := range calls {
		c.StartUs = epoch.Add(time.Duration(i) * 13 * time.Minute).UnixMicro() // over some 86 hours
	}
	insertAll(t, s, calls)
	for _, hours := range [][2]int{{0, 90}, {5, 70}, {16, 64}, {15, 65}, {17, 39}, {16, 40}, {0, 10}, {-100, 200}} {
		q := calllog.UsageQuery{
			From: epoch.Add(time.Duration(hours[0]) * time.Hour), To: epoch.Add(time.Duration(hours[1]) * time.Hour), By: calllog.ByAPIKey,
		}
		for _, by := range []calllog.UsageBy{calllog.ByAPIKey, calllog.ByNothing, calllog.ByModel, calllog.ByOutcome} {
			q.By = by
			wantUsage(t, s, q, calls)
		}
		q.By, q.APIKey = calllog.ByAPIKey, "k1"
		wantUsage(t, s, q, calls)
		q.By = calllog.ByNothing
		wantUsage(t, s, q, calls)
		q.Group = "g1"
		wantUsage(t, s, q, calls)
	}
	for hour := range 90 {
		drifts, err := s.VerifyUsage(t.Context(), epoch.Add(time.Duration(hour)*time.Hour))
		must(t, err)
		if len(drifts) != 0 {
			t.Errorf("hour %d: %d sums differ, the first of %s: %s", hour, len(drifts), drifts[0].Table, fmt.Sprintf("%+v", drifts[0].Key))
		}
	}
}
