package store

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/trunkline-ai/trunkline/controlplane/calllog"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// scaleFilledEnv is a PostgreSQL database with calls as webui/e2e/seed -large makes them; without it the test is skipped.
const scaleFilledEnv = "TRUNKLINE_SCALE_FILLED"

// TestScaleFilled prints how long searches, the questions of a dashboard and retention take on a database that exists, and how
// many pages of 8 KB they read. It is a measurement: run it with -v. The first time of each is what the caches hold then.
// Retention drops the six oldest of its days; -run TestScaleFilled/reads leaves it out.
func TestScaleFilled(t *testing.T) {
	url := os.Getenv(scaleFilledEnv)
	if url == "" {
		t.Skip("a measurement: set " + scaleFilledEnv)
	}
	s := openPlain(t, url)
	var newest int64
	if err := s.engine.Reader().QueryRowContext(t.Context(), `SELECT start_us FROM call ORDER BY start_us DESC LIMIT 1`).Scan(&newest); err != nil {
		t.Fatal(err)
	}
	end := time.UnixMicro(newest).UTC().Truncate(time.Hour)
	midnight := end.Truncate(24 * time.Hour)
	t.Run("reads", func(t *testing.T) { measureFilled(t, s, end, midnight) })
	t.Run("retention", func(t *testing.T) {
		measureRetention(t, s, midnight, &nodev1.Call{Group: "group-007", ApiKey: "key-000007", Provider: "provider-0500"})
	})
}

