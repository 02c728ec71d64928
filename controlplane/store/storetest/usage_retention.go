package storetest

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

func oldUsageIsDeleted(t *testing.T, db Database) {
	s := db.Open(t, time.Now)
	calls := makeUsage(200)
	for i, c := range calls {
		c.StartUs = epoch.AddDate(0, 0, i%10).UnixMicro()
	}
	insertAll(t, s, calls)
	foldAll(t, s)
	const hour = time.Hour
	minutes, hours := epoch.AddDate(0, 0, 7), epoch.AddDate(0, 0, 3)
	for rounds := 1; ; rounds++ {
		more, err := s.DeleteUsageBefore(t.Context(), minutes.Add(30*time.Second), hours.Add(hour/2))
		must(t, err)
		if !more {
			break
		}
		if rounds > 10 {
			t.Fatal("it does not end")
		}
	}
	since := func(t0 time.Time) []*nodev1.Call {
		return slices.DeleteFunc(slices.Clone(calls), func(c *nodev1.Call) bool { return c.GetStartUs() < t0.UnixMicro() })
	}
	q := calllog.UsageQuery{From: epoch, To: epoch.AddDate(0, 0, 20), PerBucket: true}
	wantUsage(t, s, q, since(hours))
	q.By = calllog.ByAPIKey
	wantUsage(t, s, q, since(hours))
	q.By, q.Minutes = calllog.ByNothing, true
	wantUsage(t, s, q, since(minutes))
	wantAttempts(t, s, q, since(minutes))
	q.Minutes = false
	for _, q.PerBucket = range []bool{false, true} { // from the sums per day, and from those per hour
		wantAttempts(t, s, q, since(hours))
		q.ThenBy = calllog.ByOutcome
		wantAttempts(t, s, q, since(hours))
		q.ThenBy = calllog.ByNothing
	}
	wantCalls(t, "the calls themselves", listAll(t, s, calllog.Filter{}), newestFirst(calls))
	numbersWithoutTimes(t, s, calllog.UsageQuery{From: hours, To: epoch.AddDate(0, 0, 20), By: calllog.ByProvider})
}

// numbersWithoutTimes checks that a question without times gets the same numbers.
func numbersWithoutTimes(t *testing.T, s Store, q calllog.UsageQuery) {
	t.Helper()
	numbers := func() map[string][3]int64 {
		all := map[string][3]int64{}
		attempts, err := s.AttemptUsage(t.Context(), q)
		must(t, err)
		for _, sum := range attempts {
			all["attempts "+sum.Value] = [3]int64{sum.Total.Attempts, sum.Total.Counted, sum.Total.DurationUS}
			if has := len(sum.Total.Latency.Encode()) > 1; has == q.WithoutTimes {
				t.Errorf("without times %v: attempts of %q have times: %v", q.WithoutTimes, sum.Value, has)
			}
		}
		calls, err := s.Usage(t.Context(), q)
		must(t, err)
		for _, sum := range calls {
			all["calls "+sum.Value] = [3]int64{sum.Total.Calls, sum.Total.OutputTokens, sum.Total.DurationUS}
		}
		return all
	}
	want := numbers()
	q.WithoutTimes = true
	if got := numbers(); len(want) == 0 || !maps.Equal(got, want) {
		t.Errorf("without times %v, want %v", got, want)
	}
}
