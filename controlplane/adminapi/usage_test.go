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

// usageBegin is when the first call of these tests arrives: two days before the clocks of
// New York go back, and not at the start of a minute.
var usageBegin = time.Date(2026, 10, 30, 5, 17, 42, 0, time.UTC)

// usageCalls is how many there are, 23 minutes apart: six days of them.
const usageCalls = 400

func usageTime(i int) time.Time { return usageBegin.Add(time.Duration(i) * 23 * time.Minute) }

// insertUsage stores calls that every dimension tells apart. Call number i costs i pico-USD.
func (e *env) insertUsage(t *testing.T) {
	t.Helper()
	e.clock.Advance(usageTime(usageCalls).Sub(e.clock.Now()))
	e.insert(t, usageCalls, func(i int, c *nodev1.Call) {
		c.StartUs = usageTime(i).UnixMicro()
		c.Group, c.ApiKey = fmt.Sprintf("group-%d", i%3), fmt.Sprintf("key-%d", i%4)
		c.Provider, c.UpstreamModel = fmt.Sprintf("provider-%d", i%2), fmt.Sprintf("model-%d", i%10)
		c.Cost, c.DurationUs, c.FirstTokenUs = int64(i), int64(i+1)*10_000, int64(i+1)*1000
		c.Usage = &nodev1.Usage{InputTokens: 10, CachedInputTokens: 4, OutputTokens: 3}
		if i%5 == 0 {
			c.Attempts = append(c.Attempts, &nodev1.Attempt{Provider: "backup"})
		}
		if i%8 == 0 {
			c.Outcome, c.Status = "server_error", 502
		}
	})
}

// numbers picks what is compared of a sum.
func numbers(u *adminv1.UsageTotals) string {
	return fmt.Sprint(u.GetCalls(), u.GetOkCalls(), u.GetAttempts(), u.GetFailedOverCalls(), u.GetSavedCalls(),
		u.GetInputTokens(), u.GetCachedInputTokens(), u.GetOutputTokens(), u.GetCost())
}

// wantNumbers are the numbers of the calls that which selects.
func wantNumbers(which func(i int) bool) string {
	var calls, good, attempts, moved, saved, cost int64
	for i := range int64(usageCalls) {
		if !which(int(i)) {
			continue
		}
		calls++
		cost += i
		attempts++
		if i%8 != 0 {
			good++
		}
		if i%5 == 0 {
			attempts++
			moved++
			if i%8 != 0 {
				saved++
			}
		}
	}
	text := "0"
	if cost > 0 {
		text = "0." + strings.TrimRight(fmt.Sprintf("%012d", cost), "0")
	}
	return fmt.Sprint(calls, good, attempts, moved, saved, 10*calls, 4*calls, 3*calls, text)
}

