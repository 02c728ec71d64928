package adminapi_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	adminv1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/admin/v1"
	nodev1 "github.com/trunkline-ai/trunkline/proto/gen/trunkline/node/v1"
)

// insertAttempts stores calls 23 minutes apart. Call number i is of group i%3; it was tried on
// flaky first when i%5 is 0, which was rate limited or, when i%10 is 0, blamed on the caller.
func (e *env) insertAttempts(t *testing.T) {
	t.Helper()
	e.clock.Advance(usageTime(usageCalls).Sub(e.clock.Now()))
	e.insert(t, usageCalls, func(i int, c *nodev1.Call) {
		c.StartUs, c.Group = usageTime(i).UnixMicro(), fmt.Sprintf("group-%d", i%3)
		last := &nodev1.Attempt{Provider: fmt.Sprintf("provider-%d", i%2), Model: "m", Outcome: "ok", DurationUs: 2_000_000, FirstTokenUs: 500_000}
		c.Attempts = []*nodev1.Attempt{last}
		if i%5 == 0 {
			first := &nodev1.Attempt{Provider: "flaky", Model: "m", Outcome: "rate_limited", Blame: "credential", DurationUs: 100_000}
			if i%10 == 0 {
				first.Outcome, first.Blame = "bad_request", "caller"
			}
			c.Attempts = []*nodev1.Attempt{first, last}
		}
	})
}

// countAttempts counts what insertAttempts made: "attempts ok counted" of the attempts which selects.
func countAttempts(which func(i int, provider string) bool) string {
	var all, good, counted int
	for i := range usageCalls {
		if which(i, fmt.Sprintf("provider-%d", i%2)) {
			all, good = all+1, good+1
		}
		if i%5 == 0 && which(i, "flaky") {
			all++
			if i%10 != 0 {
				counted++
			}
		}
	}
	return fmt.Sprint(all, good, counted)
}

func attemptNumbers(u *adminv1.AttemptTotals) string {
	return fmt.Sprint(u.GetAttempts(), u.GetOkAttempts(), u.GetCountedFailures())
}