func measureFilled(t *testing.T, s *DB, end, midnight time.Time) {
	calls, sums, ctx := NewCalls(s), NewUsage(s), t.Context()
	middle := calllog.Position{StartUS: midnight.AddDate(0, 0, -15).UnixMicro(), ID: "x"}
	old, err := calls.ListCalls(ctx, calllog.Filter{After: middle, Limit: 1})
	if err != nil || len(old) == 0 {
		t.Fatalf("a call of the middle: %v, %v", old, err)
	}
	const times = 6 // the first, and the median of the others
	measure := func(what string, do func() (string, error), query string, args []any, columns int) {
		var all []time.Duration
		var found string
		for range times {
			began := time.Now()
			var err error
			if found, err = do(); err != nil {
				t.Errorf("%s: %v", what, err)
				return
			}
			all = append(all, time.Since(began))
		}
		first := all[0]
		all = slices.Sorted(slices.Values(all[1:]))
		pages := ""
		if query != "" {
			pages = pagesOf(explain(t, s.engine.Reader(), "EXPLAIN (ANALYZE, BUFFERS, COSTS OFF, TIMING OFF) "+query, args, columns))
		}
		t.Logf("%-45s | %9s | %9s | %s | %s", what, first.Round(100*time.Microsecond), all[len(all)/2].Round(100*time.Microsecond), pages, found)
	}
	t.Log("what | first | again, median | pages of the first query | found")
	day := func(f calllog.Filter) calllog.Filter {
		f.From, f.To = midnight.AddDate(0, 0, -12), midnight.AddDate(0, 0, -11)
		return f
	}
	for _, search := range []struct {
		name string
		f    calllog.Filter
	}{
		{"newest", calllog.Filter{}}, {"from the middle", calllog.Filter{After: middle}}, {"a day", day(calllog.Filter{})},
		{"a group", calllog.Filter{Group: "group-007"}}, {"a rare group", calllog.Filter{Group: "group-180"}},
		{"a key", calllog.Filter{APIKey: "key-000007"}}, {"a rare key", calllog.Filter{APIKey: "key-070000"}},
		{"a provider", calllog.Filter{Provider: "provider-0500"}}, {"a provider on a day", day(calllog.Filter{Provider: "provider-0500"})},
		{"failed", calllog.Filter{Failed: true}}, {"an outcome that never was", calllog.Filter{Outcome: "timeout"}},
		{"a status that never was", calllog.Filter{Status: 502}}, {"failed over, of a group", calllog.Filter{Group: "group-007", FailedOver: true}},
		{"a provider, an attempt failed", calllog.Filter{Provider: "provider-0500", AttemptOutcome: "rate_limited"}},
		{"a provider and an outcome it never had", calllog.Filter{Provider: "provider-0500", Outcome: "timeout"}},
		{"a group and an outcome it never had", calllog.Filter{Group: "group-000", Outcome: "timeout"}},
		{"a group and a key", calllog.Filter{Group: "group-000", APIKey: "key-000007"}},
		{"a provider and a group it never served", calllog.Filter{Provider: "provider-0000", Group: "group-001"}},
		{"a model", calllog.Filter{Model: "vendor/model-01"}}, {"longer than 5 s", calllog.Filter{MinDuration: 5 * time.Second}},
		{"an unknown model of a day", day(calllog.Filter{Model: "nobody"})}, {"an unknown model", calllog.Filter{Model: "nobody"}},
	} {
		search.f.Limit = 50
		query, args := listQuery(search.f)
		if search.name == "an unknown model" { // it reads every call, unless it is given up
			query = ""
		}
		measure("list: "+search.name, func() (string, error) {
			found, back, err := calls.SearchCalls(ctx, search.f, 250*time.Millisecond) // as the admin API does
			if back.IsZero() {
				return strconv.Itoa(len(found)), err
			}
			return strconv.Itoa(len(found)) + ", looked back " + end.Sub(back).Round(time.Minute).String(), err
		}, query, args, 1)
	}
	measure("a call by its id", func() (string, error) { _, err := calls.GetCall(ctx, old[0].GetId()); return "1 call", err },
		`SELECT node, record FROM call WHERE id = $1`, []any{old[0].GetId()}, 1)

	// What the console asks for a dashboard of 30 days. Its questions about times are asked in two steps.
	month := func(q calllog.UsageQuery) calllog.UsageQuery {
		q.From, q.To = end.AddDate(0, 0, -30), end
		return q
	}
	for _, question := range []struct {
		name     string
		q        calllog.UsageQuery
		attempts bool
	}{
		{"totals", calllog.UsageQuery{}, false}, {"totals of a group", calllog.UsageQuery{Group: "group-007"}, false},
		{"totals of a key", calllog.UsageQuery{APIKey: "key-000007"}, false},
		{"by day", calllog.UsageQuery{PerBucket: true, Days: true}, false}, {"by hour", calllog.UsageQuery{PerBucket: true}, false},
		{"by model", calllog.UsageQuery{By: calllog.ByModel, WithoutTimes: true}, false},
		{"by model and day", calllog.UsageQuery{By: calllog.ByModel, PerBucket: true, Days: true, WithoutTimes: true}, false},
		{"of a group, by model", calllog.UsageQuery{Group: "group-007", By: calllog.ByModel, WithoutTimes: true}, false},
		{"by key, without times", calllog.UsageQuery{By: calllog.ByAPIKey, WithoutTimes: true}, false},
		{"attempts by provider", calllog.UsageQuery{By: calllog.ByProvider, WithoutTimes: true}, true},
		{"attempts by provider, then model", calllog.UsageQuery{By: calllog.ByProvider, ThenBy: calllog.ByModel, WithoutTimes: true}, true},
		{"attempts by outcome, then provider", calllog.UsageQuery{By: calllog.ByOutcome, ThenBy: calllog.ByProvider, WithoutTimes: true}, true},
		{"attempts of six providers, by day", calllog.UsageQuery{By: calllog.ByProvider, PerBucket: true, Days: true,
			Values: []string{"provider-0000", "provider-0020", "provider-0040", "provider-0060", "provider-0080", "provider-0100"}}, true},
		{"attempts of a group by provider, then model", calllog.UsageQuery{Group: "group-007", By: calllog.ByProvider, ThenBy: calllog.ByModel, WithoutTimes: true}, true},
	} {
		q := month(question.q)
		measure("30 days: "+question.name, func() (string, error) {
			if question.attempts {
				found, err := sums.AttemptUsage(ctx, q)
				return strconv.Itoa(len(found)), err
			}
			found, err := sums.Usage(ctx, q)
			return strconv.Itoa(len(found)), err
		}, "", nil, 0)
	}
}

var sharedPages = regexp.MustCompile(`Buffers: shared ([a-z0-9= ]+)`)

// pagesOf are those that the whole of a plan reads, of the cache or not.
func pagesOf(plan string) string {
	if found := sharedPages.FindStringSubmatch(plan); found != nil {
		return found[1]
	}
	return ""
}