func TestUsageSummary(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.insertUsage(t)
	c := e.admin(t)
	at := func(d time.Duration) *timestamppb.Timestamp { return timestamppb.New(usageBegin.Add(d)) }
	in := func(from, to time.Time) func(int) bool {
		return func(i int) bool {
			at := usageTime(i).Truncate(time.Minute)
			return !at.Before(from.Truncate(time.Minute)) && at.Before(to.Truncate(time.Minute))
		}
	}
	for name, tt := range map[string]struct {
		req      *adminv1.SummarizeUsageRequest
		from, to time.Time // what is summed up
		and      func(int) bool
	}{
		"the last day": {&adminv1.SummarizeUsageRequest{}, usageTime(usageCalls).Add(time.Minute - 24*time.Hour), usageTime(usageCalls).Add(time.Minute), nil},
		"odd minutes": {&adminv1.SummarizeUsageRequest{Filter: &adminv1.UsageFilter{StartTime: at(23 * time.Minute), EndTime: at(51*time.Hour + 5*time.Minute)}},
			usageBegin.Add(23 * time.Minute), usageBegin.Add(51*time.Hour + 5*time.Minute), nil},
		"within an hour": {&adminv1.SummarizeUsageRequest{Filter: &adminv1.UsageFilter{StartTime: at(46 * time.Minute), EndTime: at(70 * time.Minute)}},
			usageBegin.Add(46 * time.Minute), usageBegin.Add(70 * time.Minute), nil},
		"a group": {&adminv1.SummarizeUsageRequest{Filter: &adminv1.UsageFilter{StartTime: at(0), EndTime: at(100 * time.Hour), Group: "group-1"}},
			usageBegin, usageBegin.Add(100 * time.Hour), func(i int) bool { return i%3 == 1 }},
		"everything at once": {&adminv1.SummarizeUsageRequest{Filter: &adminv1.UsageFilter{StartTime: at(0), EndTime: at(100 * time.Hour), Provider: "provider-1", Model: "model-3", Outcome: "ok"}},
			usageBegin, usageBegin.Add(100 * time.Hour), func(i int) bool { return i%10 == 3 && i%8 != 0 }},
		"a key, in whole hours": {&adminv1.SummarizeUsageRequest{Filter: &adminv1.UsageFilter{StartTime: at(30 * time.Hour), EndTime: at(60*time.Hour + time.Minute), ApiKey: "key-2"}},
			usageBegin.Add(30 * time.Hour).Truncate(time.Hour), usageBegin.Add(61 * time.Hour).Truncate(time.Hour), func(i int) bool { return i%4 == 2 }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			and := tt.and
			if and == nil {
				and = func(int) bool { return true }
			}
			which := func(from, to time.Time) string {
				inside := in(from, to)
				return wantNumbers(func(i int) bool { return inside(i) && and(i) })
			}
			res := ok(c.usage.SummarizeUsage(t.Context(), tt.req))(t)
			if got, want := numbers(res.GetTotal()), which(tt.from, tt.to); got != want {
				t.Errorf("total %s, want %s", got, want)
			}
			if got, want := numbers(res.GetPrevious()), which(tt.from.Add(-tt.to.Sub(tt.from)), tt.from); got != want {
				t.Errorf("previous %s, want %s", got, want)
			}
			if from, to := res.GetStartTime().AsTime(), res.GetEndTime().AsTime(); !from.Equal(tt.from.Truncate(time.Minute)) || !to.Equal(tt.to.Truncate(time.Minute)) {
				t.Errorf("summed up from %s to %s", from, to)
			}
		})
	}
	t.Run("times", func(t *testing.T) {
		t.Parallel()
		u := ok(c.usage.SummarizeUsage(t.Context(), &adminv1.SummarizeUsageRequest{Filter: &adminv1.UsageFilter{StartTime: at(0), EndTime: at(usageCalls * time.Hour)}}))(t).GetTotal()
		for _, tt := range []struct {
			name      string
			got, want time.Duration
		}{
			{"mean", u.GetAverageDuration().AsDuration(), 2005 * time.Millisecond},
			{"p50", u.GetDuration().GetP50().AsDuration(), 2010 * time.Millisecond},
			{"p95", u.GetDuration().GetP95().AsDuration(), 3810 * time.Millisecond},
			{"p99", u.GetDuration().GetP99().AsDuration(), 3970 * time.Millisecond},
			{"first token p50", u.GetFirstTokenLatency().GetP50().AsDuration(), 201 * time.Millisecond},
		} {
			if off := (tt.got - tt.want).Abs(); off > tt.want*63/1000 {
				t.Errorf("%s is %s, want %s within 6.3 %%", tt.name, tt.got, tt.want)
			}
		}
	})
}

func TestUsageOfNothing(t *testing.T) {
	t.Parallel()
	c := start(t).admin(t)
	res := ok(c.usage.SummarizeUsage(t.Context(), &adminv1.SummarizeUsageRequest{}))(t)
	for _, u := range []*adminv1.UsageTotals{res.GetTotal(), res.GetPrevious()} {
		if numbers(u) != wantNumbers(func(int) bool { return false }) || u.GetAverageDuration() != nil || u.GetDuration() != nil || u.GetFirstTokenLatency() != nil {
			t.Errorf("%v", u)
		}
	}
	series := ok(c.usage.GetUsageSeries(t.Context(), &adminv1.GetUsageSeriesRequest{}))(t)
	if len(series.GetBucketTimes()) != 25 || len(series.GetSeries()) != 0 { // 08:01 to 09:01
		t.Errorf("%d buckets, %d series", len(series.GetBucketTimes()), len(series.GetSeries()))
	}
	rows := ok(c.usage.BreakDownUsage(t.Context(), &adminv1.BreakDownUsageRequest{By: adminv1.UsageDimension_USAGE_DIMENSION_MODEL}))(t)
	if len(rows.GetRows()) != 0 || rows.GetOther() != nil {
		t.Errorf("%v", rows)
	}
}