func TestAttemptBreakdown(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.insertAttempts(t)
	c := e.admin(t)
	from, to := usageTime(3), usageTime(usageCalls-7) // at no full hour
	inside := func(i int) bool { return i >= 3 && i < usageCalls-7 }
	filter := func(group string) *adminv1.UsageFilter {
		return &adminv1.UsageFilter{StartTime: timestamppb.New(from), EndTime: timestamppb.New(to), Group: group}
	}
	const provider, outcome = adminv1.UsageDimension_USAGE_DIMENSION_PROVIDER, adminv1.UsageDimension_USAGE_DIMENSION_OUTCOME
	for _, group := range []string{"", "group-1"} {
		in := func(i int) bool { return inside(i) && (group == "" || i%3 == 1) }
		res := ok(c.usage.BreakDownAttempts(t.Context(), &adminv1.BreakDownAttemptsRequest{Filter: filter(group), By: provider, ThenBy: outcome, Limit: 2}))(t)
		var got []string
		for _, row := range res.GetRows() {
			got = append(got, row.GetValue()+" "+attemptNumbers(row.GetTotal()))
			for _, part := range row.GetParts() {
				got = append(got, row.GetValue()+" "+part.GetValue()+" "+attemptNumbers(part.GetTotal()))
			}
		}
		var want []string
		first, second := "provider-0", "provider-1"
		if count := func(p string) string { return countAttempts(func(i int, on string) bool { return in(i) && on == p }) }; count(second) > count(first) {
			first, second = second, first
		}
		for _, p := range []string{first, second} {
			numbers := countAttempts(func(i int, on string) bool { return in(i) && on == p })
			want = append(want, p+" "+numbers, p+" ok "+numbers)
		}
		if !slices.Equal(got, want) {
			t.Errorf("group %q: rows\n%s\nwant\n%s", group, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if got, want := attemptNumbers(res.GetOther()), countAttempts(func(i int, on string) bool { return in(i) && on == "flaky" }); got != want || res.GetOtherCount() != 1 {
			t.Errorf("group %q: %d others with %s, want one with %s", group, res.GetOtherCount(), got, want)
		}
	}

	flaky := filter("")
	flaky.Provider = "flaky"
	res := ok(c.usage.BreakDownAttempts(t.Context(), &adminv1.BreakDownAttemptsRequest{Filter: flaky, By: outcome}))(t)
	if len(res.GetRows()) != 2 || res.GetOther() != nil || len(res.GetRows()[0].GetParts()) != 0 {
		t.Fatalf("outcomes of a provider: %v", res)
	}
	for _, row := range res.GetRows() {
		want := countAttempts(func(i int, on string) bool {
			return inside(i) && on == "flaky" && (i%10 == 0) == (row.GetValue() == "bad_request")
		})
		if got := attemptNumbers(row.GetTotal()); got != want {
			t.Errorf("%s: %s, want %s", row.GetValue(), got, want)
		}
		if u := row.GetTotal(); u.GetAverageDuration().AsDuration() != 100*time.Millisecond || u.GetFirstTokenLatency() != nil ||
			(u.GetDuration().GetP95().AsDuration()-100*time.Millisecond).Abs() > 6300*time.Microsecond {
			t.Errorf("%s: times %v", row.GetValue(), u)
		}
	}
}

func TestAttemptSeries(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.insertAttempts(t)
	c := e.admin(t)
	for _, tt := range []struct {
		bucket adminv1.UsageBucket
		zone   string
		width  string
		days   int
	}{
		{adminv1.UsageBucket_USAGE_BUCKET_MINUTE, "", "01-02 15:04", 1},
		{adminv1.UsageBucket_USAGE_BUCKET_HOUR, "Asia/Kolkata", "01-02 15", 2},
		{adminv1.UsageBucket_USAGE_BUCKET_DAY, "America/New_York", "01-02", 7},
	} {
		t.Run(tt.zone+tt.width, func(t *testing.T) {
			t.Parallel()
			zone, err := time.LoadLocation(tt.zone)
			if err != nil {
				t.Fatal(err)
			}
			from := usageBegin.Truncate(time.Hour)
			to := from.AddDate(0, 0, tt.days)
			res := ok(c.usage.GetAttemptSeries(t.Context(), &adminv1.GetAttemptSeriesRequest{
				Filter: &adminv1.UsageFilter{StartTime: timestamppb.New(from), EndTime: timestamppb.New(to)},
				Bucket: tt.bucket, TimeZone: tt.zone, By: adminv1.UsageDimension_USAGE_DIMENSION_PROVIDER, Limit: 1,
			}))(t)
			if len(res.GetSeries()) != 2 || !res.GetSeries()[1].GetOther() || res.GetSeries()[0].GetOther() {
				t.Fatalf("series %v", res.GetSeries())
			}
			top := res.GetSeries()[0].GetValue()
			for n, series := range res.GetSeries() {
				in := func(i int, on string) bool {
					return !usageTime(i).Before(from) && usageTime(i).Before(to) && (on == top) == (n == 0)
				}
				if got, want := attemptNumbers(series.GetTotal()), countAttempts(in); got != want {
					t.Errorf("series %q: %s, want %s", series.GetValue(), got, want)
				}
				for _, p := range series.GetPoints() {
					at := p.GetStartTime().AsTime().In(zone).Format(tt.width)
					want := countAttempts(func(i int, on string) bool { return in(i, on) && usageTime(i).In(zone).Format(tt.width) == at })
					if got := attemptNumbers(p.GetTotal()); got != want {
						t.Errorf("series %q at %s: %s, want %s", series.GetValue(), at, got, want)
					}
				}
			}
		})
	}
}

// TestSeriesOfGivenValues: values that are asked for have a series, however small, and nothing else has one.
func TestSeriesOfGivenValues(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.insertAttempts(t)
	c := e.admin(t)
	from, to := usageTime(3), usageTime(usageCalls-7)
	const day = adminv1.UsageBucket_USAGE_BUCKET_DAY
	for _, zone := range []string{"", "America/New_York", "Asia/Kolkata"} {
		attempts := ok(c.usage.GetAttemptSeries(t.Context(), &adminv1.GetAttemptSeriesRequest{
			Filter: &adminv1.UsageFilter{StartTime: timestamppb.New(from), EndTime: timestamppb.New(to)},
			Bucket: day, TimeZone: zone, By: adminv1.UsageDimension_USAGE_DIMENSION_PROVIDER, Limit: 1, Values: []string{"flaky", "nobody", "provider-1"},
		}))(t)
		var got []string
		for _, one := range attempts.GetSeries() {
			got = append(got, one.GetValue()+" "+attemptNumbers(one.GetTotal()))
		}
		in := func(who string) string {
			return who + " " + countAttempts(func(i int, on string) bool { return i >= 3 && i < usageCalls-7 && on == who })
		}
		if want := []string{in("provider-1"), in("flaky")}; !slices.Equal(got, want) {
			t.Errorf("zone %q: series %q, want %q", zone, got, want)
		}
		calls := ok(c.usage.GetUsageSeries(t.Context(), &adminv1.GetUsageSeriesRequest{
			Bucket: day, TimeZone: zone, By: adminv1.UsageDimension_USAGE_DIMENSION_GROUP, Values: []string{"group-2"},
		}))(t)
		if len(calls.GetSeries()) != 1 || calls.GetSeries()[0].GetValue() != "group-2" || calls.GetSeries()[0].GetOther() {
			t.Errorf("zone %q: series of a group: %v", zone, calls.GetSeries())
		}
	}
}

func TestAttemptQuestionsAreChecked(t *testing.T) {
	t.Parallel()
	c := start(t).admin(t)
	const provider, key = adminv1.UsageDimension_USAGE_DIMENSION_PROVIDER, adminv1.UsageDimension_USAGE_DIMENSION_API_KEY
	_, series := c.usage.GetAttemptSeries(t.Context(), &adminv1.GetAttemptSeriesRequest{By: key, Filter: &adminv1.UsageFilter{ApiKey: "k"}})
	_, parts := c.usage.BreakDownAttempts(t.Context(), &adminv1.BreakDownAttemptsRequest{By: provider, ThenBy: key})
	_, none := c.usage.BreakDownAttempts(t.Context(), &adminv1.BreakDownAttemptsRequest{})
	_, zone := c.usage.GetAttemptSeries(t.Context(), &adminv1.GetAttemptSeriesRequest{TimeZone: "Local"})
	_, nothing := c.usage.GetAttemptSeries(t.Context(), &adminv1.GetAttemptSeriesRequest{Values: []string{"p"}})
	_, nul := c.usage.GetAttemptSeries(t.Context(), &adminv1.GetAttemptSeriesRequest{By: provider, Values: []string{"p", "\x00"}})
	const refused = ": attempts are not summed up by API key"
	for name, tt := range map[string]struct {
		err  error
		want []string
	}{
		"series":  {series, []string{"filter.api_key" + refused, "by" + refused}},
		"then by": {parts, []string{"then_by" + refused}},
		"nothing": {nothing, []string{"values: needs what they are values of in by"}},
		"nul":     {nul, []string{"values[1]: must not contain NUL characters"}},
		"zone":    {zone, []string{"time_zone: must be a name of the IANA time zone database, such as Europe/Berlin"}},
	} {
		if got := violations(t, tt.err); !slices.Equal(got, tt.want) {
			t.Errorf("%s: violations %q, want %q", name, got, tt.want)
		}
	}
	if got := violations(t, none); len(got) != 1 || !strings.HasPrefix(got[0], "by: ") {
		t.Errorf("no dimension: %q", got)
	}
	empty := ok(c.usage.BreakDownAttempts(t.Context(), &adminv1.BreakDownAttemptsRequest{By: provider}))(t)
	if len(empty.GetRows()) != 0 || empty.GetOther() != nil {
		t.Errorf("attempts of nothing: %v", empty)
	}
}