func TestUsageTimeSeries(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.insertUsage(t)
	c := e.admin(t)
	const (
		minute = adminv1.UsageBucket_USAGE_BUCKET_MINUTE
		hour   = adminv1.UsageBucket_USAGE_BUCKET_HOUR
		day    = adminv1.UsageBucket_USAGE_BUCKET_DAY
	)
	layout := map[adminv1.UsageBucket]string{minute: "01-02 15:04", hour: "01-02 15", day: "01-02"}
	for _, tt := range []struct {
		bucket  adminv1.UsageBucket
		zone    string
		key     string
		days    int
		buckets int
	}{
		{day, "", "", 7, 7},
		{day, "Asia/Tokyo", "", 7, 8},
		{day, "America/New_York", "", 7, 7}, // one of them has 25 hours
		{day, "Asia/Kolkata", "", 7, 8},     // midnight is at half past, UTC
		{day, "Asia/Kathmandu", "", 7, 8},
		{day, "America/New_York", "key-1", 7, 7},
		{hour, "", "", 2, 48},
		{hour, "Asia/Kolkata", "", 2, 49},
		{hour, "", "key-1", 2, 48},
		{minute, "Asia/Kathmandu", "", 1, 24 * 60},
	} {
		t.Run(fmt.Sprint(tt.bucket, tt.zone, tt.key), func(t *testing.T) {
			t.Parallel()
			zone, err := time.LoadLocation(tt.zone)
			if err != nil {
				t.Fatal(err)
			}
			from := usageBegin.Truncate(time.Hour)
			if tt.bucket == day && tt.zone == "" {
				from = from.Truncate(24 * time.Hour)
			}
			to := from.AddDate(0, 0, tt.days)
			res := ok(c.usage.GetUsageSeries(t.Context(), &adminv1.GetUsageSeriesRequest{
				Filter:   &adminv1.UsageFilter{StartTime: timestamppb.New(from), EndTime: timestamppb.New(to), ApiKey: tt.key},
				Bucket:   tt.bucket,
				TimeZone: tt.zone,
			}))(t)
			if len(res.GetBucketTimes()) != tt.buckets || len(res.GetSeries()) != 1 {
				t.Fatalf("%d buckets of %d series, want %d of 1", len(res.GetBucketTimes()), len(res.GetSeries()), tt.buckets)
			}
			name := func(at time.Time) string { return at.In(zone).Format(layout[tt.bucket] + " -0700") }
			if tt.bucket == day {
				name = func(at time.Time) string { return at.In(zone).Format(layout[day]) }
			}
			members := func(of func(i int) bool) func(i int) bool {
				return func(i int) bool {
					return of(i) && !usageTime(i).Before(from) && usageTime(i).Before(to) && (tt.key == "" || i%4 == 1)
				}
			}
			got := map[string]string{}
			for _, p := range res.GetSeries()[0].GetPoints() {
				got[name(p.GetStartTime().AsTime())] = numbers(p.GetTotal())
			}
			want := map[string]string{}
			for i := range usageCalls {
				if at := name(usageTime(i)); want[at] == "" && members(func(int) bool { return true })(i) {
					want[at] = wantNumbers(members(func(j int) bool { return name(usageTime(j)) == at }))
				}
			}
			for at := range want {
				if got[at] != want[at] {
					t.Errorf("%s: %s, want %s", at, got[at], want[at])
				}
			}
			if len(got) != len(want) {
				t.Errorf("%d buckets have calls, want %d", len(got), len(want))
			}
			if got, want := numbers(res.GetSeries()[0].GetTotal()), wantNumbers(members(func(int) bool { return true })); got != want {
				t.Errorf("all together %s, want %s", got, want)
			}
		})
	}
}

func TestUsageSeriesOfADimension(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.insertUsage(t)
	c := e.admin(t)
	res := ok(c.usage.GetUsageSeries(t.Context(), &adminv1.GetUsageSeriesRequest{
		Filter: &adminv1.UsageFilter{StartTime: timestamppb.New(usageBegin), EndTime: timestamppb.New(usageTime(usageCalls))},
		Bucket: adminv1.UsageBucket_USAGE_BUCKET_DAY,
		By:     adminv1.UsageDimension_USAGE_DIMENSION_MODEL,
		Limit:  3,
	}))(t)
	var got []string
	for _, s := range res.GetSeries() {
		var calls int64
		for _, p := range s.GetPoints() {
			calls += p.GetTotal().GetCalls()
		}
		if calls != s.GetTotal().GetCalls() {
			t.Errorf("%q: the points have %d calls, the total %d", s.GetValue(), calls, s.GetTotal().GetCalls())
		}
		got = append(got, fmt.Sprintf("%s %t %s", s.GetValue(), s.GetOther(), numbers(s.GetTotal())))
	}
	want := []string{
		"model-0 false " + wantNumbers(func(i int) bool { return i%10 == 0 }),
		"model-1 false " + wantNumbers(func(i int) bool { return i%10 == 1 }),
		"model-2 false " + wantNumbers(func(i int) bool { return i%10 == 2 }),
		" true " + wantNumbers(func(i int) bool { return i%10 > 2 }),
	}
	if !slices.Equal(got, want) {
		t.Errorf("series\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestUsageBreakdown(t *testing.T) {
	t.Parallel()
	e := start(t)
	e.insertUsage(t)
	c := e.admin(t)
	for name, tt := range map[string]struct {
		by     adminv1.UsageDimension
		order  adminv1.UsageOrder
		values []string
		of     func(i int) string
	}{
		"group":    {adminv1.UsageDimension_USAGE_DIMENSION_GROUP, 0, []string{"group-0", "group-1"}, func(i int) string { return fmt.Sprintf("group-%d", i%3) }},
		"key":      {adminv1.UsageDimension_USAGE_DIMENSION_API_KEY, adminv1.UsageOrder_USAGE_ORDER_COST, []string{"key-3", "key-2"}, func(i int) string { return fmt.Sprintf("key-%d", i%4) }},
		"provider": {adminv1.UsageDimension_USAGE_DIMENSION_PROVIDER, adminv1.UsageOrder_USAGE_ORDER_FAILURES, []string{"provider-0", "provider-1"}, func(i int) string { return fmt.Sprintf("provider-%d", i%2) }},
		"outcome":  {adminv1.UsageDimension_USAGE_DIMENSION_OUTCOME, adminv1.UsageOrder_USAGE_ORDER_TOKENS, []string{"ok", "server_error"}, func(i int) string { return map[bool]string{true: "server_error", false: "ok"}[i%8 == 0] }},
		"model":    {adminv1.UsageDimension_USAGE_DIMENSION_MODEL, adminv1.UsageOrder_USAGE_ORDER_CALLS, []string{"model-0", "model-1"}, func(i int) string { return fmt.Sprintf("model-%d", i%10) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := ok(c.usage.BreakDownUsage(t.Context(), &adminv1.BreakDownUsageRequest{
				Filter: &adminv1.UsageFilter{StartTime: timestamppb.New(usageBegin.Truncate(time.Hour)), EndTime: timestamppb.New(usageTime(usageCalls))},
				By:     tt.by,
				Order:  tt.order,
				Limit:  2,
			}))(t)
			var got []string
			for _, row := range res.GetRows() {
				got = append(got, row.GetValue())
				if n, want := numbers(row.GetTotal()), wantNumbers(func(i int) bool { return tt.of(i) == row.GetValue() }); n != want {
					t.Errorf("%s: %s, want %s", row.GetValue(), n, want)
				}
			}
			if !slices.Equal(got, tt.values) {
				t.Errorf("values %q, want %q", got, tt.values)
			}
			rest := func(i int) bool { return !slices.Contains(tt.values, tt.of(i)) }
			if res.GetOtherCount() == 0 && res.GetOther() != nil {
				t.Errorf("nothing else, and yet %v", res.GetOther())
			}
			if res.GetOtherCount() > 0 && numbers(res.GetOther()) != wantNumbers(rest) {
				t.Errorf("others %s, want %s", numbers(res.GetOther()), wantNumbers(rest))
			}
		})
	}
}

func TestUsageQuestionsAreChecked(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := e.admin(t)
	ok(c.keys.CreateApiKey(t.Context(), &adminv1.CreateApiKeyRequest{ApiKey: &adminv1.ApiKey{Name: "k"}}))(t)
	ctx := t.Context()
	ago := func(d time.Duration) *timestamppb.Timestamp { return timestamppb.New(e.clock.Now().Add(-d)) }
	summary := func(req *adminv1.SummarizeUsageRequest) error { _, err := c.usage.SummarizeUsage(ctx, req); return err }
	series := func(req *adminv1.GetUsageSeriesRequest) error { _, err := c.usage.GetUsageSeries(ctx, req); return err }
	breakdown := func(req *adminv1.BreakDownUsageRequest) error { _, err := c.usage.BreakDownUsage(ctx, req); return err }
	const minute, day = adminv1.UsageBucket_USAGE_BUCKET_MINUTE, adminv1.UsageBucket_USAGE_BUCKET_DAY
	for name, tt := range map[string]struct {
		err  error
		want []string
	}{
		"end before start":  {summary(&adminv1.SummarizeUsageRequest{Filter: &adminv1.UsageFilter{StartTime: ago(0), EndTime: ago(time.Hour)}}), []string{"filter.end_time: must be after start_time"}},
		"no outcome":        {summary(&adminv1.SummarizeUsageRequest{Filter: &adminv1.UsageFilter{Outcome: "timeout"}}), []string{"filter.outcome: is no outcome; did you mean write_timeout, connect_timeout, response_timeout?" + allOutcomes}},
		"start after now":   {breakdown(&adminv1.BreakDownUsageRequest{Filter: &adminv1.UsageFilter{StartTime: ago(-time.Hour)}, By: 1}), []string{"filter.end_time: must be after start_time"}},
		"three years":       {summary(&adminv1.SummarizeUsageRequest{Filter: &adminv1.UsageFilter{StartTime: ago(3 * 366 * 24 * time.Hour)}}), []string{"filter.end_time: must be at most two years after start_time"}},
		"NUL":               {summary(&adminv1.SummarizeUsageRequest{Filter: &adminv1.UsageFilter{Group: "a\x00", Model: "\x00"}}), []string{"filter.group: must not contain NUL characters", "filter.model: must not contain NUL characters"}},
		"no such zone":      {series(&adminv1.GetUsageSeriesRequest{TimeZone: "Mars/Olympus"}), []string{"time_zone: must be a name of the IANA time zone database, such as Europe/Berlin"}},
		"a path":            {series(&adminv1.GetUsageSeriesRequest{TimeZone: "../../etc/passwd"}), []string{"time_zone: must be a name of the IANA time zone database, such as Europe/Berlin"}},
		"the server's zone": {series(&adminv1.GetUsageSeriesRequest{TimeZone: "Local"}), []string{"time_zone: must be a name of the IANA time zone database, such as Europe/Berlin"}},
		"never existed":     {summary(&adminv1.SummarizeUsageRequest{Filter: &adminv1.UsageFilter{Group: "nobody"}}), []string{"filter.group: names no group that there is, and none that ever had calls"}},
		"minutes of a key":  {series(&adminv1.GetUsageSeriesRequest{Filter: &adminv1.UsageFilter{ApiKey: "k"}, Bucket: minute}), []string{"bucket: usage of API keys is kept per hour: choose HOUR or DAY"}},
		"minutes by key":    {series(&adminv1.GetUsageSeriesRequest{Bucket: minute, By: adminv1.UsageDimension_USAGE_DIMENSION_API_KEY}), []string{"bucket: usage of API keys is kept per hour: choose HOUR or DAY"}},
		"minutes of last year": {series(&adminv1.GetUsageSeriesRequest{Filter: &adminv1.UsageFilter{StartTime: ago(300 * 24 * time.Hour), EndTime: ago(299 * 24 * time.Hour)}, Bucket: minute}),
			[]string{"filter.start_time: usage per minute is kept for 90 days"}},
		"too many minutes": {series(&adminv1.GetUsageSeriesRequest{Filter: &adminv1.UsageFilter{StartTime: ago(34 * time.Hour)}, Bucket: minute}), []string{"filter.end_time: must be at most 2000 buckets after start_time: choose a longer bucket"}},
		"too many hours":   {series(&adminv1.GetUsageSeriesRequest{Filter: &adminv1.UsageFilter{StartTime: ago(84 * 24 * time.Hour)}}), []string{"filter.end_time: must be at most 2000 buckets after start_time: choose a longer bucket"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := violations(t, tt.err); !slices.Equal(got, tt.want) {
				t.Errorf("violations %q, want %q", got, tt.want)
			}
		})
	}
	many := make([]string, 101)
	for i := range many {
		many[i] = fmt.Sprint("model-", i)
	}
	for name, err := range map[string]error{
		"no dimension":      breakdown(&adminv1.BreakDownUsageRequest{}),
		"unknown dimension": breakdown(&adminv1.BreakDownUsageRequest{By: 99}),
		"unknown bucket":    series(&adminv1.GetUsageSeriesRequest{Bucket: 99}),
		"too many rows":     breakdown(&adminv1.BreakDownUsageRequest{By: 1, Limit: 1001}),
		"negative":          series(&adminv1.GetUsageSeriesRequest{Limit: -1}),
		"values of nothing": series(&adminv1.GetUsageSeriesRequest{Values: []string{"m"}}),
		"a value twice":     series(&adminv1.GetUsageSeriesRequest{By: 1, Values: []string{"m", "m"}}),
		"too many values":   series(&adminv1.GetUsageSeriesRequest{By: 1, Values: many}),
	} {
		if got := violations(t, err); len(got) != 1 {
			t.Errorf("%s: violations %q", name, got)
		}
	}
	if err := series(&adminv1.GetUsageSeriesRequest{Filter: &adminv1.UsageFilter{StartTime: ago(729 * 24 * time.Hour)}, Bucket: day, TimeZone: "Asia/Kolkata"}); err != nil {
		t.Errorf("two years of days: %v", err)
	}
}
